// What is asked, as a form: the period, the filters that the report takes, what its rows are by.

import { named as termed, reason } from "../common/language.js";
import { html, useEffect, useRef, useSignal } from "../common/ui.js";
import { Writing } from "../common/writing.js";
import { PERIODS, address, go, plus, today } from "./question.js";
import { equipment, spaces } from "./venue.js";
import { word } from "./words.js";

const CHOICES = {
  space: () => spaces.value.map(({ id, name }) => [id, name]),
  reader: () => equipment.value.map(({ id, name }) => [id, name ?? id]),
  audience: () => ["individual", "group"].map((code) => [code, termed("audience", code, word)]),
  status: () => ["active", "unpaid", "on_hold", "cancelled", "replaced", "blocked"].map((code) => [code, termed("status", code, word)]),
  reason: () => REASONS.map((code) => [code, reason(code)]),
};
const REASONS = [
  "malformed_code", "evacuation", "reader_out_of_service", "lane_busy", "space_closed", "bad_signature", "stale_code", "unknown_ticket", "destroyed", "cancelled", "blocked", "on_hold", "unpaid",
  "form_missing", "wrong_space", "too_early", "too_late", "already_inside", "not_inside", "too_soon", "no_stamps_left", "daily_limit", "party_too_large", "space_full", "store_unavailable",
];

export function Filters({ report, given }) {
  const draft = useSignal(given);
  // What came into the address otherwise (a link, the way back) is taken over; what was sent from here is not
  // put back over what has been written since.
  const sent = useRef(null);
  useEffect(() => {
    if (address(report.name, given) !== sent.current) draft.value = given;
    sent.current = null;
  }, [JSON.stringify([report.name, given])]);
  const from = draft.value.from ?? today.value;
  const to = draft.value.to ?? plus(from, 1);
  const change = (facts) => (draft.value = { ...draft.value, from, to, ...facts });
  const send = () => {
    sent.current = address(report.name, draft.value);
    go(report.name, draft.value);
  };
  const choose = (facts) => {
    change(facts);
    send();
  };
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  return html`
    <form class="card stack filters" id="ask" onsubmit=${submit} aria-label=${word("ask")}>
      <div class="choice periods" role="group" aria-label=${word("period")}>
        ${Object.entries(PERIODS).map(([name, period]) => {
          const [starts, ends] = period(today.value);
          return html`<button type="button" class="small" key=${name} data-period=${name} aria-pressed=${String(starts === from && ends === to)} onclick=${() => choose({ from: starts, to: ends })}>${word(`period.${name}`)}</button>`;
        })}
      </div>
      <div class="fields">
        <label>${word("from")}<${Writing} type="date" name="from" required value=${from.slice(0, 10)} give=${(day) => day && change({ from: day, to: day >= to ? plus(day, 1) : to })} /></label>
        <label>${word("until")}<${Writing} type="date" name="until" required min=${from.slice(0, 10)} value=${plus(to.slice(0, 10), -1)} give=${(day) => day && change({ to: plus(day, 1) })} /></label>
        ${report.by.length > 0 && html`<${Choice} name="by" value=${draft.value.by ?? ""} options=${report.by.map((code) => [code, termed("by", code, word)])} none=${word("by.default")} change=${change} />`}
        ${report.filters.map((name) => html`<${Filter} key=${name} name=${name} report=${report} value=${draft.value[name] ?? ""} change=${change} />`)}
      </div>
      <${Columns} report=${report} value=${draft.value.columns ?? ""} change=${change} />
      <div class="acts"><button class="main">${word("show")}</button><button type="button" onclick=${() => go(report.name, { from, to })}>${word("clear")}</button></div>
    </form>
  `;
}

function Filter({ name, report, value, change }) {
  const own = report.choices[name]?.map((code) => [code, termed(name, code, word)]);
  const options = own ?? CHOICES[name]?.();
  if (options) return html`<${Choice} name=${name} value=${value} options=${options} none=${name === "dates" ? null : word("all")} change=${change} />`;
  return html`<label>${word(`filter.${name}`)}<${Writing} name=${name} value=${value} maxlength="200" autocomplete="off" spellcheck="false" give=${(text) => change({ [name]: text.trim() })} /></label>`;
}

const Choice = ({ name, value, options, none, change }) => html`
  <label>${word(`filter.${name}`)}<select name=${name} onchange=${({ target }) => change({ [name]: target.value })}>
    ${none !== null && html`<option value="">${none}</option>`}
    ${options.map(([code, title]) => html`<option key=${code} value=${code} selected=${code === value}>${title}</option>`)}
  </select></label>
`;

// Which columns the table and the files have; none chosen: as the report has them.
function Columns({ report, value, change }) {
  const chosen = value ? value.split(",") : [];
  const box = useRef(null); // opened where some are chosen; shut by nobody but whoever reads
  useEffect(() => void (chosen.length && (box.current.open = true)), [chosen.length > 0]);
  const toggle = (name) => {
    const others = report.columns.map((column) => column.name).filter((each) => (each === name) !== chosen.includes(each));
    change({ columns: others.join(",") });
  };
  return html`
    <details class="columns" ref=${box}>
      <summary>${word("columns")}${chosen.length > 0 && ` (${chosen.length})`}</summary>
      <p class="note">${word("columns.note")}</p>
      <div class="choice">
        ${report.columns.map(({ name, label }) => html`<button type="button" class="small" key=${name} data-column=${name} aria-pressed=${String(chosen.includes(name))} onclick=${() => toggle(name)}>${label}</button>`)}
      </div>
    </details>
  `;
}
