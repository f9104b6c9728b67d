// The site file as it stands, and what is to change in it. Nothing is written before it is applied:
// the gateway tells of each change what the file would be, how it differs and what is wrong with it.

import { ask, get, part } from "../common/http.js";
import { computed, signal } from "../common/ui.js";

// { revision, text, tables, applied, needs_restart, writable }; null until it has been read.
export const site = signal(null);
export const schema = signal(null);

// Changes to come, in their order: { table, id, values } or { table, id, remove: true }.
export const changes = signal([]);

// What they would make: { text, tables, difference, errors, warnings, needs_restart }.
export const draft = signal(null);

// What the file says with the changes made; known at once, the gateway's answer comes a moment later.
export const tables = computed(() => changes.value.reduce(made, site.value?.tables ?? {}));
export const errors = computed(() => (changes.value.length ? (draft.value?.errors ?? []) : []));
export const writable = computed(() => site.value?.writable ?? false);

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

// Puts keys of a table; null takes a key away. Several puts of one table become one change.
export function put(table, id, values) {
  const last = changes.value.at(-1);
  const same = last && last.table === table && last.id === id && !last.remove;
  const change = { table, ...(id === null ? {} : { id }), values: { ...(same ? last.values : {}), ...values } };
  return change_to([...(same ? changes.value.slice(0, -1) : changes.value), { ...change, id }]);
}

export const remove = (table, id) => change_to([...changes.value, { table, id, remove: true }]);
export const undo = () => change_to(changes.value.slice(0, -1));
export const discard = () => change_to([]);

let asked = 0;

async function change_to(next) {
  changes.value = next;
  const number = ++asked;
  if (!next.length) {
    draft.value = null;
    return;
  }
  const sent = next.map(({ id, ...rest }) => (id === null ? rest : { id, ...rest }));
  const answer = await ask("POST", "/v1/site/draft", { revision: site.value.revision, changes: sent });
  if (number === asked) draft.value = answer;
}

// Writes the draft, or another text, in the place of the file.
export async function apply(text = draft.value.text) {
  site.value = await ask("PUT", "/v1/site", { revision: site.value.revision, text });
  changes.value = [];
  draft.value = null;
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
