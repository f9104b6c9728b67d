// A report's figures as a picture: along time where rows have one, else the largest as bars. The table
// beneath says the same in figures.

import { Chart } from "../common/chart.js";
import { clock, number, shortDay } from "../common/language.js";
import { html, useMemo } from "../common/ui.js";
import { text } from "./cells.js";
import { plus } from "./question.js";
import { word } from "./words.js";

// along: the column with the time; lines: [column, colour of tokens.css]; of: what bars are named after.
const PICTURES = {
  attendance: { along: true, lines: [["entries", "today"], ["exits", "before"]] },
  refusals: { along: true, lines: [["refusals", "expected"]] },
  arrivals: { session: "starts_at", lines: [["expected", "expected"], ["come", "today"]] },
  availability: { session: "starts_at", lines: [["places", "before"], ["sold", "expected"], ["stamped", "today"]] },
  "no-shows": { session: "at", lines: [["expected", "expected"], ["come", "today"]] },
  stamps: { of: ["product_label", "product"], bar: "stamps" },
  validations: { of: ["reader"], bar: "stamps" },
  "attendance-groups": { of: ["product_label", "product"], bar: "entries" },
  "attendance-individuals": { of: ["product_label", "product"], bar: "entries" },
  "external-tickets": { of: ["source"], bar: "tickets" },
};
const DASHES = { today: undefined, expected: [8, 5], before: [2, 4] };
const BARS = 8;
const HOUR_MS = 3_600_000;

export function Picture({ answer }) {
  const picture = PICTURES[answer.report];
  const needed = picture ? [...(picture.lines ?? []).map(([name]) => name), picture.bar, picture.session].filter(Boolean) : [];
  if (!picture || !answer.rows.length || !needed.every((name) => answer.columns.includes(name))) return null;
  if (picture.along && !["day", "hour"].some((name) => answer.columns.includes(name))) return null;
  if (picture.bar) return html`<${Bars} answer=${answer} ...${picture} />`;
  return html`<${Course} answer=${answer} ...${picture} />`;
}

function Course({ answer, session, lines }) {
  const [places, sums] = useMemo(() => (session ? bySession(answer, session, lines) : byTime(answer, lines)), [answer]);
  const data = useMemo(() => [places.map((_, index) => index), ...sums], [answer]);
  if (places.length < 2) return null;
  const titles = lines.map(([name]) => answer.labels[name]);
  const says = lines.map(([name], index) => `${titles[index]}: ${number(answer.totals[name])}`).join(", ");
  return html`<${Chart}
    lines=${lines.map(([, colour], index) => ({ title: titles[index], colour, dash: DASHES[colour], fill: index === 0 && !session }))}
    data=${data}
    says=${`${answer.title}. ${says}.`}
    x=${(place) => places[place] ?? ""}
  />`;
}

// Rows of one moment are added up; a moment without rows is nought.
function byTime(answer, lines) {
  const hourly = answer.columns.includes("hour");
  const column = hourly ? "hour" : "day";
  const rows = answer.rows.filter((row) => row[column]);
  if (!rows.length) return [[], lines.map(() => [])];
  const key = (text) => (hourly ? Date.parse(text) : text);
  const moments = [key(rows[0][column])];
  const last = key(rows.at(-1)[column]);
  while (moments.at(-1) < last) moments.push(hourly ? moments.at(-1) + HOUR_MS : plus(moments.at(-1), 1));
  const index = new Map(moments.map((moment, place) => [moment, place]));
  const sums = lines.map(() => moments.map(() => 0));
  const labels = moments.map((moment) => (hourly ? "" : shortDay(moment)));
  for (const row of rows) {
    const place = index.get(key(row[column]));
    if (hourly) labels[place] = clock(row.hour, { seconds: false });
    lines.forEach(([name], line) => (sums[line][place] += row[name]));
  }
  if (hourly) labels.forEach((label, place) => (labels[place] = label || follow(labels, place)));
  return [labels, sums];
}

// The hour after the one before it, where nothing happened.
const follow = (labels, place) => `${String((Number((labels[place - 1] ?? "0").slice(0, 2)) + 1) % 24).padStart(2, "0")}:00`;

const bySession = (answer, column, lines) => {
  const rows = answer.rows.filter((row) => row[column]);
  const days = new Set(rows.map((row) => row[column].slice(0, 10))).size;
  return [rows.map((row) => (days > 1 ? shortDay(row[column]) : clock(row[column], { seconds: false }))), lines.map(([name]) => rows.map((row) => row[name]))];
};

function Bars({ answer, of, bar }) {
  const sums = new Map();
  for (const row of answer.rows) {
    const name = of.map((column) => row[column] && text(column, "text", row[column])).find(Boolean) ?? "–";
    sums.set(name, (sums.get(name) ?? 0) + row[bar]);
  }
  const largest = [...sums].sort(([, one], [, other]) => other - one).slice(0, BARS);
  const most = Math.max(1, ...largest.map(([, sum]) => sum));
  return html`
    <ul class="ranks" aria-label=${word("largest", { of: answer.labels[bar] })}>
      ${largest.map(([name, sum]) => html`<li key=${name}><div class="row"><span>${name}</span><b class="number">${number(sum)}</b></div><progress max=${most} value=${Math.max(0, sum)} aria-hidden="true"></progress></li>`)}
    </ul>
  `;
}
