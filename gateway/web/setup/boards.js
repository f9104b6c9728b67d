// Boards on wires and the equipment on them; devices that nobody has described are offered.

import { get } from "../common/http.js";
import { named } from "../common/language.js";
import { explain } from "../common/toast.js";
import { html, useId, useSignal } from "../common/ui.js";
import { Writing } from "../common/writing.js";
import { changes, drivers, errors_of, found, list, properties, put, test, writable } from "./draft.js";
import { Add, Form } from "./form.js";
import { Fold } from "./spaces.js";

const OURS = ["id", "driver", "gateway"];
const FIRST = ["name", "kind", "space", "direction", "controller", "opens", "count_on", "local_policy"];

export function Boards({ word }) {
  return html`
    <section class="stack" aria-labelledby="h-boards">
      <h2 id="h-boards">${word("boards")}</h2>
      <p class="note">${word("boards.note")}</p>
      ${list("controller").map((row) => html`<${Board} key=${row.id} word=${word} row=${row} />`)}
      <${AddBoard} word=${word} />
    </section>
    <${Offered} word=${word} />
    <section class="stack" aria-labelledby="h-equipment">
      <h2 id="h-equipment">${word("part.equipment")}</h2>
      ${list("equipment").map((row) => html`<${One} key=${row.id} word=${word} row=${row} />`)}
      <${Add} word=${word} table="equipment" values=${() => ({ space: list("space")[0]?.id ?? "" })} />
    </section>
  `;
}

function Board({ word, row }) {
  const known = properties("controller", row);
  const own = Object.keys(known).filter((key) => !OURS.includes(key));
  const on_it = list("equipment").filter(({ controller }) => controller === row.id).map(({ id }) => id);
  return html`
    <${Fold} word=${word} table="controller" row=${row} said=${`${row.driver} · ${on_it.join(", ") || word("no.equipment")}`}>
      <${Form} word=${word} table="controller" row=${row} known=${known} keys=${own.slice(0, 6)} more=${[...own.slice(6), "gateway"]} />
    <//>
  `;
}

function AddBoard({ word }) {
  const driver = useSignal("");
  const field = useId();
  const all = drivers();
  if (!writable.value || !all.length) return null;
  return html`
    <div class="add">
      <label for=${field}>${word("key.driver")}</label>
      <select id=${field} value=${driver.value || all[0]} onchange=${(event) => (driver.value = event.target.value)}>
        ${all.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
      </select>
      <${Add} word=${word} table="controller" values=${() => ({ driver: driver.value || all[0] })} />
    </div>
  `;
}

function One({ word, row }) {
  const known = properties("equipment");
  const more = Object.keys(known).filter((key) => ![...FIRST, "id", "channels"].includes(key));
  const place = found("space", row.space)?.name || row.space;
  return html`
    <${Fold} word=${word} table="equipment" row=${row} said=${`${named("value", row.kind ?? "reader", word)} · ${place}`}>
      <${Test} word=${word} row=${row} />
      <${Form} word=${word} table="equipment" row=${row} known=${known} keys=${FIRST} more=${more} />
      ${row.controller && html`<${Channels} word=${word} row=${row} />`}
    <//>
  `;
}

// Asks whether the device is there, as the gateway runs it now.
function Test({ word, row }) {
  const said = useSignal(null);
  const run = async () => {
    said.value = { kind: "wait", text: word("test.runs") };
    try {
      const { equipment } = await test(row.id);
      said.value = { kind: "yes", text: word("test.yes", { can: (equipment.commands ?? []).map((each) => named("command", each, word)).join(", ") || word("none") }) };
    } catch (problem) {
      said.value = { kind: "no", text: explain(problem) };
    }
  };
  const symbol = { yes: "✓", no: "✕", wait: "…" };
  return html`
    <div class="test">
      <button type="button" class="small" onclick=${run} disabled=${changes.value.some(({ table, id }) => table === "equipment" && id === row.id)}>${word("test")}</button>
      <span role="status">${said.value && html`<span class="state ${said.value.kind}"><span aria-hidden="true">${symbol[said.value.kind]}</span>${said.value.text}</span>`}</span>
    </div>
  `;
}

// Inputs and outputs of the board by name: a number, or a number that means the opposite.
function Channels({ word, row }) {
  const name = useSignal("");
  const wrong = errors_of("equipment", row.id).filter(({ key }) => key.startsWith("channels"));
  const channels = row.channels ?? {};
  const give = (key, value) =>
    put("equipment", row.id, (now) => {
      const next = { ...now.channels, [key]: value };
      if (value === null) delete next[key];
      return { channels: Object.keys(next).length ? next : null };
    });
  const at = (value) => (typeof value === "object" ? value.at : value);
  const inverted = (value) => typeof value === "object" && value.inverted === true;
  // As it is typed: what is no number is refused with the channel's name.
  const numbered = (text) => (/^\s*\d+\s*$/.test(text) ? Number(text) : text.trim());
  const written = (number, opposite) => (opposite ? { at: number, inverted: true } : number);
  return html`
    <fieldset class="channels">
      <legend>${word("key.channels")}</legend>
      ${wrong.map((each) => html`<p class="wrong-text"><span aria-hidden="true">✕ </span><code>${each.key}</code> ${each.detail}</p>`)}
      ${Object.entries(channels).map(
        ([key, value]) => html`
          <div class="channel" key=${key}>
            <code>${key}</code>
            <${Writing} aria-label=${`${key}: ${word("channel.at")}`} inputmode="numeric" value=${String(at(value))} disabled=${!writable.value} give=${(text) => give(key, written(numbered(text), inverted(value)))} />
            <label class="check"><input type="checkbox" checked=${inverted(value)} disabled=${!writable.value} onchange=${(event) => give(key, written(at(value), event.target.checked))} /> ${word("channel.inverted")}</label>
            ${writable.value && html`<button type="button" class="bare" aria-label=${`${word("remove")} ${key}`} onclick=${() => give(key, null)}>✕</button>`}
          </div>
        `,
      )}
      ${writable.value &&
      html`<div class="channel">
        <input aria-label=${word("channel.name")} placeholder=${word("channel.name")} value=${name.value} list="channel-names" oninput=${(event) => (name.value = event.target.value)} />
        <datalist id="channel-names">${NAMES.map((each) => html`<option value=${each} />`)}</datalist>
        <button type="button" class="small" disabled=${!name.value.trim()} onclick=${() => { give(name.value.trim(), 0); name.value = ""; }}>${word("add")}</button>
      </div>`}
    </fieldset>
  `;
}

// What is written most; a board refuses what it does not have, and says what it has.
const NAMES = [
  "release_entry", "release_exit", "passage_entry", "passage_exit", "lock", "contact", "rex", "bond", "relay", "granted", "denied", "buzzer",
  "fire", "ready", "fault", "tamper", "power", "battery_low",
];

function Offered({ word }) {
  const seen = useSignal(null);
  const why = useSignal("");
  const look = async () => {
    seen.value = "looking";
    why.value = "";
    try {
      seen.value = (await get("/v1/devices", {}, { patience: 10000 })).items;
    } catch (problem) {
      seen.value = null;
      why.value = explain(problem);
    }
  };
  return html`
    <section class="card stack" aria-labelledby="h-seen">
      <div class="head"><h2 id="h-seen">${word("seen")}</h2><button type="button" class="small" id="look" disabled=${seen.value === "looking"} onclick=${look}>${word(seen.value === "looking" ? "seen.looking" : "seen.look")}</button></div>
      <p class="note">${word("seen.note")}</p>
      ${why.value && html`<p class="problem" role="alert">${why.value}</p>`}
      <div role="status">
        ${Array.isArray(seen.value) && (seen.value.length ? html`<ul class="stack">${seen.value.map((each) => html`<${Device} key=${each.driver + each.name} word=${word} device=${each} />`)}</ul>` : html`<p class="note">${word("seen.none")}</p>`)}
      </div>
    </section>
  `;
}

function Device({ word, device }) {
  const id = (device.equipment ?? device.name).toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 32) || "device";
  const described = found("equipment", id) || found("controller", id);
  const describe = () => {
    if (device.equipment === null) return put("controller", id, { driver: device.driver, ...device.controller });
    const plain = list("controller").find((each) => each.driver === device.driver && !("dialect" in each));
    if (!plain) put("controller", `${device.driver}-gates`, { driver: device.driver, ...device.controller });
    return put("equipment", id, { kind: "turnstile", space: list("space")[0]?.id ?? "", direction: "both", controller: plain?.id ?? `${device.driver}-gates`, count_on: "passage" });
  };
  const state = device.online === null ? null : device.online ? "yes" : "idle";
  return html`
    <li class="device">
      <span><b>${device.name}</b> <span class="note">${[device.driver, ...Object.values(device.controller).map(String)].join(" · ")}</span></span>
      ${state && html`<span class="state ${state}"><span aria-hidden="true">${device.online ? "✓" : "–"}</span>${word(device.online ? "online" : "offline")}</span>`}
      ${writable.value && html`<button type="button" class="small" disabled=${!!described} onclick=${describe}>${word(described ? "described" : "describe")}</button>`}
    </li>
  `;
}
