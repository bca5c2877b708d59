// A study on WebGPU (SwiftShader, on the CPU): the command line's result, also where the GPU is lost on the way.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { DIST, PNG_SAMPLE, crashGpu, launch, openPage, shot, untilEnded, untilReady } from './browser.mjs';
import { CLI, assertSameStudy, byCommandLine } from './command-line.mjs';
import { drawnStudy, readPng } from './drawn.mjs';
import { serve } from './serve.mjs';

const SLICES = 3;
/** A slice takes some 8 s on a quiet machine. */
const LIMIT = 600_000;

test('a study on WebGPU, and one that loses the GPU on the way', { timeout: 2 * LIMIT }, async (t) => {
  const server = await serve(DIST);
  t.after(() => server.close());
  const browser = await launch({ webgpu: true });
  t.after(() => browser.close());
  const folder = mkdtempSync(join(tmpdir(), 'lunglens-gpu-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, bytes] of drawnStudy(readPng(join(DIST, 'samples', PNG_SAMPLE)), SLICES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const cli = CLI && JSON.parse(byCommandLine(join(folder, 'study'), join(folder, 'out'))('study.json'));
  if (!cli) t.diagnostic('LUNGLENS_CLI is not set: not compared with the command line');
  const { page, complaints } = await openPage(browser, server.url);
  await untilReady(page);
  await page.locator('[data-input="folder"]').setInputFiles(join(folder, 'study'));
  // It need not be waited for until a slice is timed.
  const start = page.locator('[data-action="start"]');
  await start.click();
  await page.locator('.page[data-run="active"]').waitFor();
  const measure = async () => {
    assert.equal(await untilEnded(page, LIMIT), 'done', await page.locator('main').innerText());
    assert.equal(await page.locator('[data-field="unfinished"]').count(), 0);
    t.diagnostic(`${await page.locator('[data-field="report-device"]').innerText()}: ${await page.locator('[data-field="time"]').innerText()}`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="json"]').click()]);
    const report = JSON.parse(readFileSync(await download.path(), 'utf8'));
    assert.equal(report.series.slices_read, SLICES);
    assert.ok(report.assessment.lungs.lung_ml > 0, 'there is lung');
    if (cli) assertSameStudy(report, cli);
    return report;
  };
  const onGpu = await measure();
  assert.deepEqual(onGpu.devices.map(({ kind }) => kind), ['gpu']);
  assert.match(await page.locator('[data-field="report-device"]').innerText(), /^WebGPU/);
  assert.deepEqual(complaints, [], 'the console is quiet');
  await shot(page, 'study-webgpu');

  await start.click();
  await page.locator('[data-field="slices-done"]', { hasText: /^1 of/ }).waitFor({ timeout: LIMIT });
  crashGpu();
  const mixed = await measure();
  assert.deepEqual(mixed.devices.map(({ kind }) => kind), ['gpu', 'cpu'], 'and says where it ran');
  assert.match(await page.locator('[data-field="report-device"]').innerText(), /^WebGPU.*, CPU$/);
  assert.match(await page.locator('.aside-note').innerText(), /graphics device failed, so the CPU is used/);
  assert.equal(await page.locator('[data-field="device"]').innerText(), 'CPU');
  await shot(page, 'study-gpu-lost');
});
