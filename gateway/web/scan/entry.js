// How a code comes in: typed, from a scanner that types and presses Enter, or from the camera.

import { html, signal, useEffect, useRef } from "../common/ui.js";
import { automatic, look, read } from "./station.js";
import { word } from "./words.js";

const Camera = signal(null);
const trouble = signal(null);

export function Entry() {
  const field = useRef(null);
  useEffect(() => {
    // A hardware scanner types wherever the focus is: bring it back to the field.
    const typed = (event) => {
      const busy = event.target.closest?.("input, select, textarea, dialog, button, a");
      const inField = event.target === field.current;
      const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (plain && !inField && (!busy || event.target.matches("button, a")) && event.key !== " ") field.current.focus();
    };
    document.addEventListener("keydown", typed);
    if (matchMedia("(hover: hover)").matches) field.current.focus(); // a telephone keeps its keyboard down
    return () => document.removeEventListener("keydown", typed);
  }, []);
  const take = (then) => {
    const code = field.current.value;
    field.current.value = "";
    field.current.focus();
    if (code.trim()) then(code);
  };
  const submit = (event) => {
    event.preventDefault();
    take(read);
  };
  const film = async () => {
    trouble.value = null;
    if (Camera.value) return (Camera.value = null);
    try {
      Camera.value = (await import("./camera.js")).Camera; // the decoder is heavy: only whoever wants it loads it
    } catch {
      trouble.value = "camera.not.loaded";
    }
    return undefined;
  };
  return html`
    <form id="entry" class="card stack" autocomplete="off" onsubmit=${submit}>
      ${Camera.value && html`<${Camera.value} read=${read} failed=${(why) => ((trouble.value = why), (Camera.value = null))} />`}
      ${trouble.value && html`<p class="problem" role="alert"><span aria-hidden="true">✕ </span>${word(trouble.value)}</p>`}
      <label for="code">${word("code")}</label>
      <input id="code" ref=${field} class="code" placeholder=${word("code.hint")} autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="512" enterkeyhint="go" />
      <div class="acts">
        <button id="stamp" class="main">${word(automatic.value ? "act.stamp" : "act.look")}</button>
        ${automatic.value && html`<button id="check" type="button" onclick=${() => take(look)}>${word("act.look")}</button>`}
        <button id="camera" type="button" aria-pressed=${String(Boolean(Camera.value))} onclick=${film}><span aria-hidden="true">◉ </span>${word(Camera.value ? "camera.off" : "camera.on")}</button>
      </div>
    </form>
  `;
}
