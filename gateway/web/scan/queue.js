// Scans decided here while the gateway was away: kept until it has them, each once.
//
// A scan goes up under the nonce that it had from the beginning: should the gateway have heard of it
// after all, it knows it. A conflict that it finds is kept and shown until somebody has seen it.

import { ask } from "../common/http.js";
import { random } from "../common/http.js";
import { session } from "../common/session.js";
import { effect, signal } from "../common/ui.js";
import { reached } from "./reach.js";
import { all, change, drop } from "./shelf.js";

const AT_ONCE = 200;
const LOOK_EVERY_MS = 4000;
const PATIENCE_MS = 30000;
const LOCK = "composteur-upload";

export const waiting = signal([]);
export const conflicts = signal([]);
// What the last upload came to, in a problem's words; null when it went well.
export const trouble = signal(null);

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("composteur-queue") : null;

async function look() {
  [waiting.value, conflicts.value] = await Promise.all([all("scans"), all("conflicts")]);
}

async function told() {
  await look();
  channel?.postMessage("changed");
}

// Keeps a decision made here. It is on the disk before anybody is told to pass.
export async function keep(scan) {
  await change("scans", (rows) => rows.put(scan));
  await told();
}

export async function seen(nonce) {
  await drop("conflicts", nonce);
  await told();
}

// Uploads whatever waits, whenever the gateway is there; one tab at a time.
export function deliver() {
  look();
  const go = () => {
    if (reached.value && waiting.value.length) navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => lock && upload()).catch(() => {});
  };
  const timer = setInterval(go, LOOK_EVERY_MS);
  const stop = effect(() => {
    if (reached.value) queueMicrotask(go);
  });
  if (channel) channel.onmessage = look;
  return () => {
    clearInterval(timer);
    stop();
    if (channel) channel.onmessage = null;
  };
}

async function upload() {
  const { reader } = session.value ?? {};
  for (;;) {
    const mine = (await all("scans")).filter((scan) => scan.reader === reader).sort((one, other) => one.at.localeCompare(other.at));
    const batch = mine.slice(0, AT_ONCE);
    if (!reader || !batch.length) break;
    try {
      const body = batch.map(({ code, nonce, at, decided, direction, persons, reason }) => ({ code, nonce, at, decided, direction, persons, reason }));
      const { items } = await ask("POST", "/v1/scans/batch", body, { headers: { "Idempotency-Key": random() }, patience: PATIENCE_MS });
      await settle(batch, items);
      trouble.value = null;
    } catch (problem) {
      trouble.value = problem;
      break;
    }
  }
  await told();
}

// What was taken goes from the queue; what is in conflict, or could not be taken, is shown.
async function settle(batch, items) {
  await change(["scans", "conflicts"], (scans, found) => {
    items.forEach((item, index) => {
      const scan = batch[index];
      scans.delete(scan.nonce);
      if (item.problem) found.put({ ...scan, problem: item.problem.code, message: item.problem.detail ?? item.problem.title });
      else if (item.conflict) found.put({ ...scan, conflict: item.conflict, message: item.message });
    });
  });
}
