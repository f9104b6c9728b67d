// A form made from the schema of a table: each key with its name, its field, its meaning and what is
// wrong with it. A field left empty takes its key out of the file, so that the default holds.

import { language, named } from "../common/language.js";
import { classes, html, useEffect, useId, useRef, useSignal } from "../common/ui.js";
import { Writing } from "../common/writing.js";
import { errors_of, list, put, writable } from "./draft.js";
import { HELP_FR } from "./help.js";

// Keys that name something of the site file, and what may be named there.
const NAMED = {
  parent: () => list("space").map(option),
  space: () => list("space").map(option),
  planning: () => list("planning").map(option),
  controller: () => list("controller").map(option),
  opens: () => list("equipment").filter(({ kind }) => kind === "turnstile" || kind === "door").map(option),
};
const option = (row) => ({ value: row.id, text: row.name ? `${row.name} (${row.id})` : row.id });

// `keys`: which of them, in this order; `more`: further ones, folded away.
export function Form({ word, table, row, id = row?.id ?? null, known, keys, more = [] }) {
  const wrong = errors_of(table, id);
  const field = (key) =>
    known[key] && html`<${Field} key=${key} word=${word} name=${key} known=${known[key]} value=${row?.[key]} wrong=${wrong.filter((each) => each.key === key || each.key.startsWith(`${key}.`))} give=${(value) => put(table, id, { [key]: value })} own=${id} />`;
  const told = wrong.filter((each) => ![...keys, ...more].some((key) => each.key === key || each.key.startsWith(`${key}.`)));
  return html`
    <div class="fields">
      ${told.map((each) => html`<p class="problem" role="alert"><code>${each.key}</code> ${each.detail}</p>`)}
      ${keys.map(field)}
    </div>
    ${more.length > 0 && html`<${More} word=${word} wrong=${more.some((key) => wrong.some((each) => each.key === key))}>${more.map(field)}<//>`}
  `;
}

// Opened where something in it is wrong; never shut while somebody may be writing there.
function More({ word, wrong, children }) {
  const box = useRef(null);
  useEffect(() => void (wrong && (box.current.open = true)), [wrong]);
  return html`
    <details class="more" ref=${box}>
      <summary>${word("more.keys")}</summary>
      <div class="fields">${children}</div>
    </details>
  `;
}

function Field({ word, name, known, value, wrong, give, own }) {
  const id = useId();
  const kind = kind_of(name, known);
  if (!kind) return null;
  const help = (language.value === "fr" && HELP_FR[name]) || known.description;
  const shared = { id, name, disabled: !writable.value, "aria-describedby": `${id}-help`, "aria-invalid": wrong.length ? "true" : null };
  return html`
    <div class=${classes("field", wrong.length && "wrong")}>
      <label for=${id}>${named("key", name, word)}</label>
      <${kind} word=${word} shared=${shared} name=${name} known=${known} value=${value} give=${give} own=${own} />
      <p class="note" id=${`${id}-help`}>${help}</p>
      ${wrong.map((each) => html`<p class="wrong-text"><span aria-hidden="true">✕ </span>${each.detail}</p>`)}
    </div>
  `;
}

function kind_of(name, known) {
  const allowed = [known, ...(known.anyOf ?? [])];
  if (name in NAMED) return Named;
  if (allowed.some((each) => each.enum)) return Choice;
  const types = allowed.map((each) => each.type);
  if (types.includes("boolean")) return YesNo;
  if (types.includes("integer") || types.includes("number")) return Figure;
  if (types.includes("string")) return Text;
  if (allowed.some((each) => each.type === "array" && each.items?.type === "string")) return Words;
  if (allowed.some((each) => each.type === "array" && each.items?.enum)) return Words;
  return null; // what has a page or a table of its own
}

const first = (known, key) => known[key] ?? known.anyOf?.map((each) => each[key]).find((each) => each !== undefined);
const shown = (value) => (value === null || value === undefined ? "" : String(value));
const Default = ({ word, known }) => (known.default === null || known.default === undefined || known.default === "" ? word("none") : word("pair", { what: word("default"), value: named("value", known.default, word) }));

const Named = ({ word, shared, name, value, give, own }) => html`
  <select ...${shared} value=${shown(value)} onchange=${(event) => give(event.target.value || null)}>
    <option value="">${word("none")}</option>
    ${NAMED[name]().filter((each) => each.value !== own || name === "space").map((each) => html`<option key=${each.value} value=${each.value} selected=${each.value === value}>${each.text}</option>`)}
    ${value && !NAMED[name]().some((each) => each.value === value) && html`<option value=${value} selected>${value} ✕</option>`}
  </select>
`;

const Choice = ({ word, shared, known, value, give }) => html`
  <select ...${shared} onchange=${(event) => give(event.target.value || null)}>
    ${!("default" in known) && value ? null : html`<option value="" selected=${value === undefined}><${Default} word=${word} known=${known} /></option>`}
    ${first(known, "enum").map((each) => html`<option key=${each} value=${each} selected=${each === value}>${named("value", each, word)}</option>`)}
  </select>
`;

const YesNo = ({ word, shared, known, value, give }) => html`
  <select ...${shared} onchange=${(event) => give(event.target.value === "" ? null : event.target.value === "true")}>
    <option value="" selected=${value === undefined}>${word("pair", { what: word("default"), value: word(`value.${known.default === true}`) })}</option>
    <option value="true" selected=${value === true}>${word("yes")}</option>
    <option value="false" selected=${value === false}>${word("no")}</option>
  </select>
`;

// A number is sent as it is typed: what is none is refused with the field's name.
function Figure({ shared, known, value, give }) {
  const read = (text) => (text.trim() === "" ? null : Number.isNaN(Number(text.replace(",", "."))) ? text : Number(text.replace(",", ".")));
  return html`<${Writing} ...${shared} inputmode="decimal" value=${shown(value)} placeholder=${shown(known.default)} give=${(text) => give(read(text))} />`;
}

function Text({ shared, known, value, give }) {
  const secret = known.writeOnly || known.format === "password" || known.anyOf?.some((each) => each.writeOnly);
  return html`<${Writing} ...${shared} type=${secret ? "password" : "text"} spellcheck="false" autocomplete="off" value=${shown(value)} placeholder=${shown(known.default)} give=${(text) => give(text === "" ? null : text)} />`;
}

const Words = ({ shared, value, give }) => html`
  <${Writing} ...${shared} spellcheck="false" autocomplete="off" value=${(value ?? []).join(", ")} give=${(text) => give(listed(text))} />
`;
export const listed = (text) => {
  const words = text.split(/[,;]/).map((each) => each.trim()).filter(Boolean);
  return words.length ? words : null;
};

// Adds a table under a new id.
export function Add({ word, table, values = () => ({}), said }) {
  const id = useSignal("");
  const field = useId();
  const taken = list(table).some((each) => each.id === id.value.trim());
  const add = (event) => {
    event.preventDefault();
    put(table, id.value.trim(), values());
    location.hash = location.hash.split("/")[0];
    said?.(id.value.trim());
    id.value = "";
  };
  if (!writable.value) return null;
  return html`
    <form class="add" onsubmit=${add}>
      <label for=${field}>${word(`add.${table}`)}</label>
      <input id=${field} class="id" pattern="[a-z0-9][a-z0-9\\-]{0,31}" title=${word("id.form")} placeholder=${word("id.example")} required value=${id.value} oninput=${(event) => (id.value = event.target.value)} />
      <button type="submit" disabled=${taken || !id.value.trim()}>${word("add")}</button>
      ${taken && html`<p class="wrong-text">${word("id.taken")}</p>`}
    </form>
  `;
}
