// The day's figures: one report at a time, chosen at the side, asked above, answered below.

import { begin } from "../common/frame.js";
import { language } from "../common/language.js";
import { explain } from "../common/toast.js";
import { html, signal, useEffect } from "../common/ui.js";
import { Answer } from "./answer.js";
import { Filters } from "./filters.js";
import { address, FIRST, go, question } from "./question.js";
import { learn, reports } from "./venue.js";
import { word } from "./words.js";

const why = signal("");

function Reports() {
  const tongue = language.value;
  useEffect(() => {
    learn().catch((problem) => (why.value = explain(problem)));
  }, [tongue]);
  if (why.value) return html`<p class="problem" role="alert">${why.value}</p>`;
  if (!reports.value) return html`<p class="note" role="status">${word("loading")}</p>`;
  const { name, given } = question.value;
  const report = reports.value.find((each) => each.name === name) ?? reports.value.find((each) => each.name === FIRST);
  const { from, to } = given;
  return html`
    <div class="reports">
      <label class="narrow-choice">${word("report")}<select id="report" onchange=${({ target }) => go(target.value, { from, to })}>
        ${reports.value.map((each) => html`<option key=${each.name} value=${each.name} selected=${each === report}>${each.title}</option>`)}
      </select></label>
      <nav class="tabs" aria-label=${word("page.reports")}>
        ${reports.value.map((each) => html`<a key=${each.name} href=${address(each.name, { from, to })} aria-current=${each === report ? "page" : null}>${each.title}</a>`)}
      </nav>
      <div class="stack">
        <h1 class="unseen">${word("page.reports")}: ${report.title}</h1>
        <p class="note about">${report.about}</p>
        <${Filters} key=${report.name} report=${report} given=${given} />
        <${Answer} key=${report.name} report=${report} given=${given} />
      </div>
    </div>
  `;
}

begin({ Page: Reports, current: () => "reports" });
