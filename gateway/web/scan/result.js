// The answer, unmistakable at arm's length: a colour, a symbol, a word; then what the ticket is.

import { confirm } from "../common/dialog.js";
import { moment, reason } from "../common/language.js";
import { may, session } from "../common/session.js";
import { explain } from "../common/toast.js";
import { html } from "../common/ui.js";
import { clear, destroy, judge, look, result, stamp, undo } from "./station.js";
import { word } from "./words.js";

export const title = ({ reason: code, name }) => (code ? reason(code) : word(name));

export function Result() {
  const found = result.value;
  if (!found) {
    return html`<section id="result" class="result idle"><div role="status"><p class="big"><span class="symbol" aria-hidden="true">◎</span><span class="word">${word("ready.for")}</span></p><p>${word("ready.hint")}</p></div></section>`;
  }
  const granted = found.kind === "yes";
  return html`
    <section id="result" class="result ${found.kind}">
      <div id="answer" role="status" aria-live="assertive" aria-atomic="true">
        <p class="big"><span class="symbol" aria-hidden="true">${found.symbol}</span><span class="word">${found.kind === "no" && found.reason && html`<span class="denied">${word("denied")}</span>`}${title(found)}</span></p>
        ${found.offline && html`<p><span class="state offline"><span aria-hidden="true">⚠</span>${word("offline")}</span></p>`}
        <p class="message">${said(found)}</p>
        ${granted && found.ticket?.persons > 1 && html`<p class="persons">${word("ticket.persons.left", { left: found.ticket.persons_left, n: found.ticket.persons })}</p>`}
      </div>
      ${found.kind === "ask" && html`<div class="acts"><button type="button" id="let-in" class="main" onclick=${() => judge(true)}>${word("judge.in")}</button><button type="button" id="refuse" class="danger" onclick=${() => judge(false)}>${word("judge.out")}</button></div>`}
      <${Facts} found=${found} />
      <${Acts} found=${found} />
    </section>
  `;
}

function said(found) {
  if (found.problem) return explain(found.problem);
  return found.text || found.kind === "busy" ? found.message : word(found.message ?? "");
}

function Facts({ found }) {
  const { ticket, code } = found;
  if (found.kind === "busy") return null;
  if (!ticket) return html`<dl class="facts"><dt>${word("ticket.code")}</dt><dd class="code">${code}</dd></dl>`;
  const { made, allowed, first_at, first_reader, last_at, last_reader } = ticket.stamps;
  const stamped = (when, where) => when && `${moment(when, { seconds: true })}${where ? ` · ${where}` : ""}`;
  const bound = (when) => (when ? moment(when) : word("ticket.open"));
  const lines = [
    ["ticket.product", ticket.label || ticket.product],
    ["ticket.holder", ticket.holder],
    ["ticket.destroyed", ticket.destroyed_at && moment(ticket.destroyed_at, { seconds: true })],
    ["ticket.persons", ticket.persons > 1 && word("ticket.persons.left", { left: ticket.persons_left, n: ticket.persons })],
    ["ticket.stamps", allowed === null ? word("ticket.stamps.unlimited", { n: made }) : word("ticket.stamps.of", { n: made, allowed })],
    ["ticket.first", made > 1 && stamped(first_at, first_reader)],
    ["ticket.last", stamped(last_at, last_reader)],
    ["ticket.window", ticket.window.from || ticket.window.until ? `${bound(ticket.window.from)} → ${bound(ticket.window.until)}` : word("ticket.open")],
    ["ticket.code", html`<span class="code">${ticket.code}</span>`],
  ];
  return html`<dl class="facts">${lines.filter(([, value]) => value).map(([name, value]) => html`<dt key=${name}>${word(name)}</dt><dd data-fact=${name}>${value}</dd>`)}</dl>`;
}

function Acts({ found }) {
  const { ticket, event, mode, code } = found;
  if (found.kind === "busy" || found.kind === "ask") return null;
  const destroys = ticket && !ticket.destroyed_at && (may("operator") || session.value?.may?.includes("destroy"));
  const undoes = may("operator") && ticket && event && mode === "stamp" && found.kind !== "no" && found.way === "entry";
  const ask = async () => {
    const sure = await confirm({ title: word("destroy.title"), text: `${ticket.code} · ${ticket.label || ticket.product}. ${word("destroy.text")}`, yes: word("destroy.yes"), no: word("destroy.no"), note: "asked", danger: true });
    if (sure) await destroy(sure.note);
  };
  return html`
    <div class="acts">
      ${mode === "check" && html`<button type="button" id="act-stamp" class="main" onclick=${() => stamp(code, found.count)}>${word("act.stamp")}</button>`}
      ${found.name === "noanswer" && html`<button type="button" class="main" onclick=${() => look(code)}>${word("act.again")}</button>`}
      ${undoes && html`<button type="button" id="act-undo" onclick=${undo}>${word("act.undo")}</button>`}
      ${destroys && html`<button type="button" id="act-destroy" class="danger" onclick=${ask}>${word("act.destroy")}</button>`}
      <button type="button" id="act-next" onclick=${clear}>${word("act.next")}</button>
    </div>
  `;
}
