// The page in another browser, by hand: node --experimental-websocket tests/page/webdriver.mjs BROWSER [FILES...]
//
// BROWSER is firefox or webkit (Safari's relative; Debian's webkit2gtk-driver, in xvfb-run where there is no screen).
// Opens a damaged file and the sample and, with FILES (the slices of a study), measures them; then the viewer, the files
// to save, a reload without the server, and the page in every language on a phone's width. Prints what it finds and ends with an error where the page does not do as in Chromium.
// LUNGLENS_SCREENSHOTS names a folder for pictures.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { firefox, webkit } from './drivers.mjs';
import { misfits } from './misfits.mjs';
import { serve } from './serve.mjs';

const SHOTS = process.env.LUNGLENS_SCREENSHOTS;
const [name, ...paths] = process.argv.slice(2);
const start = { firefox, webkit }[name];
if (!start) throw new Error('usage: webdriver.mjs firefox|webkit [FILES...]');
const study = paths.map((path) => resolve(path));
const driver = await start();

/** The value of an expression in the page; a promise is awaited. */
async function ask(expression) {
  const value = await driver.evaluate(`JSON.stringify(await (${expression}))`);
  return typeof value === 'string' ? JSON.parse(value) : undefined;
}
/** Waits until an element is there. */
async function until(selector, seconds = 120) {
  const end = Date.now() + seconds * 1000;
  while (!(await ask(`!!document.querySelector(${JSON.stringify(selector)})`))) {
    if (Date.now() > end) assert.fail(`${selector}: ${await ask('document.body.innerText.slice(0, 2000)')}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
const click = (selector) => ask(`document.querySelector(${JSON.stringify(selector)}).click()`);
const text = (selector) => ask(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? null`);
const pause = (ms) => ask(`new Promise((done) => setTimeout(done, ${ms}))`);
async function speak(tag) {
  await ask(`(() => {
    const list = document.querySelector('[data-field="language"]');
    list.value = ${JSON.stringify(tag)};
    list.dispatchEvent(new Event('change', { bubbles: true }));
  })()`);
  await until(`html[lang="${tag}"]`);
}
/** Nothing is cut off or torn, in any language, on a phone and on a desk. */
async function fits(what) {
  const languages = await ask(`[...document.querySelector('[data-field="language"]').options].map(({ value }) => value)`);
  for (const [width, height] of [[360, 740], [1280, 900]]) {
    await driver.resize(width, height);
    for (const tag of languages) {
      await speak(tag);
      await pause(200);
      if (width < 500) await shot(`${what}-${tag}`);
      assert.deepEqual(await ask(`(${misfits})()`), [], `${what} in ${tag} at ${await ask('innerWidth')} px`);
    }
  }
  await speak('en');
}
async function shot(what) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  writeFileSync(join(SHOTS, `${name}-${what}.png`), Buffer.from(await driver.screenshot(), 'base64'));
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
  return files.map(([file, size]) => `${file} (${size})`).join(', ');
}

const server = await serve(process.env.LUNGLENS_DIST ?? 'dist');
try {
  await driver.open(server.url);
  console.log(await ask('navigator.userAgent'), '- WebGPU:', await ask('!!navigator.gpu'));
  await until('.page[data-ready="true"], .page[data-engine="failed"]', 300);
  await until('html[data-offline]', 60);
  console.log('device:', await text('[data-field="device"]'), '- offline:', await ask('document.documentElement.dataset.offline'));
  await shot('ready');

  const folder = mkdtempSync(join(tmpdir(), 'lunglens-files-'));
  writeFileSync(join(folder, 'damaged.png'), Buffer.from('89504e470d0a1a0a0000000d49484452deadbeef', 'hex'));
  await driver.choose('[data-input="files"]', [join(folder, 'damaged.png')]);
  await until('.page[data-run="failed"]');
  console.log('damaged:', await text('.message p'));
  rmSync(folder, { recursive: true });

  // By keys alone. Without a window manager WebKit's window has no focus.
  if (await ask('document.hasFocus()')) {
    const chosen = `document.activeElement.matches('[data-sample="covid-slice.png"]:focus-visible')`;
    for (let tabs = 0; tabs < 20 && !(await ask(chosen)); tabs += 1) await driver.press('\uE004');
    assert.ok(await ask(chosen), 'Tab reaches the sample');
    await driver.press('\uE006');
  } else await click('[data-sample="covid-slice.png"]');
  await until('.page[data-run="active"], .page[data-run="waiting"]', 20);
  await click('[data-action="cancel"]');
  await until('.page[data-run="cancelled"]', 20);
  await click('[data-sample="covid-slice.png"]');
  await until('.page[data-run="done"], .page[data-run="failed"]', 300);
  console.log('sample:', await text('[data-field="severity"]'), await text('[data-involvement="whole"]'), await text('[data-field="time"]'));
  assert.equal(await ask('document.querySelector(".page").dataset.run'), 'done');
  console.log('saves:', await saved('[data-action="save-report"]'), await saved('[data-action="save-overlay"]'));
  await shot('sample');

  if (study.length > 0) {
    await driver.choose('[data-input="files"]', study);
    await until('.page[data-run="open"] [data-action="start"]', 120);
    console.log('study:', await text('[data-field="series"]'), '-', await ask('document.querySelector("[data-field=budget]").selectedOptions[0].text'));
    await shot('open');
    await click('[data-action="start"]');
    await until('[data-field="unfinished"]', 120);
    await until('.page[data-run="done"], .page[data-run="failed"]', 600);
    console.log('result:', await text('[data-field="severity"]'), await text('[data-involvement="whole"]'), await text('[data-field="time"]'));
    await shot('study');
    await fits('study');
    // A result that is saved nowhere is asked for.
    await click('[data-sample="covid-slice.png"]');
    await until('dialog[open] [data-action="keep"]');
    await shot('ask');
    await click('[data-action="keep"]');
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
    await driver.press('\uE013'); // the up arrow
    const after = await place();
    assert.equal(after[1], before[1] + 1, 'a key goes to the next slice');
    for (const key of ['c', 's', '+', 'a']) {
      await driver.press(key);
      console.log(`key ${key}:`, (await place()).join(' '));
      await shot(`viewer-${key === '+' ? 'zoom' : key}`);
    }
    // In the middle of the window, so that the pointer is on it.
    await ask('document.querySelector("[data-field=slice]").scrollIntoView({ block: "center" })');
    const box = await ask('(({ x, y, width, height }) => [x + width / 2, y + height / 2])(document.querySelector("[data-field=slice]").getBoundingClientRect())');
    await driver.press('f');
    const [x, y] = box.map(Math.round);
    await driver.wheel(x, y, 100);
    console.log('wheel:', (await place()).join(' '));
    await click('[data-action="tool-ruler"]');
    await driver.drag([[x - 60, y - 40], [x, y], [x + 60, y + 40]]);
    const label = await ask('document.querySelector(".film.is-viewer").getAttribute("aria-label")');
    console.log(label);
    assert.match(label, /\u00a0mm/, 'the ruler measures');
    await shot('ruler');
  }

  await server.close();
  await driver.resize(360, 740);
  await driver.open(server.url);
  await until('.page[data-ready="true"]', 120);
  await click('[data-sample="covid-slice.png"]');
  await until('.page[data-run="done"]', 300);
  console.log('without the server:', await text('[data-field="severity"]'));
  await shot('narrow');
  await fits('sample');
  assert.deepEqual(driver.complaints, [], 'the console is quiet');
  console.log(`${name} does as Chromium does.`);
} finally {
  await driver.close();
  await server.close().catch(() => {});
}
