// Studies that the page tests draw: the sample slice, shifted from slice to slice, as DICOM, ZIP and NIfTI.
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

/** An 8-bit grey or RGB picture: its size and its grey levels. */
export function readPng(path) {
  const file = readFileSync(path);
  const parts = [];
  let header;
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const kind = file.toString('latin1', at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') header = { columns: data.readUInt32BE(0), rows: data.readUInt32BE(4), depth: data[8], colour: data[9] };
    if (kind === 'IDAT') parts.push(data);
    at += 12 + length;
  }
  const bytes = { 0: 1, 2: 3, 4: 2, 6: 4 }[header.colour];
  if (header.depth !== 8 || !bytes) throw new Error(`${path}: not 8-bit grey or RGB`);
  const packed = inflateSync(Buffer.concat(parts));
  const stride = header.columns * bytes;
  const lines = Buffer.alloc(stride * header.rows);
  for (let row = 0; row < header.rows; row += 1) {
    const filter = packed[row * (stride + 1)];
    for (let x = 0; x < stride; x += 1) {
      const left = x >= bytes ? lines[row * stride + x - bytes] : 0;
      const up = row > 0 ? lines[(row - 1) * stride + x] : 0;
      const corner = row > 0 && x >= bytes ? lines[(row - 1) * stride + x - bytes] : 0;
      const near = left + up - corner;
      const [a, b, c] = [left, up, corner].map((v) => Math.abs(near - v));
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      const guess = [0, left, up, (left + up) >> 1, paeth][filter];
      lines[row * stride + x] = packed[row * (stride + 1) + 1 + x] + guess;
    }
  }
  const pixels = new Uint8Array(header.rows * header.columns);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = lines[i * bytes];
  return { rows: header.rows, columns: header.columns, pixels };
}

/** Slices of Hounsfield units: the picture through the lung window, moved by a pixel from slice to slice. */
export function drawnSlices(picture, count) {
  const { rows, columns, pixels } = picture;
  return Array.from({ length: count }, (_, slice) => {
    const values = new Int16Array(rows * columns);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const from = row * columns + Math.min(columns - 1, Math.max(0, column + slice - (count >> 1)));
        values[row * columns + column] = Math.round((pixels[from] / 255) * 1500 - 1350);
      }
    }
    return values;
  });
}

const uid = (...numbers) => `1.2.826.0.1.3680043.10.1487.${numbers.join('.')}`;

/** A DICOM CT image, explicit little endian. */
export function dicomFile({ rows, columns, values, index, series = 1, description = 'Drawn', imageType = 'ORIGINAL\\PRIMARY\\AXIAL' }) {
  const element = (group, number, vr, value) => {
    let data = value;
    if (typeof value === 'string') data = Buffer.from(value.length % 2 ? value + (vr === 'UI' ? '\0' : ' ') : value, 'latin1');
    if (typeof value === 'number') {
      data = Buffer.alloc(2);
      data.writeUInt16LE(value);
    }
    const long = ['OB', 'OW', 'SQ', 'UN', 'UT'].includes(vr);
    const head = Buffer.alloc(long ? 12 : 8);
    head.writeUInt16LE(group, 0);
    head.writeUInt16LE(number, 2);
    head.write(vr, 4, 'latin1');
    if (long) head.writeUInt32LE(data.length, 8);
    else head.writeUInt16LE(data.length, 6);
    return Buffer.concat([head, data]);
  };
  const ctImage = '1.2.840.10008.5.1.4.1.1.2';
  const instance = uid(2, series, index + 1);
  const meta = Buffer.concat([
    element(2, 1, 'OB', Buffer.from([0, 1])),
    element(2, 2, 'UI', ctImage),
    element(2, 3, 'UI', instance),
    element(2, 0x10, 'UI', '1.2.840.10008.1.2.1'),
    element(2, 0x12, 'UI', uid(9)),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0, 'UL', length),
    meta,
    element(8, 8, 'CS', imageType),
    element(8, 0x16, 'UI', ctImage),
    element(8, 0x18, 'UI', instance),
    element(8, 0x20, 'DA', '20240102'),
    element(8, 0x60, 'CS', 'CT'),
    element(8, 0x103e, 'LO', description),
    element(0x10, 0x10, 'PN', 'Drawn^Patient'),
    element(0x10, 0x20, 'LO', 'DRAWN'),
    element(0x18, 0x50, 'DS', '5'),
    element(0x20, 0x0d, 'UI', uid(1)),
    element(0x20, 0x0e, 'UI', uid(2, series)),
    element(0x20, 0x11, 'IS', String(series)),
    // Not in the order of the positions.
    element(0x20, 0x13, 'IS', String(1000 - index)),
    element(0x20, 0x32, 'DS', `-150\\-150\\${index * 5}`),
    element(0x20, 0x37, 'DS', '1\\0\\0\\0\\1\\0'),
    element(0x20, 0x52, 'UI', uid(3)),
    element(0x28, 2, 'US', 1),
    element(0x28, 4, 'CS', 'MONOCHROME2'),
    element(0x28, 0x10, 'US', rows),
    element(0x28, 0x11, 'US', columns),
    element(0x28, 0x30, 'DS', '0.7\\0.7'),
    element(0x28, 0x100, 'US', 16),
    element(0x28, 0x101, 'US', 16),
    element(0x28, 0x102, 'US', 15),
    element(0x28, 0x103, 'US', 1),
    element(0x28, 0x1052, 'DS', '0'),
    element(0x28, 0x1053, 'DS', '1'),
    element(0x7fe0, 0x10, 'OW', Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  ]);
}

/** The files of a drawn study by name: slices in a nested folder, a localiser, and a text. */
export function drawnStudy(picture, count) {
  const { rows, columns } = picture;
  const slices = drawnSlices(picture, count);
  const files = slices.map((values, index) => [`study/series/IM${index}`, dicomFile({ rows, columns, values, index })]);
  const scout = { rows, columns, values: slices[0], index: 0, series: 2, description: 'Scout', imageType: 'ORIGINAL\\PRIMARY\\LOCALIZER' };
  return [...files, ['study/scout.dcm', dicomFile(scout)], ['study/readme.txt', Buffer.from('A CD with images.\n')]];
}

const CRC = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc32 = (bytes) => {
  let c = 0xffffffff;
  for (const byte of bytes) c = CRC[(c ^ byte) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};

/** A ZIP archive that stores its files as they are. */
export function zipFile(files) {
  const local = [];
  const central = [];
  let at = 0;
  for (const [name, bytes] of files) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0x5821, 8);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(bytes.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const entry = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), bytes]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    const made = Buffer.from([20, 0]);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), made, fields, rest, Buffer.from(name)]));
    local.push(entry);
    at += entry.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...local, directory, Buffer.from('PK\x05\x06', 'latin1'), end]);
}

/** The slices as NIfTI-1, int16, in RAS: the first axis to the patient's right is reversed, as usual. */
export function niftiFile({ rows, columns }, slices) {
  const header = Buffer.alloc(352);
  header.writeInt32LE(348, 0);
  [3, columns, rows, slices.length, 1, 1, 1, 1].forEach((n, i) => header.writeInt16LE(n, 40 + 2 * i));
  header.writeInt16LE(4, 70);
  header.writeInt16LE(16, 72);
  [1, 0.7, 0.7, 5, 0, 0, 0, 0].forEach((n, i) => header.writeFloatLE(n, 76 + 4 * i));
  header.writeFloatLE(352, 108);
  header.writeFloatLE(1, 112);
  header[123] = 2;
  header.writeInt16LE(1, 254);
  const affine = [[-0.7, 0, 0, 150], [0, -0.7, 0, 150], [0, 0, 5, 0]];
  affine.flat().forEach((n, i) => header.writeFloatLE(n, 280 + 4 * i));
  header.write('n+1\0', 344, 'latin1');
  return Buffer.concat([header, ...slices.map((s) => Buffer.from(s.buffer, s.byteOffset, s.byteLength))]);
}
