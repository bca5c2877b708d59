// What a person drops: folders, media, archives, volumes, pictures, wrong files. Drops are the browser's own, with folders.
// An engine that knows the drawn chest's values stands in for the network.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { DIST, PNG_SAMPLE, drawn, drop, launch, openPage, serveDrawn, shot, untilEnded } from './browser.mjs';
import { drawnSlices, drawnStudy, niftiFile, readPng, zipFile } from './drawn.mjs';
import { LESIONS, phantom, phantomNrrd } from './phantom.mjs';

const FIXTURES = fileURLToPath(new URL('../fixtures/dicom', import.meta.url));
const SLICES = 6;
let server;
let browser;
let folder;
let picture;
before(async () => {
  server = await serveDrawn();
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), 'lunglens-files-'));
  picture = readPng(join(DIST, 'samples', PNG_SAMPLE));
});
after(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Writes files under a folder of its own name; returns its path. */
function put(name, files) {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), bytes);
  }
  return join(folder, name);
}
const study = () => Object.fromEntries(drawnStudy(picture, SLICES));

async function open(t, ...paths) {
  const { page, context, complaints } = await openPage(browser, server.url);
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  if (paths.length > 0) await drop(page, ...paths);
  return { page, complaints };
}
const untilOpen = (page) => page.locator('.page[data-run="open"]').waitFor({ timeout: 30_000 });
const series = (page) => page.locator('[data-field="series"]').innerText();
const message = async (page) => {
  const alert = page.locator('.message[role="alert"]');
  await alert.waitFor({ timeout: 20_000 });
  return alert.innerText();
};

/** Measures what is open, every n-th slice, and returns the saved report. */
async function measure(page, every = 1) {
  if (every > 1) await page.locator('[data-field="budget"]').selectOption(String(every));
  await page.locator('[data-action="start"]').click();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="json"]').click()]);
  return JSON.parse(readFileSync(await download.path(), 'utf8'));
}

test('a folder of folders, with a text, a scout and what systems leave behind', { timeout: 120_000 }, async (t) => {
  const rubbish = { 'series/.DS_Store': 'x', 'Thumbs.db': 'y', 'AUTORUN.INF': '[autorun]\n', 'viewer/viewer.exe': 'MZ\x90' };
  const { page, complaints } = await open(t, put('Patient ü 1', { ...study(), ...rubbish }));
  await untilOpen(page);
  assert.match(await series(page), /DICOM CT, 6 slices of 256 × 256, 5\u00a0mm apart/);
  assert.match(await page.locator('[data-field="set-aside"]').innerText(), /Set aside \(5\)/);
  await shot(page, 'files-folder');
  const report = await measure(page);
  assert.equal(report.series.slices_read, SLICES);
  assert.deepEqual(complaints, []);
});

test('a medium with a DICOMDIR, whole and with an image missing', { timeout: 120_000 }, async (t) => {
  const cd = join(folder, 'CD');
  mkdirSync(join(cd, 'DICOM'), { recursive: true });
  cpSync(join(FIXTURES, 'DICOMDIR'), join(cd, 'DICOMDIR'));
  for (let k = 0; k < 4; k += 1) cpSync(join(FIXTURES, `acquisitions/${k}.dcm`), join(cd, `DICOM/${k}`));
  const { page } = await open(t, cd);
  await untilOpen(page);
  assert.match(await series(page), /4 slices of 4 × 4, 2\u00a0mm apart/);
  assert.match(await page.locator('[data-field="set-aside"]').textContent(), /DICOMDIR/);
  assert.equal((await measure(page)).series.slices, 4);

  rmSync(join(cd, 'DICOM/1'));
  await drop(page, cd);
  const problem = page.locator('[data-field="problem"]');
  await problem.waitFor();
  assert.match(await problem.innerText(), /DICOMDIR lists 1 more image/);
  assert.equal(await page.locator('[data-action="start"]').count(), 0, 'no study with a hole');
  await shot(page, 'files-dicomdir');
});

test('an archive beside other files, and one in a folder', { timeout: 120_000 }, async (t) => {
  const archive = zipFile(Object.entries(study()));
  const path = put('mail', { 'study.zip': archive, 'letter.txt': 'Dear colleague\n' });
  const { page } = await open(t, join(path, 'study.zip'), join(path, 'letter.txt'));
  await untilOpen(page);
  assert.match(await series(page), /6 slices of 256 × 256/);
  assert.match(await page.locator('.side').innerText(), /Set aside \(2\)/);
  await drop(page, path);
  await page.locator('.page[data-run="scanning"]').waitFor({ timeout: 3000 }).catch(() => {});
  await untilOpen(page);
  assert.match(await series(page), /6 slices of 256 × 256/);
  const torn = put('torn', { 'study.zip': archive.subarray(0, archive.length / 2) });
  await drop(page, join(torn, 'study.zip'));
  assert.match(await message(page), /study\.zip/);
  await shot(page, 'files-torn-archive');
});

test('a volume is the same study as NIfTI and as NRRD', { timeout: 240_000 }, async (t) => {
  const path = put('volumes', { 'chest.nii': phantom(), 'chest.nrrd': phantomNrrd() });
  const { page } = await open(t, join(path, 'chest.nii'));
  await untilOpen(page);
  const nifti = await measure(page, 2);
  assert.equal(nifti.lesions.length, LESIONS.length);
  await drop(page, join(path, 'chest.nrrd'));
  await page.locator('[data-field="series"]', { hasText: 'NRRD' }).waitFor({ timeout: 30_000 });
  await untilOpen(page);
  assert.match(await series(page), /NRRD.*40 slices of 512 × 512, 5\u00a0mm apart/);
  const nrrd = await measure(page, 2);
  assert.deepEqual(nrrd.assessment, nifti.assessment);
  assert.deepEqual(nrrd.lesions, nifti.lesions);
  await shot(page, 'files-nrrd');
  // Both at once: one is measured, the other can be chosen.
  await drop(page, path);
  await untilOpen(page);
  assert.equal(await page.locator('[data-series]').count(), 1);
});

test('a file of many frames is a study', { timeout: 120_000 }, async (t) => {
  const { page } = await open(t, join(FIXTURES, 'codings/enhanced.dcm'));
  await untilOpen(page);
  assert.match(await series(page), /5 slices of 20 × 16, 2\.5\u00a0mm apart/);
  const report = await measure(page);
  assert.deepEqual([report.series.slices_read, report.series.slice_spacing_mm], [5, 2.5]);
});

test('a stack of pictures is measured, and read slice by slice', { timeout: 120_000 }, async (t) => {
  const png = readFileSync(join(DIST, 'samples', PNG_SAMPLE));
  const names = ['slice 2.png', 'slice 10.png', 'slice 1.png', 'slice 3.png'];
  const { page } = await open(t, put('pictures', Object.fromEntries(names.map((name) => [name, png]))));
  await untilOpen(page);
  assert.match(await series(page), /^pictures, 4 slices/i);
  assert.equal((await measure(page)).series.slices_read, 4);
  assert.equal(await page.locator('[data-field="voxel"]').innerText(), '\u2013', 'pictures have no size');
  await page.locator('[data-field="slices"]').fill('3');
  await page.locator('[data-action="start-slice"]').click();
  await page.locator('[data-action="save-report"]').waitFor();
  assert.match(await page.locator('.facts').innerText(), /slice 10\.png/, 'in the order of their numbers');
  await shot(page, 'files-pictures');
});

test('a file that may be a slice and cannot be read stops the study, others do not', { timeout: 120_000 }, async (t) => {
  const good = study();
  // In the middle of an element.
  const torn = good['study/series/IM5'].subarray(0, 320);
  const wrong = { 'report.pdf': '%PDF-1.4\n%%EOF\n', 'empty.log': '', 'photo.png': 'not a picture', 'notes.txt': 'notes\n' };
  const { page } = await open(t, put('wrong', { ...good, ...wrong }));
  await untilOpen(page);
  assert.equal((await measure(page)).series.slices_read, SLICES);
  await shot(page, 'files-wrong');
  await drop(page, put('unreadable', { ...good, 'study/series/IM5': torn }));
  await untilOpen(page);
  await page.locator('[data-action="start"]').click();
  assert.match(await message(page), /could not be read, and any may be a slice of the study.*IM5/s);
  assert.equal(await page.locator('[data-field="severity"]').count(), 0);
  await shot(page, 'files-unreadable');
  // What is called as the slices are, or a DICOM file, and has no content.
  for (const name of ['study/series/IM500', 'slice.dcm']) {
    await drop(page, put(`empty-${name.length}`, { ...good, [name]: '' }));
    await untilOpen(page);
    await page.locator('[data-action="start"]').click();
    assert.match(await message(page), new RegExp(`could not be read, and any may be a slice of the study.*${name}`, 's'));
  }
});

test('files without a slice are refused, and a folder without files changes nothing', { timeout: 120_000 }, async (t) => {
  const { page } = await open(t, put('letters', { 'a.txt': 'Dear\n', 'b.pdf': '%PDF-1.4\n' }));
  assert.match(await message(page), /[.]\s*$/, 'a sentence');
  await shot(page, 'files-none');
  await drop(page, put('study', study()));
  await untilOpen(page);
  await measure(page);
  mkdirSync(join(folder, 'nothing', 'at', 'all'), { recursive: true });
  await drop(page, join(folder, 'nothing'));
  await page.locator('.aside-note', { hasText: 'No files were found' }).waitFor();
  assert.equal(await page.locator('.page').getAttribute('data-run'), 'done', 'the result stays');
  // A folder that the browser cannot read may hold a slice.
  await page.evaluate(() => {
    const own = DataTransferItem.prototype.webkitGetAsEntry;
    DataTransferItem.prototype.webkitGetAsEntry = function entry() {
      DataTransferItem.prototype.webkitGetAsEntry = own;
      const readEntries = (_, failed) => failed(new DOMException('', 'NotReadableError'));
      return { isDirectory: true, fullPath: '/locked', createReader: () => ({ readEntries }) };
    };
  });
  await drop(page, join(folder, 'study'));
  assert.match(await message(page), /^No result\s+locked could not be read, and it may be a slice/);
  // A text is nothing to open.
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', 'words');
    document.querySelector('.page').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await page.locator('.aside-note', { hasText: 'No files were found' }).waitFor();
});

for (const reducedMotion of ['no-preference', 'reduce']) {
  test(`what is told is seen far below too, for a while, motion ${reducedMotion}`, { timeout: 120_000 }, async (t) => {
    const { page, context } = await openPage(browser, server.url, { viewport: { width: 375, height: 640 }, reducedMotion });
    t.after(() => context.close());
    await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
    await drop(page, put('told', study()));
    await untilOpen(page);
    const note = page.locator('.aside-note');
    const button = page.locator('[data-action="choose-folder"]');
    /** Where what the user looks at is on the screen, and what has the focus. */
    const place = () => button.evaluate((one) => [Math.round(one.getBoundingClientRect().top), document.activeElement === one]);
    const seen = async () => {
      await drawn(page);
      const { y, height } = await note.boundingBox();
      return { whole: y >= 0 && y + height <= 640, at: await place() };
    };
    await button.scrollIntoViewIfNeeded();
    await button.focus();
    const at = await place();
    assert.ok((await page.evaluate(() => scrollY)) > 640 && at[1], 'it is far below');
    mkdirSync(join(folder, 'hollow'), { recursive: true });
    for (const when of ['first', 'again']) {
      await drop(page, join(folder, 'hollow'));
      await note.filter({ hasText: 'No files were found' }).waitFor();
      await note.evaluate((element) => element.getAnimations().length === 1 || Promise.reject(new Error('it stays for ever')));
      assert.deepEqual(await seen(), { whole: true, at }, when);
      await shot(page, `told-far-below-${reducedMotion}`);
      // As twelve seconds later.
      await note.evaluate((element) => element.getAnimations()[0].finish());
      assert.deepEqual(await seen(), { whole: false, at }, `${when}, a while later`);
    }
    await page.evaluate(() => scrollTo(0, 0));
    assert.equal((await seen()).whole, true, 'it can be read again at the top');
    // What takes the page's place is gone to, the second time too.
    writeFileSync(join(folder, 'empty.dcm'), '');
    for (let time = 0; time < 2; time += 1) {
      await button.scrollIntoViewIfNeeded();
      await drop(page, join(folder, 'empty.dcm'));
      await page.waitForFunction(() => {
        const card = document.querySelector('.message[role="alert"]')?.getBoundingClientRect();
        return card && card.top >= 0 && card.top < innerHeight;
      }, null, { timeout: 5000 });
    }
  });
}

/** Pastes files with texts as their content, or a text, where the focus is, as a browser does that got them from a file manager. */
const paste = (page, files, text = '') =>
  page.evaluate(([all, words]) => {
    const data = new DataTransfer();
    for (const [name, bytes] of all) data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
    if (words) data.setData('text/plain', words);
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, [files.map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]), text]);

test('a screenshot and copied files are pasted', { timeout: 120_000 }, async (t) => {
  const { page, complaints } = await open(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const png = readFileSync(join(DIST, 'samples', PNG_SAMPLE));
  await page.evaluate(async (bytes) => {
    const picture = new Blob([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], { type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
  }, png.toString('base64'));
  for (const name of ['pasted-1.png', 'pasted-2.png']) {
    await page.keyboard.press('Control+V');
    await page.locator('.facts', { hasText: name }).waitFor({ timeout: 30_000 });
    assert.equal(await untilEnded(page), 'done');
  }
  // Of the slider that goes through the slices it is no text; of a field for texts it would be.
  await page.locator('#option-threshold').evaluate((slider) => {
    slider.closest('details').open = true;
    slider.focus();
  });
  await paste(page, [[PNG_SAMPLE, png]]);
  await page.locator('.facts', { hasText: PNG_SAMPLE }).waitFor({ timeout: 30_000 });
  await page.evaluate(() => {
    const field = document.body.appendChild(document.createElement('input'));
    field.id = 'own';
    field.focus();
  });
  await paste(page, [['other.png', png]]);
  await page.evaluate(() => document.querySelector('#own').remove());
  await paste(page, [], 'words');
  await drawn(page);
  assert.equal(await page.locator('.page').getAttribute('data-run'), 'done');
  assert.match(await page.locator('.facts').innerText(), new RegExp(PNG_SAMPLE), 'neither opens anything');
  assert.equal(await page.locator('.aside-note').count(), 0);

  // Several are a study, which a paste does not take away unasked.
  await paste(page, drawnStudy(picture, SLICES).map(([path, bytes]) => [path.split('/').pop(), bytes]));
  await untilOpen(page);
  await page.locator('[data-action="start"]').click();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  await paste(page, [['empty.dcm', '']]);
  await page.locator('.aside-note', { hasText: 'This file is empty' }).waitFor();
  await paste(page, [['image.png', png]]);
  assert.match(await page.locator('dialog[open]').innerText(), /Open pasted-6\.png instead\?/);
  assert.deepEqual(complaints, []);
});

test('a study of 600 slices is paused, goes on and ends; leaving asks first', { timeout: 240_000 }, async (t) => {
  const small = { rows: 64, columns: 64, pixels: new Uint8Array(64 * 64).map((_, i) => (i * 7) % 251) };
  const path = put('long', { 'long.nii': niftiFile(small, drawnSlices(small, 600)), 'short.nii': niftiFile(small, drawnSlices(small, 3)) });
  const { page, complaints } = await open(t, join(path, 'long.nii'));
  const asked = [];
  let settle;
  page.on('dialog', async (dialog) => {
    asked.push(dialog.type());
    await dialog.dismiss();
    settle(false);
  });
  page.on('load', () => settle(true));
  /** Reloads; true if the page was left, false if the user was asked first. */
  const leave = async () => {
    const left = new Promise((done) => (settle = done));
    await page.evaluate(() => setTimeout(() => location.reload()));
    return left;
  };
  await untilOpen(page);
  assert.match(await series(page), /600 slices of 64 × 64/);
  await page.locator('[data-action="start"]').click();
  await page.locator('[data-field="unfinished"]').waitFor();
  await page.locator('[data-action="pause"]').click();
  await page.locator('[data-field="phase"]', { hasText: /^Paused$/ }).waitFor();
  const count = () => page.locator('[data-field="slices-done"]').innerText();
  // The slice at work may still be added.
  let before;
  for (let now = await count(); now !== before; now = await count()) {
    before = now;
    await page.waitForTimeout(300);
  }
  assert.match(before, /^\d+ of 600 slices$/);
  assert.ok(Number.parseInt(before, 10) < 600);
  await shot(page, 'files-long-paused');

  assert.equal(await leave(), false, 'the study is not left');
  assert.deepEqual(asked, ['beforeunload']);
  assert.equal(await count(), before, 'and is where it was');
  await page.locator('[data-action="continue"]').click();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.equal(await page.locator('[data-field="slices-read"]').innerText(), '600');
  await shot(page, 'files-long');

  // A result that is saved nowhere is asked for too, a saved one is not.
  assert.equal(await leave(), false);
  assert.equal(asked.length, 2);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="csv"]').click()]);
  assert.equal(readFileSync(await download.path(), 'utf8').trim().split('\n').length, 601);
  await page.locator('[data-export="csv"]:not([aria-disabled="true"])').waitFor();
  assert.equal(await leave(), true);
  assert.equal(asked.length, 2, 'nothing is lost');

  // The shortest study, cancelled and measured.
  await page.locator('.page[data-ready="true"]').waitFor();
  await drop(page, join(path, 'short.nii'));
  await untilOpen(page);
  assert.equal(await page.locator('[data-field="budget"] option').count(), 1);
  await page.locator('[data-action="start"]').click();
  assert.equal(await untilEnded(page), 'done');
  assert.equal(await page.locator('[data-field="slices-read"]').innerText(), '3');
  assert.deepEqual(complaints, []);
});
