// The set-up pages: the venue as its site file describes it, for admins.

import { confirm, show } from "../common/dialog.js";
import { begin } from "../common/frame.js";
import { dictionary } from "../common/language.js";
import { may } from "../common/session.js";
import { explain, tried } from "../common/toast.js";
import { html, signal, useEffect } from "../common/ui.js";
import { Boards } from "./boards.js";
import { Calendar } from "./calendar.js";
import { apply, by_hand, changes, discard, draft, errors, read, site, trouble, undo, writable } from "./draft.js";
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
addEventListener("beforeunload", (event) => (changes.value.length || by_hand.value !== null) && event.preventDefault());

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
        ${!site.value.writable && html`<p class="banner wait"><span aria-hidden="true">! </span>${word("read.only")}</p>`}
        ${by_hand.value !== null && page.value !== "file" && html`<p class="banner wait" role="status"><span aria-hidden="true">! </span>${word("by.hand")} <a href="#file">${word("part.file")}</a></p>`}
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
  const [kind, symbol, said] = standing();
  return html`
    <section class="pending ${kind === "no" ? "no" : ""}" aria-label=${word("pending")} role="status">
      <p><b>${word("changes", { n: count })}</b> <span class="state ${kind}"><span aria-hidden="true">${symbol}</span>${said}</span></p>
      <div class="acts">
        <button type="button" class="small" onclick=${undo}>${word("undo")}</button>
        <button type="button" class="small" onclick=${drop}>${word("discard")}</button>
        <button type="button" class="main" id="review" onclick=${() => show(Review)}>${word("review")}</button>
      </div>
    </section>
  `;
}

// How the changes stand: [kind, symbol, word].
function standing() {
  const wrong = errors.value.length;
  if (trouble.value) return ["no", "✕", explain(trouble.value)];
  if (wrong) return ["no", "✕", word("errors", { n: wrong })];
  return draft.value ? ["yes", "✓", word("right")] : ["idle", "…", word("checking")];
}

async function drop() {
  const sure = await confirm({ title: word("discard.title"), text: word("changes", { n: changes.value.length }), yes: word("discard"), danger: true });
  if (sure) discard();
}

// The difference before it is made; with errors it cannot be.
function Review({ done }) {
  const found = draft.value;
  const go = async (event) => {
    event.preventDefault();
    if (!found) return;
    done();
    await tried(() => apply(found.text, found.of), word("applied"));
  };
  return html`
    <form class="stack review" onsubmit=${go}>
      <h2 id="dialog-title">${word("review.title")}</h2>
      ${found ? html`<${Found} found=${found} />` : html`<p class="note" role="status">${trouble.value ? explain(trouble.value) : word("checking")}</p>`}
      <div class="acts end">
        <button type="button" onclick=${() => done()}>${word("cancel")}</button>
        <button type="submit" class="main" id="apply" disabled=${!found || found.errors.length > 0 || !writable.value}>${word("apply")}</button>
      </div>
    </form>
  `;
}

const Found = ({ found }) => html`
  <${Findings} kind="no" items=${found.errors} />
  <${Findings} kind="wait" items=${found.warnings} />
  ${found.needs_restart.length > 0 && html`<p class="state wait wide-state"><span aria-hidden="true">!</span>${word("needs.restart", { keys: found.needs_restart.join(", ") })}</p>`}
  <${Difference} word=${word} text=${found.difference} />
`;

const Findings = ({ kind, items }) =>
  items.length > 0 &&
  html`<ul class="findings ${kind}">
    ${items.map(({ line, key, detail }) => html`<li><span aria-hidden="true">${kind === "no" ? "✕" : "!"} </span><code>${key}</code> ${detail}${line ? ` (${word("line", { n: line })})` : ""}</li>`)}
  </ul>`;

begin({ Page: Setup, current: () => "setup" });
