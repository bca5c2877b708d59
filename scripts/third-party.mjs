// The licences of the crates that are compiled into the page, as text: what is handed out has to bring them along.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OURS = 'lunglens-web';

/** The crates that `name` is built of for a browser: without what only builds or tests use. */
function crates(name) {
  const cargo = (...arguments_) => execFileSync('cargo', arguments_, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const tree = cargo('tree', '--locked', '--package', name, '--target', 'wasm32-unknown-unknown',
    '--edges', 'normal,no-proc-macro', '--prefix', 'none', '--format', '{p}');
  const compiled = new Set(Array.from(tree.matchAll(/^(\S+) v(\S+)/gm), ([, crate, version]) => `${crate} ${version}`));
  // The metadata know where each crate lies, but have those of features that are off, too.
  const { packages } = JSON.parse(cargo('metadata', '--locked', '--format-version', '1',
    '--filter-platform', 'wasm32-unknown-unknown'));
  // A crate of ours has no source.
  return packages.filter((one) => one.source && compiled.has(`${one.name} ${one.version}`));
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
  const rust = "Rust's standard library: MIT OR Apache-2.0, https://github.com/rust-lang/rust";
  return `Crates that are compiled into this page, and their licences. Some bring no text: that of the licence named for them\nstands under other crates.\n\n${list.join('\n')}\n${rust}\n\n${texts.join('\n')}`;
}
