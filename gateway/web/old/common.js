// What both pages share: asking the gateway, logging in and out, making elements.

import { current, offerLanguages, say, word } from "./words.js";

const WHO = "composteur.who";

export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? String(status));
    this.status = status;
    this.problem = problem;
  }
}

export async function ask(method, path, body, headers = {}) {
  const response = await fetch(path, {
    method,
    headers: { "Accept-Language": current(), ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    signal: AbortSignal.timeout(4000),
  });
  const document = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, document);
  return document;
}

export function make(tag, facts = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function who() {
  try {
    return JSON.parse(localStorage.getItem(WHO)) ?? {};
  } catch {
    return {};
  }
}

export function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Shows the log-in box or the page. `entered` is called when somebody is logged in.
export async function begin({ entered, changed = () => {} }) {
  const box = document.querySelector("#login");
  const page = document.querySelector("#page");
  const leave = document.querySelector("#logout");
  offerLanguages(document.querySelector("#languages"), changed);
  say();

  const show = (inside) => {
    box.hidden = inside;
    page.hidden = !inside;
    leave.hidden = !inside;
    if (!inside) box.querySelector("input").focus();
  };

  box.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const input = box.querySelector("input");
    const problem = box.querySelector(".problem");
    problem.hidden = true;
    try {
      const found = await ask("POST", "/v1/login", undefined, { Authorization: `Bearer ${input.value.trim()}` });
      localStorage.setItem(WHO, JSON.stringify(found));
      input.value = "";
      show(true);
      entered();
    } catch (error) {
      const known = { 401: "login.bad", 429: "login.wait" };
      problem.dataset.word = known[error.status] ?? "login.away";
      problem.textContent = word(problem.dataset.word);
      problem.hidden = false;
      input.select();
    }
  });

  leave.addEventListener("click", async () => {
    await ask("DELETE", "/v1/login").catch(() => {});
    localStorage.removeItem(WHO);
    location.reload();
  });

  try {
    await ask("GET", "/v1/spaces");
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      show(false);
      return;
    }
  }
  show(true);
  entered();
}
