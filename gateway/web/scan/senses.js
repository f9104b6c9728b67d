// What a steward hears and feels without looking: a tone and a vibration of its own for each result.

import { recall, remember } from "../common/kept.js";
import { signal } from "../common/ui.js";

// Tones: [Hz, from (s), lasts (s)]; vibration: ms on, off, on…
const SENSES = {
  yes: { tones: [[880, 0, 0.09], [1320, 0.09, 0.14]], shake: [60], wave: "sine" },
  no: { tones: [[220, 0, 0.28], [180, 0.28, 0.3]], shake: [180, 80, 180], wave: "square" },
  wait: { tones: [[520, 0, 0.12], [520, 0.2, 0.12]], shake: [90, 60, 90], wave: "triangle" },
  ask: { tones: [[520, 0, 0.12], [520, 0.2, 0.12]], shake: [90, 60, 90], wave: "triangle" },
};
const LOUD = 0.25;

export const loud = signal(recall("sound", true));
loud.subscribe((value) => remember("sound", value));

let audio = null;
// A browser lets a page sound only after somebody has touched it.
const wake = () => {
  audio ??= "AudioContext" in globalThis ? new AudioContext() : null;
  if (audio?.state === "suspended") audio.resume();
};
addEventListener("pointerdown", wake);
addEventListener("keydown", wake);

export function sense(kind) {
  const { tones, shake, wave } = SENSES[kind];
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(shake);
  if (!loud.value || audio?.state !== "running") return;
  for (const [hertz, from, lasts] of tones) {
    const tone = new OscillatorNode(audio, { type: wave, frequency: hertz });
    const volume = new GainNode(audio, { gain: LOUD });
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + from);
    tone.stop(audio.currentTime + from + lasts);
  }
}
