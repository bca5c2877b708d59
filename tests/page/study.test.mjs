// Whole studies on the page: what is found in the files, the run, its result, and its files as the command line writes them.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST, PNG_SAMPLE, assertFits, launch, openPage, shot, untilEnded, untilReady } from './browser.mjs';
import { CLI, assertSameStudy, byCommandLine } from './command-line.mjs';
import { drawnSlices, drawnStudy, niftiFile, readPng, zipFile } from './drawn.mjs';
import { serve } from './serve.mjs';

const SLICES = 6;
let server;
let browser;
let folder;
let picture;
before(async () => {
  server = await serve(DIST);
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), 'lunglens-page-'));
  picture = readPng(join(DIST, 'samples', PNG_SAMPLE));
  for (const [name, bytes] of drawnStudy(picture, SLICES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
});
after(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const openFolder = (page) => page.locator('[data-input="folder"]').setInputFiles(join(folder, 'study'));
const openFile = (page, name, buffer) =>
  page.locator('[data-input="files"]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
const untilOpen = (page) => page.locator('.page[data-run="open"]').waitFor({ timeout: 60_000 });
const start = (page) => page.locator('[data-action="start"]').click();

/** The files that a button saves, by name. */
async function saved(page, format, count = 1) {
  const downloads = [];
  const all = new Promise((done) => {
    page.on('download', function hear(download) {
      downloads.push(download);
      if (downloads.length === count) {
        page.off('download', hear);
        done();
      }
    });
  });
  await page.locator(`[data-export="${format}"]`).click();
  const late = new Promise((_, give) => setTimeout(give, 30_000, 'late').unref());
  await Promise.race([all, late]).catch(async () => {
    const notes = await page.locator('.aside-note').allInnerTexts();
    assert.fail(`${format}: ${downloads.length} of ${count} files came. ${notes.join(' ')}`);
  });
  const files = {};
  for (const download of downloads) files[download.suggestedFilename()] = readFileSync(await download.path());
  return files;
}

test('a study in a folder, from the choice of files to every file of the result', { timeout: 600_000 }, async (t) => {
  const { page, context, requests, complaints } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  const asked = requests.length;
  await openFolder(page);
  await untilOpen(page);
  assert.match(await page.locator('[data-field="series"]').innerText(), /DICOM CT, 6 slices of 256 × 256, 5\u00a0mm apart/);
  await page.locator('[data-field="set-aside"] summary').click();
  assert.match(await page.locator('[data-field="set-aside"]').innerText(), /1 file/);
  assert.equal(await page.locator('[data-series]').count(), 1, 'the localiser can be chosen instead');
  const budget = await page.locator('[data-field="budget"]').innerText();
  assert.match(budget, /All 6 slices, (a few seconds|about \d+\u00a0s)/, 'a slice was timed');
  assert.match(budget, /One slice in 2 \(3\)/);
  await shot(page, 'study-open');

  await start(page);
  await page.locator('[data-field="unfinished"]').waitFor();
  assert.equal(await page.locator('[data-field="severity"]').count(), 0, 'no result of a part');
  assert.match(await page.locator('[data-field="slices-done"]').innerText(), /^\d of 6 slices$/);
  await page.locator('[data-field="remaining"]').waitFor();
  await shot(page, 'study-running');
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.equal(await page.locator('[data-field="unfinished"]').count(), 0);
  await shot(page, 'study-result');

  const files = { ...await saved(page, 'json'), ...await saved(page, 'csv'), ...await saved(page, 'nifti') };
  const report = JSON.parse(files['study.json']);
  assert.equal(report.series.slices_read, SLICES);
  assert.equal(Number(await page.locator('[data-field="lesion-count"]').innerText()), report.lesions.length);
  const shown = Number.parseFloat(await page.locator('[data-involvement="whole"]').innerText());
  assert.ok(Math.abs(shown - report.assessment.lungs.percent) <= 0.051, `${shown} shown`);
  assert.equal(files['study.slices.csv'].toString().trim().split('\n').length, SLICES + 1);
  if (report.key_slices.length > 0) Object.assign(files, await saved(page, 'overlays', report.key_slices.length));
  for (const format of ['seg', 'sr', 'pdf']) Object.assign(files, await saved(page, format));
  t.diagnostic(`saved: ${Object.keys(files).join(', ')}`);
  const kinds = { pdf: '%PDF', png: '\x89PNG', gz: '\x1f\x8b' };
  for (const [name, bytes] of Object.entries(files)) {
    const kind = kinds[name.split('.').pop()];
    if (kind) assert.equal(bytes.subarray(0, kind.length).toString('latin1'), kind, name);
    if (name.endsWith('.dcm')) assert.equal(bytes.subarray(128, 132).toString(), 'DICM', name);
  }
  const named = Object.keys(files).filter((name) => files[name].includes('Drawn^Patient'));
  assert.deepEqual(named.sort(), ['study.seg.dcm', 'study.sr.dcm']);
  await page.locator('[data-field="deidentify"]').check();
  const [[name, plain]] = Object.entries(await saved(page, 'seg'));
  assert.ok(!plain.includes('Drawn^Patient'), `${name} without the patient`);

  if (CLI) {
    const cli = byCommandLine(join(folder, 'study'), join(folder, 'out'));
    assertSameStudy(report, JSON.parse(cli('study.json')));
    for (const [name, bytes] of Object.entries(files)) {
      const own = cli(name);
      assert.ok(own, `the command line writes ${name} too`);
      assert.ok(Math.abs(bytes.length - own.length) <= 0.1 * own.length + 64, `${name}: ${bytes.length} bytes, ${own.length} by the command line`);
    }
  } else {
    t.diagnostic('LUNGLENS_CLI is not set: not compared with the command line');
  }

  if (report.lesions.length > 0) {
    await page.locator('[data-lesion="0"]').click();
    await page.locator('[data-lesion="0"][aria-pressed="true"]').waitFor();
    await page.locator(`[data-field="slice"][data-drawn="${report.lesions[0].largest_slice}"]`).waitFor();
  }
  assert.deepEqual(requests.slice(asked), [], 'no request from ready on');
  assert.deepEqual(complaints, [], 'the console is quiet');
});

test('a study in a ZIP archive is paused, goes on, and ends', { timeout: 600_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  await openFile(page, 'study.zip', zipFile(drawnStudy(picture, SLICES)));
  await untilOpen(page);
  assert.match(await page.locator('[data-field="series"]').innerText(), /6 slices/);
  await start(page);
  await page.locator('[data-field="unfinished"]').waitFor();
  await page.locator('[data-action="pause"]').click();
  await page.locator('[data-action="continue"]').waitFor();
  // The slice at work is let finish; then nothing moves.
  await page.locator('[data-field="phase"]', { hasText: /^Paused$/ }).waitFor();
  const before = await page.locator('[data-field="slices-done"]').innerText();
  await page.waitForTimeout(3000);
  assert.equal(await page.locator('[data-field="slices-done"]').innerText(), before);
  assert.equal(await page.locator('.page').getAttribute('data-run'), 'active');
  await shot(page, 'study-paused');
  await page.locator('[data-action="continue"]').click();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
});

test('a cancelled study has no result and can be measured again, of fewer slices', { timeout: 600_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  await openFolder(page);
  await untilOpen(page);
  await start(page);
  await page.locator('[data-field="unfinished"]').waitFor();
  await page.locator('[data-action="cancel"]').click();
  await page.locator('.page[data-run="cancelled"]').waitFor({ timeout: 10_000 });
  assert.equal(await page.locator('[data-field="severity"], [data-lesion], [data-field="unfinished"]').count(), 0);
  await shot(page, 'study-cancelled');
  await page.locator('[data-field="budget"]').selectOption('2');
  await start(page);
  await page.locator('.page[data-run="active"]').waitFor();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.match(await page.locator('[data-field="every"]').innerText(), /3 of 6 slices/);
});

test('a NIfTI volume is a study', { timeout: 600_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  await openFile(page, 'volume.nii', niftiFile(picture, drawnSlices(picture, SLICES)));
  await untilOpen(page);
  assert.match(await page.locator('[data-field="series"]').innerText(), /NIfTI.*6 slices of 256 × 256, 5\u00a0mm apart/);
  await start(page);
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.equal(await page.locator('[data-export="seg"]').count(), 0, 'DICOM results need DICOM images');
  const files = await saved(page, 'nifti');
  assert.ok(files['volume.labels.nii.gz'].length > 100);
});

test('dropped files are opened; one slice of a study can be read alone', { timeout: 600_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  const files = drawnStudy(picture, SLICES).map(([name, bytes]) => [name.split('/').pop(), bytes.toString('base64')]);
  await page.evaluate((dropped) => {
    const data = new DataTransfer();
    for (const [name, base64] of dropped) {
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    }
    document.querySelector('.page').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, files);
  await untilOpen(page);
  await page.locator('[data-action="start-slice"]').click();
  await page.locator('.page[data-run="active"]').waitFor();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.ok(await page.locator('[data-instance]').count() > 0);
  await page.locator('[data-action="save-report"]').waitFor();
  // The report is called by the slice's own file; a picture, of whichever slice, by what was opened, as a study's files are.
  for (const [action, name] of [['save-report', 'IM3.slice-4.lunglens.json'], ['save-overlay', 'IM0.axial-4.lunglens.png']]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`[data-action="${action}"]`).click()]);
    assert.equal(download.suggestedFilename(), name);
  }
});

for (const colorScheme of ['light', 'dark']) {
  test(`a study at 375 px, ${colorScheme}`, { timeout: 600_000 }, async (t) => {
    const { page, context } = await openPage(browser, server.url, { viewport: { width: 375, height: 812 }, colorScheme });
    t.after(() => context.close());
    await untilReady(page);
    await openFolder(page);
    await untilOpen(page);
    await assertFits(page, 'open');
    await shot(page, `study-narrow-open-${colorScheme}`);
    await start(page);
    await page.locator('[data-field="unfinished"]').waitFor();
    await assertFits(page, 'running');
    await shot(page, `study-narrow-running-${colorScheme}`);
    assert.equal(await untilEnded(page), 'done');
    await assertFits(page, 'result');
    await shot(page, `study-narrow-result-${colorScheme}`);
    await page.setViewportSize({ width: 1280, height: 860 });
    await shot(page, `study-wide-result-${colorScheme}`);
  });
}
