// The licences of the crates that are compiled into the page, as text: what is handed out has to bring them along.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OURS = 'lunglens-web';

/** The crates that `name` is built of for a browser: without what only builds or tests use. */
function crates(name) {
  const arguments_ = ['metadata', '--locked', '--format-version', '1', '--filter-platform', 'wasm32-unknown-unknown'];
  const { packages, resolve } = JSON.parse(execFileSync('cargo', arguments_, { maxBuffer: 1 << 28 }));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const waiting = [packages.find((one) => one.name === name).id];
  const found = new Set(waiting);
  while (waiting.length > 0) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(waiting.pop()).deps) {
      if (found.has(pkg) || !kinds.some(({ kind }) => kind === null)) continue;
      found.add(pkg);
      waiting.push(pkg);
    }
  }
  // A crate of ours has no source.
  return packages.filter(({ id, source }) => source && found.has(id));
}

/** The licence files of a crate. */
function licences({ manifest_path: manifest }) {
  const folder = dirname(manifest);
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice|unlicense)/i.test(name)).sort();
  return names.flatMap((name) => {
    try {
      return [readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim()];
    } catch {
      // A folder of texts, whose crate names its licence anyway.
      return [];
    }
  });
}

/** All of it: the list of crates, then each text once with the crates that it is of. */
export function thirdParty() {
  const all = crates(OURS).sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
  const list = all.map(({ name, version, license, repository }) =>
    `${name} ${version}: ${license ?? 'see its licence file'}${repository ? `, ${repository}` : ''}`);
  const of = new Map();
  for (const one of all) {
    for (const text of licences(one)) of.set(text, [...(of.get(text) ?? []), `${one.name} ${one.version}`]);
  }
  const texts = [...of].map(([text, names]) => `${'-'.repeat(100)}\n${names.join(', ')}\n\n${text}\n`);
  return `Crates that are compiled into this page, and their licences.\n\n${list.join('\n')}\n\n${texts.join('\n')}`;
}
