// How a value of a report is read by people.

import { day, moment, named as termed, number, percent, reason } from "../common/language.js";
import { equipment, named, spaces } from "./venue.js";
import { word } from "./words.js";

const TERMS = {
  space: (id) => named(spaces.value, id),
  reader: (id) => named(equipment.value, id),
  first_reader: (id) => named(equipment.value, id),
  last_reader: (id) => named(equipment.value, id),
  reason,
  audience: (code) => termed("audience", code, word),
  status: (code) => termed("status", code, word),
  payment: (code) => termed("payment", code, word),
};

// An empty text means that there is none: an event without a reader, a product, an operator.
export function text(column, kind, value) {
  if (value === null || value === undefined || value === "") return "–";
  switch (kind) {
    case "whole":
      return number(value);
    case "rate":
      return percent(value, 1);
    case "instant":
      return moment(value);
    case "day":
      return day(value);
    case "flag":
      return value ? word("yes") : "–";
    default:
      return TERMS[column]?.(value) ?? value;
  }
}

export const isFigure = (kind) => kind === "whole" || kind === "rate";
