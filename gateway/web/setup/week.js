// A week as bars on a line of hours: drag on the line to open, a bar to move it, its ends to stretch
// it. The same hours stand beside it as text, for whoever would rather type, or cannot drag.

import { classes, html, useId, useRef, useSignal } from "../common/ui.js";
import { Writing } from "../common/writing.js";
import { hour, merged, parse, shifted, snap, STEP, typed, write } from "./hours.js";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const SHOWN = 30 * 60; // until six of the next morning
const SCALE = [0, 6, 12, 18, 24, 30];

export function Week({ word, week, give, disabled }) {
  return html`
    <div class="week" role="group" aria-label=${word("week")}>
      <div class="scale" aria-hidden="true">${SCALE.map((each) => html`<span style=${{ left: percent(each * 60) }}>${each % 24}</span>`)}</div>
      ${DAYS.map((name) => html`<${Day} key=${name} word=${word} name=${name} hours=${week[name]} disabled=${disabled} give=${(ranges) => give(name, ranges)} />`)}
    </div>
  `;
}

const percent = (minutes) => `${(Math.min(minutes, SHOWN) / SHOWN) * 100}%`;

function Day({ word, name, hours, give, disabled }) {
  const field = useId();
  const track = useRef(null);
  const held = useSignal(null); // { place, part, from: minutes where it was taken, ranges }
  const read = (hours ?? []).map(parse);
  const ranges = held.value?.ranges ?? read.filter(Boolean);
  const wrong = !held.value && read.includes(null); // shown as it was typed; the gateway says what is wrong
  const said = (wrong ? hours : ranges.map(write)).join(", ");

  const at = (event) => {
    const box = track.current.getBoundingClientRect();
    return Math.max(0, Math.min(SHOWN, ((event.clientX - box.left) / box.width) * SHOWN));
  };
  const take = (event, place, part) => {
    if (disabled || event.button) return;
    event.preventDefault();
    event.stopPropagation();
    track.current.setPointerCapture(event.pointerId);
    held.value = { place, part, from: at(event), first: ranges, ranges };
  };
  const open = (event) => {
    const from = Math.min(snap(at(event)), 24 * 60 - STEP);
    const first = [...ranges, { from, until: from + STEP }];
    take(event, first.length - 1, "until");
    if (held.value) held.value = { ...held.value, from: from + STEP, first, ranges: first };
  };
  const move = (event) => {
    if (!held.value) return;
    const { place, part, from, first } = held.value;
    const by = snap(at(event) - from);
    held.value = { ...held.value, ranges: first.map((each, n) => (n === place ? shifted(each, part, by) : each)) };
  };
  const drop = () => {
    if (!held.value) return;
    const next = merged(held.value.ranges);
    held.value = null;
    give(next.map(write));
  };
  const key = (event, place) => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") give(ranges.filter((_, n) => n !== place).map(write));
    else if (by) give(merged(ranges.map((each, n) => (n === place ? shifted(each, event.shiftKey ? "until" : "all", by) : each))).map(write));
    else return;
    event.preventDefault();
  };
  const type = (text) => give(typed(text)?.map(write) ?? [text.trim()]);
  const span = ({ from, until }) => ({ left: percent(from), width: `calc(${percent(until)} - ${percent(from)})` });
  return html`
    <div class="day">
      <label for=${field}>${word(`day.${name}`)}</label>
      <div class=${classes("track", disabled && "still")} ref=${track} onpointerdown=${open} onpointermove=${move} onpointerup=${drop} onpointercancel=${drop}>
        ${ranges.map(
          (range, place) => html`
            <div key=${place} class="bar" role="button" tabindex=${disabled ? -1 : 0} style=${span(range)} aria-label=${word("bar", { day: word(`day.${name}`), hours: write(range) })} onpointerdown=${(event) => take(event, place, "all")} onkeydown=${(event) => key(event, place)}>
              <i class="from" onpointerdown=${(event) => take(event, place, "from")}></i>
              <span>${hour(range.from)}–${hour(range.until % 1440 || 1440)}</span>
              <i class="until" onpointerdown=${(event) => take(event, place, "until")}></i>
            </div>
          `,
        )}
        ${!ranges.length && html`<span class="closed">${word("closed")}</span>`}
      </div>
      <${Writing} id=${field} class=${wrong ? "wrong" : ""} aria-invalid=${wrong ? "true" : null} disabled=${disabled} spellcheck="false" autocomplete="off" value=${said} placeholder=${word("closed")} give=${type} />
    </div>
  `;
}
