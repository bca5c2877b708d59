// The page that measures the kernels, on WebGPU.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DIST, launch, openPage, shot } from './browser.mjs';
import { serve } from './serve.mjs';

let server;
before(async () => (server = await serve(DIST)));
after(() => server.close());

test('the kernels are measured on WebGPU', { timeout: 600_000 }, async (t) => {
  const browser = await launch({ webgpu: true });
  t.after(() => browser.close());
  const { page, complaints } = await openPage(browser, `${server.url}bench.html?device=gpu`);
  await page.locator('body[data-bench="done"], body[data-bench="failed"]').waitFor({ timeout: 500_000 });
  const status = await page.locator('#status').innerText();
  assert.equal(await page.locator('body').getAttribute('data-bench'), 'done', status);
  assert.match(status, /WebGPU/);
  const rows = await page.locator('tbody tr').evaluateAll((lines) =>
    lines.map((line) => [...line.children].map((cell) => cell.textContent)));
  assert.ok(rows.length > 0);
  for (const [name, millis, gflops] of rows) {
    t.diagnostic(`${name}: ${millis} ms, ${gflops} GFLOP/s`);
    assert.ok(Number(millis) > 0 && Number(gflops) > 0, name);
  }
  await shot(page, 'bench');
  assert.deepEqual(complaints, []);
});
