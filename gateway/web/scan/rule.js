// What may be decided without the gateway: a subset of the rule (gateway/tickets/rules.py) on one row
// of the list that this device carries. It never contradicts the rule; where it cannot know, it says
// so, and a person decides. Pure: time and what was stamped here are given.
//
// row: null (not on the list), or { n persons, g a group comes whole, r reason that stands | null, u nobody
// here can tell, w: [[from_s | null, until_s | null, stamps left | null]] in the ticket's order }.
// scan: { direction, persons | null }. here: { stamps: [made here by window], persons } since the list was made.
// Returns { decision: "granted" | "denied" | "unsure", reason, persons, index }.

const unsure = { decision: "unsure", reason: null, persons: 1, index: -1 };

export function decide(row, scan, now_ms, here = null) {
  if (scan.direction === "exit") return granted(scan.persons ?? 1); // nobody is kept inside
  if (!row || row.u) return { ...unsure, persons: scan.persons ?? row?.n ?? 1 };
  const persons = scan.persons ?? (row.g ? row.n : 1);
  if (row.r) return denied(row.r, persons);
  const [index, late] = choose(row.w, Math.floor(now_ms / 1000));
  if (late) return denied(late, persons, index);
  const [, , left] = row.w[index];
  const made = here?.stamps?.[index] ?? 0;
  if (!row.g && row.n > 1 && made) return { ...unsure, persons }; // the rest of a party: who of it has come is known at the gateway
  if (left !== null && made >= left) return denied("no_stamps_left", persons, index);
  if (row.g ? persons !== row.n : persons > row.n) return denied("party_too_large", persons, index);
  return granted(persons, index);
}

const granted = (persons, index = -1) => ({ decision: "granted", reason: null, persons, index });
const denied = (reason, persons, index = -1) => ({ decision: "denied", reason, persons, index });

// The first window that holds; else the next to come; else the last past.
export function choose(windows, now_s) {
  const numbered = windows.map(([from, until], index) => ({ from, until, index }));
  const holds = numbered.find(({ from, until }) => (from === null || from <= now_s) && (until === null || now_s <= until));
  if (holds) return [holds.index, null];
  const coming = numbered.filter(({ from, until }) => from !== null && now_s < from && (until === null || from <= until));
  if (coming.length) return [coming.reduce((one, other) => (other.from < one.from ? other : one)).index, "too_early"];
  return [numbered.reduce((one, other) => ((other.until ?? 0) > (one.until ?? 0) ? other : one)).index, "too_late"];
}
