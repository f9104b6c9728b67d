// What somebody has to care for: it stays until it is over and acknowledged.

import { act, part } from "../common/http.js";
import { clock, named, number, reason } from "../common/language.js";
import { may } from "../common/session.js";
import { tried } from "../common/toast.js";
import { html, useSignal } from "../common/ui.js";
import { alarms, nameOf } from "./venue.js";
import { word } from "./words.js";

const SHOWN = 3; // of those that are over: all that hold are always in sight

const mostUrgent = (one, other) => other.active - one.active || other.at.localeCompare(one.at);

export function Alarms() {
  const all = [...alarms.value.values()].sort(mostUrgent);
  const open = all.filter(({ active }) => active).length;
  const unfolded = useSignal(false);
  const least = Math.max(SHOWN, open);
  const shown = unfolded.value ? all : all.slice(0, least);
  return html`
    <section class="card at-alarms" aria-labelledby="h-alarms" id="alarms-part">
      <div class="head"><h2 id="h-alarms">${word("alarms")}</h2>${all.length > 0 && html`<span class="state ${open ? "no" : "wait"} number" id="alarm-count"><span aria-hidden="true">${open ? "⚠" : "–"}</span>${word("alarms.open", { n: open })}</span>`}</div>
      ${all.length ? html`<ul class="alarms" id="alarms" aria-live="polite">${shown.map((alarm) => html`<${Alarm} key=${alarm.id} alarm=${alarm} />`)}</ul>` : html`<p class="quiet"><span class="mark yes" aria-hidden="true">✓</span> ${word("alarms.none")}</p>`}
      ${all.length > least && html`<div class="acts"><button type="button" class="small" id="alarms-all" aria-expanded=${String(unfolded.value)} onclick=${() => (unfolded.value = !unfolded.value)}>${unfolded.value ? word("alarms.fewer") : word("alarms.more", { n: all.length - least })}</button></div>`}
    </section>
  `;
}

function Alarm({ alarm }) {
  const where = [nameOf(alarm.equipment ?? alarm.space), alarm.direction && word(alarm.direction), alarm.reason && reason(alarm.reason), alarm.text].filter(Boolean);
  const ack = () => tried(() => act("POST", `/v1/alarms/${part(alarm.id)}/ack`), word("alarm.ack.done"));
  return html`
    <li class="alarm ${alarm.active ? "no" : "wait"}" data-alarm=${alarm.id}>
      <div class="about">
        <p><b><span aria-hidden="true">⚠ </span>${named("alarm", alarm.kind, word)}</b>${alarm.count > 1 && ` × ${number(alarm.count)}`}${!alarm.active && html` <span class="over">– ${word("alarm.over")}</span>`}</p>
        <p class="of-alarm"><time class="number" datetime=${alarm.at}>${clock(alarm.at)}</time>${where.length > 0 && ` · ${where.join(" · ")}`}</p>
        ${alarm.acked_by && html`<p class="of-alarm">✓ ${word("alarm.acked", { name: alarm.acked_by })}</p>`}
      </div>
      ${may("operator") && !alarm.acked_by && html`<button type="button" class="small" data-act="ack" onclick=${ack}>${word("alarm.ack")}</button>`}
    </li>
  `;
}
