// Plannings: the normal week, the weeks of periods, and the days that are different.

import { html, useId, useSignal } from "../common/ui.js";
import { Writing } from "../common/writing.js";
import { errors_of, list, put, writable } from "./draft.js";
import { Add, listed } from "./form.js";
import { Fold } from "./spaces.js";
import { DAYS, Week } from "./week.js";

export function Plannings({ word }) {
  const all = list("planning");
  return html`
    <p class="note">${word("plannings.note")}</p>
    ${all.map((row, place) => html`<${Planning} key=${row.id} word=${word} row=${row} open=${place === 0} />`)}
    <${Add} word=${word} table="planning" values=${() => ({ week: {} })} />
  `;
}

function Planning({ word, row, open }) {
  const chosen = useSignal(null); // a period, or null: the normal week
  const wrong = errors_of("planning", row.id);
  const used = list("space").filter(({ planning }) => planning === row.id).map((space) => space.name || space.id);
  const periods = row.periods ?? {};
  const period = chosen.value in periods ? chosen.value : null;
  const week = period === null ? (row.week ?? {}) : periods[period];
  const give = (day, hours) =>
    put("planning", row.id, (now) => {
      const next = { ...(period === null ? now.week : now.periods[period]), [day]: hours };
      const week = Object.fromEntries(DAYS.filter((each) => next[each]?.length).map((each) => [each, next[each]]));
      return period === null ? { week } : { periods: { ...now.periods, [period]: week } };
    });
  return html`
    <${Fold} word=${word} table="planning" row=${row} open=${open} said=${used.length ? word("planning.of", { spaces: used.join(", ") }) : word("planning.unused")}>
      ${wrong.map((each) => html`<p class="problem" role="alert"><code>${each.key}</code> ${each.detail}</p>`)}
      <div class="choice weeks" role="group" aria-label=${word("week.of")}>
        <button type="button" class="small" aria-pressed=${String(period === null)} onclick=${() => (chosen.value = null)}>${word("week.normal")}</button>
        ${Object.keys(periods).map((id) => html`<button type="button" class="small" key=${id} aria-pressed=${String(id === period)} onclick=${() => (chosen.value = id)}>${name_of(id)}</button>`)}
        <${AddPeriod} word=${word} row=${row} periods=${periods} chosen=${chosen} />
      </div>
      ${period !== null && html`<p class="note">${word(Object.keys(week).length ? "period.instead" : "period.closed", { period: name_of(period) })} ${writable.value && html`<button type="button" class="small" onclick=${() => drop(row.id, period)}>${word("period.drop")}</button>`}</p>`}
      <${Week} word=${word} week=${week} give=${give} disabled=${!writable.value} />
      <${Exceptions} word=${word} row=${row} />
    <//>
  `;
}

const name_of = (id) => list("period").find((each) => each.id === id)?.name || id;

const drop = (planning, period) =>
  put("planning", planning, ({ periods }) => {
    const { [period]: _, ...rest } = periods;
    return { periods: Object.keys(rest).length ? rest : null };
  });

function AddPeriod({ word, row, periods, chosen }) {
  const others = list("period").filter(({ id }) => !(id in periods));
  if (!others.length || !writable.value) return null;
  const add = (event) => {
    const id = event.target.value;
    event.target.value = "";
    put("planning", row.id, (now) => ({ periods: { ...now.periods, [id]: {} } }));
    chosen.value = id;
  };
  return html`<select class="small" aria-label=${word("period.add")} onchange=${add}><option value="">${word("period.add")}</option>${others.map(({ id }) => html`<option key=${id} value=${id}>${name_of(id)}</option>`)}</select>`;
}

function Exceptions({ word, row }) {
  const all = row.exception ?? [];
  const give = (made) =>
    put("planning", row.id, (now) => {
      const next = made(now.exception ?? []);
      return { exception: next.length ? next : null };
    });
  const change = (place, key, value) => give((days) => days.map((each, n) => (n === place ? without_empty({ ...each, [key]: value }) : each)));
  return html`
    <fieldset class="stack">
      <legend>${word("exceptions")}</legend>
      <p class="note">${word("exceptions.note")}</p>
      ${all.map((each, place) => html`<${Exception} key=${place} word=${word} each=${each} change=${(key, value) => change(place, key, value)} drop=${() => give((days) => days.filter((_, n) => n !== place))} />`)}
      ${writable.value && html`<div class="acts"><button type="button" class="small" onclick=${() => give((days) => [...days, { date: tomorrow(), exclude: ["00:00-24:00"] }])}>${word("exception.add")}</button></div>`}
    </fieldset>
  `;
}

const tomorrow = () => new Date(Date.now() + 86400000).toISOString().slice(0, 10);
const without_empty = (each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value !== null));

function Exception({ word, each, change, drop }) {
  const ids = { date: useId(), include: useId(), exclude: useId(), capacity: useId() };
  const field = (key, value, read) => html`
    <div class="field"><label for=${ids[key]}>${word(`exception.${key}`)}</label>
      <${Writing} id=${ids[key]} disabled=${!writable.value} spellcheck="false" autocomplete="off" value=${value} give=${(text) => change(key, read(text))} /></div>
  `;
  const whole = (text) => (text.trim() === "" ? null : Number.isInteger(Number(text)) ? Number(text) : text);
  return html`
    <div class="exception">
      ${field("date", each.date, (text) => text.trim())}
      ${field("include", (each.include ?? []).join(", "), listed)}
      ${field("exclude", (each.exclude ?? []).join(", "), listed)}
      ${field("capacity", each.capacity ?? "", whole)}
      ${writable.value && html`<button type="button" class="bare" aria-label=${`${word("remove")} ${each.date}`} onclick=${drop}>✕</button>`}
    </div>
  `;
}
