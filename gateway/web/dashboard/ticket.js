// One ticket: how it stands, what happened to it, what would be said of it now; and the acts.

import { confirm } from "../common/dialog.js";
import { act, ask, get, insist, part, random } from "../common/http.js";
import { recall, remember } from "../common/kept.js";
import { language, moment, named, number, reason } from "../common/language.js";
import { Table } from "../common/table.js";
import { explain, tried } from "../common/toast.js";
import { html, useEffect, useId, useRef, useSignal } from "../common/ui.js";
import { equipment, nameOf, readers, scans } from "./venue.js";
import { word } from "./words.js";

const SIGNS = { active: ["yes", "✓"], unpaid: ["wait", "!"], option: ["wait", "!"], destroyed: ["no", "✕"] };

export function status(ticket) {
  const code = ticket.destroyed_at ? "destroyed" : ticket.status;
  const [kind, symbol] = SIGNS[code] ?? ["no", "✕"];
  return html`<span class="state ${kind}"><span aria-hidden="true">${symbol}</span>${named("status", code, word)}</span>`;
}

export function Ticket({ code }) {
  const ticket = useSignal(null);
  const events = useSignal(null);
  const problem = useSignal(null);
  const turn = useRef(0);
  const load = async () => {
    const mine = ++turn.current;
    try {
      const found = await Promise.all([get(`/v1/tickets/${part(code)}`), get(`/v1/tickets/${part(code)}/history`, { limit: 200 })]);
      if (mine !== turn.current) return; // an older answer does not cover a newer one
      [ticket.value, events.value] = found;
      problem.value = null;
    } catch (refused) {
      if (mine === turn.current) problem.value = explain(refused);
    }
  };
  // Asked anew when it is scanned somewhere while it is looked at.
  const scanned = scans.value.find((scan) => scan.ticket_code === code)?.event_id;
  useEffect(() => void load(), [code, scanned]);
  const trouble = problem.value && html`<p class="problem" role="alert"><span aria-hidden="true">✕ </span>${problem.value}</p>`;
  if (!ticket.value) return trouble || html`<p class="note" role="status">${word("loading")}</p>`;
  return html`
    ${trouble}
    <div class="ticket" id="ticket" data-code=${ticket.value.code}>
      <${Facts} ticket=${ticket.value} />
      <${Acts} ticket=${ticket.value} events=${events.value.items} done=${load} />
      <${History} answer=${events.value} />
    </div>
  `;
}

function Facts({ ticket }) {
  const { stamps, window: span } = ticket;
  const bound = (at) => (at ? moment(at) : word("ticket.open"));
  const span_of = ({ from, until }) => (from || until ? `${bound(from)} → ${bound(until)}` : word("ticket.open"));
  const stamp = (at, reader) => (at ? `${moment(at, { seconds: true })}${reader ? ` · ${nameOf(reader)}` : ""}` : "–");
  const lines = [
    ["ticket.product", ticket.label && ticket.label !== ticket.product ? `${ticket.label} (${ticket.product})` : ticket.product],
    ["ticket.session", ticket.session],
    ["ticket.holder", ticket.holder],
    ["ticket.persons", ticket.persons === 1 ? "1" : word("ticket.persons.left", { n: ticket.persons, left: ticket.persons_left })],
    ["ticket.window", span_of(span)],
    ...(ticket.windows.length > 1 ? [["ticket.windows", ticket.windows.map(span_of).join("; ")]] : []),
    ["ticket.stamps", stamps.allowed === null ? word("ticket.stamps.unlimited", { n: stamps.made }) : word("ticket.stamps.of", { n: stamps.made, allowed: stamps.allowed })],
    ["ticket.first", stamp(stamps.first_at, stamps.first_reader)],
    ["ticket.last", stamp(stamps.last_at, stamps.last_reader)],
    ["ticket.inside", ticket.inside && nameOf(ticket.inside)],
    ["ticket.hold_until", ticket.hold_until && moment(ticket.hold_until)],
    ["ticket.replaced_by", ticket.replaced_by && html`<a class="code" href=${`#tickets/${encodeURIComponent(ticket.replaced_by)}`}>${ticket.replaced_by}</a>`],
    ["ticket.destroyed_at", ticket.destroyed_at && moment(ticket.destroyed_at, { seconds: true })],
  ];
  return html`
    <section class="card stack" aria-labelledby="h-ticket">
      <div class="head"><h2 id="h-ticket" class="code">${ticket.code}</h2>${status(ticket)}</div>
      <dl class="facts">${lines.filter(([, said]) => said).map(([name, said]) => html`<dt key=${name}>${word(name)}</dt><dd data-fact=${name}>${said}</dd>`)}</dl>
    </section>
  `;
}

function Acts({ ticket, events, done }) {
  const reader = useSignal(recall("desk.reader", ""));
  const way = useSignal("entry");
  const persons = useSignal("");
  const verdict = useSignal(null);
  const busy = useSignal(false);
  const ids = { reader: useId(), persons: useId() };
  const places = readers.value;
  const chosen = places.find(({ id }) => id === reader.value) ?? places[0];
  const at = equipment.value.get(chosen?.id);
  const choose = (id) => {
    reader.value = id;
    remember("desk.reader", id);
    verdict.value = null;
  };

  const scan = async (facts) => {
    const body = { code: ticket.code, reader: chosen.id, direction: at.direction === "both" ? way.value : at.direction, nonce: random(), ...facts };
    if (persons.value) body.persons = Number(persons.value);
    busy.value = true; // pressed twice it is one stamp
    verdict.value = null;
    const answer = await tried(() => insist(() => ask("POST", "/v1/scans", body, { headers: { "Accept-Language": language.value } })));
    verdict.value = answer ? { answer, at: chosen.name } : null;
    busy.value = false;
    if (body.mode === "stamp") await done();
  };
  const override = async () => {
    const facts = { title: word("override.title"), text: word("override.text"), yes: word("override.yes"), note: "needed", danger: true };
    const sure = await confirm(facts);
    if (sure) await scan({ mode: "stamp", override: { reason: sure.note } });
  };
  const undo = async () => {
    const sure = await confirm({ title: word("undo.title"), text: word("undo.text"), yes: word("undo.yes"), note: "asked" });
    if (sure && (await tried(() => act("POST", `/v1/tickets/${part(ticket.code)}/undo`, { reason: sure.note || null }), word("undo.done"))) !== undefined) await done();
  };
  const destroy = async () => {
    const facts = { title: word("destroy.title"), text: word("destroy.text"), yes: word("destroy.yes"), typed: word("destroy.word"), note: "asked", danger: true };
    const sure = await confirm(facts);
    if (sure && (await tried(() => act("POST", `/v1/tickets/${part(ticket.code)}/destroy`, { reason: sure.note || null }), word("destroy.done"))) !== undefined) await done();
  };
  const stamped = ticket.stamps.made > 0 || events.some(({ kind, decision }) => kind === "scan" && decision === "granted");
  return html`
    <section class="card stack" aria-labelledby="h-acts">
      <h2 id="h-acts">${word("acts")}</h2>
      ${places.length === 0
        ? html`<p class="note">${word("acts.no.readers")}</p>`
        : html`
            <div class="fields">
              <div><label for=${ids.reader}>${word("acts.reader")}</label>
                <select id=${ids.reader} name="reader" onchange=${(event) => choose(event.target.value)}>${places.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === chosen?.id}>${name}</option>`)}</select></div>
              ${at?.direction === "both" &&
              html`<div class="choice" role="group" aria-label=${word("direction")}>${["entry", "exit"].map((each) => html`<button type="button" key=${each} aria-pressed=${String(way.value === each)} onclick=${() => ((way.value = each), (verdict.value = null))}>${word(each)}</button>`)}</div>`}
              ${ticket.persons > 1 &&
              html`<div><label for=${ids.persons}>${word("acts.persons")}</label><input id=${ids.persons} name="persons" type="number" min="1" max=${ticket.persons} inputmode="numeric" placeholder=${word("acts.persons.all")} value=${persons.value} oninput=${(event) => (persons.value = event.target.value)} /></div>`}
            </div>
            <div class="acts">
              <button type="button" id="act-stamp" class="main" disabled=${busy.value} onclick=${() => scan({ mode: "stamp" })}>${word("act.stamp")}</button>
              <button type="button" id="act-check" disabled=${busy.value} onclick=${() => scan({ mode: "check" })}>${word("act.check")}</button>
              <button type="button" id="act-override" disabled=${busy.value} onclick=${override}>${word("act.override")}</button>
            </div>
            <${Verdict} found=${verdict.value} />
          `}
      <div class="acts apart">
        <button type="button" id="act-undo" disabled=${!stamped} onclick=${undo}>${word("act.undo")}</button>
        <button type="button" id="act-destroy" class="danger" disabled=${Boolean(ticket.destroyed_at)} onclick=${destroy}>${word("act.destroy")}</button>
      </div>
    </section>
  `;
}

function Verdict({ found }) {
  if (!found) return null;
  const { answer, at } = found;
  const granted = answer.decision === "granted";
  return html`
    <p id="verdict" class="verdict ${granted ? "yes" : "no"}" role="status">
      <b><span aria-hidden="true">${granted ? "✓ " : "✕ "}</span>${granted ? word(answer.event ? "granted" : "would.be.granted") : `${word("denied")} · ${reason(answer.reason)}`}</b>
      <span>${word("pair", { what: at, value: answer.message })}</span>
    </p>
  `;
}

function History({ answer }) {
  const columns = [
    { name: "at", title: word("history.at"), show: (event) => html`<time class="number" datetime=${event.at}>${moment(event.at, { seconds: true })}</time>` },
    { name: "what", title: word("history.what"), wide: true, show: what },
    { name: "where", title: word("history.where"), wide: true, show: (event) => [event.reader ? nameOf(event.reader) : event.space && nameOf(event.space), event.direction && word(event.direction)].filter(Boolean).join(" · ") || "–" },
    { name: "persons", title: word("ticket.persons"), number: true, show: (event) => number(event.persons) },
    { name: "who", title: word("history.who"), show: (event) => event.operator ?? "–" },
  ];
  return html`
    <div class="card stack whole">
      <h2>${word("history")}</h2>
      ${answer.partial && html`<p class="state wait wide-state"><span aria-hidden="true">!</span>${word("history.partial")}</p>`}
      <${Table} caption=${word("history")} columns=${columns} rows=${lived(answer)} name=${(event) => event.event_id} empty=${word("history.none")} />
      ${answer.next && html`<p class="note">${word("history.more")}</p>`}
    </div>
  `;
}

/** Events and what the seller changed, newest first; events of one instant come after the change. */
function lived({ items, changes = [] }) {
  const made = changes.map((change, place) => ({ ...change, event_id: `change-${place}`, kind: "changed" }));
  return [...made, ...items].sort((one, other) => Date.parse(one.at) - Date.parse(other.at)).reverse();
}

function changed({ what }) {
  const shown = (name, value) =>
    value === null ? "–" : name === "status" ? word(`status.${value === "on_hold" ? "option" : value}`) : /(_at|_until|valid_from)$/.test(name) ? moment(value) : typeof value === "object" ? JSON.stringify(value) : value;
  return Object.entries(what)
    .map(([name, [before, after]]) => (name === "replaced_by" ? word(after ? "change.replaced" : "change.not_replaced") : word("pair", { what: word(`change.${name}`), value: `${shown(name, before)} → ${shown(name, after)}` })))
    .join(" · ");
}

function what(event) {
  if (event.kind === "changed") return html`<b>${word("history.seller")}</b> ${changed(event)}`;
  const notes = [
    event.override_reason && word("history.override", { why: event.override_reason }),
    event.offline && word("scan.offline"),
    event.degraded && word("scan.degraded"),
    event.conflict_with && word("scan.conflict"),
  ].filter(Boolean);
  const granted = event.decision === "granted";
  const said =
    event.kind === "scan"
      ? html`<span class="mark ${granted ? "yes" : "no"}" aria-hidden="true">${granted ? "✓" : "✕"}</span> ${granted ? word("granted") : `${word("denied")} · ${reason(event.reason)}`}`
      : html`${named("event", event.kind, word)}${event.reason && ` · ${reason(event.reason)}`}`;
  return html`${said}${notes.length > 0 && html`<span class="note"> · ${notes.join(" · ")}</span>`}`;
}
