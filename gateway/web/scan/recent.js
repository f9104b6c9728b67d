// The last results of this device.

import { html } from "../common/ui.js";
import { title } from "./result.js";
import { recent } from "./station.js";
import { word } from "./words.js";

export function Recent() {
  if (!recent.value.length) return null;
  return html`
    <section class="card" aria-labelledby="h-recent" id="recent-part">
      <h2 id="h-recent">${word("recent")}</h2>
      <ol id="recent" class="lines">
        ${recent.value.map(
          (found, index) => html`
            <li key=${recent.value.length - index} class="line ${found.kind}">
              <span class="symbol" aria-hidden="true">${found.symbol}</span>
              <span class="word">${title(found)}${found.offline && html` <span aria-hidden="true">⚠</span><span class="unseen">${word("offline")}</span>`}</span>
              <span class="number">${found.at}</span>
              <span class="of-line">${[found.code, found.ticket?.label].filter(Boolean).join(" · ")}</span>
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}
