// The sample through the whole page, on WebGPU and on the CPU, against the command line's report of the same file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  DIST, PNG_SAMPLE, crashGpu, drawn, launch, openPage, savedReport, shot, untilEnded, untilReady,
} from './browser.mjs';
import { serve } from './serve.mjs';

const CLI_REPORT = process.env.LUNGLENS_CLI_REPORT;
let server;
before(async () => (server = await serve(DIST)));
after(() => server.close());

function overlap(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const common = Math.max(0, width) * Math.max(0, height);
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return common / (area(a) + area(b) - common);
}

/** Same instances, scores within 1e-2, involvement within half a point. */
function assertAgree(page, cli) {
  assert.equal(page.input.sha256, cli.input.sha256, 'the same file');
  assert.equal(page.model.sha256, cli.model.sha256, 'the same model');
  assert.equal(page.instances.length, cli.instances.length, 'the same number of instances');
  const left = [...page.instances];
  for (const wanted of cli.instances) {
    const at = left.findIndex((found) => found.class === wanted.class && overlap(found.bbox, wanted.bbox) > 0.9);
    assert.notEqual(at, -1, `the page lacks ${wanted.class} at ${wanted.bbox}`);
    const [found] = left.splice(at, 1);
    assert.ok(Math.abs(found.score - wanted.score) <= 1e-2, `score ${found.score}, not ${wanted.score}`);
    const areas = found.area_pixels / Math.max(1, wanted.area_pixels);
    assert.ok(areas > 0.95 && areas < 1.05, `area ${found.area_pixels}, not ${wanted.area_pixels}`);
  }
  for (const side of ['lungs', 'left', 'right']) {
    const [found, wanted] = [page.assessment[side]?.percent, cli.assessment[side]?.percent];
    assert.equal(found === undefined, wanted === undefined, `${side} in both or in neither`);
    if (wanted !== undefined) assert.ok(Math.abs(found - wanted) <= 0.5, `${side} ${found} %, not ${wanted} %`);
  }
  assert.equal(page.assessment.finding, cli.assessment.finding);
}

for (const webgpu of [true, false]) {
  test(`the PNG sample ${webgpu ? 'on WebGPU' : 'without WebGPU, on the CPU'}`, { timeout: 600_000 }, async (t) => {
    const browser = await launch({ webgpu });
    t.after(() => browser.close());
    const { page, requests, complaints } = await openPage(browser, server.url);
    await untilReady(page);
    const device = await page.locator('[data-field="device"]').innerText();
    assert.match(device, webgpu ? /^WebGPU/ : /^CPU$/);
    const workers = await Promise.all(page.workers().map((worker) => worker.evaluate(() => self.hasSubgroups === true)));
    assert.equal(workers.includes(true), webgpu, 'on SwiftShader the engine has asked for subgroups');
    await shot(page, webgpu ? 'ready' : 'ready-cpu');

    const asked = requests.length;
    const answered = server.requests.length;
    await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
    assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
    assert.deepEqual(requests.slice(asked), [], 'no request from ready until the result');
    assert.deepEqual(server.requests.slice(answered), [], 'nor one that the browser makes by itself');
    await shot(page, webgpu ? 'result' : 'result-cpu');

    const report = await savedReport(page);
    assert.equal(report.device.kind, webgpu ? 'gpu' : 'cpu', 'it ran where the page said');
    const seconds = await page.locator('[data-field="time"]').innerText();
    t.diagnostic(`${device}: ${seconds}`);
    if (CLI_REPORT) {
      assertAgree(report, JSON.parse(readFileSync(CLI_REPORT, 'utf8')));
    } else {
      t.diagnostic('LUNGLENS_CLI_REPORT is not set: not compared with the command line');
    }
    const lungs = report.assessment.lungs.percent;
    const shown = await page.locator('[data-involvement="whole"]').innerText();
    assert.ok(Math.abs(Number.parseFloat(shown) - lungs) <= 0.051, `shown ${shown}, saved ${lungs}`);
    assert.equal(await page.locator('[data-instance]').count(), report.instances.length);

    // The overlay is on the canvas: hiding it and lighting an instance change the picture.
    const pixels = async () => {
      await drawn(page);
      return page.locator('[data-field="slice"]').evaluate((canvas) => canvas.toDataURL());
    };
    const plain = await pixels();
    await page.locator('[data-instance="0"]').hover();
    await page.locator('.instance.is-lit').waitFor();
    assert.notEqual(await pixels(), plain, 'a lit instance looks different');
    await page.getByLabel('Overlay').uncheck();
    assert.notEqual(await pixels(), plain, 'without the overlay it looks different');
    await page.getByLabel('Overlay').check();

    const [picture] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('[data-action="save-overlay"]').click(),
    ]);
    assert.deepEqual([...readFileSync(await picture.path()).subarray(1, 4)], [...Buffer.from('PNG')]);
    assert.deepEqual(complaints, [], 'the console is quiet');
  });
}

test('a graphics adapter that computes on the CPU is not taken unasked', { timeout: 300_000 }, async (t) => {
  const browser = await launch({ webgpu: true });
  t.after(() => browser.close());
  const { page, complaints } = await openPage(browser, `${server.url}?device=auto`);
  await untilReady(page);
  const adapter = await page.evaluate(async () => (await navigator.gpu.requestAdapter())?.info.isFallbackAdapter);
  assert.equal(adapter, true, 'the browser offers one');
  assert.equal(await page.locator('[data-field="device"]').innerText(), 'CPU');
  assert.equal(await page.locator('.aside-note').count(), 0);
  assert.deepEqual(complaints, []);
});

test('a GPU that fails in a run gives way to the CPU, and the page says so', { timeout: 600_000 }, async (t) => {
  const browser = await launch({ webgpu: true });
  t.after(() => browser.close());
  const { page } = await openPage(browser, server.url);
  await untilReady(page);
  await page.locator(`[data-sample="${PNG_SAMPLE}"]`).click();
  await page.locator('.steps .is-now', { hasText: 'Extract features' }).waitFor();
  crashGpu();
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.match(await page.locator('.aside-note').innerText(), /graphics device failed, so the CPU is used/);
  assert.equal(await page.locator('[data-field="device"]').innerText(), 'CPU');
  const report = await savedReport(page);
  assert.equal(report.device.kind, 'cpu');
  if (CLI_REPORT) assertAgree(report, JSON.parse(readFileSync(CLI_REPORT, 'utf8')));
  await shot(page, 'gpu-failed');
});
