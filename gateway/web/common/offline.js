// What a service worker does to keep a page for when there is no network; each page's worker says
// which page (`importScripts`, then `keepOffline`).
//
// The page is asked for anew whenever the gateway answers; what it is made of has the version in its
// address and never changes.

const PATIENCE_MS = 2500;
const VERSIONED = /^\/static\/~/;

// { kept: name of the cache, page: where the page is kept, isPage(pathname), later: files that its head does not name }
function keepOffline({ kept, page, isPage, later = [] }) {
  const keep = async (request, answer) => (await caches.open(kept)).put(request, answer);
  const shown = async (request) => {
    try {
      const answer = await fetch(request.url, { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-cache" });
      if (answer.ok) {
        await keep(page, answer.clone());
        return answer;
      }
    } catch {
      // without network: as it was
    }
    return (await caches.match(page)) ?? Response.error();
  };
  const file = async (request) => {
    const found = await caches.match(request);
    if (found) return found;
    const answer = await fetch(request);
    if (answer.ok) await keep(request, answer.clone());
    return answer;
  };
  const fresh = async (request) => {
    try {
      const answer = await fetch(request);
      if (answer.ok) await keep(request, answer.clone());
      return answer;
    } catch {
      return (await caches.match(request)) ?? Response.error();
    }
  };
  // Keeps the page and all that its head names; forgets what older versions named.
  const keepPage = async () => {
    const answer = await fetch(page, { cache: "no-cache" });
    const text = await answer.clone().text();
    const named = [...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, path]) => path);
    const version = text.match(/\/static\/(~[0-9a-f]+)\//)?.[1];
    const also = version ? later.map((name) => `/static/${version}/${name}`) : [];
    const cache = await caches.open(kept);
    await cache.put(page, answer);
    await cache.addAll([...named, ...also]);
    for (const request of await cache.keys()) {
      const { pathname } = new URL(request.url);
      if (VERSIONED.test(pathname) && version && !pathname.startsWith(`/static/${version}/`)) await cache.delete(request);
    }
  };

  self.addEventListener("install", (event) => event.waitUntil(keepPage().then(() => self.skipWaiting(), () => self.skipWaiting())));
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== location.origin) return;
    if (request.mode === "navigate" && isPage(url.pathname)) event.respondWith(shown(request));
    else if (VERSIONED.test(url.pathname)) event.respondWith(file(request));
    else if (url.pathname.startsWith("/static/")) event.respondWith(fresh(request));
  });
}
