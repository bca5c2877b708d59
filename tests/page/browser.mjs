// What the page tests share: a browser with or without WebGPU, the page in it, and what it shows.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { serve } from './serve.mjs';

export const DIST = process.env.LUNGLENS_DIST ?? 'dist';
export const PNG_SAMPLE = 'covid-slice.png';
const DRAWN_ENGINE = readFileSync(new URL('drawn-engine.js', import.meta.url));
const SHOTS = process.env.LUNGLENS_SCREENSHOTS;

/** The browsers with WebGPU. */
const WITH_WEBGPU = new WeakSet();

/** Starts Chromium: with WebGPU (SwiftShader, on the CPU) or without. */
export async function launch({ webgpu = false } = {}) {
  const args = ['--no-sandbox', '--disable-dev-shm-usage'];
  if (webgpu) args.push('--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
  if (webgpu) WITH_WEBGPU.add(browser);
  return browser;
}

/** The page's address where it is to use WebGPU if the browser has it: of itself it takes no adapter that computes on the CPU. */
export function onWebGpu(browser, url) {
  return WITH_WEBGPU.has(browser) && !url.includes('?') ? `${url}?device=gpu` : url;
}

/** Opens the page in a fresh profile, as on a machine with so many `processors`; collects its requests and its complaints. */
export async function openPage(browser, url, { processors, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  if (processors) {
    const tell = (count) => Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => count });
    await context.addInitScript(tell, processors);
  }
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  // The context sees the workers' requests too, and workers that start from the page's own memory, which ask nobody.
  context.on('request', (request) => request.url().startsWith('blob:') || requests.push(request.url()));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(onWebGpu(browser, url));
  return { page, context, requests, complaints };
}

/** Waits until all is loaded and kept for use without a network, if it can be; fails at once if there is no model. */
export async function untilReady(page, timeout = 180_000) {
  await page.locator('.page[data-ready="true"], .page[data-engine="failed"]').waitFor({ timeout });
  const failed = await page.locator('.engine.is-failed').allInnerTexts();
  if (failed.length > 0) throw new Error(`the page is not ready: ${failed.join(' ')}`);
  await page.locator('html[data-offline]').waitFor({ state: 'attached', timeout });
}

/** Waits for the end of a run: 'done', 'failed' or 'cancelled'. */
export async function untilEnded(page, timeout = 240_000) {
  const ended = page.locator('.page[data-run="done"], .page[data-run="failed"], .page[data-run="cancelled"]');
  await ended.waitFor({ timeout });
  return ended.getAttribute('data-run');
}

/** The report that the page saves. */
export async function savedReport(page) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('[data-action="save-report"]').click(),
  ]);
  return JSON.parse(readFileSync(await download.path(), 'utf8'));
}

/** Waits for two refreshes of the screen, so that what was asked for is drawn. */
export const drawn = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));

/** Drops files and folders of this machine on the page, as from a file manager. */
export const drop = (page, ...paths) => dropAt(page, 150, ...paths);

/** The same so many pixels from the window's left side. */
export async function dropAt(page, x, ...paths) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', { type, x, y: 300, data });
  }
  await session.detach();
}

/**
 * Where the engine stands in for the network: a server of the page with drawn-engine.js in the engine's place.
 * `breaks(start)` may name the slices, from 0, at which the engine breaks that is started as the `start`-th, from 1; that
 * needs a page without a service worker, which would keep the first. `millis` is how long slices take, in turn. Others of
 * its kind may help it if `copyBreaks` names the slices that break those.
 */
export function serveDrawn({ breaks = () => [], millis = [0], copyBreaks = null } = {}) {
  let starts = 0;
  const engine = () => {
    const wishes = JSON.stringify({ breaks: breaks((starts += 1)), millis, copyBreaks });
    return Buffer.concat([DRAWN_ENGINE, Buffer.from(`engine(${wishes});\n`)]);
  };
  return serve(DIST, { replace: (path) => (/\/worker(-start-.*|_loader)\.js$/.test(path) ? engine() : undefined) });
}

/** Fails if the page is wider than its window. */
export async function assertFits(page, when) {
  const [scroll, client] = await page.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth, root.clientWidth];
  });
  assert.ok(scroll <= client, `${when}: ${scroll} px of content in ${client} px`);
}

/** Keeps a picture of the page if LUNGLENS_SCREENSHOTS names a folder. */
export async function shot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

/** Ends the GPU process of the browsers that this test started, as a driver's crash does (Linux). */
export function crashGpu() {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[1];
      return [{ pid, parent, line: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
  const mine = new Set([String(process.pid)]);
  for (let found = 0; found < mine.size; ) {
    found = mine.size;
    for (const { pid, parent } of processes) if (mine.has(parent)) mine.add(pid);
  }
  const gpu = processes.filter(({ pid, line }) => mine.has(pid) && line.includes('--type=gpu-process'));
  if (gpu.length === 0) throw new Error('no GPU process was found');
  for (const { pid } of gpu) process.kill(Number(pid), 'SIGKILL');
}
