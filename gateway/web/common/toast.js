// Short notes on how an act went. What went well goes by itself; what did not stays until it is closed.

import { word, named, language } from "./language.js";
import { html, signal } from "./ui.js";

const GOES_MS = 6000;
const KEPT = 4;
const notes = signal([]);
let count = 0;

// kind: "yes", "no" or "wait".
export function toast(kind, text) {
  const note = { id: ++count, kind, text };
  notes.value = [...notes.value, note].slice(-KEPT);
  if (kind === "yes") setTimeout(() => close(note), GOES_MS);
}

const close = (note) => (notes.value = notes.value.filter((each) => each !== note));

// Says a problem in words: what it is in the reader's language, and what this case is about.
export function explain(problem) {
  if (problem.status === undefined) throw problem; // a fault of the page, not of the act
  const title = named("problem", problem.code);
  const field = problem.field ? ` (${problem.field})` : "";
  const detail = language.value === "en" || problem.code === "invalid" ? problem.message : "";
  return detail && detail !== title ? `${title}${field} ${detail}` : `${title}${field}`;
}

// Runs an act and says how it went; returns what it answered, or undefined when it was refused.
export async function tried(doing, said) {
  try {
    const answer = await doing();
    if (said) toast("yes", said);
    return answer ?? null;
  } catch (problem) {
    toast("no", explain(problem));
    return undefined;
  }
}

const SYMBOLS = { yes: "✓", no: "✕", wait: "!" };

export function Toasts() {
  return html`
    <div class="toasts">
      <div role="status">${notes.value.filter(({ kind }) => kind === "yes").map(Note)}</div>
      <div role="alert">${notes.value.filter(({ kind }) => kind !== "yes").map(Note)}</div>
    </div>
  `;
}

const Note = (note) => html`
  <p key=${note.id} class="toast ${note.kind}">
    <span aria-hidden="true">${SYMBOLS[note.kind]}</span>
    <span>${note.text}</span>
    <button type="button" class="bare" aria-label=${word("close")} onclick=${() => close(note)}>✕</button>
  </p>
`;
