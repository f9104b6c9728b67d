// One ticket, found by its code, its order or its holder; then what it is and what may be done with it.

import { get, part } from "../common/http.js";
import { moment, number } from "../common/language.js";
import { Table } from "../common/table.js";
import { explain } from "../common/toast.js";
import { html, useEffect, useId, useRef, useSignal } from "../common/ui.js";
import { Ticket, status } from "./ticket.js";
import { word } from "./words.js";

const WAYS = ["code", "order", "holder"];
const show = (code) => (location.hash = `#tickets/${encodeURIComponent(code)}`);

export function Tickets({ of: code }) {
  return html`
    <div class="stack tickets">
      <h1 class="unseen">${word("page.tickets")}</h1>
      <${Search} code=${code} />
      ${code && html`<${Ticket} key=${code} code=${code} />`}
    </div>
  `;
}

function Search({ code }) {
  const way = useSignal("code");
  const text = useSignal("");
  const found = useSignal(null);
  const problem = useSignal(null);
  const busy = useSignal(false);
  const id = useId();
  useEffect(() => {
    if (code) found.value = null; // one was chosen
  }, [code]);
  // An answer to what is asked no more (somebody writes on, or looks for something else) shows nothing.
  const turn = useRef(0);
  const put_aside = () => {
    turn.current += 1;
    [busy.value, problem.value] = [false, null];
  };
  const asked = async (doing) => {
    put_aside();
    const mine = turn.current;
    busy.value = true;
    const newest = () => mine === turn.current;
    try {
      const answer = await doing();
      if (newest()) return answer;
    } catch (refused) {
      if (newest()) problem.value = explain(refused);
    } finally {
      if (newest()) busy.value = false;
    }
    return null;
  };
  const list = async (after = null) => {
    const before = after ? found.value.items : [];
    const answer = await asked(() => get("/v1/tickets", { [way.value]: text.value.trim(), limit: 50, after }));
    if (answer) found.value = { items: [...before, ...answer.items], next: answer.next };
  };
  const submit = async (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (!said || busy.value) return;
    if (way.value !== "code") return list();
    const ticket = await asked(() => get(`/v1/tickets/${part(said)}`)); // as it is printed, signed, or turning
    if (ticket) show(ticket.code);
  };
  const write = (said) => {
    text.value = said;
    put_aside();
  };
  const choose = (other) => {
    way.value = other;
    found.value = null;
    put_aside();
  };
  const columns = [
    { name: "code", title: word("ticket.code"), show: (ticket) => html`<a class="code" href=${`#tickets/${encodeURIComponent(ticket.code)}`}>${ticket.code}</a>` },
    { name: "label", title: word("ticket.product"), wide: true, show: (ticket) => ticket.label || ticket.product },
    { name: "holder", title: word("ticket.holder"), wide: true, show: (ticket) => ticket.holder ?? "–" },
    { name: "persons", title: word("ticket.persons"), number: true, show: (ticket) => number(ticket.persons) },
    { name: "from", title: word("ticket.from"), show: (ticket) => (ticket.window.from ? moment(ticket.window.from) : "–") },
    { name: "status", title: word("ticket.status"), show: (ticket) => status(ticket) },
  ];
  return html`
    <form class="card stack" role="search" onsubmit=${submit} id="find">
      <div class="choice" role="group" aria-label=${word("find.by")}>
        ${WAYS.map((each) => html`<button type="button" key=${each} data-way=${each} aria-pressed=${String(way.value === each)} onclick=${() => choose(each)}>${word(`find.${each}`)}</button>`)}
      </div>
      <div class="find">
        <div><label for=${id}>${word(`find.${way.value}`)}</label>
          <input id=${id} name="find" class=${way.value === "code" ? "code" : ""} autocomplete="off" spellcheck="false" maxlength="512" required value=${text.value} oninput=${(event) => write(event.target.value)} /></div>
        <button class="main" disabled=${busy.value}>${word("search")}</button>
      </div>
      ${problem.value && html`<p class="problem" role="alert"><span aria-hidden="true">✕ </span>${problem.value}</p>`}
      ${found.value && html`<${Table} caption=${word("find.found")} columns=${columns} rows=${found.value.items} name=${(ticket) => ticket.code} empty=${word("find.none")} />`}
      ${found.value?.next && html`<div class="acts"><button type="button" disabled=${busy.value} onclick=${() => list(found.value.next)}>${word("more")}</button></div>`}
    </form>
  `;
}
