// The door list: who is expected at a session, to be ticked off on paper when nothing else works.

import { moment } from "../common/language.js";
import { html } from "../common/ui.js";
import { text } from "./cells.js";
import { word } from "./words.js";

const COLUMNS = ["holder", "order_ref", "code", "product", "persons", "come", "first_at"];

export function DoorList({ answer }) {
  if (!answer.rows.length) return html`<p class="note">${word("nothing")}</p>`;
  const sessions = Map.groupBy(answer.rows, (row) => row.session);
  return [...sessions].map(([id, rows]) => html`<${Session} key=${id} id=${id} rows=${rows} answer=${answer} />`);
}

function Session({ id, rows, answer }) {
  const sum = (name) => rows.reduce((all, row) => all + row[name], 0);
  const columns = COLUMNS.filter((name) => answer.columns.includes(name));
  const number = (name) => answer.kinds[name] === "whole" && "number right";
  return html`
    <section class="session" data-session=${id}>
      <h3>${moment(rows[0].starts_at)} · ${rows[0].label || id}</h3>
      <p>${word("door.sum", { expected: sum("persons"), come: sum("come"), missing: sum("missing") })}</p>
      <div class="scroll" tabindex="0" role="region" aria-label=${word("table.of", { of: rows[0].label || id })}>
        <table>
          <thead><tr><th scope="col"><span class="unseen">${word("door.here")}</span>☐</th>${columns.map((name) => html`<th key=${name} scope="col" class=${number(name)}>${answer.labels[name]}</th>`)}<th scope="col">${word("door.note")}</th></tr></thead>
          <tbody>
            ${rows.map(
              (row) => html`<tr key=${row.code}>
                <td class="tick"><span aria-hidden="true">${row.missing ? "☐" : "☑"}</span><span class="unseen">${row.missing ? word("door.missing") : word("door.here")}</span></td>
                ${columns.map((name) => html`<td key=${name} class=${number(name)}>${text(name, answer.kinds[name], row[name])}</td>`)}
                <td>${[row.unpaid && `€ ${word("door.unpaid")}`, row.attention && `! ${word("door.attention")}`].filter(Boolean).join(" · ")}</td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}
