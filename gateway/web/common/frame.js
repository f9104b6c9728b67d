// What every page stands in: the head with the ways to the others, language and theme, who is logged
// in; the log-in when nobody is; dialogs and notes.

import { Dialogs } from "./dialog.js";
import { LANGUAGES, language, speak, word } from "./language.js";
import { Login } from "./login.js";
import { logOut, may, resume, session } from "./session.js";
import { choose, theme, THEMES } from "./theme.js";
import { Toasts } from "./toast.js";
import { html, render } from "./ui.js";

// The pages, in the order of the head: whoever has less than `role` does not see the way there.
const PAGES = [
  { name: "dashboard", path: "/", role: "viewer" },
  { name: "tickets", path: "/#tickets", role: "operator" },
  { name: "reports", path: "/reports", role: "viewer" },
  { name: "audit", path: "/#audit", role: "operator" },
  { name: "scan", path: "/scan", role: "scanner" },
  { name: "setup", path: "/setup", role: "admin" },
];
const SYMBOLS = { auto: "◐", light: "☀", dark: "☾" };

// Draws a page into <body>. `Page` is drawn once somebody is logged in; `current()` names it; `Sign`
// stands in the head (how the gateway does, for example); `remembers`: it works without the gateway.
export function begin({ Page, current, Sign = () => null, remembers = false }) {
  render(html`<${Frame} Page=${Page} current=${current} Sign=${Sign} />`, document.body);
  resume({ remembers });
}

function Frame({ Page, current, Sign }) {
  const who = session.value;
  document.title = who ? `${word(`page.${current()}`)} · ${who.site.name}` : "Composteur";
  return html`
    <a class="skip" href="#main" onclick=${skip}>${word("skip")}</a>
    <header class="top">
      <p class="brand"><img src="${new URL("icon.svg", import.meta.url).pathname}" alt="" width="28" height="28" /><span>${who?.site.name ?? "Composteur"}</span></p>
      ${who &&
      html`<nav aria-label=${word("pages")}>
        ${PAGES.filter(({ role }) => may(role)).map(
          ({ name, path }) => html`<a key=${name} href=${path} aria-current=${name === current() ? "page" : null}>${word(`page.${name}`)}</a>`,
        )}
      </nav>`}
      <div class="end">
        ${who && html`<${Sign} />`}
        <${Languages} />
        <${Theme} />
        ${who && html`<span class="who" title=${word(`role.${who.role}`)}>${who.name}</span><button type="button" id="logout" class="small" onclick=${logOut}>${word("logout")}</button>`}
      </div>
    </header>
    <main id="main" tabindex="-1">${who ? html`<${Page} />` : who === null ? html`<${Login} />` : html`<p class="note opening" role="status">${word("connecting")}</p>`}</main>
    <footer class="foot"><a href="/docs">${word("page.docs")}</a></footer>
    <${Dialogs} />
    <${Toasts} />
  `;
}

// Our addresses use the part after # themselves: the way to the content is walked without it.
function skip(event) {
  event.preventDefault();
  document.querySelector("#main").focus();
}

export const Languages = () => html`
  <span class="choice" role="group" aria-label=${word("language")}>
    ${Object.entries(LANGUAGES).map(
      ([code, name]) => html`
        <button type="button" class="small" key=${code} lang=${code} title=${name} aria-label=${name} aria-pressed=${String(code === language.value)} onclick=${() => speak(code)}>
          ${code.toUpperCase()}
        </button>
      `,
    )}
  </span>
`;

export function Theme() {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
  const says = `${word("theme")} ${word(`theme.${theme.value}`)}`;
  return html`
    <button type="button" id="theme" class="small square" title=${says} aria-label=${says} onclick=${() => choose(next)}>
      <span aria-hidden="true">${SYMBOLS[theme.value]}</span>
    </button>
  `;
}
