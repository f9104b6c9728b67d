// The site file as it stands, and what is to change in it. Nothing is written before it is applied:
// the gateway tells of each change what the file would be, how it differs and what is wrong with it.

import { ask, get, part, Problem } from "../common/http.js";
import { batch, computed, signal } from "../common/ui.js";

const AGAIN_MS = 2000;

// { revision, text, tables, applied, needs_restart, writable }; null until it has been read.
export const site = signal(null);
export const schema = signal(null);

// Changes to come, in their order: { table, id, values } or { table, id, remove: true }.
export const changes = signal([]);

// What the gateway said last, and of which changes: { of, text, tables, difference, errors, warnings, needs_restart }.
const told = signal(null);
// The same where it is of the changes as they are now; null while it is being asked.
export const draft = computed(() => (told.value?.of === changes.value ? told.value : null));
// Why it cannot say: a problem; null while all is well.
export const trouble = signal(null);

// The file as somebody is writing it by hand, or null; meanwhile no form changes it.
export const by_hand = signal(null);

// What the file says with the changes made; known at once, the gateway's answer comes a moment later.
export const tables = computed(() => changes.value.reduce(made, site.value?.tables ?? {}));
export const errors = computed(() => (changes.value.length ? (told.value?.errors ?? []) : []));
export const writable = computed(() => (site.value?.writable ?? false) && by_hand.value === null);

export const list = (name) => tables.value[name] ?? [];
export const found = (name, id) => list(name).find((each) => each.id === id);

function made(all, { table, id, values, remove: gone }) {
  if (id === null) return { ...all, [table]: merged(all[table] ?? {}, values) };
  const rows = all[table] ?? [];
  if (gone) return { ...all, [table]: rows.filter((row) => row.id !== id) };
  if (!rows.some((row) => row.id === id)) return { ...all, [table]: [...rows, merged({ id }, values)] };
  return { ...all, [table]: rows.map((row) => (row.id === id ? merged(row, values) : row)) };
}

const merged = (row, values) => Object.fromEntries(Object.entries({ ...row, ...values }).filter(([, value]) => value !== null));

export async function read() {
  const [file, known] = await Promise.all([get("/v1/site"), schema.value ?? get("/v1/site/schema")]);
  schema.value = known;
  site.value = file;
}

// Puts keys of a table; null takes a key away. `values` may be made of the row as it is at this moment: what
// a form was drawn with may be older. Several puts of one table become one change.
export function put(table, id, values) {
  const given = typeof values === "function" ? values(id === null ? (tables.value[table] ?? {}) : (found(table, id) ?? {})) : values;
  const last = changes.value.at(-1);
  const same = last && last.table === table && last.id === id && !last.remove;
  change_to([...(same ? changes.value.slice(0, -1) : changes.value), { table, id, values: { ...(same ? last.values : {}), ...given } }]);
}

export const remove = (table, id) => change_to([...changes.value, { table, id, remove: true }]);
export const undo = () => change_to(changes.value.slice(0, -1));
export const discard = () => change_to([]);

function change_to(next) {
  changes.value = next;
  try_out();
}

let asking = false;

// Asks until the gateway has told of the changes as they are: one question at a time, the newest. Where the
// file was changed by somebody else meanwhile, they are tried on that one.
async function try_out() {
  if (asking) return;
  asking = true;
  try {
    while (changes.value.length && !draft.value && (await asked_once(changes.value)));
  } finally {
    asking = false;
  }
  if (!changes.value.length) batch(() => ([told.value, trouble.value] = [null, null]));
}

// Returns whether it is worth asking on.
async function asked_once(of) {
  try {
    const sent = of.map(({ id, ...rest }) => (id === null ? rest : { id, ...rest }));
    const answer = await ask("POST", "/v1/site/draft", { revision: site.value.revision, changes: sent });
    batch(() => ([told.value, trouble.value] = [{ ...answer, of }, null]));
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.code === "stale_revision" && (await read_again())) return true;
    trouble.value = problem;
    if (problem.status !== 0) return changes.value !== of; // it will not be otherwise until something is changed
    await new Promise((go) => setTimeout(go, AGAIN_MS));
    return true;
  }
}

const read_again = () => read().then(() => true, () => false);

// Writes a text in the place of the file; the changes that are `in_it` are made then. What was changed while it was
// being written stays to be applied.
export async function apply(text, in_it = []) {
  try {
    site.value = await ask("PUT", "/v1/site", { revision: site.value.revision, text });
    changes.value = changes.value.filter((each) => !in_it.includes(each));
  } catch (problem) {
    if (problem.code === "stale_revision") await read_again();
    throw problem;
  } finally {
    told.value = null; // of another file
    try_out();
  }
}

// The errors of one table: those that name its place in the file.
export function errors_of(table, id) {
  const place = id === null ? table : `${table}[${list(table).findIndex((each) => each.id === id)}]`;
  return errors.value.filter(({ key }) => key === place || key.startsWith(`${place}.`)).map((error) => ({ ...error, key: error.key.slice(place.length + 1) }));
}

// The properties of a table by the schema, those of a board by its wire.
export function properties(table, row = {}) {
  const known = schema.value.properties;
  if (!(table in known)) return {};
  const at = known[table];
  if (at.type === "object") return at.properties;
  const items = at.items;
  const one = items.oneOf ? (items.oneOf.find((each) => each.properties.driver.const === row.driver) ?? items.oneOf[0]) : items;
  return one.properties;
}
export const drivers = () => schema.value.properties.controller.items.oneOf?.map((each) => each.properties.driver.const) ?? [];

export const test = (id) => ask("POST", `/v1/equipment/${part(id)}/command`, { command: "test" });
