// Spaces, one within another; and what there is once: the venue, its stores, its address.

import { confirm } from "../common/dialog.js";
import { html } from "../common/ui.js";
import { list, properties, remove, tables, writable } from "./draft.js";
import { Add, Form } from "./form.js";

const FIRST = ["id", "name", "parent", "capacity", "full", "planning"];
const MORE = ["dwell_min", "anti_passback", "anti_passback_min", "anti_passback_reset", "first_in"];

export function Spaces({ word }) {
  const known = properties("space");
  return html`
    <p class="note">${word("spaces.note")}</p>
    ${nested().map(
      ({ row, depth }) => html`
        <${Fold} key=${row.id} word=${word} table="space" row=${row} depth=${depth} said=${row.capacity ? word("capacity.of", { n: row.capacity }) : ""}>
          <${Form} word=${word} table="space" row=${row} known=${known} keys=${FIRST.slice(1)} more=${MORE} />
        <//>
      `,
    )}
    <${Add} word=${word} table="space" />
  `;
}

// Spaces in the order of their nesting; what lies in a circle is listed all the same.
function nested() {
  const rows = list("space");
  const out = [];
  const walk = (parent, depth) =>
    rows.filter((row) => (row.parent ?? null) === parent && !out.some((each) => each.row === row)).forEach((row) => {
      out.push({ row, depth });
      walk(row.id, depth + 1);
    });
  walk(null, 0);
  return [...out, ...rows.filter((row) => !out.some((each) => each.row === row)).map((row) => ({ row, depth: 0 }))];
}

// One table of an array, folded up; it can be taken out.
export function Fold({ word, table, row, depth = 0, said, open = false, children }) {
  const drop = async () => {
    const sure = await confirm({ title: word("remove.title", { id: row.id }), text: word("remove.text"), yes: word("remove"), danger: true });
    if (sure) remove(table, row.id);
  };
  return html`
    <details class="card fold depth-${Math.min(depth, 4)}" id=${`${table}-${row.id}`} open=${open}>
      <summary><b>${row.name || row.id}</b> <code>${row.id}</code> <span class="note">${said}</span></summary>
      <div class="stack">
        ${children}
        ${writable.value && html`<div class="acts end"><button type="button" class="small" onclick=${drop}>${word("remove")}</button></div>`}
      </div>
    </details>
  `;
}

const SECTIONS = {
  site: ["name", "language", "id", "timezone", "gateway"],
  http: ["host", "port", "tls_cert", "tls_key"],
  stores: ["redis", "postgres", "mqtt", "durability", "state_dir", "home_assistant"],
};

export const General = ({ word }) => html`
  <p class="note">${word("general.note")}</p>
  ${Object.entries(SECTIONS).map(
    ([table, keys]) => html`
      <section class="card stack" key=${table} aria-labelledby=${`h-${table}`}>
        <h2 id=${`h-${table}`}>${word(`section.${table}`)}</h2>
        <${Form} word=${word} table=${table} row=${tables.value[table] ?? {}} id=${null} known=${properties(table)} keys=${keys} />
      </section>
    `,
  )}
`;
