// Where this handheld stands, in which direction people pass, and what a reading does.

import { get } from "../common/http.js";
import { html, signal, useEffect, useId } from "../common/ui.js";
import { Writing } from "../common/writing.js";
import { loud } from "./senses.js";
import { automatic, bound, direction, persons, reader, standAt } from "./station.js";
import { session } from "../common/session.js";
import { word } from "./words.js";

// The readers to choose from; null until they are known, [] where nobody can tell: then its id is typed.
const places = signal(null);
const SCANS = ["reader", "turnstile", "door"];

export function Settings() {
  useEffect(() => {
    if (bound.value) return;
    get("/v1/equipment").then(
      ({ items }) => (places.value = items.filter(({ kind }) => SCANS.includes(kind))),
      () => (places.value ??= []),
    );
  }, [bound.value]);
  const ids = { reader: useId(), persons: useId() };
  const way = (name, symbol) => html`<button type="button" data-direction=${name} aria-pressed=${String(direction.value === name)} onclick=${() => (direction.value = name)}><span aria-hidden="true">${symbol} </span>${word(name)}</button>`;
  return html`
    <section id="settings" class="card settings" aria-label=${word("settings")}>
      ${bound.value
        ? html`<p class="of-reader"><span class="note">${word("reader")}</span> <b>${session.value.reader}</b></p>`
        : html`<div><label for=${ids.reader}>${word("reader")}</label><${Reader} id=${ids.reader} /></div>`}
      <div class="choice" role="group" aria-label=${word("direction")}>${way("entry", "→")}${way("exit", "←")}</div>
      <div><label for=${ids.persons}>${word("persons.next")}</label><input id=${ids.persons} name="persons" type="number" min="1" max="9999" inputmode="numeric" placeholder=${word("persons.auto")} value=${persons.value ?? ""} oninput=${(event) => (persons.value = event.target.valueAsNumber > 0 ? event.target.valueAsNumber : null)} /></div>
      <label class="check"><input type="checkbox" id="automatic" checked=${automatic.value} onchange=${(event) => (automatic.value = event.target.checked)} /> ${word("automatic")}</label>
      <label class="check"><input type="checkbox" id="sound" checked=${loud.value} onchange=${(event) => (loud.value = event.target.checked)} /> ${word("sound")}</label>
    </section>
  `;
}

function Reader({ id }) {
  if (places.value === null) return html`<select id=${id} disabled><option>${reader.value || word("loading")}</option></select>`;
  if (!places.value.length) return html`<${Writing} id=${id} name="reader" placeholder=${word("reader.hint")} spellcheck="false" autocapitalize="none" value=${reader.value} give=${(text) => standAt(text.trim())} />`;
  const known = places.value.some((place) => place.id === reader.value);
  return html`
    <select id=${id} name="reader" value=${known ? reader.value : ""} onchange=${(event) => standAt(event.target.value)}>
      ${!known && html`<option value="">${word("reader.choose")}</option>`}
      ${places.value.map((place) => html`<option key=${place.id} value=${place.id}>${place.name || place.id}</option>`)}
    </select>
  `;
}
