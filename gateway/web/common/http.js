// Asking the gateway: JSON in and out, refusals as problems, acts that cannot happen twice.

import { language } from "./language.js";
import { signal } from "./ui.js";

const PATIENCE_MS = 5000;

// Set when an answer says that the session is over; `session.js` shows the log-in again.
export const expired = signal(false);

// A refusal: the gateway's problem in words. `status` 0: no answer came, nobody knows what happened.
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? body?.title ?? "");
    this.status = status;
    this.code = body?.code ?? (status === 0 ? "no_answer" : "unknown");
    this.field = body?.field ?? null;
    this.errors = body?.errors ?? null;
  }
}

// Asks once. Throws a `Problem`; `signal` aborts it.
export async function ask(method, path, body, { headers = {}, patience = PATIENCE_MS, signal: given } = {}) {
  const signals = [AbortSignal.timeout(patience), ...(given ? [given] : [])];
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "Accept-Language": language.value, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.any(signals),
    });
  } catch (error) {
    if (given?.aborted) throw error;
    throw new Problem(0, null);
  }
  const document = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return document;
  if (response.status === 401 && !headers.Authorization) expired.value = true;
  throw new Problem(response.status, document);
}

export const get = (path, facts = {}, options) => {
  const query = new URLSearchParams(Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  return ask("GET", query.size ? `${path}?${query}` : path, undefined, options);
};

// Does something once: asked again under the same key when no answer came, it still happens once.
export function act(method, path, body = {}) {
  const headers = { "Idempotency-Key": random() };
  return insist(() => ask(method, path, body, { headers }));
}

// Asks until there is an answer: only for what happens once however often it is asked.
export async function insist(asking, { tries = 3 } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await asking();
    } catch (problem) {
      const open = problem.status === 0 || (problem.status === 409 && problem.code === "still_running");
      if (!open || attempt >= tries) throw problem;
      await new Promise((go) => setTimeout(go, 300 * attempt));
    }
  }
}

export const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// An id as a part of an address.
export const part = encodeURIComponent;
