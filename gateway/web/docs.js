// Renders openapi.json: calls by resource, their schemas unfolded, and the problems.

import { make } from "/static/common.js";

const spec = await (await fetch("/openapi.json")).json();

function unfold(schema, depth = 0) {
  if (schema?.$ref) {
    const name = schema.$ref.split("/").pop();
    return depth > 4 ? name : unfold(spec.components.schemas[name], depth + 1);
  }
  if (Array.isArray(schema)) return schema.map((each) => unfold(each, depth));
  if (schema && typeof schema === "object") {
    return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "title").map(([key, value]) => [key, unfold(value, depth)]));
  }
  return schema;
}

function block(title, content) {
  const [media, { schema }] = Object.entries(content)[0];
  return [make("h3", {}, `${title} · ${media}`), make("pre", {}, make("code", {}, JSON.stringify(unfold(schema), null, 2)))];
}

const calls = [];
for (const [path, methods] of Object.entries(spec.paths)) {
  for (const [method, call] of Object.entries(methods)) {
    const answers = Object.entries(call.responses);
    const [status, success] = answers.find(([code]) => Number(code) < 300) ?? answers[0];
    calls.push(
      make(
        "details",
        {},
        make("summary", {}, make("b", {}, method.toUpperCase()), make("code", {}, path), make("span", {}, call.summary), make("span", { class: "note" }, call.description ?? "")),
        make(
          "div",
          {},
          ...(call.parameters ?? []).map((each) => make("p", {}, make("code", {}, each.name), ` (${each.in}${each.required ? ", required" : ""})`)),
          ...(call.requestBody ? block("Request", call.requestBody.content) : []),
          ...(success.content ? block(`Answer ${status}`, success.content) : [make("p", {}, `Answer ${status}`)]),
          make("p", { class: "note" }, `Problems: ${answers.map(([code]) => code).filter((code) => Number(code) >= 400).join(", ") || "none"}`),
        ),
      ),
    );
  }
}
document.querySelector("#calls").append(...calls);
for (const [code, title] of Object.entries(spec["x-problems"] ?? {})) {
  document.querySelector("#problems").append(make("dt", { id: `problem-${code}` }, make("code", {}, code)), make("dd", {}, title));
}
