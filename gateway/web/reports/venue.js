// The names of what reports speak of: spaces, equipment; and the reports themselves.

import { get } from "../common/http.js";
import { language } from "../common/language.js";
import { signal } from "../common/ui.js";

export const reports = signal(null);
export const spaces = signal([]);
export const equipment = signal([]);

export async function learn() {
  const [list, places, gates] = await Promise.all([get("/v1/reports", { language: language.value }), get("/v1/spaces"), get("/v1/equipment")]);
  [reports.value, spaces.value, equipment.value] = [list.items, places.items, gates.items];
}

export const named = (list, id) => list.find((each) => each.id === id)?.name || id;
