// Whether the gateway can be reached. A handheld does not wait for it at every ticket: once it was
// silent, scans are decided here until it has answered again.

import { signal } from "../common/ui.js";

const ASK_EVERY_MS = 3000;
const PATIENCE_MS = 2500;

// true, false, or null before anybody has asked.
export const reached = signal(null);
// The gateway's clock less this device's (ms), from the last answer: for what is told of a decision made here.
export const clockOff = signal(0);

async function ask() {
  const began = Date.now();
  try {
    const answer = await fetch("/healthz", { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
    const said = Date.parse(answer.headers.get("Date") ?? "");
    if (!Number.isNaN(said)) clockOff.value = said + 500 - (began + Date.now()) / 2;
    reached.value = answer.ok;
  } catch {
    reached.value = false;
  }
}

export function watchReach() {
  ask();
  const timer = setInterval(ask, ASK_EVERY_MS);
  const lost = () => (reached.value = false);
  addEventListener("online", ask);
  addEventListener("offline", lost);
  return () => {
    clearInterval(timer);
    removeEventListener("online", ask);
    removeEventListener("offline", lost);
  };
}
