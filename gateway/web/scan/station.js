// One scan after the other: asked of the gateway, or decided here while it is away; one result is shown.

import { act, ask, part, Problem, random } from "../common/http.js";
import { recall, remember } from "../common/kept.js";
import { clockAt, language } from "../common/language.js";
import { session } from "../common/session.js";
import { computed, signal } from "../common/ui.js";
import { carried, keyOf, lookUp, note } from "./list.js";
import { keep } from "./queue.js";
import { clockOff, reached } from "./reach.js";
import { canonical } from "./reference.js";
import { decide } from "./rule.js";
import { prove } from "./signed.js";
import { sense } from "./senses.js";

const KEPT = 20;
const AGAIN_MS = 3000;
const PATIENCE_MS = 2500;

export const reader = signal(recall("reader", ""));
export const direction = signal(recall("direction", "entry"));
export const automatic = signal(recall("automatic", true));
export const persons = signal(null);
// { kind: yes | no | wait | ask | busy, symbol, name | reason, message, ticket, code, event, mode, count, at, offline, scan }
export const result = signal(null);
export const recent = signal([]);

export const at = computed(() => session.value?.reader ?? reader.value);
export const bound = computed(() => Boolean(session.value?.reader));

for (const [name, kept] of Object.entries({ reader, direction, automatic })) kept.subscribe((value) => remember(name, value));

let turn = 0;
let last = { code: null, at: 0 };

// A code was read: it is stamped at once, or looked at first. The same code again within three seconds
// is the same reading: a trembling hand is not a second visitor.
export function read(code) {
  const now = Date.now();
  if (code === last.code && now - last.at < AGAIN_MS) {
    last.at = now;
    return undefined;
  }
  last = { code, at: now };
  return automatic.value ? stamp(code) : look(code);
}

// `count`: how many persons were said when the ticket was looked at first.
export const stamp = (code, count = null) => scan(code, "stamp", count);
export const look = (code) => scan(code, "check");

// Where somebody stands whose key is bound to no reader; a scan that waited for it goes on.
export function standAt(id) {
  reader.value = id;
  const { name, code, mode } = result.value ?? {};
  if (id && name === "no.reader") scan(code, mode);
}

async function scan(code, mode, count = null) {
  const mine = ++turn;
  if (!at.value) return show({ kind: "wait", symbol: "!", name: "no.reader", message: "no.reader.choose", code, mode }, mine);
  const asked = { code, nonce: random(), direction: direction.value, mode };
  if (at.value) asked.reader = at.value;
  if (persons.value ?? count) asked.persons = persons.value ?? count;
  persons.value = null;
  show({ kind: "busy", symbol: "…", name: "asking", message: code, code }, mine);
  try {
    const answer = reached.value === false ? null : await online(asked);
    if (answer) {
      if (mode === "stamp" && answer.decision === "granted" && asked.direction === "entry") noteGrant(answer.ticket?.code ?? code, answer);
      return show(told(answer, asked), mine, true);
    }
    return show(await offline(asked), mine, mode === "stamp");
  } catch (problem) {
    return show(failed(problem, asked), mine, true);
  }
}

// Returns null when the gateway does not answer, or cannot: then it is decided here.
async function online(asked) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask("POST", "/v1/scans", asked, { headers: { "Accept-Language": language.value }, patience: PATIENCE_MS });
    } catch (problem) {
      if (problem.status !== 0 && problem.status !== 503) throw problem;
      if (problem.status === 0) reached.value = attempt > 1 || !navigator.onLine ? false : reached.value;
      if (reached.value === false || attempt > 1) return null;
    }
  }
}

async function noteGrant(code, answer) {
  const known = canonical(code);
  if (known && crypto.subtle) await note(await keyOf(known), 0, answer.ticket?.persons ?? 1).catch(() => {});
}

// --- without the gateway

async function offline(asked) {
  const { code, mode } = asked;
  if (!bound.value) return { kind: "wait", symbol: "?", name: "noanswer", message: "noanswer.unbound", code, offline: true };
  const proof = await prove(code, carried.value?.keys ?? []);
  const reference = proof ? proof.reference : canonical(code);
  if (proof?.verdict === "bad" && reference) return { kind: "no", symbol: "✕", name: "denied", reason: "bad_signature", message: "offline.here", code, offline: true };
  if (reference === null) return { kind: "no", symbol: "✕", reason: "malformed_code", message: "offline.here", code, offline: true };
  const key = await keyOf(reference);
  const [listed, here] = await lookUp(key);
  // A ticket that the list does not know yet is vouched for by its signature, once, where the venue says so.
  const vouched = proof?.verdict === "good" && carried.value?.signed;
  const row = listed ?? (vouched ? { n: 1, g: false, r: null, u: false, w: [[proof.starts, proof.until, 1]] } : null);
  const found = decide(row, { direction: asked.direction, persons: asked.persons ?? null }, Date.now() + clockOff.value, here);
  const scan = { ...asked, key, persons: found.persons };
  if (found.decision === "unsure") {
    return { kind: "ask", symbol: "?", name: "unsure", message: !row && carried.value ? "unsure.not.listed" : "unsure.why", code, offline: true, scan, mode };
  }
  if (mode === "stamp") await decided(scan, found);
  return { ...shape(found, mode), message: mode === "stamp" ? "offline.kept" : "offline.here", code, mode, count: asked.persons, offline: true };
}

const shape = ({ decision, reason }, mode) =>
  decision === "granted" ? { kind: "yes", symbol: "✓", name: mode === "check" ? "valid" : "granted" } : { kind: "no", symbol: "✕", name: "denied", reason };

async function decided({ code, nonce, direction: way, key }, { decision, reason, persons: count, index = 0 }) {
  const when = new Date(Date.now() + clockOff.value).toISOString();
  await keep({ code, nonce, at: when, decided: decision, direction: way, persons: count, reason, key, reader: session.value.reader });
  if (decision === "granted" && way === "entry") await note(key, index, count);
}

// A person has decided what neither the gateway nor the list could.
export async function judge(letIn) {
  const { scan, code } = result.value;
  const found = { decision: letIn ? "granted" : "denied", reason: letIn ? null : "unknown_ticket", persons: scan.persons, index: 0 };
  await decided(scan, found);
  show({ ...shape(found, "stamp"), message: "offline.kept", code, offline: true }, ++turn, true);
}

// --- what is shown

function told(answer, { code, mode, direction: way, persons: count }) {
  const facts = { message: answer.message, count, ticket: answer.ticket, code: answer.ticket?.code ?? code, event: answer.event, mode, way, text: true };
  if (answer.decision !== "granted") return { ...facts, kind: "no", symbol: "✕", name: "denied", reason: answer.reason };
  const minded = answer.attention || answer.degraded;
  return { ...facts, kind: minded ? "wait" : "yes", symbol: minded ? "!" : "✓", name: minded ? "attention" : mode === "check" ? "valid" : "granted" };
}

function failed(problem, { code }) {
  if (!(problem instanceof Problem)) throw problem;
  return { kind: "wait", symbol: "!", name: "problem", problem, code };
}

function show(found, mine, kept = false) {
  found.at = clockAt(Date.now(), session.value.site.timezone);
  if (kept) recent.value = [found, ...recent.value].slice(0, KEPT);
  if (mine !== turn) return; // a later scan's answer is not covered by an earlier one's
  result.value = found;
  if (found.kind !== "busy") sense(found.kind);
}

export function clear() {
  turn += 1;
  last = { code: null, at: 0 };
  result.value = null;
}

// --- acts on the ticket shown

async function settle(path, body, name, symbol) {
  const { code } = result.value;
  const mine = ++turn;
  try {
    const done = await act("POST", `/v1/tickets/${part(code)}/${path}`, body);
    show({ kind: "wait", symbol, name, ticket: done.ticket, code }, mine, true);
  } catch (problem) {
    show(failed(problem, { code }), mine, true);
  }
}

export const destroy = (why) => settle("destroy", { reason: why || null }, "destroyed", "⊘");
export const undo = () => settle("undo", { event: result.value.event }, "taken.back", "↺");
