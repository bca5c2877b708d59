// What is told and kept around runs: which slice a result is of, which were not measured, how files are
// called, what is heard meanwhile, and what is seen where the user's colours take the place of the page's.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PNG_SAMPLE, drawn, launch, openPage, serveDrawn, shot, untilEnded } from './browser.mjs';
import { SLICES, phantom } from './phantom.mjs';

const folder = mkdtempSync(join(tmpdir(), 'lunglens-slices-'));
const CHEST = join(folder, 'chest.nii');
let server;
let browser;
before(async () => {
  writeFileSync(CHEST, phantom());
  server = await serveDrawn({ millis: [20] });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

async function open(t, options) {
  const { page, context } = await openPage(browser, server.url, options);
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  return page;
}

async function openChest(t, options) {
  const page = await open(t, options);
  await page.locator('[data-input="files"]').setInputFiles(CHEST);
  await page.locator('[data-loaded="true"]').waitFor({ timeout: 120_000 });
  return page;
}

const film = (page) => page.locator('.film.is-viewer');
const press = (page, action) => page.locator(`[data-action="${action}"]`).click();
const finding = (page) => page.locator('.film [data-field="finding"]').allInnerTexts();
const status = (page) => page.locator('p[role="status"]').allInnerTexts();
const wait = (page, check, argument) => page.waitForFunction(check, argument, { timeout: 20_000 });

/** What a button saves as. */
async function savedAs(page, action) {
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, action)]);
  return download.suggestedFilename();
}

test('a result of one slice says of which, whatever is in front', { timeout: 120_000 }, async (t) => {
  const page = await openChest(t);
  await film(page).focus();
  await page.keyboard.press('PageUp');
  await press(page, 'start-slice');
  assert.equal(await untilEnded(page), 'done');
  const slice = SLICES / 2 + 1 + 10;
  assert.equal(await page.locator('[data-field="of-slice"]').innerText(), `Slice ${slice} of ${SLICES}`);
  const [saved] = await Promise.all([page.waitForEvent('download'), press(page, 'save-report')]);
  assert.equal(saved.suggestedFilename(), `chest.slice-${slice}.lunglens.json`);
  const report = JSON.parse(readFileSync(await saved.path(), 'utf8'));
  assert.deepEqual(report.input.series, { slice_index: slice - 1, slices: SLICES });
  assert.equal(await savedAs(page, 'save-overlay'), `chest.axial-${slice}.lunglens.png`);
  await film(page).focus();
  await page.keyboard.press('ArrowDown');
  await drawn(page);
  assert.equal(await page.locator('[data-field="of-slice"]').innerText(), `Slice ${slice} of ${SLICES}`);
  assert.deepEqual(await finding(page), ['not measured']);
  assert.equal(await savedAs(page, 'save-overlay'), `chest.axial-${slice - 1}.lunglens.png`);
  assert.equal(await page.locator('[data-action="start"]').innerText(), 'Measure the study', 'it never was');
  await shot(page, 'slice-of-study');
});

test('a slice that was passed over does not look as if nothing was found', { timeout: 120_000 }, async (t) => {
  const page = await openChest(t);
  assert.deepEqual(await finding(page), [], 'nothing is measured yet');
  await page.locator('[data-field="budget"]').selectOption('2');
  await press(page, 'start');
  assert.equal(await untilEnded(page), 'done');
  assert.equal(await page.locator('[data-field="of-slice"]').count(), 0, 'the result is of all');
  const facts = await page.locator('.facts').innerText();
  assert.match(facts, /512 × 512 × 20\b[^]*0\.70 × 0\.70 × 10\.00\u00a0mm/, 'so many voxels of that size');
  await film(page).focus();
  await page.keyboard.press('Home');
  const seen = [];
  for (let slice = 0; slice < 4; slice += 1) {
    await drawn(page);
    seen.push(...(await finding(page)));
    await page.keyboard.press('ArrowUp');
  }
  assert.equal(seen.filter((words) => words === 'not measured').length, 2, seen.join(', '));
  await page.keyboard.press('c');
  await drawn(page);
  assert.deepEqual(await finding(page), [], 'a cut goes through many slices');
});

test('pausing and saving are told, and keep the focus', { timeout: 120_000 }, async (t) => {
  const page = await openChest(t);
  await press(page, 'start');
  await page.locator('[data-action="pause"]').focus();
  await page.keyboard.press('Enter');
  await wait(page, () => [...document.querySelectorAll('p[role="status"]')].some((one) => one.innerText === 'Paused'));
  await page.keyboard.press('Enter');
  await wait(page, () => document.querySelector('p[role="status"]').innerText === 'Measuring the study');
  assert.equal(await untilEnded(page), 'done');
  // Everything that the page tells from now on.
  await page.evaluate(() => {
    globalThis.told = [];
    for (const one of document.querySelectorAll('[role="status"]')) {
      new MutationObserver(() => globalThis.told.push(one.textContent)).observe(one, { childList: true, characterData: true, subtree: true });
    }
  });
  const button = page.locator('[data-export="pdf"]');
  await button.focus();
  await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  await page.locator('[data-export="pdf"]:not([aria-disabled="true"])').waitFor();
  await drawn(page);
  assert.ok(await button.evaluate((one) => one === document.activeElement), 'the focus stays');
  assert.ok((await page.evaluate(() => globalThis.told)).includes('Writing'));
  assert.ok(!(await status(page)).includes('Writing'), 'and no longer');
});

test('the options stay open while they are tried out', { timeout: 120_000 }, async (t) => {
  const page = await openChest(t);
  const options = page.locator('.options details');
  const isOpen = () => options.evaluate((one) => one.open);
  await options.locator('summary').click();
  await press(page, 'start-slice');
  assert.equal(await untilEnded(page), 'done');
  for (const score of ['60', '40']) {
    await page.locator('#option-threshold').fill(score);
    await press(page, 'again');
    assert.equal(await untilEnded(page), 'done');
    await page.locator('[data-action="again"]:not(.is-primary)').waitFor();
    assert.ok(await isOpen(), score);
  }
  await page.locator('#option-threshold').fill('50');
  await options.locator('summary').click();
  await page.locator('[data-field="language"]').selectOption('es');
  await page.locator('html[lang="es"]').waitFor({ state: 'attached' });
  assert.ok(!(await isOpen()), 'what the user closes stays closed');
});

// As a window of 1280 x 720 is at 200 %.
test('what is begun far below is seen, and has the focus, in one column', { timeout: 120_000 }, async (t) => {
  const page = await open(t, { viewport: { width: 640, height: 360 } });
  const isSeen = async (when) => {
    await drawn(page);
    const [top, focused] = await page.evaluate(() => [document.querySelector('main').getBoundingClientRect().top, document.activeElement.tagName]);
    assert.ok(top >= -1 && top < 360, `${when}: the page's main part begins at ${top}`);
    assert.equal(focused, 'MAIN', when);
  };
  const byKey = async (selector) => {
    await page.locator(selector).focus();
    await page.keyboard.press('Enter');
    await page.locator('.page[data-run="done"]').waitFor();
  };
  await byKey(`[data-sample="${PNG_SAMPLE}"]`);
  await isSeen('a sample');
  await page.locator('.options summary').click();
  await page.locator('#option-threshold').fill('60');
  await byKey('[data-action="again"]');
  await page.locator('[data-action="again"]:not(.is-primary)').waitFor({ state: 'attached' });
  await isSeen('once more');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.action), 'window-full', 'what comes first in it is next');
});

test('the wheel and the keys scroll the page over a picture alone', { timeout: 120_000 }, async (t) => {
  const page = await open(t, { viewport: { width: 1280, height: 640 } });
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  assert.equal(await untilEnded(page), 'done');
  await film(page).scrollIntoViewIfNeeded();
  const { x, y, width, height } = await film(page).boundingBox();
  const top = () => page.evaluate(() => scrollY);
  await page.mouse.move(x + width / 2, y + Math.min(height, 600) / 2);
  const before = await top();
  await page.mouse.wheel(0, 120);
  await wait(page, (from) => scrollY > from + 50, before);
  await film(page).focus();
  await page.keyboard.press('Home');
  await wait(page, () => scrollY === 0);
  // With Ctrl it enlarges, as ever.
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -120);
  await page.keyboard.up('Control');
  await wait(page, () => Number(document.querySelector('[data-field="slice"]').dataset.zoom) > 1);
  assert.equal(await top(), 0);
});

test('what is pressed, lit or at work is seen in the user\u2019s colours', { timeout: 120_000 }, async (t) => {
  const page = await openChest(t, { forcedColors: 'active' });
  const ground = (selector) => page.locator(selector).first().evaluate((one) => getComputedStyle(one).backgroundColor);
  for (const group of ['plane-axial:plane-coronal', 'window-lung:window-bone', 'tool-browse:tool-ruler']) {
    const [pressed, other] = group.split(':');
    assert.notEqual(await ground(`[data-action="${pressed}"]`), await ground(`[data-action="${other}"]`), group);
  }
  await press(page, 'start');
  assert.equal(await untilEnded(page), 'done');
  const badge = await page.locator('.badge').evaluate((one) =>
    ['::before', null].map((part) => getComputedStyle(one, part).backgroundColor));
  assert.notEqual(badge[0], badge[1], 'the grade keeps its shape');
  await page.locator('[data-lesion="0"]').click();
  const edges = await page.locator('.instance').evaluateAll((all) => all.map((one) => getComputedStyle(one).borderTopColor));
  assert.notEqual(edges[0], edges[1], 'the chosen lesion');
  const dots = await page.locator('.key li').evaluateAll((all) => all.map((one) => getComputedStyle(one, '::before').borderTopColor));
  assert.notEqual(dots[0], dots[1], 'lesion and lung');
  await shot(page, 'forced-colours');
});
