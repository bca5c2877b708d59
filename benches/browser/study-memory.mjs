// Memory of the page with a study of 600 slices of 512 x 512, read whole into the viewer, every n-th slice measured:
//   node benches/browser/study-memory.mjs [--device cpu|gpu] [--engines 1]
// Prints the peak of the page's process (page, reader and engines share it) and of all of the browser.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launch, openPage, untilReady } from '../../tests/page/browser.mjs';
import { COLUMNS, ROWS, SLICES, phantom } from '../../tests/page/phantom.mjs';
import { serve } from '../../tests/page/serve.mjs';
import { watchMemory } from './memory.mjs';

const TOTAL = 600;
const { values: options } = parseArgs({
  options: { device: { type: 'string', default: 'cpu' }, engines: { type: 'string', default: '1' } },
});

const folder = mkdtempSync(join(tmpdir(), 'lunglens-memory-'));
const path = join(folder, 'chest.nii');
const drawn = phantom();
drawn.writeInt16LE(TOTAL, 46); // the third of NIfTI's dimensions
const file = openSync(path, 'w');
writeSync(file, drawn.subarray(0, 352));
const slice = COLUMNS * ROWS * 2;
for (let at = 0; at < TOTAL; at += 1) writeSync(file, drawn.subarray(352 + (at % SLICES) * slice, 352 + (at % SLICES + 1) * slice));
closeSync(file);

const server = await serve(process.env.LUNGLENS_DIST ?? 'dist');
const browser = await launch({ webgpu: options.device === 'gpu' });
const memory = watchMemory();
try {
  // One processor is left for page and reader.
  const { page } = await openPage(browser, server.url, { processors: Number(options.engines) + 1 });
  await untilReady(page);
  await page.locator('input[data-input="files"]').setInputFiles(path);
  await page.locator('[data-loaded="true"]').waitFor({ timeout: 120_000 });
  const choices = page.locator('[data-field="budget"] option');
  await page.locator('[data-field="budget"]').selectOption({ index: (await choices.count()) - 1 });
  const chosen = await choices.last().innerText();
  await page.getByRole('button', { name: 'Measure the study' }).click();
  await page.locator('.page[data-run="done"]').waitFor({ timeout: 600_000 });
  const { page: renderer, all, gpu } = memory.stop();
  console.log(`${TOTAL} slices of ${COLUMNS} x ${ROWS}; ${chosen}: page ${renderer.toFixed(0)} MB, browser ${all.toFixed(0)} MB, its GPU process ${gpu.toFixed(0)} MB`);
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
}
