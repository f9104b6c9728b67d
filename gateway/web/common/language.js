// English and French: which one is spoken, and how words, numbers and times are written in it.
//
// Each room keeps its words in a `words.js` of its own ({ en: {…}, fr: {…} }, the same names in both)
// and asks for them through `dictionary`. What is drawn in a component follows a switch by itself.

import { signal } from "./ui.js";
import { WORDS } from "./words.js";

export const LANGUAGES = { en: "English", fr: "Français" };
const KEPT = "composteur.language";

export const language = signal(document.documentElement.lang in LANGUAGES ? document.documentElement.lang : "en");

export function speak(code) {
  language.value = code;
  document.documentElement.lang = code;
  try {
    localStorage.setItem(KEPT, code); // plain text: early.js reads it
  } catch {
    // it holds until the page is left
  }
}

// Another tab has switched.
addEventListener("storage", (event) => {
  if (event.key === KEPT && event.newValue in LANGUAGES) {
    language.value = event.newValue;
    document.documentElement.lang = event.newValue;
  }
});

// Returns the function that says a word of a room: `word("inside.of", { capacity: 300 })`. A word the
// room does not have is looked for among those of all rooms; one that nobody has is its own name.
// `{n}` stands for a fact; a number is written as the language writes it. A word may have a form for
// one: { one: "{n} person", other: "{n} persons" } chosen by the fact `n`.
export function dictionary(own = { en: {}, fr: {} }) {
  return (name, facts = {}) => {
    const code = language.value;
    const found = own[code]?.[name] ?? WORDS[code][name] ?? own.en?.[name] ?? WORDS.en[name] ?? name;
    const form = typeof found === "string" ? found : found[plural(code, facts.n)];
    const text = code === "fr" ? form.replace(/ (?=[:;?!%»])/g, "\u00a0") : form; // what stands before these stays with them
    return text.replace(/{(\w+)}/g, (_, key) => {
      const fact = facts[key] ?? "";
      return typeof fact === "number" ? number(fact) : String(fact);
    });
  };
}

const plural = (code, n) => (new Intl.PluralRules(code).select(n ?? 2) === "one" ? "one" : "other");

export const word = dictionary();

// A word of a closed set that may grow: what has no word is shown as the gateway names it.
export const named = (kind, code, say = word) => {
  const said = say(`${kind}.${code}`);
  return said === `${kind}.${code}` ? String(code).replaceAll("_", " ") : said;
};
export const reason = (code) => named("reason", code);

export const number = (value, digits = 0) =>
  value === null || value === undefined
    ? "–"
    : value.toLocaleString(language.value, { maximumFractionDigits: digits, minimumFractionDigits: 0 });

export const percent = (share, digits = 0) =>
  share.toLocaleString(language.value, { style: "percent", maximumFractionDigits: digits });

// The gateway writes the venue's own clock: what stands before the offset is what people there read.
export function clock(text, { seconds = true } = {}) {
  return text ? text.slice(11, seconds ? 19 : 16) : "";
}

// An instant (ms) as the clocks of the venue show it.
export const clockAt = (ms, zone) => new Date(ms).toLocaleTimeString("en-GB", { timeZone: zone });

export function day(text) {
  if (!text) return "";
  const [year, month, number] = text.slice(0, 10).split("-");
  return language.value === "fr" ? `${number}/${month}/${year}` : `${number} ${MONTHS[month - 1]} ${year}`;
}
// The same without its year, where room is short.
export const shortDay = (text) => (language.value === "fr" ? day(text).slice(0, 5) : day(text).slice(0, -5));
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// A date and its hour, as people write them; the hour alone when it is today at the venue.
export const moment = (text, { today = null, seconds = false } = {}) =>
  !text ? "" : today && text.slice(0, 10) === today ? clock(text, { seconds }) : `${day(text)} ${clock(text, { seconds })}`;

// How long something lasts, in the largest unit that fits: "12 s", "3 min", "2 h 05".
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")}`;
  return word("days", { n: Math.floor(hours / 24) });
}

export const ago = (ms) => word("ago", { time: lasting(ms) });
