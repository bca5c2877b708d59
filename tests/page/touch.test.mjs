// A phone: fingers on the viewer, a narrow window, names and contrast of the controls. The drawn chest, and an engine that
// knows its values in the network's place.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PNG_SAMPLE, assertFits, drawn, launch, openPage, serveDrawn, shot, untilEnded } from './browser.mjs';
import { COLUMNS, LESION, LESIONS, ROWS, SLICES, SPACING, middle, phantom } from './phantom.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const folder = mkdtempSync(join(tmpdir(), 'lunglens-touch-'));
const CHEST = join(folder, 'chest.nii');
let server;
let browser;
before(async () => {
  writeFileSync(CHEST, phantom());
  server = await serveDrawn();
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const canvas = (page) => page.locator('[data-field="slice"]');

/**
 * Taps a control and waits until the page has heard and drawn it: a tap becomes a click only some time after the finger is up,
 * and one that comes within milliseconds of a swipe, as no finger does, becomes none.
 */
async function tap(page, action) {
  // The element itself: some controls are gone once they were tapped.
  const control = await page.locator(`[data-action="${action}"]`).elementHandle();
  await control.evaluate((element) => element.addEventListener('click', () => (element.dataset.tapped = 'yes'), { once: true }));
  for (let tries = 0; tries < 5; tries += 1) {
    await control.tap();
    for (let waited = 0; waited < 1000; waited += 50) {
      if (await control.evaluate((element) => element.dataset.tapped === 'yes')) {
        await control.evaluate((element) => delete element.dataset.tapped);
        return drawn(page);
      }
      await page.waitForTimeout(50);
    }
  }
  throw new Error(`${action} does not hear a tap`);
}

async function cut(page) {
  await drawn(page);
  return Number(await canvas(page).getAttribute('data-drawn'));
}

/** The page on a phone with the chest in it. */
async function openChest(t, options = {}) {
  const { page, context, complaints } = await openPage(browser, server.url, { ...PHONE, ...options });
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  await assertFits(page, 'start');
  await page.locator('input[data-input="files"]').setInputFiles(CHEST);
  await page.locator('[data-loaded="true"]').waitFor({ timeout: 120_000 });
  return { page, complaints };
}

/** Fingers on the picture. Points are functions of where it is, since a tap elsewhere may scroll the page. */
async function fingers(page) {
  const session = await page.context().newCDPSession(page);
  const send = (type, points) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  const placed = async (points) => {
    await page.locator('.film.is-viewer').scrollIntoViewIfNeeded();
    const box = await canvas(page).boundingBox();
    return points.map((point) => point(box));
  };
  return {
    /** One finger along a way. */
    async swipe(...points) {
      const way = await placed(points);
      await send('touchStart', [way[0]]);
      for (const point of way.slice(1)) await send('touchMove', [point]);
      await send('touchEnd', []);
      await drawn(page);
    },
    /** One finger along a way, to which a second one comes. */
    async joined(other, ...points) {
      const [second, ...way] = await placed([other, ...points]);
      await send('touchStart', [way[0]]);
      for (const point of way.slice(1)) await send('touchMove', [point]);
      await send('touchStart', [way.at(-1), second]);
      await send('touchEnd', []);
      await drawn(page);
    },
    /** Two fingers, from one pair of points to others. */
    async pinch(...pairs) {
      const flat = await placed(pairs.flat());
      const way = pairs.map((_, i) => flat.slice(2 * i, 2 * i + 2));
      await send('touchStart', [way[0][0]]);
      await send('touchStart', way[0]);
      for (const pair of way.slice(1)) await send('touchMove', pair);
      await send('touchEnd', []);
      await drawn(page);
    },
  };
}

/** A share of the picture. */
const at = (across, down) => (box) => [box.x + box.width * across, box.y + box.height * down];
/** A voxel of the whole axial slice. */
const place = (column, row) => (box) => {
  const scale = Math.min(box.width / (COLUMNS * SPACING[0]), box.height / (ROWS * SPACING[1]));
  return [
    box.x + box.width / 2 + (column - COLUMNS / 2) * SPACING[0] * scale,
    box.y + box.height / 2 + (row - ROWS / 2) * SPACING[1] * scale,
  ];
};

test('fingers go through slices, enlarge, move, set the window, measure and choose', { timeout: 300_000 }, async (t) => {
  const { page, complaints } = await openChest(t);
  await tap(page, 'start');
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  await assertFits(page, 'result');
  await shot(page, 'phone-result');
  const { swipe, joined, pinch } = await fingers(page);
  await page.locator('.film.is-viewer').scrollIntoViewIfNeeded();
  const top = await page.evaluate(() => scrollY);

  // The page stays where it is while a finger is on the picture.
  const begun = await cut(page);
  await swipe(at(0.5, 0.8), at(0.5, 0.6), at(0.5, 0.5));
  const up = await cut(page);
  assert.ok(up > begun, `${begun} to ${up}: up is towards the head`);
  await swipe(at(0.5, 0.5), at(0.5, 0.6), at(0.5, 0.8));
  assert.equal(await cut(page), begun, 'and the same way back');
  assert.equal(await page.evaluate(() => scrollY), top);

  // A tap on a lesion chooses it; one beside it chooses none.
  const [column, row, slice] = middle(LESIONS[1].box);
  await page.locator('[data-field="slices"]').fill(String(Math.floor(slice)));
  await swipe(place(column, row));
  await page.locator('[data-lesion="1"][aria-pressed="true"]').waitFor({ timeout: 5000 });
  assert.match(await page.locator('[data-field="value"]').innerText(), new RegExp(`\u2212${-LESION} HU`));
  await swipe(place(256, 130));
  await page.locator('[data-lesion="1"][aria-pressed="false"]').waitFor({ timeout: 5000 });

  // The window by the tool, without a mouse.
  await tap(page, 'tool-window');
  const own = () => page.locator('[data-field="window"]').innerText();
  const first = await own();
  await swipe(at(0.3, 0.5), at(0.5, 0.5), at(0.7, 0.5));
  const wider = await own();
  assert.notEqual(wider, first);
  assert.equal(wider.match(/L (.*)/)[1], first.match(/L (.*)/)[1], 'across is width alone');
  await tap(page, 'window-lung');
  assert.equal(await own(), first);

  // The ruler: 90 mm across and 120 mm down.
  await tap(page, 'tool-ruler');
  const mm = (x, y) => place(x / SPACING[0], y / SPACING[1]);
  await swipe(mm(100, 100), mm(130, 150), mm(190, 220));
  const label = await page.locator('.film.is-viewer').getAttribute('aria-label');
  const length = Number(label.match(/Ruler ([\d.]+)\u00a0mm/)[1]);
  assert.ok(Math.abs(length - 150) < 1.5, `${length} mm`);
  await shot(page, 'phone-ruler');
  await tap(page, 'clear-rulers');
  await joined(mm(200, 200), mm(100, 100), mm(130, 150));
  assert.doesNotMatch(await page.locator('.film.is-viewer').getAttribute('aria-label'), /Ruler/, 'a second finger gives it up');
  await tap(page, 'tool-browse');

  // Two fingers enlarge about their middle and take the picture along; one finger then moves it; Fit goes back.
  const here = await cut(page);
  await pinch([at(0.4, 0.5), at(0.6, 0.5)], [at(0.3, 0.5), at(0.7, 0.5)], [at(0.2, 0.5), at(0.8, 0.5)]);
  const zoom = Number(await canvas(page).getAttribute('data-zoom'));
  assert.ok(zoom > 2.2 && zoom < 3.5, `${zoom}`);
  const picture = () => canvas(page).evaluate((element) => element.toDataURL());
  const before = await picture();
  await swipe(at(0.5, 0.5), at(0.6, 0.6), at(0.7, 0.7));
  assert.notEqual(await picture(), before, 'moved');
  assert.equal(await cut(page), here, 'on the same slice');
  await shot(page, 'phone-zoomed');
  await tap(page, 'fit');
  assert.equal(await canvas(page).getAttribute('data-zoom'), '1.00');

  await tap(page, 'plane-coronal');
  const coronal = await cut(page);
  await swipe(at(0.5, 0.8), at(0.5, 0.6), at(0.5, 0.4));
  assert.notEqual(await cut(page), coronal);
  await tap(page, 'plane-axial');
  // The strip and the slider follow a finger too.
  await page.locator('[data-field="strip"]').scrollIntoViewIfNeeded();
  const strip = await page.locator('[data-field="strip"]').boundingBox();
  await page.touchscreen.tap(strip.x + (strip.width * 12.5) / SLICES, strip.y + strip.height / 2);
  assert.equal(await cut(page), 12);
  assert.deepEqual(complaints, []);
});

test('a finger scrolls the page over a picture that has nothing to scroll', { timeout: 300_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url, PHONE);
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).tap();
  assert.equal(await untilEnded(page), 'done');
  const { swipe } = await fingers(page);
  const before = await page.evaluate(() => scrollY);
  await swipe(at(0.5, 0.8), at(0.5, 0.7), at(0.5, 0.5), at(0.5, 0.3));
  await page.waitForFunction((top) => scrollY > top + 50, before, { timeout: 10_000 });
});

for (const colorScheme of ['light', 'dark']) {
  test(`every control has a name and enough contrast, ${colorScheme}`, { timeout: 300_000 }, async (t) => {
    const { page } = await openChest(t, { colorScheme, reducedMotion: 'reduce' });
    const check = async (when) => {
      await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
      await page.evaluate(AXE);
      const found = await page.evaluate(async () => {
        const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
        return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
      });
      assert.deepEqual(found, [], when);
    };
    await check('open');
    await assertFits(page, 'open');
    await tap(page, 'start');
    assert.equal(await untilEnded(page), 'done');
    await check('result');
    await shot(page, `phone-${colorScheme}`);
  });
}
