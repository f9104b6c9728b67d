// The ticket this page is about: asked of the gateway, and kept for when there is no network.

import { get } from "../common/http.js";
import { recall, remember } from "../common/kept.js";
import { signal } from "../common/ui.js";

export const TOKEN = location.pathname.split("/")[2] ?? "";
const KEPT = `ticket.${TOKEN}`;
const AGAIN_MS = 30_000;

// { site, timezone, code, rotation, ticket, off }: `off` is how far the gateway's clock is from ours, in ms.
export const held = signal(recall(KEPT));
// fresh | kept (no answer: as it was) | none (no such ticket)
export const state = signal("kept");

export async function ask() {
  const begun = Date.now();
  try {
    const answer = await get(`/v1/visitor/${encodeURIComponent(TOKEN)}`);
    const off = Date.parse(answer.now) - (begun + Date.now()) / 2;
    // Written in whole milliseconds of a second: a clock that is right within a second is left alone.
    held.value = { ...answer, off: Math.abs(off) < 1000 ? 0 : off };
    state.value = "fresh";
    remember(KEPT, held.value);
  } catch (problem) {
    if (problem.status === 404) {
      held.value = null;
      state.value = "none";
      remember(KEPT, null);
    } else state.value = "kept";
  }
}

// Asks now, every half minute while it is looked at, and as soon as there is a network.
export function follow() {
  const now = () => document.visibilityState === "visible" && ask();
  const timer = setInterval(now, AGAIN_MS);
  document.addEventListener("visibilitychange", now);
  addEventListener("online", now);
  ask();
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", now);
    removeEventListener("online", now);
  };
}
