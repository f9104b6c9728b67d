// The course of the day at the entrances: who came, who is expected, who came a week before.

import { Chart } from "../common/chart.js";
import { get } from "../common/http.js";
import { number } from "../common/language.js";
import { explain } from "../common/toast.js";
import { html, useEffect, useMemo, useSignal } from "../common/ui.js";
import { spaces } from "./venue.js";
import { word } from "./words.js";

const EVERY_MS = 30000;
const MARGIN_STEPS = 4;

export function Ingress() {
  const space = useSignal("");
  const course = useSignal(null);
  const problem = useSignal(null);
  useEffect(() => {
    let over = false;
    const look = async () => {
      try {
        const found = await get("/v1/ingress", { space: space.value });
        if (!over) [course.value, problem.value] = [found, null];
      } catch (refused) {
        if (!over) problem.value = explain(refused);
      }
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [space.value]);
  return html`
    <section class="card at-ingress" aria-labelledby="h-ingress">
      <div class="head">
        <h2 id="h-ingress">${word("ingress")}</h2>
        <select id="ingress-space" class="narrow" aria-label=${word("ingress.space")} onchange=${(event) => ((space.value = event.target.value), (course.value = null))}>
          <option value="">${word("ingress.all")}</option>
          ${[...spaces.value.values()].map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === space.value}>${name}</option>`)}
        </select>
      </div>
      ${problem.value && html`<p class="state wait wide-state"><span aria-hidden="true">!</span>${problem.value}</p>`}
      ${course.value ? html`<${Course} course=${course.value} />` : !problem.value && html`<p class="note" role="status">${word("loading")}</p>`}
    </section>
  `;
}

const sum = (figures) => Math.round(figures.reduce((all, each) => all + each, 0));

function Course({ course }) {
  const { entries, before, expected, sold, step_min: step, now_step: now } = course;
  const until = now === null ? entries.length : now + 1;
  const [from, to] = span(course);
  const data = useMemo(() => {
    const steps = Array.from({ length: to - from }, (_, index) => from + index);
    return [steps, steps.map((each) => (each < until ? entries[each] : null)), steps.map((each) => expected[each]), steps.map((each) => before[each])];
  }, [course]);
  const said = {
    today: sum(entries),
    expected: sum(expected.slice(0, until)),
    before: sum(before.slice(0, until)),
  };
  const says = word("ingress.says", said);
  const at = (place) => `${String(Math.floor((place * step) / 60)).padStart(2, "0")}:${String((place * step) % 60).padStart(2, "0")}`;
  return html`
    <dl class="figures" id="course">
      <div><dt>${word("ingress.today")}</dt><dd class="number" data-figure="today">${number(said.today)}</dd></div>
      <div><dt>${word("ingress.expected")}</dt><dd class="number">${number(said.expected)}<span class="note"> ${word("ingress.sold", { n: sold })}</span></dd></div>
      <div><dt>${word("ingress.before")}</dt><dd class="number">${number(said.before)}</dd></div>
    </dl>
    <${Chart}
      lines=${[
        { title: word("ingress.line.today", { n: step }), colour: "today", fill: true },
        { title: word("ingress.line.expected"), colour: "expected", dash: [8, 5] },
        { title: word("ingress.line.before"), colour: "before", dash: [2, 4] },
      ]}
      data=${data}
      says=${says}
      x=${at}
    />
  `;
}

// The part of the day in which anything happens, with an hour around it.
function span({ entries, before, expected, now_step: now, step_min: step }) {
  const busy = entries.map((_, index) => index).filter((index) => entries[index] || before[index] || expected[index]);
  const middle = now ?? Math.floor((12 * 60) / step);
  const from = Math.max(0, Math.min(...busy, middle) - MARGIN_STEPS);
  const to = Math.min(entries.length, Math.max(...busy, middle) + MARGIN_STEPS + 1);
  return [from, to];
}
