// The licences that are handed out with the page are those of what is compiled into it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DIST } from './browser.mjs';

const text = readFileSync(join(DIST, 'THIRD-PARTY.txt'), 'utf8');
const listed = new Set(Array.from(text.split('\n\n')[1].matchAll(/^(\S+) (\d\S*):/gm), ([, name, version]) => `${name}-${version}`));

test('every crate whose sources the page names is listed', () => {
  const named = new Set();
  for (const file of readdirSync(DIST).filter((name) => name.endsWith('.wasm'))) {
    const bytes = readFileSync(join(DIST, file), 'latin1');
    for (const [, crate] of bytes.matchAll(/registry\/src\/[^/]+\/([\w-]+-\d+\.\d+\.\d+[\w.+-]*)\/src/g)) named.add(crate);
  }
  assert.ok(named.size > 20, `only ${named.size} are named`);
  // What Rust's own library is made of comes with it.
  assert.deepEqual([...named].filter((crate) => !listed.has(crate)), []);
  assert.match(text, /^Rust's standard library: /m);
});

test('no crate is listed that is for other machines or only builds', () => {
  const names = new Set([...listed].map((crate) => crate.replace(/-\d+\..*/, '')));
  for (const name of ['yew', 'dicom-core', 'burn-wgpu']) assert.ok(names.has(name), name);
  for (const name of ['burn-cuda', 'torch-sys', 'turso', 'clap', 'syn', 'yew-macro']) assert.ok(!names.has(name), name);
});
