// Time of a study on the wasm CPU with one and with more engines, in turn, each in a fresh page:
//   node benches/browser/study-time.mjs [--engines 1,2] [--slices 12] [--rounds 3]
// Prints each time from the press of the button to the result, the medians, and the machine's load beside them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { DIST, PNG_SAMPLE, launch, openPage, untilEnded, untilReady } from '../../tests/page/browser.mjs';
import { drawnStudy, readPng } from '../../tests/page/drawn.mjs';
import { serve } from '../../tests/page/serve.mjs';

const { values: options } = parseArgs({
  options: {
    engines: { type: 'string', default: '1,2' },
    slices: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '3' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'lunglens-time-'));
for (const [name, bytes] of drawnStudy(readPng(join(DIST, 'samples', PNG_SAMPLE)), Number(options.slices))) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), bytes);
}
const server = await serve(DIST);
const browser = await launch();
const times = new Map(options.engines.split(',').map((engines) => [Number(engines), []]));
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
try {
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const [engines, taken] of times) {
      // One processor is left for page and reader.
      const { page, context } = await openPage(browser, server.url, { processors: engines + 1 });
      await untilReady(page);
      await page.locator('[data-input="folder"]').setInputFiles(join(folder, 'study'));
      await page.locator('.page[data-run="open"]').waitFor({ timeout: 120_000 });
      const begun = performance.now();
      await page.locator('[data-action="start"]').click();
      await page.locator('.page[data-run="active"]').waitFor();
      const ended = await untilEnded(page, 600_000);
      if (ended !== 'done') throw new Error(`the study ${ended}`);
      taken.push((performance.now() - begun) / 1000);
      console.log(`${engines} engines: ${taken.at(-1).toFixed(1)} s, load ${loadavg()[0].toFixed(1)}`);
      await context.close();
    }
  }
  for (const [engines, taken] of times) console.log(`${engines} engines: median ${median(taken).toFixed(1)} s`);
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
}
