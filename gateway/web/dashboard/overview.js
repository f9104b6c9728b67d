// The venue at a glance. What needs somebody comes first, what merely informs comes last.

import { word } from "./words.js";
import { html } from "../common/ui.js";
import { Alarms } from "./alarms.js";
import { Feed } from "./feed.js";
import { Gates } from "./gates.js";
import { Ingress } from "./ingress.js";
import { Machines } from "./machines.js";
import { Refusals } from "./refusals.js";
import { Spaces } from "./spaces.js";
import { spaces } from "./venue.js";

export function Overview() {
  if (!spaces.value.size) return html`<p class="note opening" role="status">${word("loading")}</p>`;
  return html`
    <h1 class="unseen">${word("page.dashboard")}</h1>
    <div class="board" id="board">
      <div class="stack wide-part">
        <${Spaces} />
        <${Gates} />
        <${Ingress} />
      </div>
      <div class="stack side">
        <${Alarms} />
        <${Refusals} />
        <${Feed} />
        <${Machines} />
      </div>
    </div>
  `;
}
