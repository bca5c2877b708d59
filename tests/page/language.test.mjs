// The page in other languages: chosen by the browser's, changed by hand, kept, and with numbers as people write them.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { DIST, PNG_SAMPLE, assertFits, drawn, launch, openPage, serveDrawn, shot, untilEnded } from './browser.mjs';
import { misfits } from './misfits.mjs';
import { phantom } from './phantom.mjs';

let server;
let browser;
const folder = mkdtempSync(join(tmpdir(), 'lunglens-language-'));
before(async () => {
  writeFileSync(join(folder, 'chest.nii'), phantom());
  server = await serveDrawn();
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

for (const [locale, tag, notice] of [
  ['fr-CA', 'fr', 'Réservé à la recherche. Ce n’est pas un dispositif médical.'],
  ['pt-BR', 'pt', 'Somente para pesquisa. Não é um dispositivo médico.'],
  ['ru', 'ru', 'Только для исследований. Не является медицинским изделием.'],
  ['zh-CN', 'zh', '仅供研究使用，不是医疗器械。'],
]) {
  test(`the page in ${tag}, at 360 px`, { timeout: 120_000 }, async (t) => {
    const { page, context, complaints } = await openPage(browser, server.url, { locale, viewport: { width: 360, height: 740 } });
    t.after(() => context.close());
    await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('html').getAttribute('lang'), tag);
    await page.getByText(notice).first().waitFor();
    await assertFits(page, 'start');
    await shot(page, `language-${tag}-start`);
    assert.deepEqual(complaints, []);
  });
}

for (const [locale, tag, direction, notice, series, percent] of [
  ['es-MX', 'es', 'ltr', 'Solo para investigación. No es un producto sanitario', /NIfTI-1, 40 cortes de 512 × 512, cada 5\u00a0mm/, /^\d+,\d\u00a0%$/],
  ['ar-EG', 'ar', 'rtl', 'لأغراض البحث العلمي فقط. ليس جهازًا طبيًا.', /NIfTI-1، الشرائح: 40 بمقاس \u2066512 × 512\u2069، كل \u2067\u20665\u2069\u00a0مم\u2069/, /^\u2066\d+\.\d\u00a0%\u2069$/],
]) {
  test(`a study in ${tag}, at 360 px`, { timeout: 300_000 }, async (t) => {
    const { page, context, complaints } = await openPage(browser, server.url, { locale, viewport: { width: 360, height: 740 } });
    t.after(() => context.close());
    await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('html').getAttribute('lang'), tag);
    assert.equal(await page.locator('html').getAttribute('dir'), direction);
    await page.getByText(notice).first().waitFor();
    await assertFits(page, 'start');
    await shot(page, `language-${tag}-start`);
    await page.locator('[data-input="files"]').setInputFiles(join(folder, 'chest.nii'));
    await page.locator('[data-loaded="true"]').waitFor({ timeout: 120_000 });
    assert.match(await page.locator('[data-field="series"]').innerText(), series);
    await page.locator('[data-field="budget"]').selectOption('5');
    await page.locator('[data-action="start"]').click();
    assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
    assert.match(await page.locator('[data-involvement="whole"]').innerText(), percent);
    await assertFits(page, 'result');
    await shot(page, `language-${tag}-result`);
    // On a desk the second column is narrower than a phone.
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 });
      for (const other of ['en', 'es', 'fr', 'pt', 'ru', 'ar', 'zh']) {
        await page.locator('[data-field="language"]').selectOption(other);
        await page.locator(`html[lang="${other}"]`).waitFor({ state: 'attached' });
        assert.deepEqual(await page.evaluate(misfits), [], `the result in ${other} at ${width} px`);
      }
    }
    const arabic = await page.evaluate(() => {
      const copy = document.querySelector('.page').cloneNode(true);
      copy.querySelector('[data-field="language"]').remove();
      return copy.textContent.match(/[\u0600-\u06ff]+/g);
    });
    assert.equal(arabic, null, 'no part of the page keeps the language from before');
    assert.deepEqual(complaints, []);
  });
}

test('what is wrong with files is said in the language, with what only English says under it', { timeout: 120_000 }, async (t) => {
  writeFileSync(join(folder, 'torn.png'), readFileSync(join(DIST, 'samples', PNG_SAMPLE)).subarray(0, 400));
  writeFileSync(join(folder, 'letter.txt'), 'Dear colleague\n');
  const gap = fileURLToPath(new URL('../fixtures/study/gap', import.meta.url));
  const { page, context, complaints } = await openPage(browser, server.url, { locale: 'ru', viewport: { width: 360, height: 740 } });
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  const speak = async (tag) => {
    await page.locator('[data-field="language"]').selectOption(tag);
    await page.locator(`html[lang="${tag}"]`).waitFor({ state: 'attached' });
  };
  const [message, technical] = [page.locator('.message p'), page.locator('.message .technical')];
  await page.locator('[data-input="files"]').setInputFiles(join(folder, 'torn.png'));
  await message.waitFor();
  assert.match(await message.innerText(), /^torn\.png: Файл повреждён или не читается\..*PNG picture could not be decoded/s);
  assert.match(await technical.innerText(), /^torn\.png: The PNG picture could not be decoded/);
  await shot(page, 'language-ru-damaged');
  await speak('ar');
  assert.match(await message.innerText(), /^\u2068torn\.png\u2069: الملف تالف/);
  assert.equal(await technical.getAttribute('dir'), 'ltr');
  assert.deepEqual(await page.evaluate(misfits), [], 'a damaged file in Arabic');
  await shot(page, 'language-ar-damaged');
  await speak('en');
  assert.match(await message.innerText(), /^torn\.png: The PNG picture could not be decoded/);
  assert.equal(await technical.count(), 0, 'once');

  await speak('fr');
  const slices = readdirSync(gap).map((name) => join(gap, name));
  await page.locator('[data-input="files"]').setInputFiles([...slices, join(folder, 'letter.txt')]);
  await page.locator('[data-field="problem"]').waitFor();
  assert.equal(await page.locator('[data-field="problem"]').innerText(), 'Des coupes manquent entre 4,0\u00a0mm et 8,0\u00a0mm.');
  await page.locator('[data-field="set-aside"] summary').click();
  assert.equal(await page.locator('[data-field="set-aside"] li').innerText(), '1 fichier\u202f: un format que LungLens ne lit pas');
  assert.deepEqual(await page.evaluate(misfits), [], 'a study that cannot be measured in French');

  // Two acquisitions at the same places are told apart.
  const twice = fileURLToPath(new URL('../fixtures/dicom/acquisitions', import.meta.url));
  await page.locator('[data-input="files"]').setInputFiles(readdirSync(twice).map((name) => join(twice, name)));
  for (const [tag, present, other] of [
    ['es', /\(adquisición 1\)$/, /\(adquisición 2\)/],
    ['ar', /\(الاكتساب \u20681\u2069\)$/, /\(الاكتساب \u20682\u2069\)/],
  ]) {
    await speak(tag);
    await page.locator('.found > .series-name', { hasText: present }).waitFor({ timeout: 20_000 });
    assert.match(await page.locator('[data-series]').textContent(), other);
    await shot(page, `language-${tag}-acquisitions`);
  }
  assert.deepEqual(complaints, []);
});

test('another language is chosen by hand, changes nothing else, and stays', { timeout: 300_000 }, async (t) => {
  const { page, context } = await openPage(browser, server.url, { locale: 'de-AT' });
  t.after(() => context.close());
  await page.locator('.page[data-ready="true"]').waitFor({ timeout: 60_000 });
  assert.equal(await page.locator('html').getAttribute('lang'), 'en', 'for whoever reads none of the others');
  await page.locator('[data-input="files"]').setInputFiles(join(folder, 'chest.nii'));
  await page.locator('[data-loaded="true"]').waitFor({ timeout: 120_000 });
  await page.locator('[data-field="slices"]').fill('7');
  // The viewer as somebody left it: a window, enlarged, with a ruler.
  const [film, canvas] = [page.locator('.film.is-viewer'), page.locator('[data-field="slice"]')];
  await page.locator('[data-action="window-bone"]').click();
  await page.locator('[data-action="tool-ruler"]').click();
  await film.focus();
  await page.keyboard.press('+');
  await film.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await canvas.boundingBox();
  await page.mouse.move(x + width * 0.4, y + height * 0.4);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.6, y + height * 0.5, { steps: 5 });
  await page.mouse.up();
  await drawn(page);
  const zoom = await canvas.getAttribute('data-zoom');
  assert.ok(Number(zoom) > 1, zoom);
  const ruler = (await film.getAttribute('aria-label')).match(/Ruler ([\d.]+)\u00a0mm$/)[1];
  await canvas.evaluate((element) => { element.isTheSame = true; });
  await page.locator('[data-field="language"]').focus();
  await page.locator('[data-field="language"]').selectOption('fr');
  await page.getByText('Réservé à la recherche.').first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
  assert.equal(await page.locator('.page').getAttribute('data-run'), 'open', 'the study is still open');
  assert.ok(await page.evaluate(() => document.activeElement?.matches('[data-field="language"]')), 'and the focus stays');
  assert.match(await page.locator('[data-field="cut"]').innerText(), /^Coupe 8 sur 40$/);
  assert.ok(await canvas.evaluate((element) => element.isTheSame), 'the viewer is the one from before');
  assert.equal(await canvas.getAttribute('data-zoom'), zoom);
  assert.ok((await film.getAttribute('aria-label')).endsWith(`Règle ${ruler.replace('.', ',')}\u00a0mm`), 'the ruler stays');
  for (const pressed of ['window-bone', 'tool-ruler']) {
    assert.equal(await page.locator(`[data-action="${pressed}"]`).getAttribute('aria-pressed'), 'true', pressed);
  }
  // Every part of the page speaks it, also those that nothing but the language has changed.
  const english = /Open another|Equalise contrast|Lowest score|Overlay|Printed|Ready|Measure the study|Remove rulers/;
  assert.doesNotMatch(await page.locator('.page').evaluate((element) => element.textContent), english);
  await page.reload();
  await page.locator('html[lang="fr"]').waitFor({ state: 'attached' });
  await page.getByText('Réservé à la recherche.').first().waitFor();
  await page.locator('[data-field="language"]').selectOption('en');
  await page.getByText('For research use only.').first().waitFor();
});
