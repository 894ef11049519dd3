// Keeps the page usable without a network. The build writes the names of all its files, and a hash of them, in place of the two marks.
const FILES = __FILES__;
const CACHE = "crdt-range-map __HASH__";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  const forgetOthers = async () => {
    const others = (await caches.keys()).filter((name) => name.startsWith("crdt-range-map ") && name !== CACHE);
    await Promise.all(others.map((name) => caches.delete(name)));
  };
  event.waitUntil(forgetOthers());
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !event.request.url.startsWith(self.registration.scope)) return;
  event.respondWith(answer(event.request));
});

/** Pages from the network as long as there is one, so that they are new; all else is named by its content. */
async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  if (request.mode !== "navigate") return kept ?? fetch(request);
  try {
    return await fetch(request);
  } catch (error) {
    if (kept !== undefined) return kept;
    throw error;
  }
}
