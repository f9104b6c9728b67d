// What is asked: a report, its period, filters. It stands in the address, so that it can be kept, sent,
// and gone back from: #attendance?from=2026-11-01&to=2026-12-01&space=hall.

import { session } from "../common/session.js";
import { computed, signal } from "../common/ui.js";

export const FIRST = "attendance";
const HOURLY_DAYS = 2;

// { name, given: { from, to, space, … } }: days of the venue, `to` is the day after the last.
export const question = signal(read());

addEventListener("hashchange", () => (question.value = read()));

function read() {
  const [name, query = ""] = location.hash.slice(1).split("?");
  return { name: name || FIRST, given: Object.fromEntries(new URLSearchParams(query)) };
}

export const address = (name, given) => {
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  return `#${name}${query.size ? `?${query}` : ""}`;
};

// How often the same was asked again: the figures of today go on.
export const again = signal(0);

export function go(name, given) {
  const to = address(name, given);
  if (to === location.hash) again.value += 1;
  else location.hash = to;
}

// The venue's today, and the days around it.
export const today = computed(() => new Date().toLocaleDateString("sv", { timeZone: session.value?.site.timezone }));

export function plus(day, days) {
  const moved = new Date(`${day}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

export const daysBetween = (from, to) => Math.round((Date.parse(`${to}T12:00:00Z`) - Date.parse(`${from}T12:00:00Z`)) / 86_400_000);

// Ways to say a period: each gives [first day, day after the last].
export const PERIODS = {
  today: (day) => [day, plus(day, 1)],
  yesterday: (day) => [plus(day, -1), day],
  week: (day) => [plus(day, -6), plus(day, 1)],
  month: (day) => [`${day.slice(0, 7)}-01`, nextMonth(day)],
  before: (day) => [`${plus(`${day.slice(0, 7)}-01`, -1).slice(0, 7)}-01`, `${day.slice(0, 7)}-01`],
  year: (day) => [`${day.slice(0, 4)}-01-01`, `${Number(day.slice(0, 4)) + 1}-01-01`],
};
const nextMonth = (day) => `${plus(`${day.slice(0, 7)}-28`, 4).slice(0, 7)}-01`;

// What is sent to the gateway: the period in full, and hours where the period is short.
export function sent(report, given) {
  const [from, to] = [given.from ?? today.value, given.to ?? plus(given.from ?? today.value, 1)];
  const short = from.length === 10 && to.length === 10 && daysBetween(from, to) <= HOURLY_DAYS;
  const by = given.by ?? (short && report.by.includes("hour") ? "hour" : !short && report.by.includes("day") ? "day" : undefined);
  return { ...given, from, to, by };
}
