// What the page does besides a good run: bad files, cancelling, small windows, the keyboard, privacy, size.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DIST, PNG_SAMPLE, assertFits, dropAt, launch, openPage, savedReport, shot, untilEnded, untilReady } from './browser.mjs';
import { misfits } from './misfits.mjs';
import { serve } from './serve.mjs';

let server;
let browser;
before(async () => {
  server = await serve(DIST);
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

const files = readdirSync(DIST);
const sample = () => readFileSync(join(DIST, 'samples', PNG_SAMPLE));
const choose = (page, name, buffer) =>
  page.locator('[data-input="files"]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });

test('a bad file gives a sentence and no result, and a good one works after it', { timeout: 300_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  const bad = [
    ['notes.txt', Buffer.from('no picture at all\n'), /no format that LungLens reads/],
    ['empty.png', Buffer.alloc(0), /empty/],
    ['torn.png', sample().subarray(0, 400), /damaged|cut short/],
  ];
  for (const [name, bytes, words] of bad) {
    await choose(page, name, bytes);
    const alert = page.locator('.message[role="alert"]', { hasText: words });
    await alert.waitFor({ timeout: 20_000 });
    assert.match(await alert.innerText(), /[.]\s*$/, `${name}: a sentence`);
    assert.equal(await page.locator('[data-field="severity"], [data-instance], [data-field="slice"]').count(), 0, name);
    await shot(page, `bad-${name}`);
  }
  await choose(page, 'good.png', sample());
  assert.equal(await untilDone(page), 'done');
});

async function untilDone(page) {
  await page.locator('.page[data-run="active"], .page[data-run="done"]').first().waitFor();
  return untilEnded(page);
}

test('cancelling leaves no result, and the page can run again', { timeout: 400_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  await page.locator('.steps .is-now').waitFor();
  await shot(page, 'running');
  const begun = Date.now();
  await page.locator('[data-action="cancel"]').click();
  await page.locator('.page[data-run="cancelled"]').waitFor({ timeout: 10_000 });
  t.diagnostic(`stopped after ${Date.now() - begun} ms`);
  assert.equal(await page.locator('[data-field="severity"], [data-instance], [data-field="slice"]').count(), 0);
  await untilReady(page);
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  assert.equal(await untilDone(page), 'done');
});

test('a new run discards the old result', { timeout: 400_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  assert.equal(await untilDone(page), 'done');
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  await page.locator('.page[data-run="active"]').waitFor();
  assert.equal(await page.locator('[data-field="severity"], [data-instance]').count(), 0);
  assert.equal(await untilDone(page), 'done');
});

for (const colorScheme of ['light', 'dark']) {
  test(`360 px wide, ${colorScheme}, with the keyboard alone`, { timeout: 400_000 }, async (t) => {
    const { page, context } = await openPage(browser, server.url, {
      viewport: { width: 360, height: 740 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    t.after(() => context.close());
    // Heard from the start: a dialog that opens before the browser is told to hand it over stays open and bars the next.
    let chooser;
    page.on('filechooser', (opened) => { chooser = opened; });
    await untilReady(page);
    await assertFits(page, 'start');
    await shot(page, `narrow-start-${colorScheme}`);
    await page.locator('.options details').evaluate((one) => { one.open = true; });
    assert.deepEqual(await page.evaluate(misfits), [], 'the options');
    await shot(page, `narrow-options-${colorScheme}`);
    await page.locator('.options details').evaluate((one) => { one.open = false; });

    const tabTo = async (selector) => {
      for (let step = 0; step < 60; step += 1) {
        await page.keyboard.press('Tab');
        if (await page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector)) return;
      }
      assert.fail(`the keyboard does not reach ${selector}`);
    };
    await tabTo('[data-action="choose"]');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none', 'the focus can be seen');
    // A browser on a busy machine may let the key's permission to open a dialog lapse; a user would press again.
    for (let press = 0; press < 4 && !chooser; press += 1) {
      await page.keyboard.press('Enter');
      for (let wait = 0; wait < 50 && !chooser; wait += 1) await page.waitForTimeout(100);
    }
    assert.ok(chooser, 'Enter opens the choice of a file');
    await tabTo(`[data-sample="${PNG_SAMPLE}"]`);
    await page.keyboard.press('Enter');
    assert.equal(await untilDone(page), 'done');
    await assertFits(page, 'result');
    assert.match(await page.locator('p[role="status"]').first().innerText(), /Mild/, 'the result is announced');
    await tabTo('[data-instance]');
    await page.locator('.instance.is-lit').waitFor();
    await shot(page, `narrow-result-${colorScheme}`);
    await page.setViewportSize({ width: 1280, height: 860 });
    await shot(page, `wide-result-${colorScheme}`);
  });
}

test('loading shows bytes in a progress bar', { timeout: 300_000 }, async (t) => {
  const slow = await serve(DIST, { delay: (path) => (path.startsWith('/models/') ? 1500 : 0) });
  t.after(() => slow.close());
  const { page, context } = await openPage(browser, slow.url);
  t.after(() => context.close());
  await page.getByRole('progressbar').first().waitFor();
  await page.locator('.engine progress[max]').waitFor();
  assert.match(await page.locator('.engine').innerText(), /MB/);
  await shot(page, 'loading');
  await untilReady(page);
  assert.equal(await page.locator('.engine progress').count(), 0);
});

test('a page whose own program does not come says so, in the user\'s language, and is there once it comes', { timeout: 300_000 }, async (t) => {
  const words = { 'de-DE': /could not be loaded.*reload the page/, 'es-MX': /no pudo cargarse.*recargue la página/ };
  for (const [part, locale] of [[/\/app-[^/]*\.wasm$/, 'de-DE'], [/\/app-[0-9a-f]+\.js$/, 'es-MX'], [/\/app-start-[^/]*\.js$/, 'de-DE']]) {
    let missing = true;
    const torn = await serve(DIST, { replace: (path) => (missing && part.test(path) ? null : undefined) });
    t.after(() => torn.close());
    const { page, context } = await openPage(browser, torn.url, { locale });
    t.after(() => context.close());
    await page.getByRole('alert').waitFor({ timeout: 60_000 });
    assert.match(await page.locator('#app').innerText(), words[locale]);
    missing = false;
    await page.reload();
    await page.locator('.page').waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('.boot').count(), 0);
  }
});

test('a worker whose program does not come says so, and is tried again', { timeout: 300_000 }, async (t) => {
  for (const worker of ['worker', 'reader']) {
    let missing = true;
    const part = await serve(DIST, { replace: (path) => (missing && path.includes(`/${worker}-`) && path.endsWith('.wasm') ? null : undefined) });
    t.after(() => part.close());
    const { page, context } = await openPage(browser, part.url, { serviceWorkers: 'block' });
    t.after(() => context.close());
    if (worker === 'worker') {
      await page.locator('.page[data-engine="failed"]').waitFor({ timeout: 60_000 });
      missing = false;
      await page.locator('.engine.is-failed button').click();
      await page.locator('.page[data-engine="ready"]').waitFor({ timeout: 120_000 });
    } else {
      await page.locator('.page[data-run="failed"]').waitFor({ timeout: 60_000 });
      missing = false;
    }
    await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
    assert.equal(await untilEnded(page), 'done', `${worker}: ${await page.locator('main').innerText()}`);
  }
});

test('a file that is dropped beside the page is opened too', { timeout: 300_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url, { viewport: { width: 1800, height: 860 } });
  t.after(() => context.close());
  await untilReady(page);
  assert.ok((await page.locator('.page').boundingBox()).x > 100, 'the window is wider than the page');
  await dropAt(page, 20, resolve(DIST, 'samples', PNG_SAMPLE));
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.equal(page.url(), server.url);
});

test('a damaged model is refused with a sentence', { timeout: 300_000 }, async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  await context.route(/models\/[^?]+\?sha256=/, async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[body.length >> 1] ^= 0xff;
    await route.fulfill({ response, body });
  });
  const page = await context.newPage();
  await page.goto(server.url);
  await page.locator('.page[data-engine="failed"]').waitFor({ timeout: 120_000 });
  assert.match(await page.locator('.engine.is-failed').innerText(), /checksum/);
  await shot(page, 'damaged-model');
});

test('a model that cannot be loaded gives way to the one that was ready', { timeout: 400_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  let broken = 'r101';
  await context.route(/models\/lunglens-r.*\?sha256=/, (route) => (route.request().url().includes(broken) ? route.abort() : route.continue()));
  await page.locator('.options summary').click();
  const options = page.locator('#option-model');
  /** Chooses a model; returns which one is ready then. */
  const choose = async (model) => {
    await options.selectOption(model);
    await page.locator('#option-model:disabled').waitFor();
    await page.locator('.page[data-engine="ready"] #option-model:enabled').waitFor({ timeout: 120_000 });
    return options.inputValue();
  };
  for (let time = 0; time < 2; time += 1) {
    assert.equal(await choose('r101'), 'r50');
    assert.match(await page.locator('.aside-note').innerText(), /^ResNet101-FPN: The model could not be loaded .* is used again\.$/);
  }
  await shot(page, 'other-model');
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  assert.equal(await untilDone(page), 'done');
  assert.equal((await savedReport(page)).model.id, 'r50');
  // The other way round, from a model that was chosen by hand.
  broken = 'r50';
  assert.equal(await choose('r101'), 'r101');
  assert.equal(await page.locator('.aside-note').count(), 0);
  await page.evaluate(async () => {
    for (const name of await caches.keys()) await caches.delete(name);
  });
  assert.equal(await choose('r50'), 'r101');
});

test('every request goes to the own origin, and the policy is strict', { timeout: 300_000 }, async (t) => {
  const { page, context, requests } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  for (const url of requests) assert.ok(url.startsWith(server.url), url);
  const html = readFileSync(join(DIST, 'index.html'), 'utf8');
  const policy = html.match(/http-equiv="Content-Security-Policy"\s+content="([^"]+)"/)?.[1] ?? '';
  assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=/, 'nothing inline');
  const refused = await page.evaluate(() =>
    fetch('https://example.org/').then(() => false, () => true));
  assert.ok(refused, 'the policy stops a request to another host');
});

test('what the user must know is always on the page', { timeout: 300_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  for (const sentence of ['Not a medical device', 'Images stay on this device']) {
    await page.getByText(sentence).first().waitFor();
  }
});

test('page and workers are at most 4 MB gzipped, and only the engine holds the network', () => {
  const code = files.filter((name) => /\.(wasm|js)$/.test(name) && !name.startsWith('bench'));
  const total = code.reduce((sum, name) => sum + gzipSync(readFileSync(join(DIST, name)), { level: 9 }).length, 0);
  assert.ok(total <= 4 * 1024 * 1024, `${total} bytes`);
  const app = files.find((name) => /^app-.*\.wasm$/.test(name) || /^lunglens-web.*\.wasm$/.test(name));
  assert.ok(app, files.join(' '));
  const bytes = readFileSync(join(DIST, app));
  assert.ok(gzipSync(bytes, { level: 9 }).length < 600 * 1024, `the page's wasm has ${bytes.length} bytes`);
  const reader = files.find((name) => /^reader-.*\.wasm$/.test(name));
  for (const code of [bytes, readFileSync(join(DIST, reader))]) {
    assert.ok(!code.includes('@workgroup_size') && !code.includes('burn'), 'Burn is in the engine alone');
  }
});

test('a DICOM slice is measured in square millimetres', { timeout: 300_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  await page.locator('[data-sample="chest-slice.dcm"]').click();
  assert.equal(await untilDone(page), 'done', await page.locator('main').innerText());
  assert.match(await page.locator('.involvement').innerText(), /mm²/);
  const report = await savedReport(page);
  assert.equal(report.input.format, 'dicom');
  assert.ok(report.assessment.lungs.lung_mm2 > 5000, 'lungs of a grown-up');
  assert.equal(await page.getByText('assume the usual view').count(), 0, 'the file states its sides');
  await shot(page, 'dicom');
});

test('cancelling on WebGPU takes a few seconds at most', { timeout: 400_000 }, async (t) => {
  const gpu = await launch({ webgpu: true });
  t.after(() => gpu.close());
  const { page } = await openPage(gpu, server.url);
  await untilReady(page);
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  await page.locator('.steps .is-now', { hasText: 'Extract features' }).waitFor();
  const begun = Date.now();
  await page.locator('[data-action="cancel"]').click();
  await page.locator('.page[data-run="cancelled"]').waitFor({ timeout: 10_000 });
  t.diagnostic(`stopped after ${Date.now() - begun} ms`);
  await untilReady(page);
});
