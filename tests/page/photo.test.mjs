// A photo of a film with four slices: tinted, taken on its side, read whole and then one slice of it alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST, PNG_SAMPLE, assertFits, drawn, launch, openPage, savedReport, shot, untilEnded, untilReady } from './browser.mjs';
import { serve } from './serve.mjs';

let server;
let browser;
before(async () => {
  server = await serve(DIST);
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

/** A JPEG of the sample four times, with the tint of a screen, stored on its side; Exif says how it is upright. */
async function photo() {
  const context = await browser.newContext();
  const page = await context.newPage();
  const sample = readFileSync(join(DIST, 'samples', PNG_SAMPLE)).toString('base64');
  const jpeg = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = `data:image/png;base64,${source}`;
    await image.decode();
    const side = 2 * image.width;
    const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side });
    const pen = canvas.getContext('2d');
    // Orientation 6 is turned clockwise when it is shown, so it is stored turned the other way.
    pen.translate(0, side);
    pen.rotate(-Math.PI / 2);
    for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]]) pen.drawImage(image, x * image.width, y * image.height);
    const pixels = pen.getImageData(0, 0, side, side);
    for (let at = 0; at < pixels.data.length; at += 4) {
      [0.84, 0.93, 1].forEach((tint, channel) => (pixels.data[at + channel] = 10 + 0.92 * tint * pixels.data[at + channel]));
    }
    pen.putImageData(pixels, 0, 0);
    return canvas.toDataURL('image/jpeg', 0.92).split(',')[1];
  }, sample);
  await context.close();
  const exif = Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0', 'latin1');
  const length = Buffer.from([0, exif.length + 2]);
  const bytes = Buffer.from(jpeg, 'base64');
  return Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, exif, bytes.subarray(2)]);
}

const caution = (page) => page.locator('[data-field="caution"]').innerText();
async function press(page, action, which = 0) {
  await page.locator(`[data-action="${action}"]`).nth(which).click();
  // The picture is opened anew, so the run before is gone at once.
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  return savedReport(page);
}

test('one slice of a photographed film is read alone', { timeout: 300_000 }, async (t) => {
  const { page, context, requests, complaints } = await openPage(browser, server.url);
  t.after(() => context.close());
  await untilReady(page);
  const asked = requests.length;
  await page.locator('input[data-input="files"]').setInputFiles({ name: 'film.jpg', mimeType: 'image/jpeg', buffer: await photo() });
  assert.equal(await untilEnded(page), 'done', await page.locator('main').innerText());
  assert.match(await caution(page), /is in colour/);
  assert.match(await page.locator('.result').innerText(), /Press one of these slices to read it alone/);
  assert.equal(await page.locator('[data-field="severity"]').innerText(), 'Several slices');
  assert.equal(await page.locator('[data-involvement="left"]').count(), 0);
  const whole = await savedReport(page);
  assert.equal(whole.assessment.several_slices, true);
  assert.deepEqual(whole.input.picture,
    { coloured: true, exif_orientation: 6, part: null, turned_degrees: 0, reduced_by: 1 });
  await shot(page, 'photo-film');

  // All of it is shown, so there is nothing to choose yet.
  const part = page.locator('[data-action="part-shown"]');
  assert.ok(await part.isDisabled());
  const canvas = page.locator('[data-field="slice"]');
  // The page scrolls as buttons are pressed.
  const place = async () => {
    await canvas.scrollIntoViewIfNeeded();
    return canvas.boundingBox();
  };
  const box = await place();
  // Enlarged, what is seen can be read.
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -200);
  await page.keyboard.up('Control');
  await drawn(page);
  assert.ok(await part.isEnabled());
  await page.locator('[data-action="fit"]').click();
  assert.ok(await part.isDisabled());
  // A frame around the upper left slice.
  await page.locator('[data-action="tool-select"]').click();
  const now = await place();
  const side = Math.min(now.width, now.height);
  const [left, top] = [now.x + (now.width - side) / 2, now.y + (now.height - side) / 2];
  await page.mouse.move(left + side / 2 - 2, top + side / 2 - 2);
  await page.mouse.down();
  await page.mouse.move(left + 20, top + 20, { steps: 4 });
  await page.mouse.move(left + 2, top + 2);
  await page.mouse.up();
  await shot(page, 'photo-selected');
  assert.ok(await part.isEnabled());
  const alone = await press(page, 'part-shown');
  const [x0, y0, x1, y1] = alone.input.picture.part;
  assert.ok(x0 < 6 && y0 < 6 && Math.abs(x1 - 255) < 4 && Math.abs(y1 - 255) < 4, `${alone.input.picture.part}`);
  assert.deepEqual([alone.input.columns, alone.input.rows], [x1 - x0, y1 - y0]);
  assert.equal(await page.locator('[data-field="severity"]').innerText(), 'Mild');
  assert.doesNotMatch(await caution(page), /Read one slice alone/);
  assert.equal(alone.assessment.finding, 'mild');
  assert.equal(alone.assessment.several_slices, undefined);
  await shot(page, 'photo-part');

  const turned = await press(page, 'part-turn');
  assert.deepEqual(turned.input.picture, { ...alone.input.picture, turned_degrees: 90 });
  assert.deepEqual([turned.input.columns, turned.input.rows], [y1 - y0, x1 - x0]);
  const again = await press(page, 'part-whole');
  assert.deepEqual(again.instances, whole.instances, 'the whole picture again, and the same result');
  assert.ok(await page.locator('[data-action="part-whole"]').isDisabled());

  // The slices that were found can be chosen where they lie: the second is the upper right one.
  assert.equal(await page.getByRole('button', { name: 'Slice 2 of 4' }).count(), 1);
  await shot(page, 'photo-slice-map');
  const second = await press(page, 'read-slice', 1);
  const [left2, top2, right2, bottom2] = second.input.picture.part;
  assert.ok(left2 >= 240 && top2 < 30 && right2 > 480 && bottom2 < 272, `${second.input.picture.part}`);
  assert.equal(second.assessment.finding, 'mild');
  assert.equal(await page.locator('[data-action="read-slice"]').count(), 0);
  assert.deepEqual(requests.slice(asked), [], 'nothing was asked for');
  assert.deepEqual(complaints, []);

  await page.setViewportSize({ width: 360, height: 740 });
  await assertFits(page, 'a picture at 360 px');
  await shot(page, 'photo-narrow');
});
