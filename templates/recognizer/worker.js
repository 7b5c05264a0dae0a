{% autoescape off %}// Shows a page of ours where a page cannot be had. It keeps no other page, and nobody's drawings.

const CACHE = "digitsite-{{ version }}";
const KEPT = {{ kept }};

addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return; // what was to be sent is not replaced by a page
  if (request.mode === "navigate") event.respondWith(fetchOr(request, KEPT.page));
  else if (KEPT.files.includes(new URL(request.url).pathname)) {
    event.respondWith(fetchOr(request, request));
  }
});

async function keep() {
  const cache = await caches.open(CACHE);
  // Past the browser's own cache, which may hold what was there before.
  await cache.addAll([KEPT.page, ...KEPT.files].map((url) => new Request(url, { cache: "reload" })));
}

async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("digitsite-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

async function fetchOr(request, kept) {
  try {
    return await fetch(request);
  } catch (error) {
    const cache = await caches.open(CACHE);
    const found = await cache.match(kept, { ignoreVary: true });
    if (found) return found;
    throw error;
  }
}
{% endautoescape %}
