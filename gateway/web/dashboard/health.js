// How the gateway does: a sign in the head, and banners for what an operator has to know at once.

import { confirm } from "../common/dialog.js";
import { act, part } from "../common/http.js";
import { ago } from "../common/language.js";
import { connection } from "../common/live.js";
import { may } from "../common/session.js";
import { tried } from "../common/toast.js";
import { html, useEffect, useSignal } from "../common/ui.js";
import { evacuated, health } from "./venue.js";
import { word } from "./words.js";

// What people read of the gateway's own remarks; an unknown one is shown as it is named.
const remarks = ({ degraded = [], durability } = {}) => [
  ...degraded.map((name) => word(name)),
  ...(durability === "everysec" ? [word("durability.everysec")] : []),
];

export function Sign() {
  if (connection.value.state !== "live") {
    const lost = connection.value.state === "lost";
    return html`<span id="health" class="state wait" role="status"><span aria-hidden="true">…</span>${word(lost ? "lost" : "connecting")}</span>`;
  }
  const { ready, degraded = [] } = health.value ?? {};
  const [kind, symbol, said] = ready === false ? ["no", "✕", "notready"] : degraded.length ? ["wait", "!", "degraded"] : ["yes", "✓", "ready"];
  return html`<span id="health" class="state ${kind}" role="status" title=${remarks(health.value ?? {}).join(" · ")}><span aria-hidden="true">${symbol}</span>${word(said)}</span>`;
}

export function Banners() {
  return html`<${Stale} /><${Limited} /><${Evacuation} />`;
}

// What stands on the screen may be old: said at once, and for how long.
function Stale() {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const { state, heard } = connection.value;
  if (state === "live" || heard === null) return null;
  return html`<p id="stale" class="banner wait" role="alert"><span aria-hidden="true">⚠ </span>${word("stale", { ago: ago(now.value - heard) })}</p>`;
}

function Limited() {
  const { ready, degraded = [] } = health.value ?? {};
  if (connection.value.state !== "live" || !degraded.length) return null;
  return html`<p id="limited" class="banner ${ready === false ? "no" : "wait"}" role="alert"><span aria-hidden="true">⚠ </span>${remarks({ degraded }).join(" · ")}</p>`;
}

function Evacuation() {
  const held = evacuated.value;
  if (!held.length) return null;
  const names = held.map(({ name }) => name).join(", ");
  const clear = async () => {
    if (!(await confirm({ title: word("evacuation.clear.title"), text: names, yes: word("evacuation.clear") }))) return;
    for (const { id } of held) await tried(() => act("POST", `/v1/spaces/${part(id)}/mode`, { mode: "normal" }), word("evacuation.clear.done"));
  };
  const end = async () => {
    const sure = await confirm({ title: word("evacuation.end.title"), text: word("evacuation.end.text", { names }), yes: word("evacuation.end.yes"), danger: true });
    if (sure) await tried(() => act("POST", "/v1/evacuation/ack"), word("evacuation.ended"));
  };
  return html`
    <section id="evacuation" class="banner no evacuation" role="alert">
      <p class="said"><span aria-hidden="true">⚠ </span>${word("mode.evacuate")} · ${names}</p>
      <p>${word("evacuation.next")}</p>
      ${may("operator") &&
      html`<div class="acts">
        <button type="button" onclick=${clear}>${word("evacuation.clear")}…</button>
        <button type="button" class="danger" onclick=${end}>${word("evacuation.end")}</button>
      </div>`}
    </section>
  `;
}
