// The page in Firefox, by hand: node --experimental-websocket tests/page/firefox.mjs [FILES...]
//
// Opens the sample and, with FILES (the slices of a study), measures them; then the viewer, the files to save, and a
// reload without the server. Prints what it finds and ends with an error where the page does not do as in Chromium.
// FIREFOX names the program (firefox-esr), LUNGLENS_SCREENSHOTS a folder for pictures. It speaks WebDriver BiDi itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { serve } from './serve.mjs';

const SHOTS = process.env.LUNGLENS_SCREENSHOTS;
const study = process.argv.slice(2).map((path) => resolve(path));
const profile = mkdtempSync(join(tmpdir(), 'lunglens-firefox-'));
const firefox = spawn(process.env.FIREFOX ?? 'firefox-esr',
  ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', '--width', '1280', '--height', '900'],
  { stdio: ['ignore', 'ignore', 'pipe'] });
const address = await new Promise((done, fail) => {
  let said = '';
  firefox.stderr.on('data', (bytes) => {
    said += bytes;
    const found = said.match(/WebDriver BiDi listening on (ws:\S+)/);
    if (found) done(found[1]);
  });
  firefox.on('exit', () => fail(new Error(`Firefox ended: ${said}`)));
});
const socket = new WebSocket(`${address}/session`);
await new Promise((done, fail) => Object.assign(socket, { onopen: done, onerror: fail }));
const waiting = new Map();
const complaints = [];
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.method === 'log.entryAdded' && message.params.level === 'error') complaints.push(message.params.text);
  waiting.get(message.id)?.(message);
  waiting.delete(message.id);
};
let last = 0;
function send(method, params = {}) {
  const id = (last += 1);
  return new Promise((done, fail) => {
    waiting.set(id, (answer) => (answer.type === 'error' ? fail(new Error(`${method}: ${answer.message}`)) : done(answer.result)));
    socket.send(JSON.stringify({ id, method, params }));
  });
}

await send('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: false } } });
await send('session.subscribe', { events: ['log.entryAdded'] });
const { contexts: [{ context }] } = await send('browsingContext.getTree');
/** The value of an expression in the page; a promise is awaited. */
async function ask(expression) {
  const answer = await send('script.evaluate', {
    expression: `(async () => JSON.stringify(await (${expression})))()`, awaitPromise: true, userActivation: true, target: { context },
  });
  if (answer.type === 'exception') throw new Error(`${expression}: ${answer.exceptionDetails.text}`);
  return answer.result.value === undefined ? undefined : JSON.parse(answer.result.value);
}
/** Waits until an element is there. */
async function until(selector, seconds = 120) {
  const found = await ask(`new Promise((done) => {
    const look = () => document.querySelector(${JSON.stringify(selector)}) && done(true);
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
    setTimeout(() => done(false), ${seconds * 1000});
    look();
  })`);
  assert.ok(found, `${selector}: ${await ask(`document.body.innerText.slice(0, 2000)`)}`);
}
const click = (selector) => ask(`document.querySelector(${JSON.stringify(selector)}).click()`);
const text = (selector) => ask(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? null`);
async function shot(name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  const { data } = await send('browsingContext.captureScreenshot', { context, origin: 'document' });
  writeFileSync(join(SHOTS, `firefox-${name}.png`), Buffer.from(data, 'base64'));
}
const press = (value) => send('input.performActions', {
  context, actions: [{ type: 'key', id: 'keys', actions: [{ type: 'keyDown', value }, { type: 'keyUp', value }] }],
});
async function choose(paths) {
  const { nodes: [element] } = await send('browsingContext.locateNodes', { context, locator: { type: 'css', value: '[data-input="files"]' } });
  await send('input.setFiles', { context, element: { sharedId: element.sharedId }, files: paths });
}
/** The names and sizes of the files that a button saves, which stay in the page. */
async function saved(selector) {
  const files = await ask(`new Promise((done) => {
    const own = [HTMLAnchorElement.prototype.click, URL.createObjectURL];
    const blobs = new Map(), found = [];
    URL.createObjectURL = (blob) => { const url = own[1].call(URL, blob); blobs.set(url, blob); return url; };
    HTMLAnchorElement.prototype.click = function () { found.push([this.download, blobs.get(this.href).size]); };
    document.querySelector(${JSON.stringify(selector)}).click();
    let seen = -1;
    const look = setInterval(() => {
      if (found.length === 0 || found.length !== seen) { seen = found.length; return; }
      clearInterval(look);
      [HTMLAnchorElement.prototype.click, URL.createObjectURL] = own;
      done(found);
    }, 400);
    setTimeout(() => done(found), 30000);
  })`);
  assert.ok(files.length > 0 && files.every(([, size]) => size > 0), `${selector}: ${JSON.stringify(files)}`);
  return files.map(([name, size]) => `${name} (${size})`).join(', ');
}

const server = await serve(process.env.LUNGLENS_DIST ?? 'dist');
try {
  console.log(await ask('navigator.userAgent'), '- WebGPU:', await ask('!!navigator.gpu'));
  await send('browsingContext.navigate', { context, url: server.url, wait: 'complete' });
  await until('.page[data-ready="true"], .page[data-engine="failed"]', 300);
  await until('html[data-offline]', 60);
  console.log('device:', await text('[data-field="device"]'), '- offline:', await ask('document.documentElement.dataset.offline'));
  await shot('ready');

  await click('[data-sample="covid-slice.png"]');
  await until('.page[data-run="done"], .page[data-run="failed"]', 300);
  console.log('sample:', await text('[data-field="severity"]'), await text('[data-involvement="whole"]'), await text('[data-field="time"]'));
  assert.equal(await ask('document.querySelector(".page").dataset.run'), 'done');
  console.log('saves:', await saved('[data-action="save-report"]'), await saved('[data-action="save-overlay"]'));
  await shot('sample');

  if (study.length > 0) {
    await choose(study);
    await until('.page[data-run="open"] [data-action="start"]', 120);
    console.log('study:', await text('[data-field="series"]'), '-', (await text('[data-field="budget"]')).split('\n')[0]);
    await shot('open');
    await click('[data-action="start"]');
    await until('[data-field="unfinished"]', 120);
    await until('.page[data-run="done"], .page[data-run="failed"]', 600);
    console.log('result:', await text('[data-field="severity"]'), await text('[data-involvement="whole"]'), await text('[data-field="time"]'));
    await shot('study');
    const forms = await ask('[...document.querySelectorAll("[data-export]")].map((one) => one.dataset.export)');
    for (const form of forms) {
      console.log(form, await saved(`[data-export="${form}"]`));
      await until(`[data-export="${form}"]:enabled`);
    }
    const place = () => ask(`new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
      const { drawn, plane, zoom } = document.querySelector('[data-field="slice"]').dataset;
      done([plane, Number(drawn), zoom]);
    }, 50)))`);
    await ask('document.querySelector(".film.is-viewer").focus()');
    const before = await place();
    await press('\uE013'); // the up arrow
    const after = await place();
    assert.equal(after[1], before[1] + 1, 'a key goes to the next slice');
    for (const key of ['c', 's', '+', 'a']) {
      await press(key);
      console.log(`key ${key}:`, (await place()).join(' '));
      await shot(`viewer-${key === '+' ? 'zoom' : key}`);
    }
    const box = await ask('(({ x, y, width, height }) => [x + width / 2, y + height / 2])(document.querySelector("[data-field=slice]").getBoundingClientRect())');
    await press('f');
    const [x, y] = box.map(Math.round);
    await send('input.performActions', { context, actions: [{ type: 'wheel', id: 'wheel', actions: [{ type: 'scroll', x, y, deltaX: 0, deltaY: 100 }] }] });
    console.log('wheel:', (await place()).join(' '));
    await click('[data-action="tool-ruler"]');
    const move = (dx, dy) => ({ type: 'pointerMove', x: x + dx, y: y + dy, duration: 50 });
    await send('input.performActions', { context, actions: [{ type: 'pointer', id: 'mouse',
      actions: [move(-60, -40), { type: 'pointerDown', button: 0 }, move(0, 0), move(60, 40), { type: 'pointerUp', button: 0 }] }] });
    console.log(await ask('document.querySelector(".film.is-viewer").getAttribute("aria-label")'));
    await shot('ruler');
  }

  await server.close();
  await ask('(onbeforeunload = null, 0)');
  await send('browsingContext.setViewport', { context, viewport: { width: 390, height: 800 } });
  await send('browsingContext.navigate', { context, url: server.url, wait: 'complete' });
  await until('.page[data-ready="true"]', 120);
  await click('[data-sample="covid-slice.png"]');
  await until('.page[data-run="done"]', 300);
  console.log('without the server:', await text('[data-field="severity"]'));
  assert.equal(await ask('document.documentElement.scrollWidth > document.documentElement.clientWidth'), false, 'fits');
  await shot('narrow');
  assert.deepEqual(complaints, [], 'the console is quiet');
  console.log('Firefox does as Chromium does.');
} finally {
  await send('browser.close').catch(() => {});
  firefox.kill();
  await server.close().catch(() => {});
  rmSync(profile, { recursive: true, force: true });
}
