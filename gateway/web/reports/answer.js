// The report's answer: figures as a picture, as a table with its totals, as files.

import { get } from "../common/http.js";
import { language, moment, number } from "../common/language.js";
import { Table } from "../common/table.js";
import { explain, tried } from "../common/toast.js";
import { html, useEffect, useRef, useSignal } from "../common/ui.js";
import { isFigure, text } from "./cells.js";
import { DoorList } from "./door.js";
import { Opened } from "./opened.js";
import { Picture } from "./picture.js";
import { address, again, sent } from "./question.js";
import { reports } from "./venue.js";
import { word } from "./words.js";

const SHOWN = 200;
const EVENTS = "/v1/events";
// What the files have and a screen has no room for: an id where there is a name, a session's end.
const SPARE = ["ends_at"];
const NAMED = { product: "product_label", session: "label" };
const IDS = Object.fromEntries(Object.entries(NAMED).map(([id, name]) => [name, id]));
const PATIENCE_MS = 60_000;

export function Answer({ report, given }) {
  const found = useSignal(null);
  const problem = useSignal(null);
  const shown = useSignal(SHOWN);
  const opened = useSignal(null);
  const busy = useSignal(false);
  const asked = sent(report, given);
  const path = `/v1/reports/${report.name}`;
  const key = JSON.stringify([report.name, asked, language.value, again.value]);
  const left = useRef(null); // aborts when something else is asked
  useEffect(() => {
    const leaving = (left.current = new AbortController());
    [found.value, problem.value, shown.value, opened.value, busy.value] = [null, null, SHOWN, null, false];
    get(path, { ...asked, language: language.value }, { patience: PATIENCE_MS, signal: leaving.signal })
      .then((answer) => (found.value = answer))
      .catch((refused) => leaving.signal.aborted || (problem.value = explain(refused)));
    return () => leaving.abort();
  }, [key]);
  if (problem.value) return html`<p class="problem" role="alert"><span aria-hidden="true">✕ </span>${problem.value}</p>`;
  const answer = found.value;
  if (!answer) return html`<p class="note" role="status">${word("loading")}</p>`;
  const more = async () => {
    const { signal } = left.current;
    busy.value = true;
    const next = await tried(() => get(path, { ...asked, language: language.value, after: answer.next }, { patience: PATIENCE_MS, signal }).catch((refused) => signal.aborted || Promise.reject(refused)));
    if (signal.aborted) return;
    busy.value = false;
    if (!next) return;
    found.value = { ...next, rows: [...answer.rows, ...next.rows] };
    shown.value += SHOWN;
  };
  return html`
    <section class="card stack answer" aria-labelledby="h-answer" id="answer" data-report=${answer.report}>
      <div class="head">
        <h2 id="h-answer">${answer.title}</h2>
        <div class="acts">
          ${report.name === "door-list" && html`<button type="button" class="small" id="print" onclick=${() => print()}>${word("print")}</button>`}
          <${File} path=${path} asked=${asked} format="csv" title="CSV" />
          <${File} path=${path} asked=${asked} format="xlsx" title=${word("sheet")} />
        </div>
      </div>
      <p class="note">${word("from.to", { from: moment(answer.from), to: moment(answer.to) })}</p>
      ${report.name === "door-list" ? html`<${DoorList} answer=${answer} />` : html`<${Picture} answer=${answer} /><${Figures} answer=${answer} asked=${asked} shown=${shown.value} open=${(what) => (opened.value = what)} />`}
      ${shown.value < answer.rows.length || answer.next ? html`<div class="acts"><button type="button" id="more" disabled=${busy.value} onclick=${() => (shown.value < answer.rows.length ? (shown.value += SHOWN) : more())}>${word("more")}</button><span class="note">${word("rows.shown", { n: Math.min(shown.value, answer.rows.length), all: answer.totals.tickets ?? answer.rows.length })}</span></div>` : null}
    </section>
    ${opened.value && html`<${Opened} key=${JSON.stringify(opened.value.given)} what=${opened.value} close=${() => (opened.value = null)} />`}
  `;
}

// A file holds all rows, however many there are; in the language of the page.
function File({ path, asked, format, title }) {
  const query = new URLSearchParams(Object.entries({ ...asked, format, language: language.value }).filter(([, value]) => value));
  return html`<a class="button small" download href=${`${path}?${query}`} data-format=${format}>↓ ${title}</a>`;
}

function Figures({ answer, asked, shown, open }) {
  const columns = answer.columns.filter((name) => !SPARE.includes(name) && !answer.columns.includes(NAMED[name])).map((name) => ({
    name,
    title: answer.labels[name],
    number: isFigure(answer.kinds[name]),
    wide: answer.kinds[name] === "text",
    show: (row) => html`<${Figure} answer=${answer} asked=${asked} row=${row} name=${name} open=${open} />`,
  }));
  const totals = Object.fromEntries(answer.columns.filter((name) => name in answer.totals).map((name) => [name, text(name, answer.kinds[name], answer.totals[name])]));
  const rows = answer.rows.slice(0, shown).map((row, place) => ({ ...row, place }));
  return html`<${Table} caption=${word("table.of", { of: answer.title })} columns=${columns} rows=${rows} name=${(row) => row.place} totals=${totals} empty=${word("nothing")} />`;
}

// A figure that can be opened is a way to what it counts.
function Figure({ answer, asked, row, name, open }) {
  const shown = text(name, answer.kinds[name], row[name] ?? row[IDS[name]]);
  const given = row[name] ? filters(answer.opens, asked, row, name) : null;
  if (!given) return shown;
  const says = word("open.figure", { figure: shown, of: answer.labels[name] });
  if (answer.opens.path !== EVENTS) return html`<a href=${address(answer.opens.path.split("/").pop(), given)} title=${says} aria-label=${says}>${shown}</a>`;
  return html`<button type="button" class="link" title=${says} aria-label=${says} onclick=${() => open({ given, figure: row[name], title: `${answer.labels[name]}: ${number(row[name])}` })}>${shown}</button>`;
}

// The period, the filters, those of the row's columns that are filters there, and the figure's own.
function filters(opens, asked, row, name) {
  if (!(name in opens.figures)) return null;
  const { from, to, columns: _columns, by: _by, ...others } = asked;
  const target = opens.path.split("/").pop();
  if (opens.path !== EVENTS && !reports.value.some((report) => report.name === target)) return null; // not for everybody
  const own = opens.by.filter((each) => each in row);
  if (own.some((each) => row[each] === null)) return null;
  const rest = opens.ever ? {} : { ...others, from, to };
  return { ...rest, ...Object.fromEntries(own.map((each) => [each, row[each]])), ...opens.figures[name] };
}
