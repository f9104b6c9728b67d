// The live connection: server-sent events that say by themselves when they have stopped.
//
// A browser tells of a connection that was closed, not of one that has fallen silent (a sleeping
// laptop, a cable pulled out). The gateway sends at least every five seconds; silence for longer is a
// loss, and the connection is made anew. Each begins with a snapshot, so that nothing is missed.

import { expired } from "./http.js";
import { signal } from "./ui.js";

const SILENT_MS = 12000;
const LOOK_MS = 1000;
const AGAIN_MS = [500, 1000, 2000, 4000];

// `state`: "connecting" at first, "live", or "lost"; `heard`: when the gateway was last heard (ms).
export const connection = signal({ state: "connecting", heard: null });

// Listens until the returned function is called. `handlers`: what is called with each kind's document.
export function listen(path, handlers) {
  let source = null;
  let timer = null;
  let tries = 0;
  let heard = Date.now();
  let looked = Date.now();
  let over = false;

  const tell = (state) => {
    const last = state === "live" ? heard : connection.value.heard;
    if (connection.value.state !== state || state === "live") connection.value = { state, heard: last };
  };

  const open = () => {
    clearTimeout(timer);
    source?.close();
    if (over) return;
    heard = Date.now();
    source = new EventSource(path);
    for (const [kind, take] of Object.entries(handlers)) {
      source.addEventListener(kind, (event) => {
        heard = Date.now();
        tries = 0;
        take(JSON.parse(event.data));
        tell("live");
      });
    }
    source.addEventListener("error", lose);
  };

  const lose = async () => {
    source?.close();
    if (over) return;
    tell(connection.value.heard === null ? "connecting" : "lost");
    const wait = AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)];
    tries += 1;
    clearTimeout(timer);
    timer = setTimeout(open, wait);
    const answer = await fetch("/v1/login", { signal: AbortSignal.timeout(3000) }).catch(() => null);
    if (answer?.status === 401 && !over) expired.value = true;
  };

  const look = () => {
    const now = Date.now();
    const slept = now - looked > 4 * LOOK_MS; // timers stood still: so did the connection, perhaps
    looked = now;
    if (source?.readyState === EventSource.CLOSED) return;
    if (now - heard > SILENT_MS || (slept && now - heard > 4 * LOOK_MS)) {
      tell("lost");
      open();
    }
  };
  const back = () => {
    if (document.visibilityState === "visible" && connection.value.state !== "live") {
      tries = 0;
      open();
    }
  };
  const clock = setInterval(look, LOOK_MS);
  addEventListener("online", back);
  addEventListener("offline", lose);
  document.addEventListener("visibilitychange", back);
  open();

  return () => {
    over = true;
    source?.close();
    clearTimeout(timer);
    clearInterval(clock);
    removeEventListener("online", back);
    removeEventListener("offline", lose);
    document.removeEventListener("visibilitychange", back);
    connection.value = { state: "connecting", heard: null };
  };
}
