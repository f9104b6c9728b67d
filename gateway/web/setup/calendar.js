// Periods on the calendar of a year: choose one, and drag over its days; over days of its own, they go.

import { language } from "../common/language.js";
import { classes, html, signal, useSignal } from "../common/ui.js";
import { between, days_of, list_of, text_of, weeks } from "./days.js";
import { list, properties, put, writable } from "./draft.js";
import { Add, Form } from "./form.js";
import { Fold } from "./spaces.js";

const chosen = signal(null);
const year = signal(new Date().getFullYear());
const MARKS = ["◆", "●", "▲", "■", "★", "✚"];

export function Calendar({ word }) {
  const periods = list("period");
  const active = periods.find(({ id }) => id === chosen.value) ?? periods[0] ?? null;
  return html`
    <p class="note">${word("periods.note")}</p>
    ${periods.length > 0 &&
    html`<section class="card stack" aria-labelledby="h-year">
      <div class="head">
        <h2 id="h-year">${year.value}</h2>
        <div class="acts"><button type="button" class="small square" aria-label=${word("year.before")} onclick=${() => (year.value -= 1)}>‹</button><button type="button" class="small square" aria-label=${word("year.after")} onclick=${() => (year.value += 1)}>›</button></div>
      </div>
      <div class="choice weeks" role="group" aria-label=${word("period.choose")}>
        ${periods.map((each, place) => html`<button type="button" class="small" key=${each.id} aria-pressed=${String(each === active)} onclick=${() => (chosen.value = each.id)}><i class="swatch" style=${{ background: each.color ?? "var(--brand)" }}></i><span aria-hidden="true">${MARKS[place % MARKS.length]}</span> ${each.name || each.id}</button>`)}
      </div>
      <${Year} word=${word} periods=${periods} active=${active} />
    </section>`}
    ${periods.map((row) => html`<${Period} key=${row.id} word=${word} row=${row} />`)}
    <${Add} word=${word} table="period" values=${() => ({ days: [] })} said=${(id) => (chosen.value = id)} />
  `;
}

function Period({ word, row }) {
  return html`
    <${Fold} word=${word} table="period" row=${row} said=${word("days.count", { n: days_of(row.days).size })}>
      <${Form} word=${word} table="period" row=${row} known=${properties("period")} keys=${["name", "color", "days"]} />
    <//>
  `;
}

function Year({ word, periods, active }) {
  const held = useSignal(null); // { from, to, adds }
  const focus = useSignal(null);
  const own = days_of(active?.days);
  const painted = held.value ? new Set(between(held.value.from, held.value.to)) : new Set();
  const marks = new Map();
  periods.forEach((period, place) => days_of(period.days).forEach((day) => marks.has(day) || marks.set(day, { place, period })));

  const paint = (from, to, adds) => {
    put("period", active.id, ({ days }) => {
      const next = days_of(days);
      between(from, to).forEach((day) => (adds ? next.add(day) : next.delete(day)));
      return { days: list_of(next) };
    });
  };
  const day_at = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-day]")?.dataset.day;
  const take = (event) => {
    const day = day_at(event);
    if (!writable.value || !day || event.button) return;
    held.value = { from: day, to: day, adds: !own.has(day) };
  };
  const move = (event) => {
    const day = held.value && day_at(event);
    if (day) held.value = { ...held.value, to: day };
  };
  const drop = () => {
    if (!held.value) return;
    const { from, to, adds } = held.value;
    held.value = null;
    paint(from, to, adds);
  };
  const key = (event) => {
    const day = event.target.dataset.day;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    if (!day) return;
    if (by) {
      const next = text_of(Date.parse(`${day}T00:00:00Z`) + by * 86400000);
      if (next.startsWith(String(year.value))) {
        focus.value = next;
        event.currentTarget.querySelector(`[data-day="${next}"]`)?.focus();
      }
    } else if (event.key === " " || event.key === "Enter") {
      if (writable.value) paint(day, day, !own.has(day));
    } else return;
    event.preventDefault();
  };
  const first = focus.value?.startsWith(String(year.value)) ? focus.value : `${year.value}-01-01`;
  return html`
    <div class="year" onpointerdown=${take} onpointermove=${move} onpointerup=${drop} onpointercancel=${() => (held.value = null)} onkeydown=${key}>
      ${Array.from({ length: 12 }, (_, month) => html`<${Month} key=${month} word=${word} month=${month} day=${{ own, painted, adds: held.value?.adds, marks, first }} />`)}
    </div>
  `;
}

function Month({ word, month, day: { own, painted, adds, marks, first } }) {
  const title = new Date(Date.UTC(year.value, month, 1)).toLocaleDateString(language.value, { month: "long", timeZone: "UTC" });
  const long = (day) => new Date(`${day}T00:00:00Z`).toLocaleDateString(language.value, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
  const place = (day) => {
    if (!day) return html`<td></td>`;
    const mark = marks.get(day);
    const inside = painted.has(day) ? adds : own.has(day);
    const said = [long(day), mark ? mark.period.name || mark.period.id : null].filter(Boolean).join(", ");
    return html`<td><button type="button" tabindex=${day === first ? 0 : -1} data-day=${day} class=${classes("date", inside && "own", painted.has(day) && "painted")} style=${mark ? { borderColor: mark.period.color ?? "var(--brand)" } : null} aria-pressed=${String(!!inside)} aria-label=${said}><span>${Number(day.slice(8))}</span>${mark && html`<sup aria-hidden="true">${MARKS[mark.place % MARKS.length]}</sup>`}</button></td>`;
  };
  return html`
    <table class="month">
      <caption>${title}</caption>
      <thead><tr>${["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map((each) => html`<th key=${each} scope="col"><span aria-hidden="true">${word(`day.${each}`).slice(0, 2)}</span><span class="unseen">${word(`day.${each}`)}</span></th>`)}</tr></thead>
      <tbody>${weeks(year.value, month).map((week, n) => html`<tr key=${n}>${week.map(place)}</tr>`)}</tbody>
    </table>
  `;
}
