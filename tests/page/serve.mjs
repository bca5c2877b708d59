// A small static server for the built page: node tests/page/serve.mjs [FOLDER [PORT]]
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';

const gzip = promisify(gzipCallback);
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.dcm': 'application/dicom',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};
const SQUEEZED = new Set(['.css', '.html', '.js', '.json', '.svg', '.wasm']);
// The worker does not inherit the page's meta element, so a host should send the policy as a header too.
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; " +
  "img-src 'self' blob: data:; style-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Serves `folder` on 127.0.0.1. `delay(path)` may return milliseconds to hold an answer back, `replace(path)` other
 * bytes for a file, or null for none. `requests` is every path asked for.
 * @returns {Promise<{url: string, requests: string[], close: () => Promise<void>}>}
 */
export async function serve(folder, { port = 0, delay = () => 0, replace = () => undefined } = {}) {
  const root = resolve(folder);
  const squeezed = new Map();
  const requests = [];
  const server = createServer(async (request, response) => {
    let path;
    try {
      path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    } catch {
      response.writeHead(400, { 'content-type': 'text/plain' }).end('Bad request\n');
      return;
    }
    requests.push(path);
    const file = normalize(join(root, path.endsWith('/') ? `${path}index.html` : path));
    if (!file.startsWith(root + sep)) {
      response.writeHead(403).end();
      return;
    }
    const pause = delay(path);
    if (pause > 0) await new Promise((done) => setTimeout(done, pause));
    const other = replace(path);
    let body;
    try {
      if (other === null) throw new Error('to be missing');
      body = other ?? (await readFile(file));
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
      return;
    }
    const kind = extname(file);
    const headers = {
      'content-type': TYPES[kind] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      // The browser asks for sw.js again a while after the page loaded: from its cache, so that the page stays silent.
      'cache-control': path === '/sw.js' ? 'max-age=60' : 'no-cache',
    };
    if (SQUEEZED.has(kind) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      if (!other && !squeezed.has(file)) squeezed.set(file, gzip(body));
      body = await (other ? gzip(body) : squeezed.get(file));
      headers['content-encoding'] = 'gzip';
    }
    response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    requests,
    close: () => new Promise((done) => server.close(done).closeAllConnections()),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(process.argv[2] ?? 'dist', { port: Number(process.argv[3] ?? 8080) });
  console.log(`LungLens is at ${url} (Ctrl-C ends it)`);
}
