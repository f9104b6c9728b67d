// Who is logged in. The cookie is out of reach of scripts: the gateway says whose it is.

import { ask, expired, get } from "./http.js";
import { recall, remember } from "./kept.js";
import { effect, signal } from "./ui.js";

const KEPT = "session";
const RANKS = ["viewer", "scanner", "operator", "admin"];

// undefined: not known yet; null: nobody; else { name, role, reader, may, site: {id, name, timezone} }.
export const session = signal(undefined);

effect(() => {
  if (expired.value) session.value = null;
});

// Whether who is logged in may do what this role may. Only for what is shown: the gateway decides.
export const may = (role) => RANKS.indexOf(session.value?.role) >= RANKS.indexOf(role);

// Asks who is logged in; what is not known because nobody answers stays not known, and is asked again.
// `remembers`: a page that works without the gateway goes on meanwhile as whoever it was last.
export async function resume({ remembers = false } = {}) {
  if (remembers) effect(() => session.value !== undefined && remember(KEPT, session.value));
  for (let wait = 500; ; wait = Math.min(wait * 2, 5000)) {
    try {
      session.value = await get("/v1/login");
      return;
    } catch (problem) {
      if (problem.status === 401 || problem.status === 403) {
        session.value = null;
        return;
      }
      if (remembers && session.value === undefined) session.value = recall(KEPT) ?? undefined;
    }
    await new Promise((go) => setTimeout(go, wait));
  }
}

export async function logIn(key) {
  await ask("POST", "/v1/login", undefined, { headers: { Authorization: `Bearer ${key}` } });
  expired.value = false;
  session.value = await get("/v1/login");
}

export async function logOut() {
  await ask("DELETE", "/v1/login").catch(() => {});
  session.value = null;
}
