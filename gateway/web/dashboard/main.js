// The operators' page: the venue at a glance, one ticket, what people did. `#tickets` and `#audit` are
// parts of this page, so that the live connection goes on behind them.

import { begin } from "../common/frame.js";
import { may } from "../common/session.js";
import { html, signal, useEffect } from "../common/ui.js";
import { Audit } from "./audit.js";
import { Banners, Sign } from "./health.js";
import { Overview } from "./overview.js";
import { Tickets } from "./tickets.js";
import { follow } from "./venue.js";

const PAGES = { dashboard: { Page: Overview, role: "viewer" }, tickets: { Page: Tickets, role: "operator" }, audit: { Page: Audit, role: "operator" } };
// The page, and what it shows: #tickets/CODE.
const place = signal({ name: "dashboard", of: "" });

function walk() {
  const [name, ...rest] = location.hash.slice(1).split("/");
  place.value = { name: name in PAGES ? name : "dashboard", of: decodeURIComponent(rest.join("/")) };
}
addEventListener("hashchange", walk);
walk();

const current = () => (may(PAGES[place.value.name].role) ? place.value.name : "dashboard");

function Desk() {
  useEffect(follow, []);
  const { Page } = PAGES[current()];
  return html`<${Banners} /><${Page} of=${place.value.of} />`;
}

begin({ Page: Desk, current, Sign });
