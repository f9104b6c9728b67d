// The venue as it stands: what the live stream tells, kept by id. Everything drawn reads these signals.

import { get } from "../common/http.js";
import { listen } from "../common/live.js";
import { batch, computed, signal } from "../common/ui.js";

export const SHOWN = 60;
const TREND_EVERY_MS = 60000;

export const spaces = signal(new Map());
export const equipment = signal(new Map());
export const alarms = signal(new Map());
export const scans = signal([]);
export const skipped = signal(0);
export const health = signal(null);
export const figures = signal(null);
// Minutes of the last hours: [{ at, inside: { space: persons } }].
export const trend = signal([]);

export const evacuated = computed(() => [...spaces.value.values()].filter(({ mode }) => mode === "evacuate"));
// Those at which tickets are shown: where an operator may stamp.
export const readers = computed(() => [...equipment.value.values()].filter(({ kind }) => ["reader", "turnstile", "door"].includes(kind)));

const byId = (items) => new Map(items.map((item) => [item.id, item]));
const put = (known, item) => (known.value = new Map(known.value).set(item.id, item));

const handlers = {
  snapshot: (now) =>
    batch(() => {
      spaces.value = byId(now.spaces);
      equipment.value = byId(now.equipment);
      alarms.value = byId(now.alarms);
      scans.value = now.scans.slice(0, SHOWN);
      health.value = now.health;
      figures.value = now.figures;
      skipped.value = 0;
    }),
  occupancy: (space) => put(spaces, space),
  equipment: (each) => put(equipment, each),
  health: (told) => (health.value = told),
  figures: (told) => (figures.value = told),
  alarm(alarm) {
    const known = new Map(alarms.value);
    if (alarm.active || !alarm.acked_at) known.set(alarm.id, alarm);
    else known.delete(alarm.id);
    alarms.value = known;
  },
  scan(scan) {
    skipped.value = scan.skipped ?? 0;
    if (scans.value.some((known) => known.event_id === scan.event_id)) return;
    scans.value = [scan, ...scans.value].slice(0, SHOWN);
  },
};

// Follows the venue until the returned function is called.
export function follow() {
  const stop = listen("/v1/live", handlers);
  const look = () => get("/v1/spaces/trend").then(({ items }) => (trend.value = items), () => {});
  look();
  const timer = setInterval(look, TREND_EVERY_MS);
  return () => {
    stop();
    clearInterval(timer);
  };
}

export const nameOf = (id) => equipment.value.get(id)?.name ?? spaces.value.get(id)?.name ?? id;
