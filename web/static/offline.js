// Has the page kept for use without a network (sw.js), and a newer version fetched. What came of it stands in the root
// element's data-offline: 'ready' once page, samples and model are kept and nothing more is fetched; 'none' if they
// cannot be, which takes nothing from the page.
const container = navigator.serviceWorker;

/** Waits until the worker is in one of the states, or given up. */
function until(worker, ...states) {
  return new Promise((done) => {
    const look = () => [...states, 'redundant'].includes(worker.state) && done(worker.state);
    worker.addEventListener('statechange', look);
    look();
  });
}

/** Has this version kept, or a newer one fetched; true if the page opens without a network from now on. */
async function keep() {
  const known = await container.getRegistration();
  if (known && navigator.onLine) {
    // Here and now, whatever the server lets the browser's cache answer.
    await fetch('sw.js', { cache: 'no-cache' }).catch(() => {});
    await known.update().catch(() => {});
  }
  // 'all': the browser looks for a new version once more, a while after the page loaded. Its cache may answer that.
  const registration = await container.register('sw.js', { updateViaCache: 'all' });
  const fresh = registration.installing ?? registration.waiting;
  if (fresh) await until(fresh, ...(registration.active ? ['installed', 'activating'] : []), 'activated');
  return registration.active !== null;
}

/** Waits until the app has a model. */
function modelReady() {
  const found = () => document.querySelector('[data-engine="ready"]') !== null;
  return new Promise((done) => {
    const observer = new MutationObserver(() => {
      if (!found()) return;
      observer.disconnect();
      done();
    });
    observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ['data-engine'] });
  });
}

async function settle() {
  const [kept] = await Promise.all([keep(), modelReady()]);
  return kept && (await (await caches.open('lunglens-models')).keys()).length > 0;
}

if (container) {
  // An app or a kiosk keeps its files when the disk gets full; in a tab some browsers would ask the user.
  if (!matchMedia('(display-mode: browser)').matches) navigator.storage?.persist?.();
}
(container ? settle() : Promise.resolve(false)).catch(() => false).then((ready) => {
  document.documentElement.dataset.offline = ready ? 'ready' : 'none';
  document.getElementById('offline').hidden = !ready;
});
