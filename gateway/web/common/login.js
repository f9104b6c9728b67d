// The log-in: a key becomes this browser's session for twelve hours.

import { word } from "./language.js";
import { logIn } from "./session.js";
import { html, useEffect, useRef, useSignal } from "./ui.js";

const KNOWN = { 401: "login.bad", 429: "login.wait", 0: "login.away" };

export function Login() {
  const field = useRef(null);
  const problem = useSignal(null);
  const busy = useSignal(false);
  useEffect(() => field.current.focus(), []);
  const enter = async (event) => {
    event.preventDefault();
    busy.value = true;
    problem.value = null;
    try {
      await logIn(field.current.value.trim());
    } catch (refused) {
      problem.value = KNOWN[refused.status] ?? "login.away";
      busy.value = false;
      field.current.select();
    }
  };
  return html`
    <section id="login" class="card login stack" aria-labelledby="h-login">
      <h2 id="h-login">${word("login.title")}</h2>
      <form class="stack" onsubmit=${enter}>
        <label for="key">${word("login.key")}</label>
        <input id="key" ref=${field} type="password" autocomplete="current-password" spellcheck="false" required />
        ${problem.value && html`<p class="problem" role="alert"><span aria-hidden="true">✕ </span>${word(problem.value)}</p>`}
        <button class="main" disabled=${busy.value}>${word("login.enter")}</button>
      </form>
      <p>${word("login.how")}</p>
      <pre><code>composteur key create --role operator --name NAME</code></pre>
      <p class="note">${word("login.shown")}</p>
    </section>
  `;
}
