// In the place of the engine in some page tests: it calls lung and lesion what has their values in the drawn chest of
// phantom.mjs, so that a study has a known result at once. It speaks as web/src/protocol/engine.rs says.
//
// `wishes`: the slices that break it (`breaks`), the milliseconds that slices take in turn (`millis`), and, if there may be
// others of its kind, the slices that break those (`copyBreaks`).
function engine(wishes) {
  const say = (message) => self.postMessage({ json: JSON.stringify(message), buffers: [] });
  const MODEL = { id: 'drawn', backbone: 'resnet50', sha256: '0'.repeat(64), input_size: 320 };

  /** COCO's compressed run lengths, down the columns (maskApi.c). */
  function runLengths(inside, rows, columns) {
    const runs = [];
    let value = false;
    let length = 0;
    for (let column = 0; column < columns; column += 1) {
      for (let row = 0; row < rows; row += 1) {
        if (inside[row * columns + column] !== value) {
          runs.push(length);
          length = 0;
          value = !value;
        }
        length += 1;
      }
    }
    runs.push(length);
    let counts = '';
    runs.forEach((run, i) => {
      let rest = i > 2 ? run - runs[i - 2] : run;
      for (let more = true; more; ) {
        let low = rest & 0x1f;
        rest >>= 5;
        more = low & 0x10 ? rest !== -1 : rest !== 0;
        if (more) low |= 0x20;
        counts += String.fromCharCode(low + 48);
      }
    });
    return { size: [rows, columns], counts };
  }

  function report(head, input, values, options) {
    const { rows, columns } = head;
    const spacing = head.pixel_spacing ? [head.pixel_spacing.row_mm, head.pixel_spacing.column_mm] : null;
    const instances = [];
    const add = (kind, isInside) => {
      const inside = new Array(rows * columns);
      let [left, top, right, bottom, area] = [columns, rows, 0, 0, 0];
      for (let at = 0; at < values.length; at += 1) {
        const row = Math.floor(at / columns);
        const column = at % columns;
        inside[at] = isInside(values[at], column);
        if (inside[at]) {
          area += 1;
          [left, top] = [Math.min(left, column), Math.min(top, row)];
          [right, bottom] = [Math.max(right, column + 1), Math.max(bottom, row + 1)];
        }
      }
      if (area === 0) return;
      instances.push({
        id: instances.length + 1, class: kind, score: 0.9, bbox: [left, top, right, bottom], area_pixels: area,
        area_mm2: spacing ? area * spacing[0] * spacing[1] : null, segmentation: runLengths(inside, rows, columns),
      });
    };
    add('lesion', (value) => value === -400);
    add('lung', (value, column) => (value === -850 || value === -400) && column < columns / 2);
    add('lung', (value, column) => (value === -850 || value === -400) && column >= columns / 2);
    return {
      schema_version: '1.0',
      software: { name: 'LungLens', version: '0' },
      notice: 'Research use only. Not a medical device.',
      input: { name: input.name, sha256: input.sha256, format: head.format, rows, columns, pixel_spacing_mm: spacing, series: input.series },
      model: MODEL,
      device: { kind: 'cpu', name: 'CPU', backend: 'drawn' },
      thresholds: { score: options.score_threshold, mask: 0.5, alarming_from_percent: 25 },
      preprocessing: {
        input_size: 320, hu_window: [-1250, 250], working_size: 256, clahe: 'auto', clahe_clip_limit: 7, clahe_tiles: 8,
      },
      instances,
      assessment: {
        finding: 'no_lung_found', lungs: { lung_pixels: 0, lesion_pixels: 0, percent: 0, lung_mm2: null, lesion_mm2: null },
        left: null, right: null, side_assumed: false, lesion_pixels_outside_lungs: 0, alarming_from_percent: 25,
      },
    };
  }

  self.onmessage = ({ data }) => {
    const request = JSON.parse(data.json);
    const ready = { model: MODEL.id, device: { gpu: false, name: 'CPU' }, fallback: null };
    if (request.load) {
      say({ manifest: { models: [{ id: MODEL.id, title: 'Drawn', bytes: 1, licence: 'none', finds_lungs: false }] } });
      say({ ready: { ...ready, copy: wishes.copyBreaks && { entry: '{}', url: 'drawn' } } });
    } else if (request.join) {
      say({ ready });
    } else if (request.segment) {
      const values = new Float32Array(data.buffers[0]);
      const { run, index, head, input, options } = request.segment;
      // As a trap does: nothing is said any more.
      if (wishes.breaks.includes(index)) throw new Error('unreachable');
      const millis = wishes.millis[index % wishes.millis.length];
      const segmented = { run, index, report: JSON.stringify(report(head, input, values, options)), millis: 1 };
      if (millis > 0) setTimeout(say, millis, { segmented });
      else say({ segmented });
    } else if (request.cancel) {
      say({ cancelled: { run: request.cancel.run } });
    }
  };
  // As scripts/finish-page.mjs has the engine tell its code; there is no module in this one.
  const script = `${engine}\nonmessage = () => engine(${JSON.stringify({ ...wishes, breaks: wishes.copyBreaks })});`;
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  self.postMessage({ json: JSON.stringify('hello'), buffers: [], code: [script, module] });
}
