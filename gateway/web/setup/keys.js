// Keys: who may do what. A key is shown once, when it is made.

import { confirm, show } from "../common/dialog.js";
import { ask, get, part } from "../common/http.js";
import { moment, named } from "../common/language.js";
import { Table } from "../common/table.js";
import { tried } from "../common/toast.js";
import { html, useEffect, useId, useSignal } from "../common/ui.js";
import { list } from "./draft.js";

const ROLES = ["scanner", "viewer", "operator", "admin"];

export function Keys({ word }) {
  const keys = useSignal(null);
  const load = () => tried(async () => (keys.value = (await get("/v1/keys")).items));
  useEffect(() => void load(), []);
  const revoke = async (key) => {
    const sure = await confirm({ title: word("revoke.title", { name: key.name }), text: word("revoke.text"), yes: word("revoke"), danger: true });
    if (sure && (await tried(() => ask("DELETE", `/v1/keys/${part(key.name)}`), word("revoked", { name: key.name }))) !== undefined) load();
  };
  const columns = [
    { name: "name", title: word("key.name"), show: (key) => html`<b>${key.name}</b>` },
    { name: "role", title: word("key.role"), show: (key) => named("value", key.role, word) },
    { name: "reader", title: word("key.reader"), show: (key) => key.reader ?? "–" },
    { name: "may", title: word("key.may"), show: (key) => key.may.map((each) => named("may", each, word)).join(", ") || "–" },
    { name: "at", title: word("key.created_at"), show: (key) => moment(key.created_at) },
    { name: "act", number: true, title: html`<span class="unseen">${word("revoke")}</span>`, show: (key) => html`<button type="button" class="small" onclick=${() => revoke(key)}>${word("revoke")}</button>` },
  ];
  return html`
    <section class="card stack keys" aria-labelledby="h-keys">
      <h2 id="h-keys">${word("part.keys")}</h2>
      <p class="note">${word("keys.note")}</p>
      ${keys.value === null ? html`<p class="note" role="status">${word("loading")}</p>` : html`<${Table} caption=${word("keys.all")} columns=${columns} rows=${keys.value} name=${(key) => key.name} empty=${word("keys.none")} />`}
    </section>
    <${Make} word=${word} made=${load} />
  `;
}

function Make({ word, made }) {
  const name = useSignal("");
  const role = useSignal("scanner");
  const reader = useSignal("");
  const destroy = useSignal(false);
  const ids = { name: useId(), role: useId(), reader: useId() };
  const make = async (event) => {
    event.preventDefault();
    const scanner = role.value === "scanner";
    const body = { name: name.value.trim(), role: role.value, reader: scanner && reader.value ? reader.value : null, may: scanner && destroy.value ? ["destroy"] : [] };
    const fresh = await tried(() => ask("POST", "/v1/keys", body));
    if (!fresh) return;
    name.value = "";
    made();
    show(Once, { word, fresh });
  };
  return html`
    <form class="card stack" onsubmit=${make} aria-labelledby="h-make">
      <h2 id="h-make">${word("keys.make")}</h2>
      <div class="fields">
        <div class="field"><label for=${ids.name}>${word("key.name")}</label><input id=${ids.name} required maxlength="64" value=${name.value} oninput=${(event) => (name.value = event.target.value)} /></div>
        <div class="field"><label for=${ids.role}>${word("key.role")}</label>
          <select id=${ids.role} onchange=${(event) => (role.value = event.target.value)}>${ROLES.map((each) => html`<option key=${each} value=${each} selected=${each === role.value}>${named("value", each, word)}</option>`)}</select>
          <p class="note">${word(`role.note.${role.value}`)}</p></div>
        ${role.value === "scanner" &&
        html`<div class="field"><label for=${ids.reader}>${word("key.reader")}</label>
            <select id=${ids.reader} onchange=${(event) => (reader.value = event.target.value)}><option value="">${word("any.reader")}</option>${list("equipment").map((each) => html`<option key=${each.id} value=${each.id} selected=${each.id === reader.value}>${each.name || each.id}</option>`)}</select></div>
          <label class="check"><input type="checkbox" checked=${destroy.value} onchange=${(event) => (destroy.value = event.target.checked)} /> ${word("key.may")} ${word("may.destroy")}</label>`}
      </div>
      <div class="acts"><button class="main" type="submit" disabled=${!name.value.trim()}>${word("keys.make")}</button></div>
    </form>
  `;
}

const Once = ({ word, fresh, done }) => html`
  <form class="stack" onsubmit=${(event) => { event.preventDefault(); done(); }}>
    <h2 id="dialog-title">${word("once.title", { name: fresh.name })}</h2>
    <p>${word("once.text")}</p>
    <pre><code id="new-key">${fresh.key}</code></pre>
    <div class="acts end">
      <button type="button" onclick=${() => navigator.clipboard?.writeText(fresh.key)}>${word("copy")}</button>
      <button type="submit" class="main">${word("once.done")}</button>
    </div>
  </form>
`;
