// The page without a network: everything it is made of is put by when it was first there, and served from there. What it fetches of a guest is kept
// elsewhere (machines in the origin's private files, a guest's files by their digests), so it is none of this. FILES and VERSION are written by page/vite.config.mjs.

const CACHE = `page ${VERSION}`;
const own = (path) => new URL(path, self.registration.scope).href;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map(own))).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const isOld = (name) => name.startsWith('page ') && name !== CACHE;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

/** The page itself is asked for anew, so that a new release is seen; its parts have their digest in their name. */
async function answer(request) {
  if (request.mode === 'navigate') return fetch(request).catch(async () => (await caches.match(own('./'))) ?? Response.error());
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const ours = request.url.startsWith(self.registration.scope) && !request.url.startsWith(own('guest/')) && !request.url.startsWith(own('firmware/'));
  if (request.method === 'GET' && ours) event.respondWith(answer(request));
});
