// LungLens and onnxruntime-web in Chromium, in turn, on one picture and the same network:
//   node benches/browser/bench.mjs OUT [--model r50-320] [--repeats 3] [--only ENGINE,ENGINE] [--limit SECONDS]
// OUT is the folder of benches/peers/export_onnx.py; the page is the one in dist/. Prints a Markdown table.
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { DIST, launch, onWebGpu, openPage, savedReport } from '../../tests/page/browser.mjs';
import { serve } from '../../tests/page/serve.mjs';
import { compare, decodeRle } from './compare.mjs';
import { watchMemory } from './memory.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ORT = join(HERE, 'node_modules', 'onnxruntime-web');
const STAGES = ['preprocess', 'lungs', 'backbone', 'proposals', 'boxes', 'masks', 'measure'];
const LABELS = { lesion: 1, lung: 2 };
const CODE = /\.(css|html|js|svg|wasm|webmanifest)$/;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'r50-320' },
    repeats: { type: 'string', default: '3' },
    limit: { type: 'string', default: '240' },
    only: { type: 'string', default: 'LungLens CPU,LungLens WebGPU,onnxruntime-web WASM,onnxruntime-web WebGPU' },
  },
});
if (positionals.length !== 1) throw new Error('give the folder that benches/peers/export_onnx.py wrote');
const OUT = resolve(positionals[0]);
const REPEATS = Number(options.repeats);
const LIMIT = 1000 * Number(options.limit);
const picture = join(OUT, `slice-${options.model.split('-')[1]}`);

const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
const seconds = (millis) => (millis / 1000).toFixed(1);

/** A folder of links: name to file. */
function staged(files) {
  const folder = mkdtempSync(join(tmpdir(), 'lunglens-bench-'));
  for (const [name, target] of Object.entries(files)) symlinkSync(resolve(target), join(folder, name));
  return folder;
}

function lunglensFiles() {
  const files = Object.fromEntries(readdirSync(DIST).map((name) => [name, join(DIST, name)]));
  return { ...files, models: join(OUT, 'models', `${options.model}-int8`) };
}

function ortFiles() {
  const dist = join(ORT, 'dist');
  const wasm = readdirSync(dist).filter((name) => name.endsWith('.wasm'));
  return {
    'index.html': join(HERE, 'ort-page.html'),
    'ort-page.js': join(HERE, 'ort-page.js'),
    'ort-worker.js': join(HERE, 'ort-worker.js'),
    'ort.webgpu.bundle.min.js': join(dist, 'ort.webgpu.bundle.min.mjs'),
    'ort.wasm.bundle.min.js': join(dist, 'ort.wasm.bundle.min.mjs'),
    ...Object.fromEntries(wasm.map((name) => [name, join(dist, name)])),
    'model.onnx': join(OUT, `${options.model}-at50.onnx`),
    'picture.u8': `${picture}.u8`,
  };
}

/** Fails with a sentence once the limit is over. */
function limited(work, what) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what}: more than ${LIMIT / 1000} s`)), LIMIT);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Follows the page's states: `window.states` is [milliseconds since the page opened, run's state, step or -1, steps]. */
function follow() {
  window.states = [];
  let last = '';
  const look = () => {
    const run = document.querySelector('.page')?.dataset.run ?? '';
    const steps = [...document.querySelectorAll('.steps li')];
    const step = steps.findIndex((li) => li.classList.contains('is-now'));
    if (last === `${run} ${step}`) return;
    last = `${run} ${step}`;
    window.states.push([performance.now(), run, step, steps.length]);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
}

/** Waits for the model; keeping the page for use without a network is no part of the measure. */
async function ready(page) {
  await page.locator('.page[data-ready="true"], .page[data-engine="failed"]').waitFor({ timeout: LIMIT });
  const failed = await page.locator('.engine.is-failed').allInnerTexts();
  if (failed.length > 0) throw new Error(`the page is not ready: ${failed.join(' ')}`);
}

async function lungLensRun(page) {
  const before = await page.evaluate(() => {
    const length = window.states.length;
    window.chosen = performance.now();
    return length;
  });
  await page.locator('input[data-input="files"]').setInputFiles(`${picture}.png`);
  const ended = (from) => window.states.slice(from).find(([, run]) => ['done', 'failed'].includes(run));
  await page.waitForFunction(ended, before, { timeout: 0, polling: 200 });
  const { states, chosen } = await page.evaluate(() => ({ states: window.states, chosen: window.chosen }));
  const run = states.slice(before);
  const end = run.findIndex(([, state]) => ['done', 'failed'].includes(state));
  if (run[end][1] === 'failed') throw new Error(await page.locator('main').innerText());
  const stages = {};
  for (let i = 0; i < end; i++) {
    const [at, , step, steps] = run[i];
    // A model without the search for the lungs has no such step.
    const names = STAGES.filter((name) => name !== 'lungs' || steps === STAGES.length);
    if (step >= 0) stages[names[step]] = (stages[names[step]] ?? 0) + run[i + 1][0] - at;
  }
  return { millis: run[end][0] - chosen, sinceOpen: run[end][0], stages };
}

async function lungLens(url, webgpu, result) {
  const browser = await launch({ webgpu });
  try {
    // The first visit brings the model into the browser's cache.
    const context = { serviceWorkers: 'block' };
    const first = await openPage(browser, url, context);
    await ready(first.page);
    await first.page.close();
    const memory = watchMemory();
    const page = await first.context.newPage();
    await page.addInitScript(follow);
    await page.goto(onWebGpu(browser, url));
    await ready(page);
    const cold = await limited(lungLensRun(page), 'the first run');
    result.cold = cold.sinceOpen;
    for (let i = 0; i < REPEATS; i++) {
      const { millis, stages } = await limited(lungLensRun(page), 'a warm run');
      result.warm.push(millis);
      result.stages.push(stages);
    }
    result.memory = memory.stop();
    const report = await savedReport(page);
    if (report.device.kind !== (webgpu ? 'gpu' : 'cpu')) throw new Error(`it ran on the ${report.device.kind}`);
    result.device = `${report.device.name} (${report.device.backend})`;
    result.found = report.instances.map((instance) => ({
      label: LABELS[instance.class], score: instance.score, box: instance.bbox, mask: decodeRle(instance.segmentation),
    }));
  } finally {
    await browser.close();
  }
}

async function ort(url, provider, result) {
  const browser = await launch({ webgpu: provider === 'webgpu' });
  const ask = async (page, request, what) => {
    const answer = await limited(page.evaluate((r) => window.ask(r), request), what);
    if (answer.error) throw new Error(answer.error);
    return answer;
  };
  try {
    const first = await openPage(browser, url);
    await ask(first.page, { fetch: true }, 'fetching the model');
    await first.page.close();
    const memory = watchMemory();
    try {
      const began = performance.now();
      const page = await first.context.newPage();
      // Its warnings come as errors too.
      const grave = (message) => message.type() === 'error' && !message.text().includes('[W:');
      page.on('console', (message) => grave(message) && result.complaints.push(message.text()));
      await page.goto(url);
      await ask(page, { load: provider }, 'loading');
      result.loaded = performance.now() - began;
      const done = await ask(page, { run: true }, 'the first run');
      result.cold = performance.now() - began;
      result.found = done.found.map((instance) => ({ ...instance, mask: Uint8Array.from(instance.mask, Number) }));
      const spent = () => result.warm.reduce((sum, millis) => sum + millis, 0);
      for (let i = 0; i < REPEATS && spent() < LIMIT / 2; i++) {
        result.warm.push((await ask(page, { run: true }, 'a warm run')).millis);
      }
    } finally {
      result.memory = memory.stop();
    }
  } finally {
    await browser.close();
  }
}

/** What the page fetched, code gzipped as a server would send it. */
function downloaded(folder, requests) {
  let [code, model] = [0, 0];
  for (const path of new Set(requests.map((p) => (p.endsWith('/') ? `${p}index.html` : p)))) {
    const file = join(folder, path);
    if (CODE.test(path)) code += gzipSync(readFileSync(file), { level: 9 }).length;
    if (/\.(llw|onnx)$/.test(path)) model += statSync(file).size;
  }
  return { code, model };
}

async function measure(name) {
  const ours = name.startsWith('LungLens');
  const result = { name, warm: [], stages: [], complaints: [] };
  const folder = staged(ours ? lunglensFiles() : ortFiles());
  const server = await serve(folder);
  try {
    if (ours) await lungLens(server.url, name.endsWith('WebGPU'), result);
    else await ort(server.url, name.endsWith('WebGPU') ? 'webgpu' : 'wasm', result);
  } catch (error) {
    result.error = error.message.split('\n').slice(0, 3).join(' ');
  }
  Object.assign(result, downloaded(folder, server.requests));
  await server.close();
  rmSync(folder, { recursive: true });
  return result;
}

function verdict(result, wanted) {
  const words = [];
  if (result.found && wanted && result.found !== wanted) {
    const same = compare(result.found, wanted);
    const overlaps = `IoU of boxes from ${same.box.toFixed(3)}, of masks from ${same.mask.toFixed(3)}`;
    words.push(`${result.found.length} found, ${same.matched} of ${same.wanted} matched; ${overlaps}`);
  } else if (result.found) {
    words.push(`${result.found.length} found`);
  }
  if (result.error) words.push(`fails: ${result.error}`);
  if (result.complaints.length > 0) words.push(`console: ${result.complaints[0].slice(0, 200)}`);
  return words.join('; ') || 'nothing';
}

function row(result, wanted) {
  const { warm, cold, memory } = result;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const cells = [
    options.model,
    result.name,
    cold ? seconds(cold) : 'not reached',
    warm.length ? seconds(median(warm)) : 'not reached',
    warm.length ? `${seconds(Math.min(...warm))} to ${seconds(Math.max(...warm))}` : '',
    megabytes(result.code),
    megabytes(result.model),
    memory ? `${memory.all.toFixed(0)} (${memory.gpu.toFixed(0)})` : '',
    verdict(result, wanted),
  ];
  return `| ${cells.join(' | ')} |`;
}

const { version } = JSON.parse(readFileSync(join(ORT, 'package.json'), 'utf8'));
const browser = await launch();
console.log(`${cpus()[0].model}, ${cpus().length} cores, load before ${loadavg()[0].toFixed(2)}; ` +
  `Chromium ${browser.version()}, onnxruntime-web ${version}\n`);
await browser.close();
console.log('| model | engine | cold start s | warm slice s | spread s | code MB, gzip | model MB | ' +
  'peak memory of the browser MB (its GPU process) | result |\n|---|---|---|---|---|---|---|---|---|');
const results = [];
for (const name of options.only.split(',')) {
  const result = await measure(name);
  results.push(result);
  console.log(row(result, results[0].found));
}
console.log(`\n| ms, medians | ${STAGES.join(' | ')} |\n${'|---'.repeat(STAGES.length + 1)}|`);
for (const { name, stages } of results.filter((r) => r.stages.length > 0)) {
  console.log(`| ${name} | ${STAGES.map((s) => median(stages.map((t) => t[s] ?? 0)).toFixed(0)).join(' | ')} |`);
}
console.log(`\nLoad after ${loadavg()[0].toFixed(2)}`);
const kept = results.map(({ found, ...rest }) => ({ ...rest, found: found?.map(({ mask, ...instance }) => instance) }));
writeFileSync(join(OUT, `browser-${options.model}.json`), `${JSON.stringify(kept, null, 2)}\n`);
process.exit(0);
