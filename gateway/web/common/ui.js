// What the screens are drawn with, under one name: elements, state, effects.
//
// `html` writes elements as they look; a signal read while drawing draws that part anew when it
// changes. Nothing of ours imports from ../vendor but this file, chart.js and ticket/symbol.js.

import htm from "../vendor/htm.js";
import { h } from "../vendor/preact.js";

export { Fragment, render } from "../vendor/preact.js";
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact-hooks.js";
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "../vendor/signals.js";

export const html = htm.bind(h);

// Joins the names of classes; what is false, null or empty is left out.
export const classes = (...names) => names.filter(Boolean).join(" ");
