// Always in sight: whether the gateway is there, and what has not reached it yet.

import { clock, clockAt, lasting, named } from "../common/language.js";
import { session } from "../common/session.js";
import { html, useEffect, useSignal } from "../common/ui.js";
import { carried } from "./list.js";
import { conflicts, seen, trouble, waiting } from "./queue.js";
import { reached } from "./reach.js";
import { bound } from "./station.js";
import { word } from "./words.js";

export function Strip() {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const oldest = waiting.value.reduce((least, { at }) => Math.min(least, Date.parse(at)), Infinity);
  const count = waiting.value.length;
  const away = reached.value === false;
  return html`
    <div class="strip" role="status">
      <span id="reach" class="state ${away ? "wait" : "yes"}"><span aria-hidden="true">${away ? "⚠" : "✓"}</span>${word(away ? "reach.no" : "reach.yes")}</span>
      <span id="queue" class="state ${count ? "wait" : "idle"}"><span aria-hidden="true">${count ? "↑" : "–"}</span>${count ? word("queue", { n: count, age: lasting(now.value - oldest) }) : word("queue.none")}</span>
      ${bound.value && html`<span id="carried" class="state idle"><span aria-hidden="true">≡</span>${carried.value ? word("carried", { n: carried.value.count, age: lasting(now.value - carried.value.at) }) : word("carried.none")}</span>`}
    </div>
    ${away && html`<p class="note">${word(bound.value ? "reach.no.note" : "reach.unbound")}</p>`}
    ${count > 0 && trouble.value && reached.value && html`<p class="problem" role="alert"><span aria-hidden="true">✕ </span>${word("queue.trouble")} ${named("problem", trouble.value.code)}</p>`}
    ${conflicts.value.length > 0 && html`<${Conflicts} />`}
  `;
}

const Conflicts = () => html`
  <section class="card conflicts" role="alert" aria-labelledby="h-conflicts" id="conflicts">
    <h2 id="h-conflicts"><span aria-hidden="true">⚠ </span>${word("conflicts", { n: conflicts.value.length })}</h2>
    <ul>
      ${conflicts.value.map(
        ({ nonce, code, at, conflict, problem, message }) => html`
          <li key=${nonce}>
            <div><b class="code">${code}</b> · ${clockAt(Date.parse(at), session.value.site.timezone).slice(0, 5)}<br />
              ${conflict ? word("conflict.let.in", { why: named("reason", conflict.reason), at: conflict.at ? clock(conflict.at, { seconds: false }) : "–", reader: conflict.reader ?? "–" }) : word("conflict.not.taken", { why: message ?? problem })}</div>
            <button type="button" class="small" onclick=${() => seen(nonce)}>${word("conflict.seen")}</button>
          </li>
        `,
      )}
    </ul>
  </section>
`;
