// The scans as they happen, newest first; filters are of this browser.

import { clock, reason } from "../common/language.js";
import { recall, remember } from "../common/kept.js";
import { may } from "../common/session.js";
import { html, signal } from "../common/ui.js";
import { nameOf, readers, scans, skipped } from "./venue.js";
import { word } from "./words.js";

const ROWS = 25;
const decision = signal(recall("feed.decision", "all"));
const reader = signal(recall("feed.reader", ""));

function choose(kept, name, value) {
  kept.value = value;
  remember(name, value);
}

export function Feed() {
  const at = readers.value.some(({ id }) => id === reader.value) ? reader.value : ""; // it may be no more
  const shown = scans.value.filter((scan) => (decision.value === "all" || scan.decision === decision.value) && (!at || scan.reader === at));
  return html`
    <section class="card at-feed" aria-labelledby="h-scans">
      <div class="head"><h2 id="h-scans">${word("scans")}</h2>${skipped.value > 0 && html`<span class="note number" id="skipped">${word("skipped", { n: skipped.value })}</span>`}</div>
      <div class="filters">
        <span class="choice" role="group" aria-label=${word("filter.decision")}>
          ${["all", "granted", "denied"].map((name) => html`<button type="button" key=${name} class="small" data-filter=${name} aria-pressed=${String(decision.value === name)} onclick=${() => choose(decision, "feed.decision", name)}>${word(`filter.${name}`)}</button>`)}
        </span>
        <select id="feed-reader" aria-label=${word("filter.reader")} onchange=${(event) => choose(reader, "feed.reader", event.target.value)}>
          <option value="">${word("filter.everywhere")}</option>
          ${readers.value.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === at}>${name}</option>`)}
        </select>
      </div>
      ${shown.length ? html`<ol id="scans" class="scans">${shown.slice(0, ROWS).map((scan) => html`<${Scan} key=${scan.event_id} scan=${scan} />`)}</ol>` : html`<p class="note" id="scans-none">${word(scans.value.length ? "scans.none.such" : "scans.none")}</p>`}
    </section>
  `;
}

function Scan({ scan }) {
  const granted = scan.decision === "granted";
  const facts = [nameOf(scan.reader ?? scan.space), scan.direction && word(scan.direction), scan.persons > 1 && word("persons", { n: scan.persons })].filter(Boolean);
  const notes = [scan.offline && word("scan.offline"), scan.degraded && word("scan.degraded"), scan.override_reason && word("scan.override"), scan.conflict_with && word("scan.conflict")].filter(Boolean);
  const code = scan.ticket_code;
  return html`
    <li class="scan ${granted ? "yes" : "no"}" data-event=${scan.event_id}>
      <span class="symbol" aria-hidden="true">${granted ? "✓" : "✕"}</span>
      <span class="word">${granted ? word("granted") : `${word("denied")} · ${reason(scan.reason)}`}</span>
      <time class="when number" datetime=${scan.at}>${clock(scan.at)}</time>
      <span class="of-scan">${[...facts, ...notes].join(" · ")}${code && html`${" · "}${may("operator") ? html`<a class="code" href=${`#tickets/${encodeURIComponent(code)}`}>${code}</a>` : html`<span class="code">${code}</span>`}`}</span>
    </li>
  `;
}
