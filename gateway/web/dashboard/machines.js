// The machines behind it all: gateways, their clocks and what waits in them; devices out of reach.

import { lasting, number } from "../common/language.js";
import { html } from "../common/ui.js";
import { equipment, figures, health } from "./venue.js";
import { word } from "./words.js";

const SLOW_STORE_MS = 20;
const OLD_UNSENT_S = 5;
const OLD_CALL_S = 30;
const CLOCK_OFF_MS = 500;
const LOW_BATTERY = 20;

export function Machines() {
  const { gateways = [], store_ms: store = null, site } = figures.value ?? {};
  const wired = [...equipment.value.values()].filter(({ link, driver }) => driver && link !== "unknown");
  const down = wired.filter(({ link }) => link === "down");
  const low = wired.filter(({ battery }) => battery !== null && battery <= LOW_BATTERY);
  const lines = [
    [word("machines.store"), store === null ? ["no", word("machines.silent")] : [store > SLOW_STORE_MS ? "wait" : "yes", `${number(store, 1)} ms`]],
    ...(site?.p95_ms ? [[word("machines.p95"), ["yes", `${number(site.p95_ms, 1)} ms`]]] : []),
    ...gateways.flatMap((gateway) => ofGateway(gateway, gateways.length > 1)),
    ...gateways.filter(({ there }) => there).flatMap(({ webhooks = [] }) => webhooks.map(ofWebhook)),
    [word("machines.links"), down.length ? ["no", down.map(({ name }) => name).join(", ")] : ["yes", word("machines.links.up", { n: wired.length })]],
    ...(low.length ? [[word("machines.batteries"), ["wait", low.map(({ name, battery }) => `${name} ${battery} %`).join(", ")]]] : []),
    [word("machines.durability"), [health.value?.durability === "always" ? "yes" : "wait", word(`machines.durability.${health.value?.durability}`)]],
  ];
  return html`
    <section class="card at-machines" aria-labelledby="h-machines">
      <div class="head"><h2 id="h-machines">${word("machines")}</h2></div>
      <dl class="facts" id="machines">
        ${lines.map(([title, [kind, said]]) => html`<dt key=${title}>${title}</dt><dd><span class="mark ${kind}" aria-hidden="true">${kind === "yes" ? "✓" : kind === "no" ? "✕" : "!"}</span> ${said}</dd>`)}
      </dl>
    </section>
  `;
}

// Programs elsewhere that are told: what they took last, what waits for them, what they would not take.
function ofWebhook({ id, taken_s: taken, failing, waiting, oldest_s: oldest, set_aside: aside }) {
  const said = [
    failing && word("webhook.failing", { said: failing }),
    waiting > 0 && word("webhook.waiting", { n: waiting, age: lasting(oldest * 1000) }),
    aside > 0 && word("webhook.aside", { n: aside }),
    taken !== null ? word("webhook.taken", { age: lasting(taken * 1000) }) : !waiting && word("webhook.nothing"),
  ].filter(Boolean);
  const kind = failing ? "no" : aside || oldest > OLD_CALL_S ? "wait" : "yes";
  return [word("webhook.of", { id }), [kind, said.join(" · ")]];
}

function ofGateway({ id, there, database, unsent_s: unsent, late, clock_ms: off, at }, several) {
  const of = (name) => (several ? `${word(name)}, ${id}` : word(name));
  if (!there) return [[of("machines.gateway"), ["no", word("machines.gone", { at: at.slice(11, 19) })]]];
  return [
    [of("machines.database"), database ? [unsent > OLD_UNSENT_S ? "wait" : "yes", word("machines.unsent", { s: number(unsent, 1) })] : ["no", word("machines.database.away", { s: number(unsent, 0) })]],
    ...(late ? [[of("machines.late"), ["wait", number(late)]]] : []),
    ...(Math.abs(off) > CLOCK_OFF_MS ? [[of("machines.clock"), ["wait", word("machines.clock.off", { ms: off })]]] : []),
  ];
}
