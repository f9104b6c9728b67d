// A visitor's own ticket: a code that changes, when it is valid, and what has become of it.

import { LANGUAGES, dictionary, language, moment, speak } from "../common/language.js";
import { html, render, signal, useEffect } from "../common/ui.js";
import { TOKEN, ask, follow, held, state } from "./held.js";
import { Symbol } from "./symbol.js";
import { canRotate, codeAt, shareAt, stepAt } from "./totp.js";
import { WORDS } from "./words.js";

const word = dictionary(WORDS);
const TICK_MS = 250;
const code = signal("");
const left = signal(0);

function Page() {
  useEffect(follow, []);
  useEffect(rotate, []);
  useEffect(stayAwake, []);
  const { site, ticket } = held.value ?? {};
  document.title = site ?? "Composteur";
  return html`
    <header class="top">
      <p class="brand"><img src="${new URL("../common/icon.svg", import.meta.url).pathname}" alt="" width="28" height="28" /><span>${site ?? "Composteur"}</span></p>
      <div class="end" role="group" aria-label=${word("language")}>
        ${Object.entries(LANGUAGES).map(([name, title]) => html`<button key=${name} type="button" class="small" lang=${name} title=${title} aria-pressed=${String(language.value === name)} onclick=${() => speak(name)}>${name.toUpperCase()}</button>`)}
      </div>
    </header>
    <main id="main" class="ticket">${ticket ? html`<${Ticket} ticket=${ticket} />` : html`<p class="card note" role="status">${word(state.value === "none" ? "ticket.none" : "ticket.asking")}</p>`}</main>
  `;
}

function Ticket({ ticket }) {
  const gone = ticket.destroyed_at ? "destroyed" : ["cancelled", "replaced", "blocked"].includes(ticket.status) ? ticket.status : null;
  return html`
    <section class="card pass">
      <h1>${ticket.label || ticket.product}</h1>
      ${ticket.holder && html`<p>${ticket.holder}</p>`}
      ${gone
        ? html`<p class="gone" role="status"><span aria-hidden="true">✕ </span>${word(`gone.${gone}`)}</p>`
        : html`<${Live} /> `}
      <dl class="facts">
        ${ticket.windows.filter(({ from, until }) => from || until).slice(0, 4).map((span) => html`<dt>${word("valid")}</dt><dd>${[span.from, span.until].map((each) => (each ? moment(each) : "…")).join(" → ")}</dd>`)}
        <dt>${word("persons")}</dt><dd>${ticket.persons}</dd>
        <dt>${word("stamps")}</dt><dd>${word("stamps.of", { made: ticket.stamps.made, n: ticket.stamps.allowed ?? "∞" })}${ticket.stamps.last_at ? ` · ${moment(ticket.stamps.last_at)}` : ""}</dd>
        <dt>${word("number")}</dt><dd class="code">${ticket.code}</dd>
      </dl>
    </section>
    <p class="note network" role="status">${state.value === "fresh" ? "" : html`<span aria-hidden="true">⚠ </span>${word(canRotate ? "kept" : "kept.stale")}`}</p>
  `;
}

function Live() {
  if (!code.value) return null;
  return html`
    <${Symbol} code=${code.value} says=${word("code.says")} />
    <p class="turn"><progress max="1" value=${left.value} aria-label=${word("turn")}></progress></p>
    <p class="note">${word("turn.why")}</p>
  `;
}

// Writes the code of each step as it begins.
function rotate() {
  let shown = null;
  const look = async () => {
    const { rotation, off } = held.value ?? {};
    if (!rotation) return;
    const now = Date.now() + off;
    const step = stepAt(now, rotation);
    left.value = 1 - shareAt(now, rotation);
    if (step === shown) return;
    const first = shown === null;
    shown = step;
    if (canRotate) code.value = await codeAt(step, rotation);
    else {
      if (!first) await ask();
      code.value = held.value?.code ?? "";
    }
  };
  const timer = setInterval(look, TICK_MS);
  const stop = held.subscribe(() => ((shown = canRotate ? shown : null), look()));
  return () => {
    clearInterval(timer);
    stop();
  };
}

// Keeps the screen on while the ticket is looked at, where the browser can.
function stayAwake() {
  const hold = () => document.visibilityState === "visible" && navigator.wakeLock?.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", hold);
  hold();
  return () => document.removeEventListener("visibilitychange", hold);
}

const manifest = document.createElement("link");
manifest.rel = "manifest";
manifest.href = `/t/${TOKEN}/app.webmanifest`;
document.head.append(manifest);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/t/worker.js").catch(() => {});

render(html`<${Page} />`, document.body);
