// The service worker of the handheld page: keeps the page itself, so that it opens without network.
//
// The page is asked for anew whenever the gateway answers; what it is made of has the version in its
// address and never changes. Scans do not come through here: scan/queue.js keeps those.

const KEPT = "composteur-scan";
const PAGE = "/scan";
const PATIENCE_MS = 2500;
const VERSIONED = /^\/static\/~/;

self.addEventListener("install", (event) => event.waitUntil(keepPage().then(() => self.skipWaiting(), () => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page());
  else if (VERSIONED.test(url.pathname)) event.respondWith(file(request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(fresh(request));
});

async function page() {
  try {
    const answer = await fetch(PAGE, { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-cache" });
    if (answer.ok) {
      await keep(PAGE, answer.clone());
      return answer;
    }
  } catch {
    // without network: as it was
  }
  return (await caches.match(PAGE)) ?? Response.error();
}

async function file(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await keep(request, answer.clone());
  return answer;
}

async function fresh(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) await keep(request, answer.clone());
    return answer;
  } catch {
    return (await caches.match(request)) ?? Response.error();
  }
}

const keep = async (request, answer) => (await caches.open(KEPT)).put(request, answer);

// Keeps the page, all that its head names, and the decoder of the camera; forgets what older versions named.
async function keepPage() {
  const answer = await fetch(PAGE, { cache: "no-cache" });
  const text = await answer.clone().text();
  const named = [...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path);
  const version = text.match(/\/static\/(~[0-9a-f]+)\//)?.[1];
  const later = version ? ["scan/camera.js", "vendor/zxing-reader.js", "vendor/zxing-share.js", "vendor/zxing-reader.wasm"].map((name) => `/static/${version}/${name}`) : [];
  const cache = await caches.open(KEPT);
  await cache.put(PAGE, answer);
  await cache.addAll([...named, ...later]);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (VERSIONED.test(pathname) && version && !pathname.startsWith(`/static/${version}/`)) await cache.delete(request);
  }
}
