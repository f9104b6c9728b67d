// What was granted and refused today, why, and which reason comes more often than it should.

import { number, reason } from "../common/language.js";
import { html } from "../common/ui.js";
import { alarms, figures, health } from "./venue.js";
import { word } from "./words.js";

const SHOWN = 8;

export function Refusals() {
  const { granted = 0, ...refused } = health.value?.today ?? {};
  const rows = Object.entries(refused).filter(([, count]) => count > 0).sort((one, other) => other[1] - one[1]);
  const denied = rows.reduce((sum, [, count]) => sum + count, 0);
  const recent = figures.value?.refused ?? {};
  const jumped = new Set([...alarms.value.values()].filter(({ kind, active }) => kind === "refusals" && active).map((alarm) => alarm.reason));
  const most = rows[0]?.[1] ?? 1;
  return html`
    <section class="card at-today" aria-labelledby="h-refusals">
      <div class="head"><h2 id="h-refusals">${word("today")}</h2></div>
      <div class="today">
        <p class="figure yes"><b id="granted" class="number">${number(granted)}</b><span><span aria-hidden="true">✓ </span>${word("granted.today")}</span></p>
        <p class="figure no"><b id="denied" class="number">${number(denied)}</b><span><span aria-hidden="true">✕ </span>${word("denied.today")}</span></p>
      </div>
      ${rows.length
        ? html`
            <div class="row head-row note"><span>${word("refusals.why")}</span><span>${word("refusals.columns")}</span></div>
            <ul class="bars">
              ${rows.slice(0, SHOWN).map(
                ([code, count]) => html`
                  <li key=${code} data-reason=${code}>
                    <div class="row"><span>${reason(code)}${jumped.has(code) && html` <span class="state no"><span aria-hidden="true">⚠</span>${word("refusals.jump")}</span>`}</span><span class="number"><b>${number(count)}</b> · ${number(recent[code] ?? 0)}</span></div>
                    <progress max=${most} value=${count} aria-hidden="true"></progress>
                  </li>
                `,
              )}
            </ul>
            ${rows.length > SHOWN && html`<p class="note">${word("refusals.more", { n: rows.length - SHOWN })}</p>`}
          `
        : html`<p class="note">${word("refusals.none")}</p>`}
    </section>
  `;
}
