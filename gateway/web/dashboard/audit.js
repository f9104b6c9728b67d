// What people did: who, when, what, to what. It is only ever added to.

import { get } from "../common/http.js";
import { moment, named } from "../common/language.js";
import { Table } from "../common/table.js";
import { tried } from "../common/toast.js";
import { html, useEffect, useSignal } from "../common/ui.js";
import { nameOf } from "./venue.js";
import { word } from "./words.js";

const PAGE = 100;

export function Audit() {
  const acts = useSignal(null);
  const busy = useSignal(false);
  const load = async (after = null) => {
    busy.value = true;
    const before = after ? acts.value.items : [];
    const answer = await tried(() => get("/v1/audit", { limit: PAGE, after }));
    if (answer) acts.value = { ...answer, items: [...before, ...answer.items] };
    busy.value = false;
  };
  useEffect(() => void load(), []);
  const columns = [
    { name: "at", title: word("history.at"), show: (act) => html`<time class="number" datetime=${act.at}>${moment(act.at, { seconds: true })}</time>` },
    { name: "who", title: word("history.who"), show: (act) => act.who },
    { name: "what", title: word("history.what"), show: (act) => named("audit", act.what, word) },
    { name: "on", title: word("audit.on"), wide: true, show: on },
    { name: "details", title: word("audit.details"), wide: true, show: (act) => details(act.details) },
  ];
  return html`
    <div class="card stack">
      <div class="head"><h1 class="of-card">${word("audit.title")}</h1><button type="button" class="small" disabled=${busy.value} onclick=${() => load()}>${word("audit.again")}</button></div>
      <p class="note">${word("audit.note")}</p>
      ${acts.value?.partial && html`<p class="state wait wide-state"><span aria-hidden="true">!</span>${word("audit.partial")}</p>`}
      ${acts.value === null ? html`<p class="note" role="status">${word("loading")}</p>` : html`<${Table} caption=${word("audit.title")} columns=${columns} rows=${acts.value.items} empty=${word("audit.none")} />`}
      ${acts.value?.next && html`<div class="acts"><button type="button" disabled=${busy.value} onclick=${() => load(acts.value.next)}>${word("more")}</button></div>`}
    </div>
  `;
}

const TICKETS = ["destroy", "undo", "stamp", "override"];
function on(act) {
  if (!act.on) return "–";
  if (TICKETS.includes(act.what)) return html`<a class="code" href=${`#tickets/${encodeURIComponent(act.on)}`}>${act.on}</a>`;
  if (act.what === "ack") return alarm(act.on);
  return nameOf(act.on);
}

// An alarm's id: its kind, where it is or of which reason, in which direction.
function alarm(id) {
  const [kind, of, way] = id.split(".");
  const where = of && (nameOf(of) !== of ? nameOf(of) : named("reason", of));
  return [named("alarm", kind, word), where, way && word(way)].filter(Boolean).join(" · ");
}

// What is empty or plain is left out: { command: "open", direction: null } is "open".
const details = (facts) =>
  Object.entries(facts)
    .sort(([one], [other]) => one.localeCompare(other)) // the store keeps an order, the database does not
    .filter(([name, value]) => value !== null && value !== true && name !== "event" && name !== "of")
    .map(([name, value]) => (value === false ? word("audit.not", { what: named("detail", name, word) }) : word("pair", { what: named("detail", name, word), value: typeof value === "object" ? JSON.stringify(value) : named("value", value, word) })))
    .join(" · ") || "–";
