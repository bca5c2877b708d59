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
};
const SQUEEZED = new Set(['.css', '.html', '.js', '.json', '.svg', '.wasm']);
// The worker does not inherit the page's meta element, so a host should send the policy as a header too.
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
  "img-src 'self' blob: data:; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Serves `folder` on 127.0.0.1. `delay(path)` may return milliseconds to hold an answer back.
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function serve(folder, { port = 0, delay = () => 0 } = {}) {
  const root = resolve(folder);
  const squeezed = new Map();
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const file = normalize(join(root, path.endsWith('/') ? `${path}index.html` : path));
    if (!file.startsWith(root + sep)) {
      response.writeHead(403).end();
      return;
    }
    const pause = delay(path);
    if (pause > 0) await new Promise((done) => setTimeout(done, pause));
    let body;
    try {
      body = await readFile(file);
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
      return;
    }
    const kind = extname(file);
    const headers = {
      'content-type': TYPES[kind] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
    };
    if (SQUEEZED.has(kind) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      if (!squeezed.has(file)) squeezed.set(file, gzip(body));
      body = await squeezed.get(file);
      headers['content-encoding'] = 'gzip';
    }
    response.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((done) => server.close(done).closeAllConnections()),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(process.argv[2] ?? 'dist', { port: Number(process.argv[3] ?? 8080) });
  console.log(`LungLens is at ${url} (Ctrl-C ends it)`);
}
