// Keeps the page on the device, so that it opens without a network.
//
// scripts/finish-page.mjs puts a first line before this one: BUILD, with this build's files and the SHA-256 of each,
// the model that the page loads first, and a version that follows from all of them and from this script.
//
// A version is kept whole or not at all: if one file cannot be had, or is not the file of this build, installing fails,
// nothing changes, and the next load tries again. A page stays with one version from its start to its end: a new one
// waits until no page is open, which is the browsers' own rule, and opens with the next.
//
// Everything else goes to the network as if this script were not here: nothing more is kept, nothing is sent.
const SHELLS = `lunglens-shell ${registration.scope} `;
const SHELL = SHELLS + BUILD.version;
// The worker keeps the models (web/src/worker/fetch.rs), under these names.
const MODELS = 'lunglens-models';

/** The file at `url`, if its SHA-256 is `sha256`. */
async function checked(url, sha256) {
  // The page has just loaded most files, so the browser's own cache has them; if it holds an older file, ask again.
  for (const cache of ['force-cache', 'reload']) {
    const response = await fetch(url, { cache });
    const bytes = await response.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (response.ok && hex === sha256) {
      // Not the response itself: a redirected one cannot answer for the page. The headers bring the policy along.
      const headers = new Headers(response.headers);
      for (const name of ['content-encoding', 'content-length', 'vary']) headers.delete(name);
      return new Response(bytes, { headers });
    }
  }
  throw new Error(`${url} is not the file of this build`);
}

async function install() {
  const files = Object.entries(BUILD.files).map(async ([url, sha256]) => [url, await checked(url, sha256)]);
  const responses = await Promise.all(files);
  const models = await caches.open(MODELS);
  // A device that keeps the model gets the new version's model before the new version, so that it is never without.
  if (registration.active && (await models.keys()).length > 0 && !(await models.match(BUILD.model.url))) {
    const weights = await checked(BUILD.model.url, BUILD.model.sha256);
    // Without room for two models the page fetches it.
    await models.put(BUILD.model.url, weights).catch(() => {});
  }
  try {
    const shell = await caches.open(SHELL);
    await Promise.all(responses.map(([url, response]) => shell.put(url, response)));
  } catch (problem) {
    await caches.delete(SHELL);
    throw problem;
  }
}

async function activate() {
  const old = (await caches.keys()).filter((name) => name.startsWith(SHELLS) && name !== SHELL);
  await Promise.all(old.map((name) => caches.delete(name)));
  // The page of the first visit too: if the network goes away, it can still start its worker anew.
  await clients.claim();
}

/** The name of a kept file, or undefined. */
function kept({ method, url }) {
  if (method !== 'GET' || !url.startsWith(registration.scope)) return undefined;
  const path = new URL(url).pathname.slice(new URL(registration.scope).pathname.length);
  const name = path === '' || path === 'index.html' ? './' : path;
  return Object.hasOwn(BUILD.files, name) ? name : undefined;
}

async function answer(name, request) {
  const shell = await caches.open(SHELL);
  return (await shell.match(name)) ?? fetch(request);
}

addEventListener('install', (event) => event.waitUntil(install()));
addEventListener('activate', (event) => event.waitUntil(activate()));
addEventListener('fetch', (event) => {
  const name = kept(event.request);
  if (name) event.respondWith(answer(name, event.request));
});
