// Who is inside now, against what each space may hold, and where it is going.

import { confirm, show } from "../common/dialog.js";
import { act, part } from "../common/http.js";
import { number } from "../common/language.js";
import { may } from "../common/session.js";
import { tried } from "../common/toast.js";
import { classes, html, useId, useSignal } from "../common/ui.js";
import { equipment, spaces, trend } from "./venue.js";
import { word } from "./words.js";

const BACK_MIN = 15;

export function Spaces() {
  return html`
    <section class="card" aria-labelledby="h-inside">
      <div class="head"><h2 id="h-inside">${word("inside")}</h2></div>
      <div class="tiles">${[...spaces.value.values()].map((space) => html`<${Space} key=${space.id} space=${space} />`)}</div>
    </section>
  `;
}

export const isFull = (space) => space.capacity !== null && space.inside + space.reserved >= space.capacity;

// How a space stands: [kind, symbol, word].
function sign(space) {
  if (space.mode === "evacuate") return ["no", "⚠", "mode.evacuate"];
  if (space.mode === "locked") return ["no", "✕", "mode.locked"];
  if (space.mode === "free") return ["wait", "⇄", "mode.free"];
  if (!space.open) return ["wait", "–", "closed"];
  return isFull(space) ? ["no", "■", "full"] : ["yes", "✓", "open"];
}

function Space({ space }) {
  const [kind, symbol, said] = sign(space);
  const inner = space.parent !== null;
  return html`
    <article class=${classes("tile space", (isFull(space) || space.mode === "evacuate") && "urgent", inner && "inner")} data-space=${space.id}>
      <h3><span>${space.name}</span><span class="state ${kind}"><span aria-hidden="true">${symbol}</span>${word(said)}</span></h3>
      <p class="inside number">${number(space.inside)}${space.capacity !== null && html`<span class="of">${" "}${word("inside.of", { capacity: space.capacity })}</span>`}</p>
      ${space.capacity !== null && html`<meter min="0" max=${space.capacity} value=${space.inside} high=${0.9 * space.capacity} optimum="0" aria-label=${word("inside.meter", { name: space.name })}></meter>`}
      <${Trend} space=${space} />
      ${space.reserved > 0 && html`<p class="note">${word("reserved", { n: space.reserved })}</p>`}
      ${may("operator") && html`<${Acts} space=${space} />`}
    </article>
  `;
}

// The last hours as a line, and in words how many more or fewer than a quarter of an hour ago.
function Trend({ space }) {
  const minutes = trend.value.map(({ inside }) => inside[space.id]).filter((inside) => inside !== undefined);
  if (minutes.length < 2) return null;
  const line = [...minutes, space.inside];
  const most = Math.max(1, ...line);
  const points = line.map((inside, index) => `${((100 * index) / (line.length - 1)).toFixed(1)},${(23 - (22 * inside) / most).toFixed(1)}`).join(" ");
  const back = Math.min(BACK_MIN, minutes.length);
  const change = space.inside - minutes[minutes.length - back];
  const arrow = change > 0 ? "↗" : change < 0 ? "↘" : "→";
  return html`
    <div class="trend">
      <svg viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true"><polyline points=${points} /></svg>
      <span class="note number"><span aria-hidden="true">${arrow} </span>${word("trend", { change: `${change > 0 ? "+" : ""}${number(change)}`, n: back })}</span>
    </div>
  `;
}

function Acts({ space }) {
  const set = (mode, said) => tried(() => act("POST", `/v1/spaces/${part(space.id)}/mode`, { mode }), word(said, { name: space.name }));
  const lock = async () => {
    const sure = await confirm({ title: word("lock.title", { name: space.name }), text: word("lock.text"), yes: word("do.lock") });
    if (sure) await set("locked", "locked.done");
  };
  if (space.mode === "evacuate") return null;
  return html`
    <div class="acts">
      <button type="button" class="small" onclick=${() => show(Count, { space })}>${word("do.count")}</button>
      ${space.mode === "normal"
        ? html`<button type="button" class="small" onclick=${lock}>${word("do.lock")}…</button>`
        : html`<button type="button" class="small" onclick=${() => set("normal", "normal.done")}>${word("do.normal")}</button>`}
      <button type="button" class="small alert" onclick=${() => evacuate(space)}>${word("do.evacuate")}</button>
    </div>
  `;
}

// Asks twice: first with all that will happen, then once more.
async function evacuate(space) {
  const within = inside(space.id);
  const gates = [...equipment.value.values()].filter((each) => within.has(each.space) && ["turnstile", "door"].includes(each.kind)).length;
  const points = [
    word("evacuate.gates", { n: gates }),
    word("evacuate.nobody"),
    word("evacuate.inside", { n: space.inside }),
    ...(within.size > 1 ? [word("evacuate.within", { names: [...within].filter((id) => id !== space.id).map((id) => spaces.value.get(id).name).join(", ") })] : []),
    word("evacuate.end"),
  ];
  const title = word("evacuate.title", { name: space.name });
  if (!(await confirm({ title, points, yes: word("evacuate.go"), danger: true }))) return;
  if (!(await confirm({ title: word("evacuate.sure", { name: space.name }), yes: word("evacuate.now"), danger: true }))) return;
  await tried(() => act("POST", `/v1/spaces/${part(space.id)}/mode`, { mode: "evacuate" }), word("evacuate.done", { name: space.name }));
}

// A space and all that lies within it.
function inside(id) {
  const found = new Set([id]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const space of spaces.value.values()) if (found.has(space.parent)) found.add(space.id);
  }
  return found;
}

// Persons waved through without a ticket.
function Count({ space, done }) {
  const direction = useSignal("entry");
  const persons = useSignal("1");
  const why = useSignal("");
  const ids = { persons: useId(), why: useId() };
  const count = Number(persons.value);
  const right = Number.isInteger(count) && count >= 1 && count <= 10000;
  const submit = async (event) => {
    event.preventDefault();
    if (!right) return;
    done();
    const body = { direction: direction.value, persons: count, reason: why.value.trim() || null };
    await tried(() => act("POST", `/v1/spaces/${part(space.id)}/count`, body), word("count.done", { n: count, name: space.name }));
  };
  return html`
    <form class="stack" onsubmit=${submit}>
      <h2 id="dialog-title">${word("count.title", { name: space.name })}</h2>
      <p class="note">${word("count.text")}</p>
      <div class="choice" role="group" aria-label=${word("direction")}>
        ${["entry", "exit"].map((way) => html`<button type="button" key=${way} aria-pressed=${String(direction.value === way)} onclick=${() => (direction.value = way)}>${word(way)}</button>`)}
      </div>
      <div><label for=${ids.persons}>${word("persons.how.many")}</label>
        <input id=${ids.persons} name="persons" type="number" min="1" max="10000" inputmode="numeric" required value=${persons.value} oninput=${(event) => (persons.value = event.target.value)} /></div>
      <div><label for=${ids.why}>${word("why")}</label>
        <input id=${ids.why} name="why" maxlength="200" value=${why.value} oninput=${(event) => (why.value = event.target.value)} /></div>
      <div class="acts end">
        <button type="button" onclick=${() => done()}>${word("cancel")}</button>
        <button type="submit" class="main" disabled=${!right}>${word("count.do")}</button>
      </div>
    </form>
  `;
}
