// Renders openapi.json: calls by resource, their schemas unfolded, and the problems.

import { Theme } from "../common/frame.js";
import { html, render } from "../common/ui.js";

const DEEP = 4;
const spec = await (await fetch("/openapi.json")).json();

function unfold(schema, depth = 0) {
  if (schema?.$ref) {
    const name = schema.$ref.split("/").pop();
    return depth > DEEP ? name : unfold(spec.components.schemas[name], depth + 1);
  }
  if (Array.isArray(schema)) return schema.map((each) => unfold(each, depth));
  if (schema && typeof schema === "object") {
    return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "title").map(([key, value]) => [key, unfold(value, depth)]));
  }
  return schema;
}

function Block({ title, content }) {
  const [media, { schema }] = Object.entries(content)[0];
  return html`<h3>${title} · ${media}</h3><pre tabindex="0"><code>${JSON.stringify(unfold(schema), null, 2)}</code></pre>`;
}

function Call({ method, path, call }) {
  const answers = Object.entries(call.responses);
  const [status, success] = answers.find(([code]) => Number(code) < 300) ?? answers[0];
  const problems = answers.map(([code]) => code).filter((code) => Number(code) >= 400);
  return html`
    <details>
      <summary><b>${method.toUpperCase()}</b><code>${path}</code><span>${call.summary}</span><span class="note">${call.description}</span></summary>
      <div>
        ${(call.parameters ?? []).map((each) => html`<p><code>${each.name}</code> (${each.in}${each.required ? ", required" : ""})</p>`)}
        ${call.requestBody && html`<${Block} title="Request" content=${call.requestBody.content} />`}
        ${success.content ? html`<${Block} title=${`Answer ${status}`} content=${success.content} />` : html`<p>Answer ${status}</p>`}
        <p class="note">Problems: ${problems.join(", ") || "none"}</p>
      </div>
    </details>
  `;
}

const calls = Object.entries(spec.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, call]) => html`<${Call} key=${`${method} ${path}`} ...${{ method, path, call }} />`),
);

render(
  html`
    <header class="top">
      <p class="brand"><img src=${new URL("../common/icon.svg", import.meta.url).pathname} alt="" width="28" height="28" /><span>Composteur</span></p>
      <nav aria-label="Pages"><a href="/">Dashboard</a><a href="/scan">Scan</a><a href="/docs" aria-current="page">Interface</a></nav>
      <div class="end"><${Theme} /></div>
    </header>
    <main class="docs" id="main">
      <h1>The interface of this gateway</h1>
      <p class="note">From <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). Send your key as <code>Authorization: Bearer KEY</code>.</p>
      <div id="calls" class="docs">${calls}</div>
      <h2>Problems</h2>
      <dl id="problems">
        ${Object.entries(spec["x-problems"] ?? {}).map(([code, title]) => html`<dt key=${code} id=${`problem-${code}`}><code>${code}</code></dt><dd>${title}</dd>`)}
      </dl>
    </main>
  `,
  document.body,
);
