// The set-up pages: the venue as its site file describes it, for admins.

import { confirm, show } from "../common/dialog.js";
import { begin } from "../common/frame.js";
import { dictionary } from "../common/language.js";
import { may } from "../common/session.js";
import { explain, tried } from "../common/toast.js";
import { html, signal, useEffect } from "../common/ui.js";
import { Boards } from "./boards.js";
import { Calendar } from "./calendar.js";
import { apply, changes, discard, draft, errors, read, site, undo, writable } from "./draft.js";
import { Difference } from "./difference.js";
import { File } from "./file.js";
import { Keys } from "./keys.js";
import { Plannings } from "./plannings.js";
import { General, Spaces } from "./spaces.js";
import { WORDS } from "./words.js";

const word = dictionary(WORDS);
const PAGES = { spaces: Spaces, equipment: Boards, plannings: Plannings, periods: Calendar, keys: Keys, general: General, file: File };
const page = signal("spaces");
const why = signal("");

const follow = () => (page.value = location.hash.slice(1) in PAGES ? location.hash.slice(1) : "spaces");
addEventListener("hashchange", follow);
follow();

// What is not applied is not lost by a slip.
addEventListener("beforeunload", (event) => changes.value.length && event.preventDefault());

function Setup() {
  useEffect(() => {
    read().catch((problem) => (why.value = explain(problem)));
  }, []);
  if (!may("admin")) return html`<p class="card" role="alert">${word("admins.only")}</p>`;
  if (why.value) return html`<p class="problem" role="alert">${why.value}</p>`;
  if (!site.value) return html`<p class="note" role="status">${word("loading")}</p>`;
  const Page = PAGES[page.value];
  return html`
    <div class="setup">
      <nav class="tabs" aria-label=${word("setup.parts")}>
        ${Object.keys(PAGES).map((name) => html`<a key=${name} href=${`#${name}`} aria-current=${name === page.value ? "page" : null}>${word(`part.${name}`)}</a>`)}
      </nav>
      <div class="stack">
        ${!writable.value && html`<p class="banner wait"><span aria-hidden="true">! </span>${word("read.only")}</p>`}
        ${!site.value.applied && html`<p class="banner wait" role="status"><span aria-hidden="true">! </span>${word("not.applied", { keys: site.value.needs_restart.join(", ") || word("refused.file") })}</p>`}
        <h1 class="unseen">${word("page.setup")}: ${word(`part.${page.value}`)}</h1>
        <${Page} word=${word} />
      </div>
    </div>
    <${Pending} />
  `;
}

function Pending() {
  const count = changes.value.length;
  if (!count) return null;
  const wrong = errors.value.length;
  return html`
    <section class="pending ${wrong ? "no" : ""}" aria-label=${word("pending")} role="status">
      <p>
        <b>${word("changes", { n: count })}</b>
        ${" "}${wrong ? html`<span class="state no"><span aria-hidden="true">✕</span>${word("errors", { n: wrong })}</span>` : html`<span class="state yes"><span aria-hidden="true">✓</span>${word("right")}</span>`}
      </p>
      <div class="acts">
        <button type="button" class="small" onclick=${() => tried(undo)}>${word("undo")}</button>
        <button type="button" class="small" onclick=${drop}>${word("discard")}</button>
        <button type="button" class="main" id="review" disabled=${!draft.value} onclick=${() => show(Review)}>${word("review")}</button>
      </div>
    </section>
  `;
}

async function drop() {
  const sure = await confirm({ title: word("discard.title"), text: word("changes", { n: changes.value.length }), yes: word("discard"), danger: true });
  if (sure) tried(discard);
}

// The difference before it is made; with errors it cannot be.
function Review({ done }) {
  const found = draft.value;
  if (!found) return null;
  const go = async (event) => {
    event.preventDefault();
    done();
    await tried(() => apply(), word("applied"));
  };
  return html`
    <form class="stack review" onsubmit=${go}>
      <h2 id="dialog-title">${word("review.title")}</h2>
      <${Findings} kind="no" items=${found.errors} />
      <${Findings} kind="wait" items=${found.warnings} />
      ${found.needs_restart.length > 0 && html`<p class="state wait wide-state"><span aria-hidden="true">!</span>${word("needs.restart", { keys: found.needs_restart.join(", ") })}</p>`}
      <${Difference} word=${word} text=${found.difference} />
      <div class="acts end">
        <button type="button" onclick=${() => done()}>${word("cancel")}</button>
        <button type="submit" class="main" id="apply" disabled=${found.errors.length > 0 || !writable.value}>${word("apply")}</button>
      </div>
    </form>
  `;
}

const Findings = ({ kind, items }) =>
  items.length > 0 &&
  html`<ul class="findings ${kind}">
    ${items.map(({ line, key, detail }) => html`<li><span aria-hidden="true">${kind === "no" ? "✕" : "!"} </span><code>${key}</code> ${detail}${line ? ` (${word("line", { n: line })})` : ""}</li>`)}
  </ul>`;

begin({ Page: Setup, current: () => "setup" });
