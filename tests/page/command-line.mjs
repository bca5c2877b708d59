// The command line's result of a study, and what it has in common with the page's.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIST } from './browser.mjs';

export const CLI = process.env.LUNGLENS_CLI;

/** What the command line writes of a study into `out`, on the CPU, by the names that the page saves it under. */
export function byCommandLine(study, out) {
  const forms = ['--nifti', '--pdf', '--seg', '--sr'];
  execFileSync(CLI, ['study', study, '--device', 'cpu', '--models-dir', join(DIST, 'models'), '--out', out, '--quiet', ...forms],
    { stdio: ['ignore', 'ignore', 'inherit'] });
  // Saved files begin with the name of the folder, `study`.
  const place = (name) => [name, name.replace('study.', '')].map((n) => join(out, n)).find((path) => existsSync(path));
  return (name) => place(name) && readFileSync(place(name));
}

/** Both are one study: the same lesions, volumes within what another device rounds differently. */
export function assertSameStudy(page, cli) {
  assert.equal(page.lesions.length, cli.lesions.length, 'as many lesions');
  assert.equal(page.assessment.finding, cli.assessment.finding);
  assert.equal(page.assessment.mosmed, cli.assessment.mosmed);
  assert.equal(page.assessment.ct_severity_score, cli.assessment.ct_severity_score);
  for (const part of ['lungs', 'left', 'right']) {
    const [a, b] = [page.assessment[part], cli.assessment[part]];
    assert.ok(Math.abs(a.lung_ml - b.lung_ml) <= 0.005 * b.lung_ml + 0.1, `${part}: ${a.lung_ml} ml, not ${b.lung_ml}`);
    assert.ok(Math.abs((a.percent ?? -1) - (b.percent ?? -1)) <= 0.5, `${part}: ${a.percent} %, not ${b.percent} %`);
  }
  for (const key of ['slices', 'slices_read', 'every', 'rows', 'columns', 'slice_spacing_mm', 'pixel_spacing_mm']) {
    assert.deepEqual(page.series[key], cli.series[key], key);
  }
  assert.deepEqual(page.set_aside, cli.set_aside);
  assert.deepEqual(page.ids, cli.ids);
}
