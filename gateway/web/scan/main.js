// The handheld page: a code is read, typed or shown to the camera; one big answer says what to do.

import { begin } from "../common/frame.js";
import { html, useEffect } from "../common/ui.js";
import { follow } from "./list.js";
import { deliver } from "./queue.js";
import { watchReach } from "./reach.js";
import { Entry } from "./entry.js";
import { Recent } from "./recent.js";
import { Result } from "./result.js";
import { Settings } from "./settings.js";
import { look } from "./station.js";
import { Strip } from "./strip.js";
import { word } from "./words.js";

function Station() {
  useEffect(() => {
    const stops = [watchReach(), deliver(), follow()];
    const code = new URLSearchParams(location.search).get("code");
    if (code) look(code); // a link from a till or an office looks, and never stamps
    return () => stops.forEach((stop) => stop());
  }, []);
  return html`
    <h1 class="unseen">${word("page.scan")}</h1>
    <div class="station" id="page">
      <${Strip} />
      <${Result} />
      <${Entry} />
      <${Settings} />
      <${Recent} />
    </div>
  `;
}

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/scan/worker.js", { scope: "/scan" }).catch(() => {});

begin({ Page: Station, current: () => "scan", remembers: true });
