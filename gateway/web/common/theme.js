// Dark or light: as the system says, unless somebody has chosen.

import { signal } from "./ui.js";

export const THEMES = ["auto", "light", "dark"];
const KEPT = "composteur.theme";

export const theme = signal(document.documentElement.dataset.theme ?? "auto");
const system = matchMedia("(prefers-color-scheme: dark)");

// Counts up whenever colours change: what is painted on a canvas paints itself anew.
export const painted = signal(0);

export function choose(name) {
  theme.value = name;
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    if (name === "auto") localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, name);
  } catch {
    // it holds until the page is left
  }
  painted.value += 1;
}
system.addEventListener("change", () => (painted.value += 1));

// A colour of tokens.css as a canvas needs it.
export function colour(name) {
  const probe = document.createElement("span");
  probe.className = "probe";
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
