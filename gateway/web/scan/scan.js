// The handheld page: a typed reference, or a hardware scanner that types and presses Enter.

import { ask, begin, make, random, Refused, who } from "../old/common.js";
import { reason, time, word } from "../old/words.js";

const READER = "composteur.reader";
const KEPT = 12;
const TRIES = 3;

const part = (id) => document.querySelector(`#${id}`);
let direction = "entry";
let turn = 0;
let shown = null; // { kind, symbol, word, message, ticket, code, event }
const recent = [];

function entered() {
  const { reader } = who();
  part("reader").value = reader ?? localStorage.getItem(READER) ?? "";
  part("reader-part").hidden = Boolean(reader);
  draw();
  focus();
}

const focus = () => part("code").focus();

// A nonce goes with each scan: when no answer comes, the same scan is asked again and stamps once.
async function decide(scan) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask("POST", "/v1/scans", scan);
    } catch (error) {
      if (error instanceof Refused && error.status !== 503) throw error;
      if (attempt === TRIES) throw error;
      await new Promise((go) => setTimeout(go, 250 * attempt));
    }
  }
}

async function send(mode) {
  const input = part("code");
  const code = input.value;
  if (!code.trim()) return focus();
  input.value = "";
  focus();
  const mine = ++turn;
  const scan = { code, nonce: random(), direction, mode };
  const reader = part("reader").value.trim();
  if (reader) scan.reader = reader;
  localStorage.setItem(READER, reader);
  const persons = part("persons").valueAsNumber;
  if (persons > 0) scan.persons = persons;
  part("persons").value = "";
  show({ kind: "wait", symbol: "…", word: word("asking"), message: code }, mine);
  try {
    const answer = await decide(scan);
    show(told(answer, code, mode), mine, true);
  } catch (error) {
    show(failed(error, code), mine, true);
  }
}

function told(answer, code, mode) {
  const granted = answer.decision === "granted";
  const facts = { message: answer.message, ticket: answer.ticket, code: answer.ticket?.code ?? code, event: answer.event };
  if (!granted) return { ...facts, kind: "no", symbol: "✕", name: "denied", reason: answer.reason };
  const attention = answer.attention || answer.degraded;
  return { ...facts, kind: attention ? "wait" : "yes", symbol: attention ? "!" : "✓", name: attention ? "attention" : mode === "check" ? "valid" : "granted", mode };
}

function failed(error, code) {
  if (error instanceof Refused && error.status === 401) location.reload();
  if (error instanceof Refused && error.status !== 503) {
    return { kind: "wait", symbol: "!", name: "problem", message: error.message, code };
  }
  return { kind: "wait", symbol: "?", name: "noanswer", message: word("noanswer.text"), code };
}

function show(result, mine, keep = false) {
  result.at = new Date().toTimeString().slice(0, 8);
  if (keep) {
    recent.unshift(result);
    recent.length = Math.min(recent.length, KEPT);
  }
  if (mine === turn) shown = result; // a later scan's answer is not covered by an earlier one's
  draw();
}

const title = (result) => (result.reason ? reason(result.reason) : result.name ? word(result.name) : result.word);

function draw() {
  const said = part("answer");
  part("result").className = `result ${shown ? shown.kind : "idle"}`;
  if (!shown) {
    said.replaceChildren(make("p", { class: "word" }, word("scan.wait")), make("p", { class: "note" }, word("scan.hint")));
  } else {
    said.replaceChildren(
      make("div", { class: "big" }, make("span", { class: "symbol", "aria-hidden": "true" }, shown.symbol), make("span", { class: "word" }, title(shown))),
      make("p", { class: "message" }, shown.message ?? ""),
      facts(shown),
    );
  }
  const { role, may = [] } = who();
  const operator = role === "operator" || role === "admin";
  const ticket = shown?.ticket;
  part("destroy").hidden = !(ticket && !ticket.destroyed_at && (operator || may.includes("destroy")));
  part("undo").hidden = !(operator && ticket && shown.event && shown.kind !== "no" && shown.mode === "stamp" && direction === "entry");
  part("after").hidden = part("destroy").hidden && part("undo").hidden;
  part("recent-part").hidden = recent.length === 0;
  part("recent").replaceChildren(...recent.map(line));
}

function line(result) {
  return make(
    "li",
    { class: `scan ${result.kind}` },
    make("span", { class: "symbol", "aria-hidden": "true" }, result.symbol),
    make("span", { class: "word" }, title(result)),
    make("span", { class: "when number" }, result.at),
    make("span", { class: "facts" }, [result.code, result.ticket?.label].filter(Boolean).join(" · ")),
  );
}

function facts({ ticket, code }) {
  const list = make("dl");
  const add = (name, value) => value && list.append(make("dt", {}, word(name)), make("dd", { class: "number" }, value));
  if (!ticket) {
    add("ticket", code);
    return list;
  }
  const stamp = (at, reader) => at && `${time(at, { date: true })}${reader ? ` ${word("by", { reader })}` : ""}`;
  const { made, allowed, first_at, first_reader, last_at, last_reader } = ticket.stamps;
  add("ticket", ticket.code);
  add("product", ticket.label || ticket.product);
  add("holder", ticket.holder);
  add("destroyed.at", time(ticket.destroyed_at, { date: true }));
  if (ticket.persons > 1) add("left", `${ticket.persons_left} / ${ticket.persons}`);
  add("stamps", word("stamps.of", { made, allowed: allowed ?? word("unlimited") }));
  if (made > 1) add("first", stamp(first_at, first_reader));
  add("last", stamp(last_at, last_reader));
  add("from", time(ticket.window.from, { date: true, seconds: false }));
  add("until", time(ticket.window.until, { date: true, seconds: false }));
  return list;
}

async function act(path, body, name) {
  const { code } = shown;
  const mine = ++turn;
  try {
    const done = await ask("POST", `/v1/tickets/${encodeURIComponent(code)}/${path}`, body, { "Idempotency-Key": random() });
    show({ kind: "wait", symbol: path === "destroy" ? "⊘" : "↺", name, message: "", ticket: done.ticket, code }, mine, true);
  } catch (error) {
    show(failed(error, code), mine, true);
  }
  focus();
}

part("entry").addEventListener("submit", (event) => {
  event.preventDefault();
  send("stamp");
});
part("check").addEventListener("click", () => send("check"));
part("undo").addEventListener("click", () => act("undo", { event: shown.event }, "taken_back"));
part("destroy").addEventListener("click", () => {
  part("victim").textContent = [shown.ticket.code, shown.ticket.label].filter(Boolean).join(" · ");
  part("why").value = "";
  part("confirm").returnValue = "";
  part("confirm").showModal();
});
part("confirm").addEventListener("close", () => {
  const reasonGiven = part("why").value.trim();
  if (part("confirm").returnValue === "yes") act("destroy", reasonGiven ? { reason: reasonGiven } : {}, "destroyed");
  else focus();
});
for (const button of document.querySelectorAll("[data-direction]")) {
  button.addEventListener("click", () => {
    direction = button.dataset.direction;
    for (const other of document.querySelectorAll("[data-direction]")) other.setAttribute("aria-pressed", String(other === button));
    focus();
  });
}
// A hardware scanner types wherever the focus is: bring it back to the field.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, dialog");
  if (!typing && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) focus();
});

begin({ entered, changed: draw });
