// A table: columns say how a row's value is shown; one without rows says why it is empty.

import { word } from "./language.js";
import { html, classes } from "./ui.js";

// columns: [{ name, title, show(row) → text or elements, number?: right-aligned, wide?: may wrap }];
// totals: { column's name: text } of a last line, or null.
export function Table({ caption, columns, rows, empty, name = (row) => row.id, chosen = null, totals = null }) {
  if (!rows.length) return html`<p class="note">${empty}</p>`;
  const kind = (column) => classes(column.number && "number right", column.wide && "wide");
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}>
      <table>
        <caption class="unseen">${caption}</caption>
        <thead>
          <tr>${columns.map((column) => html`<th key=${column.name} scope="col" class=${kind(column)}>${column.title}</th>`)}</tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) => html`
              <tr key=${name(row)} class=${chosen === name(row) ? "chosen" : ""} data-row=${name(row)}>
                ${columns.map((column) => html`<td key=${column.name} class=${kind(column)} data-title=${column.title}>${column.show(row)}</td>`)}
              </tr>
            `,
          )}
        </tbody>
        ${totals && html`<tfoot><tr>${columns.map((column, place) => html`<td key=${column.name} class=${kind(column)} data-total=${column.name}>${totals[column.name] ?? (place === 0 ? word("total") : "")}</td>`)}</tr></tfoot>`}
      </table>
    </div>
  `;
}
