// Questions that have to be answered before anything else: a modal <dialog> keeps the focus inside,
// Escape says no, and the focus goes back to where it came from.

import { word } from "./language.js";
import { html, signal, useLayoutEffect, useRef, useSignal } from "./ui.js";

const asked = signal([]);

// Shows a component in a dialog; returns a promise of what it hands to `done`, null when closed.
export const show = (Body, facts = {}) =>
  new Promise((answer) => {
    asked.value = [...asked.value, { Body, facts, answer, from: document.activeElement }];
  });

// Asks yes or no. `typed`: a word that has to be typed first; `note`: asks for a reason, given back.
// Returns null for no; for yes { note }.
export const confirm = (facts) => show(Confirm, facts);

export function Dialogs() {
  return asked.value.map((each) => html`<${Modal} key=${each} asked=${each} />`);
}

function Modal({ asked: each }) {
  const box = useRef(null);
  useLayoutEffect(() => box.current.showModal(), []); // before it can be seen: Escape says no from then on
  const done = (answer = null) => {
    if (!asked.value.includes(each)) return;
    asked.value = asked.value.filter((other) => other !== each);
    each.answer(answer);
    each.from?.isConnected && each.from.focus();
  };
  const { Body, facts } = each;
  return html`
    <dialog ref=${box} class=${facts.danger ? "danger" : ""} aria-labelledby="dialog-title" onclose=${() => done()}>
      <${Body} ...${facts} done=${done} />
    </dialog>
  `;
}

function Confirm({ title, text, points = [], yes, no, danger, typed, note, done }) {
  const input = useSignal("");
  const why = useSignal("");
  const ready = (!typed || input.value.trim().toUpperCase() === typed.toUpperCase()) && (note !== "needed" || why.value.trim());
  const submit = (event) => {
    event.preventDefault();
    if (ready) done({ note: why.value.trim() });
  };
  return html`
    <form class="stack" onsubmit=${submit}>
      <h2 id="dialog-title">${title}</h2>
      ${text && html`<p>${text}</p>`}
      ${points.length > 0 && html`<ul class="points">${points.map((point) => html`<li>${point}</li>`)}</ul>`}
      ${note &&
      html`<label>${word(note === "needed" ? "why.needed" : "why")}
        <input name="why" maxlength="200" value=${why.value} oninput=${(event) => (why.value = event.target.value)} required=${note === "needed"} />
      </label>`}
      ${typed &&
      html`<label>${word("type.this", { text: typed })}
        <input name="typed" autocomplete="off" spellcheck="false" value=${input.value} oninput=${(event) => (input.value = event.target.value)} />
      </label>`}
      <div class="acts end">
        <button type="button" onclick=${() => done()} autofocus=${danger && !typed && !note}>${no ?? word("cancel")}</button>
        <button type="submit" class=${danger ? "danger" : "main"} disabled=${!ready}>${yes}</button>
      </div>
    </form>
  `;
}
