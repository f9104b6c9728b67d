// Hours of a day as the site file writes them, "10:00-18:00"; an end before its start is on the next day.
// Nothing here is drawn. Minutes count from the day's beginning; an end may lie beyond 24 hours.

const DAY = 1440;
export const STEP = 15;

export function parse(text) {
  const found = /^\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*$/.exec(text);
  if (!found) return null;
  const [from, until] = [Number(found[1]) * 60 + Number(found[2]), Number(found[3]) * 60 + Number(found[4])];
  if (from >= DAY || until > DAY) return null;
  return { from, until: until > from ? until : until + DAY };
}

export const write = ({ from, until }) => `${hour(from)}-${hour(until > DAY ? until - DAY : until)}`;
export const hour = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

// What people type, "10-12:30, 13:30-20", as ranges; null where a part is none.
export function typed(text) {
  const parts = text.split(/[,;]/).map((each) => each.trim()).filter(Boolean);
  const ranges = parts.map((each) => parse(each.replace(/(^|[-–]\s*)(\d{1,2})(?=\s*([-–]|$))/g, "$1$2:00")));
  return ranges.includes(null) ? null : merged(ranges);
}

// In order, and those that touch are one.
export function merged(ranges) {
  const out = [];
  for (const { from, until } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last && from <= last.until) last.until = Math.max(last.until, until);
    else out.push({ from, until });
  }
  return out;
}

export const snap = (minutes) => Math.round(minutes / STEP) * STEP;

// A range moved or stretched, kept within the day it begins on and one day long at most.
export function shifted({ from, until }, part, by) {
  if (part === "from") return { from: Math.min(Math.max(0, from + by), until - STEP), until };
  if (part === "until") return { from, until: Math.min(Math.max(from + STEP, until + by), from + DAY) };
  const start = Math.min(Math.max(0, from + by), DAY - STEP);
  return { from: start, until: start + (until - from) };
}
