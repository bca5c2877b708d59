// Run by trunk after it built the page (TRUNK_STAGING_DIR), before the files are put in place: moves trunk's inline
// start script into a file, which the Content-Security-Policy allows; shrinks the wasm files; makes one script of each
// worker's, with what asks for subgroups in the engine's, and names the workers' files by their content; tells the service
// worker which files to keep for use without a network.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { thirdParty } from './third-party.mjs';

const dist = process.env.TRUNK_STAGING_DIR;
if (!dist) throw new Error('TRUNK_STAGING_DIR is not set: run this through trunk');

const at = (name) => join(dist, name);
const text = (name) => readFileSync(at(name), 'utf8');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hash = (bytes) => sha256(bytes).slice(0, 16);

/** A wasm file without its custom sections: function names are a fifth of it, and only a debugger reads them. */
function stripped(wasm) {
  const kept = [wasm.subarray(0, 8)];
  let at = 8;
  while (at < wasm.length) {
    const start = at;
    const section = wasm[at++];
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7, at += 1) {
      length += (wasm[at] & 0x7f) * 2 ** shift;
      more = (wasm[at] & 0x80) !== 0;
    }
    at += length;
    if (section !== 0) kept.push(wasm.subarray(start, at));
  }
  if (at !== wasm.length) throw new Error('a wasm section ends beyond its file');
  return Buffer.concat(kept);
}

// 1. Smaller wasm. LUNGLENS_WASM_OPT=z also runs binaryen's optimiser, which takes minutes.
const level = process.env.LUNGLENS_WASM_OPT ?? '0';
for (const name of readdirSync(dist).filter((n) => n.endsWith('.wasm'))) {
  const before = statSync(at(name)).size;
  // The linker's name for exports that register all again at each call (web/src/worker/constructors.rs).
  if (readFileSync(at(name)).includes('.command_export')) {
    throw new Error(`${name}: each call from JavaScript would run the program's constructors`);
  }
  if (level !== '0') {
    const features = ['simd', 'bulk-memory', 'bulk-memory-opt', 'nontrapping-float-to-int', 'sign-ext',
      'mutable-globals', 'reference-types', 'multivalue'];
    execFileSync(process.execPath, ['node_modules/binaryen/bin/wasm-opt', `-O${level}`,
      ...features.map((f) => `--enable-${f}`), at(name), '-o', at(`${name}.small`)], { stdio: 'inherit' });
    renameSync(at(`${name}.small`), at(name));
  }
  writeFileSync(at(name), stripped(readFileSync(at(name))));
  console.log(`${name}: ${before} -> ${statSync(at(name)).size} bytes`);
}

// 2. The workers' files, named by content. A worker knows its own script, from which the page starts others of its kind
// without a request (web/src/bridge.rs): those get the compiled module in a message.
const workers = {};
for (const name of ['reader', 'worker'].filter((n) => existsSync(at(`${n}_bg.wasm`)))) {
  const wasm = `${name}-${hash(readFileSync(at(`${name}_bg.wasm`)))}_bg.wasm`;
  renameSync(at(`${name}_bg.wasm`), at(wasm));
  const glue = `function glue() {\n${text(`${name}.js`)}\nreturn wasm_bindgen;\n}\n`;
  rmSync(at(`${name}.js`));
  const first = name === 'worker' ? readFileSync('web/src/worker/subgroups.js', 'utf8') : '';
  // A page hears of an error in a worker, but not of a promise that fails.
  const start = (from) => `glue()({ module_or_path: ${from} }).catch((problem) => setTimeout(() => { throw problem; }));`;
  const loader = `${first}${glue}self.script = \`\${glue}onmessage = ({ data }) => ${start('data')}\`;
${start(`'./${wasm}'`)}\n`;
  workers[name] = `${name}-start-${hash(Buffer.from(loader))}.js`;
  writeFileSync(at(workers[name]), loader);
  rmSync(at(`${name}_loader.js`), { force: true });
}

// 3. No inline script: trunk's, which starts the app, becomes a file, named in start.js as offline.js is.
let page = text('index.html');
let inline = 0;
page = page.replace(/<script type="module"[^>]*>([\s\S]+?)<\/script>/, (_, body) => {
  inline += 1;
  writeFileSync(at('app-start.js'), `${body.trim()}\n`);
  const named = (name) => {
    const hashed = `${name}-${hash(readFileSync(at(`${name}.js`)))}.js`;
    renameSync(at(`${name}.js`), at(hashed));
    return hashed;
  };
  const app = named('app-start');
  const script = text('start.js').replace('./app-start.js', `./${app}`).replace('./offline.js', `./${named('offline')}`);
  if (!script.includes(`./${app}`) || /\.\/(app-start|offline)\.js/.test(script)) throw new Error('start.js does not name app-start.js and offline.js');
  writeFileSync(at('start.js'), script);
  return `<link rel="modulepreload" href="./${app}"><script type="module" src="./${named('start')}"></script>`;
});
if (inline !== 1) throw new Error('trunk wrote no start script into index.html');
if (/<script(?![^>]*\bsrc=)/.test(page)) throw new Error('an inline script is left in index.html');
if (/<style|\sstyle=/.test(page)) throw new Error('an inline style is left in index.html');
writeFileSync(at('index.html'), page);
for (const [worker, file] of Object.entries(workers)) {
  for (const name of ['index.html', 'bench.html']) {
    writeFileSync(at(name), text(name).replaceAll(`${worker}_loader.js`, `./${file}`));
  }
}

// 4. The licences of what was compiled in.
writeFileSync(at('THIRD-PARTY.txt'), thirdParty());

// 5. What the service worker keeps: all but the models, which the page keeps itself, the page that measures kernels, and licences.
const names = readdirSync(dist, { recursive: true }).map((name) => name.replaceAll('\\', '/')).sort();
const left = /^(sw\.js|bench\..*|.*\.md|.*\.llw|NOTICE|LICENSE-.*|THIRD-PARTY\.txt)$/;
const kept = names.filter((name) => statSync(at(name)).isFile() && !left.test(name));
const [first] = JSON.parse(text('models/manifest.json')).models;
const build = {
  files: Object.fromEntries(kept.map((name) => [name === 'index.html' ? './' : name, sha256(readFileSync(at(name)))])),
  // As web/src/worker/models.rs asks for it.
  model: { url: `models/${first.file}?sha256=${first.sha256}`, sha256: first.sha256 },
};
const service = text('sw.js');
const version = hash(JSON.stringify(build) + service);
writeFileSync(at('sw.js'), `const BUILD = ${JSON.stringify({ version, ...build })};\n${service}`);
