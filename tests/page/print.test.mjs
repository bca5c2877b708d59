// The page on paper: the whole result and nothing to press, black on white, and no result where there is none.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DIST, PNG_SAMPLE, launch, openPage, serveDrawn, shot, untilEnded, untilReady } from './browser.mjs';
import { LESIONS, phantom } from './phantom.mjs';
import { serve } from './serve.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** As on paper: the styles and the date. The window is as wide as a sheet of A4 between its margins, unless it is `wide`. */
async function onPaper(page, { wide = false } = {}) {
  await page.setViewportSize({ width: wide ? 1280 : 688, height: 1000 });
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
}
const onScreen = (page) => page.emulateMedia({ media: null });
const CONTROLS = '.button, .segment, select, input, summary, progress, .drop, .samples, .options, .strip, dialog';
/** What can be seen of a selector, as texts. */
const seen = (page, selector) =>
  page.locator(selector).evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => one.innerText || one.outerHTML));
/** How many sheets a PDF has. */
const sheets = (pdf) => pdf.toString('latin1').match(/\/Type \/Page\b(?!s)/g).length;

/** Fails if a text is not dark, or lies beside the sheet, or is cut off by what holds it. */
async function assertReadable(page) {
  const wrong = await page.evaluate(() => {
    const luminance = (colour) => colour.match(/[\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part) / 765, 0);
    const texts = [...document.querySelectorAll('.page *')].filter((one) =>
      one.checkVisibility() && !one.closest('.film, .visually-hidden') && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    const width = document.documentElement.clientWidth;
    return texts.filter((one) => {
      const box = one.getBoundingClientRect();
      const shortened = [one, one.parentElement].some((it) => it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).display !== 'inline');
      return luminance(getComputedStyle(one).color) > 0.2 || box.left < -1 || box.right > width + 1 || shortened;
    }).map((one) => one.outerHTML.slice(0, 120));
  });
  assert.deepEqual(wrong, []);
  const grounds = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.card')]
    .filter((one) => one.checkVisibility()).map((one) => getComputedStyle(one).backgroundColor));
  assert.deepEqual([...new Set(grounds)], ['rgb(255, 255, 255)']);
}

test('a slice in dark mode', { timeout: 300_000 }, async (t) => {
  const server = await serve(DIST);
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.url, { colorScheme: 'dark' });
  t.after(() => context.close());
  await untilReady(page);
  assert.equal(await page.locator('[data-action="print"]').count(), 0, 'there is no result yet');
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.deepEqual(await seen(page, '.print-only'), []);
  await page.evaluate(() => { window.print = () => { window.printed = (window.printed ?? 0) + 1; }; });
  await page.locator('[data-action="print"]').click();
  assert.equal(await page.evaluate(() => window.printed), 1);

  const shown = await page.locator('[data-involvement]').allInnerTexts();
  for (const wide of [true, false]) {
    await onPaper(page, { wide });
    assert.deepEqual(await seen(page, CONTROLS), []);
    for (const text of ['LungLens', 'For research use only. Not a medical device.', PNG_SAMPLE, 'Mild', 'r50', 'CPU', 'Lesion 1', String(new Date().getFullYear())]) {
      assert.ok((await page.locator('.page').innerText()).includes(text), text);
    }
    assert.deepEqual(await seen(page, '[data-involvement]'), shown);
    assert.equal((await seen(page, '[data-field="printed-early"]')).length, 0);
    await assertReadable(page);
    const picture = await page.locator('[data-field="slice"]').boundingBox();
    assert.ok(picture.width > 250 && picture.height > 200 && picture.height < 450, JSON.stringify(picture));
  }
  await shot(page, 'print-slice');
  await onScreen(page);
  for (const format of ['A4', 'Letter']) assert.equal(sheets(await page.pdf({ format })), 1, format);
  assert.deepEqual(complaints, []);
});

test('a study in Arabic, before, while and after it is measured', { timeout: 300_000 }, async (t) => {
  const server = await serveDrawn({ millis: [500] });
  t.after(() => server.close());
  const { page, context, complaints } = await openPage(browser, server.url, { locale: 'ar-EG' });
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  await page.locator('[data-input="files"]').setInputFiles({ name: 'chest.nii', mimeType: 'application/octet-stream', buffer: phantom() });
  await page.locator('[data-loaded="true"]').waitFor({ timeout: 120_000 });

  const early = 'لم تكن هناك نتيجة كاملة عند الطباعة.';
  const assertNoResult = async (state) => {
    await onPaper(page);
    assert.deepEqual(await seen(page, CONTROLS), [], state);
    assert.deepEqual(await seen(page, '[data-field="printed-early"]'), [early], state);
    assert.deepEqual(await seen(page, '[data-field="severity"], [data-involvement], [data-lesion]'), [], state);
    await assertReadable(page);
    await shot(page, `print-${state}`);
    await onScreen(page);
  };
  await assertNoResult('open');
  await page.locator('[data-field="budget"]').selectOption('5');
  await page.locator('[data-action="start"]').click();
  await page.locator('[data-field="unfinished"]').waitFor();
  await page.locator('[data-action="pause"]').click();
  await page.locator('[data-action="continue"]').waitFor();
  await assertNoResult('running');
  await onPaper(page);
  assert.equal((await seen(page, '[data-field="unfinished"]')).length, 1, 'what is outlined is called no result');
  await onScreen(page);
  await page.locator('[data-action="continue"]').click();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());

  await onPaper(page);
  assert.deepEqual(await seen(page, CONTROLS), []);
  assert.deepEqual(await seen(page, '[data-field="printed-early"], [data-field="unfinished"]'), []);
  await assertReadable(page);
  const text = await page.locator('.page').innerText();
  for (const part of ['لأغراض البحث العلمي فقط. ليس جهازًا طبيًا.', 'chest.nii', 'NIfTI-1', 'CT-', '/ 24', 'drawn', 'CPU']) assert.ok(text.includes(part), part);
  assert.equal((await seen(page, '[data-zone]')).length, 6);
  assert.equal((await seen(page, '[data-lesion]')).length, LESIONS.length);
  assert.match(await page.locator('[data-field="printed"]').innerText(), new RegExp(`\\b${new Date().getFullYear()}\\b`));
  const [picture, grade] = await Promise.all(['[data-field="slice"]', '[data-field="severity"]'].map((one) => page.locator(one).boundingBox()));
  assert.ok(picture.x > grade.x + grade.width, 'from right to left');
  await shot(page, 'print-study');
  await onScreen(page);
  for (const format of ['A4', 'Letter']) assert.equal(sheets(await page.pdf({ format })), 1, format);
  await page.locator('.downloads [data-action="print"]').waitFor();
  assert.deepEqual(complaints, []);
});
