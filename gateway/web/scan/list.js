// The list this device carries, where the venue allows it (`carries = true` at its reader): the tickets
// that may come in today, without names, each under a hash of its code.

import { get } from "../common/http.js";
import { session } from "../common/session.js";
import { effect, signal } from "../common/ui.js";
import { reached } from "./reach.js";
import { change, one, put } from "./shelf.js";
import { waiting } from "./queue.js";

const EVERY_MS = 300000;
const PAGE = 1000;
const SETTLED_MS = 15000;
const HASH_LENGTH = 22;

// null: none is carried; else { at (ms, when it was made), count, keys (public halves that sign codes), signed (they let in) }.
export const carried = signal(null);

// Carries the list anew every five minutes while the gateway is there.
export function follow() {
  let asked = 0;
  one("facts", "list").then((facts) => (carried.value = facts?.reader === session.value?.reader && facts ? { at: facts.at, count: facts.count, keys: facts.keys ?? [], signed: facts.signed ?? false } : null));
  const go = () => {
    if (!reached.value || !session.value?.reader || Date.now() - asked < EVERY_MS) return;
    asked = Date.now();
    carry().catch((problem) => {
      if (problem.status === 403) forget();
      else asked = Date.now() - EVERY_MS + 20000; // again soon
    });
  };
  const timer = setInterval(go, 5000);
  const stop = effect(() => reached.value && queueMicrotask(go));
  return () => {
    clearInterval(timer);
    stop();
  };
}

async function carry() {
  const rows = [];
  let after = null;
  let at = null;
  let facts = {};
  do {
    const page = await get("/v1/carried", { limit: PAGE, after }, { patience: 30000 });
    at ??= Date.parse(page.at); // what is stamped while it is being read counts as not in it
    rows.push(...page.items);
    facts = { keys: page.keys, signed: page.signed };
    after = page.next;
  } while (after);
  const queued = new Set(waiting.value.map(({ key }) => key));
  await change(["list", "facts"], (list, kept) => {
    list.clear();
    for (const row of rows) list.put(row);
    kept.put({ name: "list", at, count: rows.length, reader: session.value.reader, ...facts });
    const asked = kept.getAll();
    asked.onsuccess = () => {
      for (const { name, at: stamped } of asked.result) {
        if (name.startsWith("s:") && stamped < at - SETTLED_MS && !queued.has(name.slice(2))) kept.delete(name);
      }
    };
  });
  carried.value = { at, count: rows.length, ...facts };
}

async function forget() {
  await change(["list", "facts"], (list, facts) => {
    list.clear();
    facts.delete("list");
  });
  carried.value = null;
}

// The place of a ticket in the list. Where the browser does no cryptography (no HTTPS) there is no list.
export async function keyOf(code) {
  if (!crypto.subtle) return null;
  const bytes = new TextEncoder().encode(`${session.value.site.id}:${code}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return btoa(String.fromCharCode(...hash)).replaceAll("+", "-").replaceAll("/", "_").slice(0, HASH_LENGTH);
}

// Returns [row or null, what was stamped here since it was made or null].
export async function lookUp(key) {
  if (!key) return [null, null];
  const [row, here] = await Promise.all([one("list", key), one("facts", `s:${key}`)]);
  return [carried.value ? (row ?? null) : null, here ?? null];
}

// Notes an entry granted here, with or without the gateway: the list does not know of it yet.
export async function note(key, index, persons) {
  if (!key) return;
  const name = `s:${key}`;
  const known = (await one("facts", name)) ?? { name, stamps: [], persons: 0 };
  const place = Math.max(0, index);
  known.stamps[place] = (known.stamps[place] ?? 0) + 1;
  for (let each = 0; each < place; each += 1) known.stamps[each] ??= 0;
  await put("facts", { ...known, persons: known.persons + persons, at: Date.now() });
}
