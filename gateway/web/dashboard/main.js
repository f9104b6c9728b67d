// The dashboard: who is inside, the last scans, refusals by reason; all of it live.

import { ask, begin, make, random, who } from "../old/common.js";
import { reason, time, word } from "../old/words.js";

const SHOWN = 30;
const QUIET_MS = 20000;

const part = (id) => document.querySelector(`#${id}`);
const state = {
  spaces: new Map(), equipment: new Map(), alarms: new Map(),
  scans: [], health: null, skipped: 0, heard: null, connected: false,
};
const commands = { open: "do.open", free: "do.free", normal: "do.normal", lock: "do.lock", test: "do.test" };
const opened = ["released", "passing", "open", "held", "forced", "free", "evacuation"];
const mayCommand = () => ["operator", "admin"].includes(who().role);

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
    state.equipment = new Map(now.equipment.map((each) => [each.id, each]));
    state.alarms = new Map(now.alarms.map((alarm) => [alarm.id, alarm]));
    state.scans = now.scans.slice(0, SHOWN);
    state.health = now.health;
    state.skipped = 0;
  });
  on("occupancy", (space) => state.spaces.set(space.id, space));
  on("equipment", (each) => state.equipment.set(each.id, each));
  on("alarm", (alarm) => (alarm.active || !alarm.acked_at ? state.alarms.set(alarm.id, alarm) : state.alarms.delete(alarm.id)));
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
  keep(part("spaces"), [...state.spaces.values()], drawSpace);
  drawEvacuation();
  keep(part("alarms"), [...state.alarms.values()].sort(mostUrgent), drawAlarm);
  part("alarm-count").textContent = state.alarms.size || "";
  part("alarms-part").hidden = !state.alarms.size;
  keep(part("gates"), [...state.equipment.values()], drawGate);
  part("gates-part").hidden = !state.equipment.size;
  drawToday();
  const scans = part("scans");
  scans.replaceChildren(...(state.scans.length ? state.scans.map(drawScan) : [make("li", { class: "note" }, word("none"))]));
  part("skipped").textContent = state.skipped ? word("skipped", { n: state.skipped }) : "";
}

const mostUrgent = (one, other) => other.active - one.active || other.at.localeCompare(one.at);

// Draws what has changed and leaves the rest alone: a button must not go away under a finger.
function keep(list, things, drawn) {
  const known = new Map([...list.children].map((element) => [element.dataset.id, element]));
  const elements = things.map((thing) => {
    const parts = drawn(thing);
    let element = known.get(thing.id);
    if (!element) {
      element = make(parts.tag ?? "article", { "data-id": thing.id });
      element.append(make("div", { class: "about" }), make("div", { class: "acts" }));
      if (parts.kept) element.append(parts.kept);
    }
    for (const [name, value] of Object.entries(parts.facts)) element.setAttribute(name, value);
    replace(element.children[0], parts.about);
    replace(element.children[1], parts.acts);
    return element;
  });
  if (elements.length !== list.children.length || elements.some((element, place) => list.children[place] !== element)) {
    list.replaceChildren(...elements);
  }
}

function replace(element, children) {
  const fresh = make("div", {}, ...children);
  if (element.innerHTML === fresh.innerHTML) return;
  const held = element.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  element.replaceChildren(...fresh.childNodes);
  if (held) element.querySelector(`[data-act="${held}"]`)?.focus();
}

// A button that asks the gateway once, and says what went wrong.
function button(act, label, path, body, { sure = null, danger = false } = {}) {
  const element = make("button", { class: danger ? "small danger" : "small", "data-act": act }, label);
  element.addEventListener("click", async () => {
    if (sure && !(await confirmed(sure.title, sure.text, label))) return;
    element.disabled = true;
    await order(path, body);
    element.disabled = false;
  });
  return element;
}

async function order(path, body) {
  const said = part("said");
  try {
    await ask("POST", path, body, { "Idempotency-Key": random() });
    said.hidden = true;
  } catch (error) {
    said.textContent = `✕ ${error.problem?.detail ?? word("noanswer")}`;
    said.hidden = false;
  }
}

function confirmed(title, text, label) {
  const box = part("sure");
  box.querySelector("h2").textContent = title;
  box.querySelector(".text").textContent = text;
  box.querySelector(".yes-do").textContent = label;
  box.returnValue = "";
  box.showModal();
  return new Promise((done) => {
    box.onclose = () => done(box.returnValue === "yes");
    box.querySelector(".yes-do").onclick = () => box.close("yes");
    box.querySelector(".no-do").onclick = () => box.close("no");
  });
}

function drawEvacuation() {
  const banner = part("evacuation");
  const spaces = [...state.spaces.values()].filter((space) => space.mode === "evacuate");
  banner.hidden = !spaces.length;
  if (!spaces.length) return;
  banner.querySelector(".said").textContent = `⚠ ${word("evacuate")} · ${spaces.map((space) => space.name).join(", ")}`;
  banner.querySelector(".next").textContent = word("evacuation.next");
  const names = spaces.map((space) => space.name).join(", ");
  const clear = make("button", { class: "small", "data-act": "clear" }, word("evacuation.clear"));
  clear.addEventListener("click", async () => {
    if (!(await confirmed(word("evacuation.clear.title"), names, word("evacuation.clear")))) return;
    for (const space of spaces) await order(`/v1/spaces/${space.id}/mode`, { mode: "normal" });
  });
  const end = button("end", word("evacuation.end"), "/v1/evacuation/ack", {}, {
    sure: { title: word("evacuation.end.title"), text: word("evacuation.end.text", { names }) },
    danger: true,
  });
  replace(banner.querySelector(".acts"), mayCommand() ? [clear, end] : []);
}

function drawAlarm(alarm) {
  const where = state.equipment.get(alarm.equipment)?.name ?? state.spaces.get(alarm.space)?.name;
  const facts = [where, alarm.direction && word(alarm.direction), alarm.text];
  const over = alarm.active ? null : make("span", { class: "state wait" }, `– ${word("alarm.over")}`);
  const seen = alarm.acked_by ? make("span", { class: "note" }, word("alarm.acked", { name: alarm.acked_by })) : null;
  return {
    tag: "li",
    facts: { class: alarm.active ? "alarm no" : "alarm wait", "data-alarm": alarm.id },
    about: [
      make("p", {}, make("b", {}, `⚠ ${word(`alarm.${alarm.kind}`)}`), alarm.count > 1 ? ` × ${alarm.count}` : "", " ", over ?? ""),
      make("p", { class: "facts" }, [time(alarm.at), ...facts].filter(Boolean).join(" · ")),
      seen ?? "",
    ],
    acts: mayCommand() && !alarm.acked_by ? [button("ack", word("alarm.ack"), `/v1/alarms/${encodeURIComponent(alarm.id)}/ack`, {})] : [],
  };
}

function drawGate(gate) {
  const signs = {
    idle: ["yes", "✓"], released: ["yes", "→"], passing: ["yes", "→"], checking: ["wait", "?"],
    open: ["wait", "◇"], free: ["wait", "⇄"], held: ["no", "!"], unknown: ["wait", "?"],
  };
  const reached = gate.link === "down" ? ["no", "✕", word("link.down")] : null;
  const [kind, symbol, said] = reached ?? [...(signs[gate.state] ?? ["no", "✕"]), word(`state.${gate.state}`)];
  const modes = Object.entries(gate.modes).filter(([, mode]) => mode);
  const shown = modes.filter(([, mode]) => mode !== "normal").map(([way, mode]) => `${word(way)}: ${word(mode)}`);
  const scan = gate.last_scan;
  const last = scan && `${scan.decision === "granted" ? "✓" : "✕"} ${time(scan.at)}${scan.reason ? ` ${reason(scan.reason)}` : ""}`;
  const battery = gate.battery === null ? null : `${word("battery")} ${gate.battery} %`;
  const passed = Object.entries(gate.counters).filter(([, number]) => number !== null).map(([way, number]) => `${word(way)} ${number.toLocaleString()}`);
  const facts = [gate.id, ...shown, ...passed, last, battery, reached && gate.since && word("since", { at: time(gate.since) })];
  return {
    facts: { class: opened.includes(gate.state) ? "gate opened" : "gate", "data-gate": gate.id },
    kept: gate.kind === "turnstile" || gate.kind === "door" ? make("i", { class: "barrier", "aria-hidden": "true" }) : null,
    about: [
      make("h3", {}, make("span", {}, gate.name), make("span", { class: `state ${kind}` }, `${symbol} ${said}`)),
      make("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
    ],
    acts: mayCommand()
      ? gate.commands.filter((act) => act !== "test" && (act !== "normal" || shown.length)).map((act) => button(act, word(commands[act]), `/v1/equipment/${gate.id}/command`, { command: act }))
      : [],
  };
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
  const evacuate = button("evacuate", word("do.evacuate"), `/v1/spaces/${space.id}/mode`, { mode: "evacuate" }, {
    sure: { title: word("evacuate.title", { name: space.name }), text: word("evacuate.text") },
  });
  const about = [
    make("h3", {}, make("span", {}, space.name), make("span", { class: `state ${kind}` }, `${symbol} ${word(name)}`)),
    inside,
    space.capacity === null
      ? ""
      : make("meter", { min: 0, max: space.capacity, value: space.inside, high: 0.8 * space.capacity, optimum: 0, "aria-label": space.name }),
    space.reserved ? make("p", { class: "note" }, word("reserved", { n: space.reserved })) : "",
  ];
  return {
    facts: { class: full || space.mode === "evacuate" ? "space full" : "space", "data-space": space.id },
    about,
    acts: mayCommand() && space.mode !== "evacuate" ? [evacuate] : [],
  };
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
