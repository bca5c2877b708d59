// A study that several engines read on the CPU: the result of one engine, no request for the others, and none left behind.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST, PNG_SAMPLE, launch, openPage, serveDrawn, shot, untilEnded, untilReady } from './browser.mjs';
import { CLI, assertSameStudy, byCommandLine } from './command-line.mjs';
import { drawnStudy, readPng } from './drawn.mjs';
import { phantom } from './phantom.mjs';
import { serve } from './serve.mjs';

const SLICES = 6;
/** Of the drawn chest, for the drawn engine. */
const DRAWN_SLICES = 40;
/** The reader and the first engine. */
const ALWAYS = 2;
let server;
let browser;
let folder;
let study;
let chest;
before(async () => {
  server = await serve(DIST);
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), 'lunglens-pool-'));
  for (const [name, bytes] of drawnStudy(readPng(join(DIST, 'samples', PNG_SAMPLE)), SLICES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  study = ['folder', join(folder, 'study')];
  chest = ['files', join(folder, 'chest.nii')];
  writeFileSync(chest[1], phantom());
});
after(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

/**
 * The page with a study open. `slicesGiven` tells how many slices each engine was given since it was asked last, `silent`
 * fails if there was a request since the page was ready.
 */
async function open(t, processors, [input, path] = study, server_ = server) {
  const drawn = server_ !== server;
  const opened = await openPage(browser, server_.url, { processors, serviceWorkers: drawn ? 'block' : 'allow' });
  const { page, context } = opened;
  t.after(() => context.close());
  if (drawn) await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  else await untilReady(page);
  const asked = [opened.requests.length, server_.requests.length];
  const silent = () => {
    assert.deepEqual(opened.requests.slice(asked[0]), [], 'no request from ready on');
    assert.deepEqual(server_.requests.slice(asked[1]), [], 'nor one by the service worker or the browser');
  };
  await page.evaluate(() => {
    globalThis.joined = 0;
    const given = new Map();
    const send = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      if (message?.json?.startsWith('{"segment"')) given.set(this, (given.get(this) ?? 0) + 1);
      if (message?.json?.startsWith('{"join"')) {
        this.addEventListener('message', ({ data }) => {
          if (data.json.startsWith('{"ready"')) globalThis.joined += 1;
        });
      }
      return send.call(this, message, ...rest);
    };
    globalThis.slicesGiven = () => {
      const counts = [...given.values()];
      given.clear();
      return counts;
    };
  });
  await page.locator(`[data-input="${input}"]`).setInputFiles(path);
  await page.locator('.page[data-run="open"]').waitFor({ timeout: 60_000 });
  return { ...opened, silent, slicesGiven: () => page.evaluate(() => globalThis.slicesGiven()) };
}

async function start(page) {
  await page.locator('[data-action="start"]').click();
  await page.locator('.page[data-run="active"]').waitFor();
}

/** Starts, and goes on once so many helpers are ready: they have something to do then, however late they come. */
async function startWith(page, helpers) {
  await start(page);
  await page.locator('[data-action="pause"]').click();
  await untilWorkers(page, ALWAYS + helpers);
  await page.waitForFunction((count) => globalThis.joined === count, helpers);
  await page.locator('[data-action="continue"]').click();
}

async function done(page) {
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
}

/** Waits until there are so many workers. */
async function untilWorkers(page, count, timeout = 10_000) {
  const limit = Date.now() + timeout;
  while (page.workers().length !== count && Date.now() < limit) await page.waitForTimeout(50);
  assert.equal(page.workers().length, count, 'workers');
}

/** What the page saves of the study in forms without a date in them. */
async function saved(page) {
  const files = [];
  for (const format of ['json', 'csv', 'nifti']) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`[data-export="${format}"]`).click()]);
    files.push(readFileSync(await download.path()));
    await page.locator(`[data-export="${format}"]:not([aria-disabled="true"])`).waitFor();
  }
  return files;
}

test('slices that end in any order, and engines that break, change nothing', { timeout: 300_000 }, async (t) => {
  // One engine; four; four of which three break at once.
  const all = Array.from({ length: DRAWN_SLICES }, (_, index) => index);
  const results = [];
  for (const [processors, copyBreaks] of [[1, []], [5, []], [5, all]]) {
    const drawn = await serveDrawn({ millis: [270, 90, 180, 30, 360], copyBreaks });
    t.after(() => drawn.close());
    const { page, complaints, silent, slicesGiven } = await open(t, processors, chest, drawn);
    await slicesGiven();
    // Those that break may be gone before a pause is heard.
    if (copyBreaks.length > 0) await start(page);
    else await startWith(page, processors === 1 ? 0 : 3);
    await done(page);
    await untilWorkers(page, ALWAYS);
    const given = await slicesGiven();
    const [engines, slices] = [given.length, given.reduce((sum, count) => sum + count)];
    if (processors === 1) assert.equal(engines, 1);
    else assert.ok(engines > 1, `several had slices: ${given}`);
    // A helper that breaks at every slice is given one.
    assert.equal(slices, DRAWN_SLICES + (copyBreaks.length > 0 ? engines - 1 : 0), `${given}`);
    if (copyBreaks.length === 0) assert.deepEqual(complaints, [], 'the console is quiet');
    assert.equal(await page.locator('.aside-note').count(), 0);
    results.push(await saved(page));
    silent();
  }
  for (const files of results.slice(1)) {
    files.forEach((bytes, i) => assert.ok(bytes.equals(results[0][i]), `file ${i} is what one engine gives`));
  }
});

test('three engines give what one engine gives, and no request tells of them', { timeout: 900_000 }, async (t) => {
  const one = await open(t, 2);
  await one.slicesGiven();
  await start(one.page);
  await done(one.page);
  assert.equal(one.page.workers().length, ALWAYS);
  assert.deepEqual(await one.slicesGiven(), [SLICES]);
  const expected = await saved(one.page);
  await one.context.close();

  const { page, complaints, silent, slicesGiven } = await open(t, 4);
  assert.equal(page.workers().length, ALWAYS, 'no other worker before there is a study');
  await slicesGiven();
  await startWith(page, 2);
  await page.locator('[data-field="remaining"]').waitFor();
  await shot(page, 'pool-running');
  await done(page);
  await untilWorkers(page, ALWAYS);
  const given = await slicesGiven();
  assert.equal(given.length, 3, `three engines had slices: ${given}`);
  assert.equal(given.reduce((sum, count) => sum + count), SLICES);
  const files = await saved(page);
  files.forEach((bytes, i) => assert.ok(bytes.equals(expected[i]), `file ${i} is what one engine gives`));
  const report = JSON.parse(files[0]);
  assert.deepEqual(report.devices.map(({ kind }) => kind), ['cpu']);
  if (CLI) assertSameStudy(report, JSON.parse(byCommandLine(join(folder, 'study'), join(folder, 'out'))('study.json')));
  else t.diagnostic('LUNGLENS_CLI is not set: not compared with the command line');
  await shot(page, 'pool-result');

  // Once more: cancelled, then with helpers that break at a slice.
  await start(page);
  await untilWorkers(page, ALWAYS + 2);
  await page.locator('[data-action="cancel"]').click();
  await page.locator('.page[data-run="cancelled"]').waitFor();
  await untilWorkers(page, ALWAYS);
  assert.deepEqual(complaints, [], 'the console is quiet');

  await slicesGiven();
  await start(page);
  await untilWorkers(page, ALWAYS + 2);
  const helpers = page.workers().filter((worker) => worker.url().startsWith('blob:'));
  assert.equal(helpers.length, 2);
  // As a trap does.
  const break_ = (worker) => worker.evaluate(() => { setTimeout(() => { throw new Error('unreachable'); }); });
  await Promise.all(helpers.map(break_));
  await untilWorkers(page, ALWAYS);
  await done(page);
  assert.ok((await saved(page))[0].equals(expected[0]), 'the same without them');
  assert.equal(await page.locator('.aside-note').count(), 0, 'of which the user need not know');
  silent();
});

test('a model that the browser does not keep is not fetched for others', { timeout: 600_000 }, async (t) => {
  const { page, silent, complaints, slicesGiven } = await open(t, 4);
  await page.evaluate(() => caches.delete('lunglens-models'));
  await slicesGiven();
  await start(page);
  await done(page);
  assert.deepEqual(await slicesGiven(), [SLICES], 'all by the first engine');
  assert.equal(page.workers().length, ALWAYS);
  assert.deepEqual(complaints, [], 'the console is quiet');
  silent();
});
