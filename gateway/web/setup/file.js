// The site file itself, for those who would rather write; and the way back to the version before.

import { confirm, show } from "../common/dialog.js";
import { get } from "../common/http.js";
import { explain, toast, tried } from "../common/toast.js";
import { html, useSignal } from "../common/ui.js";
import { Difference } from "./difference.js";
import { apply, by_hand, changes, draft, site } from "./draft.js";

export function File({ word }) {
  const wrong = useSignal([]);
  const busy = useSignal(false);
  const may = site.value.writable;
  const text = by_hand.value ?? (changes.value.length ? draft.value?.text : null) ?? site.value.text;
  const save = async () => {
    [wrong.value, busy.value] = [[], true];
    const sent = by_hand.value;
    try {
      await apply(sent);
      if (by_hand.value === sent) by_hand.value = null; // else somebody has written on
      toast("yes", word("applied"));
    } catch (problem) {
      const stale = problem.code === "stale_revision";
      wrong.value = problem.errors ?? [{ key: "", detail: stale ? word("file.stale") : explain(problem), line: null }];
    }
    busy.value = false;
  };
  return html`
    <section class="card stack" aria-labelledby="h-file">
      <div class="head"><h2 id="h-file">${word("part.file")}</h2>${may && html`<button type="button" class="small" id="back" onclick=${() => back(word)}>${word("back")}</button>`}</div>
      <p class="note">${word(changes.value.length ? "file.pending" : "file.note")}</p>
      ${wrong.value.length > 0 && html`<ul class="findings no" role="alert">${wrong.value.map(({ line, key, detail }) => html`<li><span aria-hidden="true">✕ </span>${line ? `${word("line", { n: line })}: ` : ""}<code>${key}</code> ${detail}</li>`)}</ul>`}
      <textarea id="text" aria-labelledby="h-file" spellcheck="false" rows="28" class="code" readonly=${!may || changes.value.length > 0} value=${text} oninput=${(event) => (by_hand.value = event.target.value)}></textarea>
      ${may &&
      html`<div class="acts end">
        <button type="button" disabled=${by_hand.value === null} onclick=${() => ((by_hand.value = null), (wrong.value = []))}>${word("discard")}</button>
        <button type="button" class="main" id="save" disabled=${busy.value || by_hand.value === null || by_hand.value === site.value.text} onclick=${save}>${word("apply")}</button>
      </div>`}
    </section>
  `;
}

async function back(word) {
  let before;
  try {
    before = await get("/v1/site/before");
  } catch (problem) {
    if (problem.status !== 404) return tried(() => Promise.reject(problem));
    return confirm({ title: word("back"), text: word("back.none"), yes: word("close") });
  }
  show(Back, { word, before });
}

const Back = ({ word, before, done }) => html`
  <form class="stack review" onsubmit=${async (event) => { event.preventDefault(); done(); await tried(() => apply(before.text), word("applied")); }}>
    <h2 id="dialog-title">${word("back")}</h2>
    <p>${word("back.text")}</p>
    <${Difference} word=${word} text=${before.difference} />
    <div class="acts end"><button type="button" onclick=${() => done()}>${word("cancel")}</button><button type="submit" class="main" id="apply">${word("back.yes")}</button></div>
  </form>
`;
