// The dashboard: who is inside, the last scans, refusals by reason; all of it live.

import { begin, make } from "/static/common.js";
import { reason, time, word } from "/static/words.js";

const SHOWN = 30;
const QUIET_MS = 20000;

const part = (id) => document.querySelector(`#${id}`);
const state = { spaces: new Map(), scans: [], health: null, skipped: 0, heard: null, connected: false };

function listen() {
  const source = new EventSource("/v1/live");
  const on = (name, take) =>
    source.addEventListener(name, (event) => {
      state.heard = new Date();
      state.connected = true;
      take(JSON.parse(event.data));
      plan();
    });
  on("snapshot", (now) => {
    state.spaces = new Map(now.spaces.map((space) => [space.id, space]));
    state.scans = now.scans.slice(0, SHOWN);
    state.health = now.health;
    state.skipped = 0;
  });
  on("occupancy", (space) => state.spaces.set(space.id, space));
  on("health", (health) => (state.health = health));
  on("scan", (scan) => {
    state.skipped = scan.skipped ?? 0;
    if (!state.scans.some((known) => known.event_id === scan.event_id)) state.scans.unshift(scan);
    state.scans.length = Math.min(state.scans.length, SHOWN);
  });
  source.addEventListener("open", () => {
    state.connected = true;
    plan();
  });
  source.addEventListener("error", async () => {
    state.connected = false;
    plan();
    if (source.readyState !== EventSource.CLOSED) return;
    const answer = await fetch("/v1/spaces").catch(() => null);
    if (answer?.status === 401) location.reload();
    else setTimeout(listen, 1000);
  });
}

let planned = false;
function plan() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

function draw() {
  drawHealth();
  part("spaces").replaceChildren(...[...state.spaces.values()].map(drawSpace));
  drawToday();
  const scans = part("scans");
  scans.replaceChildren(...(state.scans.length ? state.scans.map(drawScan) : [make("li", { class: "note" }, word("none"))]));
  part("skipped").textContent = state.skipped ? word("skipped", { n: state.skipped }) : "";
}

function drawHealth() {
  const sign = part("health");
  const stale = part("stale");
  sign.hidden = false;
  stale.hidden = state.connected || state.heard === null;
  if (!state.connected) {
    if (state.heard) stale.textContent = `⚠ ${word("stale", { at: state.heard.toTimeString().slice(0, 8) })}`;
    sign.className = "state wait";
    sign.textContent = `… ${word("connecting")}`;
    return;
  }
  const { ready, degraded = [], durability } = state.health ?? {};
  const remarks = degraded.map((name) => word(name));
  if (durability === "everysec") remarks.push(word("durability.everysec"));
  sign.className = `state ${ready === false ? "no" : degraded.length ? "wait" : "yes"}`;
  sign.textContent = ready === false ? `✕ ${word("notready")}` : degraded.length ? `! ${word("degraded")}` : `✓ ${word("ready")}`;
  sign.title = remarks.join(" · ");
  if (degraded.length) {
    stale.hidden = false;
    stale.className = `banner ${ready === false ? "no" : "wait"}`;
    stale.textContent = `⚠ ${remarks.join(" · ")}`;
  } else if (state.connected) {
    stale.hidden = true;
    stale.className = "banner wait";
  }
}

function drawSpace(space) {
  const full = space.capacity !== null && space.inside + space.reserved >= space.capacity;
  const signs = {
    evacuate: ["no", "⚠", "evacuate"],
    locked: ["no", "✕", "locked"],
    free: ["wait", "⇄", "free"],
  };
  const [kind, symbol, name] = signs[space.mode] ?? (!space.open ? ["wait", "–", "closed"] : full ? ["no", "■", "full"] : ["yes", "✓", "open"]);
  const inside = make("p", { class: "inside number" }, String(space.inside));
  if (space.capacity !== null) inside.append(make("span", { class: "of" }, ` ${word("inside.of", { capacity: space.capacity })}`));
  return make(
    "article",
    { class: full || space.mode === "evacuate" ? "space full" : "space", "data-space": space.id },
    make("h3", {}, make("span", {}, space.name), make("span", { class: `state ${kind}` }, `${symbol} ${word(name)}`)),
    inside,
    space.capacity === null
      ? null
      : make("meter", { min: 0, max: space.capacity, value: space.inside, high: 0.8 * space.capacity, optimum: 0, "aria-label": space.name }),
    space.reserved ? make("p", { class: "note" }, word("reserved", { n: space.reserved })) : null,
  );
}

function drawToday() {
  const today = { ...(state.health?.today ?? {}) };
  const granted = today.granted ?? 0;
  delete today.granted;
  const rows = Object.entries(today).filter(([, count]) => count > 0).sort((one, other) => other[1] - one[1]);
  const denied = rows.reduce((sum, [, count]) => sum + count, 0);
  part("granted").textContent = granted.toLocaleString();
  part("denied").textContent = denied.toLocaleString();
  const most = rows.length ? rows[0][1] : 1;
  part("refusals").replaceChildren(
    ...(rows.length
      ? rows.map(([code, count]) =>
          make(
            "li",
            { "data-reason": code },
            make("div", { class: "row" }, make("span", {}, reason(code)), make("b", { class: "number" }, count.toLocaleString())),
            make("progress", { max: most, value: count, "aria-hidden": "true" }),
          ),
        )
      : [make("li", { class: "note" }, word("refusals.none"))]),
  );
}

function drawScan(scan) {
  const granted = scan.decision === "granted";
  const facts = [scan.reader, scan.direction && word(scan.direction), scan.persons > 1 && `${scan.persons} ${word("persons")}`, scan.ticket_code];
  return make(
    "li",
    { class: `scan ${granted ? "yes" : "no"}`, "data-event": scan.event_id },
    make("span", { class: "symbol", "aria-hidden": "true" }, granted ? "✓" : "✕"),
    make("span", { class: "word" }, granted ? word("granted") : `${word("denied")} · ${reason(scan.reason)}`),
    make("time", { class: "when number", datetime: scan.at }, time(scan.at)),
    make("span", { class: "facts" }, facts.filter(Boolean).join(" · ")),
  );
}

setInterval(() => {
  if (state.heard && Date.now() - state.heard > QUIET_MS && !state.connected) plan();
}, 1000);

begin({ entered: listen, changed: draw });
