// Whether two engines found the same.

/** The pixels of COCO's compressed run lengths, row by row. */
export function decodeRle({ size: [rows, columns], counts }) {
  const runs = [];
  for (let at = 0; at < counts.length; ) {
    let value = 0;
    let shift = 0;
    for (let more = true; more; shift += 5) {
      const c = counts.charCodeAt(at++) - 48;
      value |= (c & 0x1f) << shift;
      more = (c & 0x20) !== 0;
      if (!more && c & 0x10) value |= -1 << (shift + 5);
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  const pixels = new Uint8Array(rows * columns);
  let at = 0;
  runs.forEach((length, index) => {
    for (const end = at + length; at < end; at++) {
      if (index % 2 === 1) pixels[(at % rows) * columns + Math.floor(at / rows)] = 1;
    }
  });
  return pixels;
}

function boxIou(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const common = Math.max(0, width) * Math.max(0, height);
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return common / (area(a) + area(b) - common);
}

function maskIou(a, b) {
  let [common, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    common += a[i] & b[i];
    either += a[i] | b[i];
  }
  return either === 0 ? 1 : common / either;
}

/** `found` beside `wanted`, instance by instance: counts and the worst overlaps. */
export function compare(found, wanted) {
  const left = [...found];
  const worst = { wanted: wanted.length, found: found.length, matched: 0, box: 1, mask: 1, score: 0 };
  for (const instance of wanted) {
    const same = left.filter(({ label }) => label === instance.label);
    const best = same.sort((a, b) => boxIou(b.box, instance.box) - boxIou(a.box, instance.box))[0];
    if (!best || boxIou(best.box, instance.box) < 0.5) continue;
    left.splice(left.indexOf(best), 1);
    worst.matched += 1;
    worst.box = Math.min(worst.box, boxIou(best.box, instance.box));
    worst.mask = Math.min(worst.mask, maskIou(best.mask, instance.mask));
    worst.score = Math.max(worst.score, Math.abs(best.score - instance.score));
  }
  return worst;
}
