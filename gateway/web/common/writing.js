// A field somebody writes in. What is being written stays, whatever an answer or an event draws anew
// meanwhile; it is given away when they leave the field or press Enter, and only then is the value shown.

import { html, useSignal } from "./ui.js";

export function Writing({ value, give, ...facts }) {
  const written = useSignal(null);
  const change = (event) => {
    written.value = null;
    give(event.target.value);
  };
  return html`<input ...${facts} value=${written.value ?? value} oninput=${(event) => (written.value = event.target.value)} onchange=${change} onblur=${() => (written.value = null)} />`;
}
