// Sets of days as the site file writes them: "2026-12-24", "2026-12-20..2027-01-03". Nothing is drawn.

const ONE = 86400000;

export const text_of = (time) => new Date(time).toISOString().slice(0, 10);
export const time_of = (text) => {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isNaN(time) || text_of(time) !== text ? null : time;
};

// Every day of a list of days and ranges, as a set of texts; what is none of both is left out.
export function days_of(list) {
  const out = new Set();
  for (const each of list ?? []) {
    const [first, last = first] = each.split("..").map(time_of);
    if (first === null || last === null) continue;
    for (let time = first; time <= last && out.size < 4000; time += ONE) out.add(text_of(time));
  }
  return out;
}

// The shortest list that says a set of days.
export function list_of(days) {
  const times = [...days].map(time_of).sort((a, b) => a - b);
  const out = [];
  let first = 0;
  times.forEach((time, place) => {
    if (times[place + 1] === time + ONE) return;
    out.push(times[first] === time ? text_of(time) : `${text_of(times[first])}..${text_of(time)}`);
    first = place + 1;
  });
  return out;
}

// The days from one to another, whichever comes first.
export function between(one, other) {
  const [from, until] = [time_of(one), time_of(other)].sort((a, b) => a - b);
  const out = [];
  for (let time = from; time <= until; time += ONE) out.push(text_of(time));
  return out;
}

// The weeks of a month, beginning on Monday; a place outside of the month is null.
export function weeks(year, month) {
  const first = new Date(Date.UTC(year, month, 1));
  const before = (first.getUTCDay() + 6) % 7;
  const count = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const places = [...Array(before).fill(null), ...Array.from({ length: count }, (_, day) => text_of(Date.UTC(year, month, day + 1)))];
  while (places.length % 7) places.push(null);
  return Array.from({ length: places.length / 7 }, (_, week) => places.slice(week * 7, week * 7 + 7));
}
