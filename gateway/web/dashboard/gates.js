// The gates: how each stands, how fast it goes against what its lane can do, and what it is told.

import { act, part } from "../common/http.js";
import { clock, number, reason } from "../common/language.js";
import { may } from "../common/session.js";
import { tried } from "../common/toast.js";
import { classes, html } from "../common/ui.js";
import { equipment, figures, scans, spaces } from "./venue.js";
import { word } from "./words.js";

const SIGNS = {
  idle: ["yes", "✓"], released: ["yes", "→"], passing: ["yes", "→"], checking: ["wait", "?"],
  open: ["wait", "◇"], free: ["wait", "⇄"], held: ["no", "!"], unknown: ["wait", "?"],
};
const OPENED = ["released", "passing", "open", "held", "forced", "free", "evacuation"];
const BARRIERS = ["turnstile", "door"];

export function Gates() {
  const all = [...equipment.value.values()];
  if (!all.length) return null;
  const bySpace = Map.groupBy(all, ({ space }) => space);
  const order = [...spaces.value.keys()].filter((id) => bySpace.has(id));
  return html`
    <section class="card at-gates" aria-labelledby="h-gates">
      <div class="head"><h2 id="h-gates">${word("gates")}</h2><p class="note">${word("gates.note")}</p></div>
      ${order.map(
        (id) => html`
          <div class="group" key=${id}>
            <h3 class="of-space">${spaces.value.get(id)?.name ?? id}</h3>
            <div class="tiles">${bySpace.get(id).map((gate) => html`<${Gate} key=${gate.id} gate=${gate} />`)}</div>
          </div>
        `,
      )}
    </section>
  `;
}

// How a gate stands: [kind, symbol, word].
export function sign(gate) {
  if (gate.link === "down") return ["no", "✕", word("link.down")];
  return [...(SIGNS[gate.state] ?? ["no", "✕"]), word(`state.${gate.state}`)];
}

// A fact stays on one line.
const unbroken = (text) => text.replaceAll(" ", "\u00a0");

function Gate({ gate }) {
  const [kind, symbol, said] = sign(gate);
  const ways = Object.entries(gate.modes).filter(([, mode]) => mode && mode !== "normal");
  const passed = Object.entries(gate.counters).filter(([, count]) => count !== null);
  const facts = [
    gate.link === "down" && gate.since && word("since", { at: clock(gate.since) }),
    gate.battery !== null && word("battery", { n: gate.battery }),
    ...passed.map(([way, count]) => `${word(way)} ${number(count)}`),
  ].filter(Boolean);
  return html`
    <article class=${classes("tile gate", OPENED.includes(gate.state) && gate.link !== "down" && "opened", kind === "no" && "urgent")} data-gate=${gate.id}>
      <h4><span>${gate.name}</span><span class="state ${kind}"><span aria-hidden="true">${symbol}</span>${said}</span></h4>
      ${ways.length > 0 && html`<p class="ways">${ways.map(([way, mode]) => html`<span class="state ${mode === "locked" ? "no" : "wait"}" key=${way}><span aria-hidden="true">${mode === "locked" ? "✕" : "⇄"}</span>${word("pair", { what: word(way), value: word(`mode.${mode}`) })}</span>`)}</p>`}
      <${Pace} gate=${gate} />
      <${Last} gate=${gate} />
      <p class="note small-text">${[gate.id, ...facts.map(unbroken)].join(" · ")}</p>
      <div class="foot-of-gate">
        ${may("operator") && html`<${Acts} gate=${gate} changed=${ways.length > 0} />`}
        ${BARRIERS.includes(gate.kind) && html`<i class="barrier" aria-hidden="true"></i>`}
      </div>
    </article>
  `;
}

// Persons a minute against what the lane can do; answers and refusals of five minutes.
function Pace({ gate }) {
  const pace = figures.value?.gates?.[gate.id];
  if (!gate.lane_per_min) return null;
  const [one, five] = [pace?.per_min_1 ?? 0, pace?.per_min_5 ?? 0];
  return html`
    <div class="pace">
      <meter min="0" max=${gate.lane_per_min} value=${Math.min(one, gate.lane_per_min)} aria-label=${word("pace.meter", { name: gate.name })}></meter>
      <p class="number"><b>${number(one, 1)}</b> ${word("pace.of", { lane: gate.lane_per_min })}</p>
      <p class="note number">${pace ? [word("pace.five", { five: number(five, 1) }), word("refused.five", { n: pace.refused }), pace.p95_ms !== null && word("p95", { ms: number(pace.p95_ms, 1) })].filter(Boolean).join(" · ") : word("quiet")}</p>
    </div>
  `;
}

// The last scan here, or at a reader that opens it: as the lane knows it, else the newest of the feed.
function Last({ gate }) {
  const here = [...equipment.value.values()].filter(({ id, opens }) => id === gate.id || opens === gate.id);
  const known = here.map((each) => each.last_scan).filter(Boolean).sort((one, other) => other.at.localeCompare(one.at));
  const scan = known[0] ?? scans.value.find(({ reader }) => here.some(({ id }) => id === reader));
  if (!scan) return html`<p class="last note">${word("last.none")}</p>`;
  const granted = scan.decision === "granted";
  return html`<p class="last"><span class="mark ${granted ? "yes" : "no"}" aria-hidden="true">${granted ? "✓" : "✕"}</span> <time class="number" datetime=${scan.at}>${clock(scan.at)}</time> ${scan.reason ? reason(scan.reason) : word("granted")}</p>`;
}

function Acts({ gate, changed }) {
  const told = gate.commands.filter((name) => name !== "test" && (name !== "normal" || changed));
  const tell = (command) => tried(() => act("POST", `/v1/equipment/${part(gate.id)}/command`, { command }), word("told", { act: word(`do.${command}`), name: gate.name }));
  return html`<div class="acts">${told.map((name) => html`<button type="button" key=${name} class=${classes("small", name === "open" && "strong")} data-act=${name} onclick=${() => tell(name)}>${word(`do.${name}`)}</button>`)}</div>`;
}
