// Studies that something comes between: other files, or an engine that breaks. A drawn engine stands in for the network.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PNG_SAMPLE, assertFits, drop, launch, openPage, serveDrawn, shot, untilEnded } from './browser.mjs';
import { drawnSlices, niftiFile } from './drawn.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SLICES = 6;
let browser;
let folder;
let long;
let short;
before(async () => {
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), 'lunglens-interrupted-'));
  const rows = 64;
  // Lung and lesion as the drawn engine knows them, one lesion in the left half.
  const slices = (count) => drawnSlices({ rows, columns: rows, pixels: new Uint8Array(rows * rows) }, count).map((values) => {
    for (let at = 0; at < values.length; at += 1) {
      const [row, column] = [Math.floor(at / rows), at % rows];
      const inside = row > 8 && row < 56 && (Math.abs(column - 18) < 12 || Math.abs(column - 45) < 12);
      values[at] = inside ? (row > 20 && row < 30 && column < 20 ? -400 : -850) : 40;
    }
    return values;
  });
  const put = (name, count) => {
    writeFileSync(join(folder, name), niftiFile({ rows, columns: rows }, slices(count)));
    return join(folder, name);
  };
  long = put('long.nii', SLICES);
  short = put('short.nii', 3);
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

async function open(t, server, path, options = {}) {
  t.after(() => server.close());
  const { page, context } = await openPage(browser, server.url, { serviceWorkers: 'block', ...options });
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  await drop(page, path);
  await page.locator('.page[data-run="open"]').waitFor({ timeout: 30_000 });
  return page;
}
const press = (page, action) => page.locator(`[data-action="${action}"]`).click();
const run = (page) => page.locator('.page').getAttribute('data-run');
const dialog = (page) => page.locator('dialog[data-field="ask"]');
const slicesRead = (page) => page.locator('[data-field="slices-read"]').innerText();
async function saved(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="json"]').click()]);
  await page.locator('[data-export="json"]:not([aria-disabled="true"])').waitFor();
  return JSON.parse(readFileSync(await download.path(), 'utf8'));
}

test('files that would end a study, or lose its result, are asked for first', { timeout: 240_000 }, async (t) => {
  const page = await open(t, await serveDrawn({ millis: [1000] }), long);
  await press(page, 'start');
  // So that it cannot end before it is asked.
  await press(page, 'pause');
  await page.locator('[data-action="continue"]').waitFor();
  await drop(page, short);
  await dialog(page).waitFor();
  assert.match(await dialog(page).innerText(), /Open short\.nii instead\?\s+A study is being measured/);
  assert.ok(await page.evaluate(() => document.activeElement?.matches('[data-action="keep"]')), 'the safe answer has the focus');
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => (await globalThis.axe.run('dialog')).violations.map(({ id }) => id));
  assert.deepEqual(found, []);
  await assertFits(page, 'asked');
  await shot(page, 'ask-running');
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  assert.equal(await run(page), 'active', 'the study is kept');
  await press(page, 'continue');
  assert.equal(await untilEnded(page), 'done');
  assert.equal(await slicesRead(page), String(SLICES));

  // A result that is saved nowhere; by the choice of a file and by a sample.
  await page.locator('[data-input="files"]').setInputFiles(short);
  await dialog(page).waitFor();
  assert.match(await dialog(page).innerText(), /not been saved/);
  await press(page, 'keep');
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  await dialog(page).waitFor();
  await press(page, 'keep');
  assert.equal(await slicesRead(page), String(SLICES));
  // And by reading one slice of the same study.
  await press(page, 'start-slice');
  await dialog(page).waitFor();
  assert.match(await dialog(page).innerText(), /Go on without saving\?\s+The result of the study has not been saved/);
  await shot(page, 'ask-leaving');
  await press(page, 'keep');
  assert.equal(await slicesRead(page), String(SLICES));
  await drop(page, short);
  await press(page, 'replace');
  await dialog(page).waitFor({ state: 'detached' });
  await page.locator('.page[data-run="open"]').waitFor();
  assert.match(await page.locator('[data-field="series"]').innerText(), /3 slices/);

  // Nothing is asked where nothing would be lost.
  await press(page, 'start');
  assert.equal(await untilEnded(page), 'done');
  await saved(page);
  await drop(page, long);
  await page.locator('[data-field="series"]', { hasText: `${SLICES} slices` }).waitFor();
  assert.equal(await dialog(page).count(), 0);
});

test('options that are changed during a study count for the next one', { timeout: 120_000 }, async (t) => {
  const page = await open(t, await serveDrawn({ millis: [500] }), long);
  await press(page, 'start');
  await press(page, 'pause');
  await page.locator('[data-action="continue"]').waitFor();
  await page.locator('.options summary').click();
  await page.locator('#option-threshold').fill('80');
  await press(page, 'continue');
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.equal((await saved(page)).thresholds.score, 0.3);
  await page.getByText('The options have changed since this result.').waitFor();
});

test('the question in French, on a phone', { timeout: 120_000 }, async (t) => {
  const options = { locale: 'fr-FR', viewport: { width: 360, height: 740 }, colorScheme: 'dark' };
  const page = await open(t, await serveDrawn(), long, options);
  await press(page, 'start');
  assert.equal(await untilEnded(page), 'done');
  await drop(page, short);
  await dialog(page).waitFor();
  assert.match(await dialog(page).innerText(), /Ouvrir short\.nii à la place/);
  await assertFits(page, 'asked');
  await shot(page, 'ask-french');
});

test('an engine that breaks is started anew, and the study goes on with the slice it was at', { timeout: 240_000 }, async (t) => {
  const whole = await open(t, await serveDrawn(), long);
  await press(whole, 'start');
  assert.equal(await untilEnded(whole), 'done');
  const expected = await saved(whole);

  const page = await open(t, await serveDrawn({ breaks: (start) => [[1], [4]][start - 1] ?? [] }), long);
  await press(page, 'start');
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.match(await page.locator('.aside-note').innerText(), /stopped unexpectedly at slice 5\. It was restarted/);
  await shot(page, 'engine-started-anew');
  const report = await saved(page);
  assert.deepEqual(report, expected, 'the same result as without a crash');
  assert.equal(report.lesions.length, 1);
});

test('a slice that breaks the engine twice ends the study, which keeps nothing of it', { timeout: 120_000 }, async (t) => {
  const page = await open(t, await serveDrawn({ breaks: (start) => (start < 3 ? [2] : []) }), long);
  await press(page, 'start');
  assert.equal(await untilEnded(page), 'failed');
  assert.match(await page.locator('.message[role="alert"]').innerText(), /twice at slice 3\b.*no result/s);
  assert.equal(await page.locator('[data-field="severity"], [data-lesion], [data-field="unfinished"]').count(), 0);
  await shot(page, 'engine-broken-twice');
  // It can be measured again, by an engine that does not break.
  await page.locator('.page[data-engine="ready"]').waitFor();
  await press(page, 'start');
  await page.locator('.page[data-run="active"], .page[data-run="done"]').first().waitFor();
  assert.equal(await untilEnded(page), 'done');
});

test('a slice that breaks the engine while it is timed can still be measured around', { timeout: 120_000 }, async (t) => {
  const page = await open(t, await serveDrawn({ breaks: () => [SLICES / 2] }), long);
  await page.locator('.page[data-engine="ready"]').waitFor();
  await page.locator('[data-field="budget"]').selectOption('2');
  await press(page, 'start');
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.equal(await slicesRead(page), '3');
});
