// A figure, opened: the events it counts, one by one, oldest first.

import { ask, part } from "../common/http.js";
import { moment, named as termed, number, reason } from "../common/language.js";
import { may } from "../common/session.js";
import { Table } from "../common/table.js";
import { explain } from "../common/toast.js";
import { html, useEffect, useRef, useSignal } from "../common/ui.js";
import { equipment, named, spaces } from "./venue.js";
import { word } from "./words.js";

const PAGE = 100;
const PATIENCE_MS = 60_000;

export function Opened({ what, close }) {
  const found = useSignal(null);
  const problem = useSignal(null);
  const head = useRef(null);
  const load = async (after = "") => {
    try {
      // An empty value is a filter here: an event that names none. `get` leaves such out.
      const query = new URLSearchParams({ ...defined(what.given), limit: PAGE, ...(after && { after }) });
      const answer = await ask("GET", `/v1/events?${query}`, undefined, { patience: PATIENCE_MS });
      found.value = { ...answer, items: [...(after ? found.value.items : []), ...answer.items] };
    } catch (refused) {
      problem.value = explain(refused);
    }
  };
  useEffect(() => {
    head.current.focus();
    load();
  }, []);
  const columns = [
    { name: "at", title: word("event.at"), show: (event) => html`<time class="number" datetime=${event.at}>${moment(event.at, { seconds: true })}</time>` },
    { name: "what", title: word("event.what"), wide: true, show: happened },
    may("operator") && { name: "code", title: word("event.ticket"), show: (event) => (event.ticket_code ? html`<a class="code" href=${`/#tickets/${part(event.ticket_code)}`}>${event.ticket_code}</a>` : "–") },
    { name: "where", title: word("event.where"), wide: true, show: (event) => [event.space && named(spaces.value, event.space), event.reader && named(equipment.value, event.reader)].filter(Boolean).join(" · ") || "–" },
    { name: "who", title: word("event.who"), show: (event) => event.operator || "–" },
    { name: "persons", title: word("event.persons"), number: true, show: (event) => number(event.counted_persons) },
    { name: "stamps", title: word("event.stamps"), number: true, show: (event) => number(event.counted_stamps) },
  ].filter(Boolean);
  const items = found.value?.items ?? [];
  const sum = (name) => number(items.reduce((all, event) => all + event[name], 0));
  const whole = found.value && !found.value.next;
  return html`
    <section class="card stack" id="opened" aria-labelledby="h-opened">
      <div class="head"><h2 id="h-opened" tabindex="-1" ref=${head}>${what.title}</h2><button type="button" class="small" onclick=${close}>${word("close")}</button></div>
      ${problem.value && html`<p class="problem" role="alert"><span aria-hidden="true">✕ </span>${problem.value}</p>`}
      ${!found.value && !problem.value && html`<p class="note" role="status">${word("loading")}</p>`}
      ${found.value && html`<p class="note" role="status">${word(whole ? "opened.all" : "opened.some", { n: items.length })}</p>
        <${Table} caption=${word("table.of", { of: what.title })} columns=${columns} rows=${items} name=${(event) => event.event_id} empty=${word("opened.none")} totals=${whole ? { persons: sum("counted_persons"), stamps: sum("counted_stamps") } : null} />`}
      ${found.value?.next && html`<div class="acts"><button type="button" onclick=${() => load(found.value.next)}>${word("more")}</button></div>`}
    </section>
  `;
}

const defined = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));

function happened(event) {
  if (event.kind === "scan") return event.decision === "denied" ? html`<span aria-hidden="true">✕ </span>${word("denied")} · ${reason(event.reason)}` : html`<span aria-hidden="true">✓ </span>${word("granted")} · ${word(event.direction)}`;
  return termed("event", event.kind, word);
}
