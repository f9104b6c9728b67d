// What changes from one text to another, line by line: told by signs, not by colour alone.

import { html } from "../common/ui.js";

const KINDS = { "+": "plus", "-": "minus" };

export const Difference = ({ word, text }) =>
  text
    ? html`<pre class="difference" tabindex="0" role="region" aria-label=${word("difference")}>${text.split("\n").map((line) => html`<span class=${KINDS[line[0]] ?? ""}>${`${line}\n`}</span>`)}</pre>`
    : html`<p class="note">${word("no.difference")}</p>`;
