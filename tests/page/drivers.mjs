// Firefox by WebDriver BiDi and WebKit by WebDriver, without a library: what webdriver.mjs needs of a browser.
//
// A driver has open(url), evaluate(code of an async function's body after `return`), choose(selector, paths),
// press(key), wheel(x, y, deltaY), drag(points), resize(width, height), screenshot() in base64, close(), and complaints,
// what the console was told as errors.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAMS = {
  firefox: process.env.FIREFOX ?? 'firefox-esr',
  driver: process.env.WEBKIT_DRIVER ?? 'WebKitWebDriver',
  webkit: process.env.WEBKIT ?? '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
};
const keyActions = (value) => [{ type: 'key', id: 'keys', actions: [{ type: 'keyDown', value }, { type: 'keyUp', value }] }];
const wheelActions = (x, y, deltaY) => [{ type: 'wheel', id: 'wheel', actions: [{ type: 'scroll', x, y, deltaX: 0, deltaY }] }];
function dragActions([first, ...rest]) {
  const move = ([x, y]) => ({ type: 'pointerMove', x, y, duration: 50 });
  const actions = [move(first), { type: 'pointerDown', button: 0 }, ...rest.map(move), { type: 'pointerUp', button: 0 }];
  return [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }];
}

/** Firefox; FIREFOX names the program. */
export async function firefox() {
  const profile = mkdtempSync(join(tmpdir(), 'lunglens-firefox-'));
  const program = spawn(PROGRAMS.firefox,
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', '--width', '1280', '--height', '900'],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  const address = await new Promise((done, fail) => {
    let said = '';
    program.stderr.on('data', (bytes) => {
      said += bytes;
      const found = said.match(/WebDriver BiDi listening on (ws:\S+)/);
      if (found) done(found[1]);
    });
    program.on('error', fail);
    program.on('exit', () => fail(new Error(`Firefox ended: ${said}`)));
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
  const send = (method, params = {}) => {
    const id = (last += 1);
    return new Promise((done, fail) => {
      waiting.set(id, (answer) => (answer.type === 'error' ? fail(new Error(`${method}: ${answer.message}`)) : done(answer.result)));
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  await send('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: false } } });
  await send('session.subscribe', { events: ['log.entryAdded'] });
  // A tab of its own, in front: in the first one no element has the focus.
  const { context } = await send('browsingContext.create', { type: 'tab' });
  await send('browsingContext.activate', { context });
  const evaluate = async (code) => {
    const answer = await send('script.evaluate', {
      expression: `(async () => ${code})()`, awaitPromise: true, userActivation: true, target: { context },
    });
    if (answer.type === 'exception') throw new Error(`${code}: ${answer.exceptionDetails.text}`);
    return answer.result.value;
  };
  const perform = (actions) => send('input.performActions', { context, actions });
  return {
    complaints,
    evaluate,
    open: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    choose: async (selector, files) => {
      const { nodes: [element] } = await send('browsingContext.locateNodes', { context, locator: { type: 'css', value: selector } });
      await send('input.setFiles', { context, element: { sharedId: element.sharedId }, files });
    },
    press: (key) => perform(keyActions(key)),
    wheel: (x, y, deltaY) => perform(wheelActions(x, y, deltaY)),
    drag: (points) => perform(dragActions(points)),
    resize: (width, height) => send('browsingContext.setViewport', { context, viewport: { width, height } }),
    screenshot: async () => (await send('browsingContext.captureScreenshot', { context, origin: 'document' })).data,
    close: async () => {
      await send('browser.close').catch(() => {});
      program.kill();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** WebKit in GTK's small browser; WEBKIT names it, WEBKIT_DRIVER its driver. */
export async function webkit() {
  const port = 40_000 + (process.pid % 20_000);
  const home = mkdtempSync(join(tmpdir(), 'lunglens-webkit-'));
  const program = spawn(PROGRAMS.driver, [`--port=${port}`, '--host=127.0.0.1'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // What the page keeps goes with the session.
    env: { ...process.env, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home },
  });
  const gone = new Promise((_, fail) => {
    program.on('error', fail);
    program.on('exit', (code) => fail(new Error(`${PROGRAMS.driver} ended (${code})`)));
  });
  gone.catch(() => {});
  const base = `http://127.0.0.1:${port}`;
  const send = async (method, path, body) => {
    const request = fetch(base + path, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = await (await Promise.race([request, gone])).json();
    if (value?.error) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
  for (let tries = 0; ; tries += 1) {
    const up = await send('GET', '/status').catch((error) => error);
    if (up?.ready) break;
    if (tries > 50) throw new Error(`${PROGRAMS.driver} does not answer: ${up}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const { sessionId } = await send('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: PROGRAMS.webkit, args: ['--automation'] } } },
  });
  const at = (path) => `/session/${sessionId}/${path}`;
  await send('POST', at('timeouts'), { script: 600_000, pageLoad: 300_000 });
  const complaints = [];
  const run = async (code) => {
    const value = await send('POST', at('execute/async'), {
      script: `const done = arguments[arguments.length - 1];
        (async () => ${code})().then((value) => done({ value }), (error) => done({ error: String(error) }));`,
      args: [],
    });
    if (value?.error) throw new Error(`${code}: ${value.error}`);
    return value?.value;
  };
  // It has no events: the page keeps what its console is told from the first question on.
  const heard = `(window.complaints ??= (() => {
    const all = [], own = console.error;
    console.error = (...words) => { all.push(words.join(' ')); own.apply(console, words); };
    addEventListener('error', (event) => all.push(event.message));
    addEventListener('unhandledrejection', (event) => all.push(String(event.reason)));
    return all;
  })()).splice(0)`;
  const evaluate = async (code) => {
    complaints.push(...(await run(heard)));
    return run(code);
  };
  const perform = (actions) => send('POST', at('actions'), { actions });
  const element = async (selector) => Object.values(await send('POST', at('element'), { using: 'css selector', value: selector }))[0];
  const resize = (width, height) => send('POST', at('window/rect'), { width, height });
  await resize(1280, 900);
  return {
    complaints,
    evaluate,
    resize,
    open: (url) => send('POST', at('url'), { url }),
    choose: async (selector, paths) => send('POST', at(`element/${await element(selector)}/value`), { text: paths.join('\n') }),
    press: (key) => perform(keyActions(key)),
    wheel: (x, y, deltaY) => perform(wheelActions(x, y, deltaY)),
    drag: (points) => perform(dragActions(points)),
    screenshot: () => send('GET', at('screenshot')),
    close: async () => {
      await send('DELETE', `/session/${sessionId}`).catch(() => {});
      program.kill();
      // Its helpers end a moment later and may still write there.
      for (let tries = 0; existsSync(home) && tries < 30; tries += 1) {
        await new Promise((done) => setTimeout(done, 200));
        try {
          rmSync(home, { recursive: true, force: true });
        } catch {
          // Once more.
        }
      }
    },
  };
}
