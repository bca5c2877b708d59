// The page without a network: kept on the first visit, whole or not at all, and updated once no page is open.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST, PNG_SAMPLE, launch, openPage, savedReport, shot, untilEnded, untilReady } from './browser.mjs';
import { serve } from './serve.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const read = (name) => readFileSync(join(DIST, name));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const [, list, script] = read('sw.js').toString().match(/^const BUILD = (.*);\n([\s\S]*)$/);
const BUILD = JSON.parse(list);

/** sw.js of a build with some other files: path to bytes. Returns those files with it. */
function build(version, changes, model = BUILD.model) {
  const files = { ...BUILD.files };
  for (const [path, bytes] of Object.entries(changes)) files[path === '/' ? './' : path.slice(1)] = sha256(bytes);
  return { ...changes, '/sw.js': Buffer.from(`const BUILD = ${JSON.stringify({ version, files, model })};\n${script}`) };
}

const titled = (title) => Buffer.from(read('index.html').toString().replace('<title>LungLens<', `<title>${title}<`));

/** A server whose files can be replaced while it runs, and the page from it. */
async function start(t, replaced = {}) {
  const site = { replaced };
  const server = await serve(DIST, { replace: (path) => site.replaced[path] });
  t.after(() => server.close());
  const opened = await openPage(browser, server.url);
  t.after(() => opened.context.close());
  return { site, server, ...opened };
}

async function reload(page) {
  await page.reload();
  await untilReady(page);
}

const offline = (page) => page.locator('html').getAttribute('data-offline');

/** What the browser keeps: name of each cache to the paths in it. */
const kept = (page) =>
  page.evaluate(async () => {
    const all = {};
    for (const name of await caches.keys()) {
      const requests = await (await caches.open(name)).keys();
      all[name] = requests.map(({ url }) => url.slice(document.baseURI.length) || './').sort();
    }
    return all;
  });

async function run(page) {
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  await page.locator('.page[data-run="active"], .page[data-run="done"]').first().waitFor();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  const { timings_ms: _, ...report } = await savedReport(page);
  return report;
}

test('opens without its server and gives the same report', { timeout: 600_000 }, async (t) => {
  const { page, server, requests, complaints } = await start(t);
  await untilReady(page);
  assert.equal(await offline(page), 'ready');
  await page.getByText('Ready for offline use').waitFor();
  await shot(page, 'offline-ready');
  const shell = `lunglens-shell ${server.url} ${BUILD.version}`;
  const expected = { [shell]: Object.keys(BUILD.files).sort(), 'lunglens-models': [BUILD.model.url] };
  assert.deepEqual(await kept(page), expected);

  const asked = requests.length;
  const answered = server.requests.length;
  const online = await run(page);
  assert.deepEqual(requests.slice(asked), [], 'no request from ready until the result');
  assert.deepEqual(server.requests.slice(answered), [], 'nor one by the service worker or the browser');

  await reload(page);
  assert.deepEqual(server.requests.slice(answered), ['/sw.js'], 'only asked for a new version');
  const reasked = requests.length;
  await run(page);
  // The browser looks for a new version by itself about a second after it loaded a page.
  await page.waitForTimeout(2000);
  assert.deepEqual(requests.slice(reasked), [], 'no request from ready until the result, from the second visit on');
  assert.deepEqual(server.requests.slice(answered), ['/sw.js'], 'nor one by the service worker or the browser');
  assert.deepEqual(complaints, [], 'the console is quiet');

  await server.close();
  await assert.rejects(fetch(server.url), 'the server is gone');
  await reload(page);
  assert.equal(await offline(page), 'ready');
  assert.deepEqual(await run(page), online, 'the same report');
  await shot(page, 'offline-result');
  assert.deepEqual(await kept(page), expected, 'nothing else was kept');
});

test('a new build comes with its model, once no page runs on the old one', { timeout: 600_000 }, async (t) => {
  const { page, context, site, server } = await start(t);
  await untilReady(page);
  const weights = readFileSync(join(DIST, BUILD.model.url.replace(/\?.*/, '')));
  const models = JSON.parse(read('models/manifest.json'));
  models.models[0].file = 'renamed.llw';
  const model = { url: `models/renamed.llw?sha256=${BUILD.model.sha256}`, sha256: BUILD.model.sha256 };
  const files = { '/': titled('Next'), '/models/manifest.json': Buffer.from(JSON.stringify(models)) };
  site.replaced = { ...build('next', files, model), '/models/renamed.llw': weights };

  await reload(page);
  assert.equal(await page.title(), 'LungLens', 'the first load stays with what it has');
  assert.ok((await kept(page))['lunglens-models'].includes(model.url), 'the next model is here already');
  await server.close();
  await page.close();
  const next = await context.newPage();
  // The browser needs a moment to let go of the closed page.
  await next.waitForTimeout(3000);
  await next.goto(server.url);
  await untilReady(next);
  assert.equal(await next.title(), 'Next', 'taken over, and that without the server');
  assert.equal(await offline(next), 'ready');
  const shells = Object.keys(await kept(next)).filter((name) => name.startsWith('lunglens-shell'));
  assert.deepEqual(shells, [`lunglens-shell ${server.url} next`], 'the old version is gone');
});

test('a build that cannot be kept whole leaves the page as it was', { timeout: 600_000 }, async (t) => {
  const { page, site, server } = await start(t, { '/icon.svg': null });
  await untilReady(page);
  assert.equal(await offline(page), 'none');
  assert.ok(await page.locator('#offline').isHidden());
  await run(page);
  assert.deepEqual(Object.keys(await kept(page)), ['lunglens-models'], 'no half version is kept');

  site.replaced = {};
  await reload(page);
  assert.equal(await offline(page), 'ready', 'the next load tries again');

  // A build whose index.html is not the one that it lists, as in the middle of an upload.
  site.replaced = { ...build('torn', { '/': titled('Torn') }), '/': titled('Other') };
  await reload(page);
  await reload(page);
  assert.equal(await page.title(), 'LungLens');
  await server.close();
  await reload(page);
  assert.equal(await page.title(), 'LungLens');
  assert.equal(await offline(page), 'ready');
});

test('answers only for its own files', { timeout: 300_000 }, async (t) => {
  const { page, server } = await start(t);
  await untilReady(page);
  const before = await kept(page);
  const answered = server.requests.length;
  const statuses = await page.evaluate(async () => {
    const post = await fetch('icon.svg', { method: 'POST', body: 'x' });
    const strange = await fetch('models/README.md');
    const own = await fetch('icon.svg');
    return [post.ok, strange.ok, own.ok];
  });
  assert.deepEqual(statuses, [true, true, true]);
  assert.deepEqual(server.requests.slice(answered), ['/icon.svg', '/models/README.md'], 'the last one is kept');
  assert.deepEqual(await kept(page), before, 'nothing else is kept');
  const { icons, start_url: opens } = JSON.parse(read('app.webmanifest'));
  for (const name of [...icons.map(({ src }) => src), opens]) assert.ok(BUILD.files[name], `${name} is kept`);
});
