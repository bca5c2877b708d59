// A drawn chest whose every value is known, as a NIfTI file, for the tests of the viewer and of studies.
import { gzipSync } from 'node:zlib';

export const COLUMNS = 512;
export const ROWS = 512;
export const SLICES = 40;
/** Between columns, rows and slices, in mm. */
export const SPACING = [0.7, 0.7, 5];

/** In HU. */
export const AIR = -1000;
export const TISSUE = 40;
export const LUNG = -850;
export const LESION = -400;

/** Boxes of voxels [column, row, slice], first and last + 1. The body is a box too, so that its size on the screen is known. */
const BODY = [[56, 106, 0], [456, 406, SLICES]];
const LUNGS = [[[96, 146, 4], [226, 366, 36]], [[286, 146, 4], [416, 366, 36]]];
/** The larger first, as in the list. The patient's right lung is on the left of the picture. */
export const LESIONS = [
  { box: [[300, 250, 8], [360, 310, 16]], side: 'left' },
  { box: [[120, 180, 24], [150, 210, 30]], side: 'right' },
];

const within = ([from, to], place) => place.every((at, axis) => from[axis] <= at && at < to[axis]);

/** The value at a voxel. */
export function valueAt(column, row, slice) {
  const place = [column, row, slice];
  if (LESIONS.some(({ box }) => within(box, place))) return LESION;
  if (LUNGS.some((box) => within(box, place))) return LUNG;
  return within(BODY, place) ? TISSUE : AIR;
}

/** The chest as NIfTI-1, int16, i towards the left, j towards the back, k towards the head. */
export function phantom() {
  const file = Buffer.alloc(352);
  file.writeInt32LE(348, 0);
  [3, COLUMNS, ROWS, SLICES, 1, 1, 1, 1].forEach((size, i) => file.writeInt16LE(size, 40 + 2 * i));
  file.writeInt16LE(4, 70); // int16
  file.writeInt16LE(16, 72);
  [1, ...SPACING, 0, 0, 0, 0].forEach((size, i) => file.writeFloatLE(size, 76 + 4 * i));
  file.writeFloatLE(352, 108);
  file.writeFloatLE(1, 112); // scl_slope
  file.writeUInt8(2, 123); // mm
  file.writeInt16LE(1, 254); // sform_code
  const [across, down, up] = SPACING;
  // NIfTI's axes run to the right, the front and the head.
  [[-across, 0, 0, 180], [0, -down, 0, 180], [0, 0, up, -100]]
    .flat()
    .forEach((value, i) => file.writeFloatLE(value, 280 + 4 * i));
  file.write('n+1\0', 344, 'latin1');
  return Buffer.concat([file, voxels()]);
}

/** The same as NRRD. */
export function phantomNrrd() {
  const [across, down, up] = SPACING;
  const header = [
    'NRRD0004', 'type: int16', 'dimension: 3', 'space: left-posterior-superior', `sizes: ${COLUMNS} ${ROWS} ${SLICES}`,
    `space directions: (${across},0,0) (0,${down},0) (0,0,${up})`, 'kinds: domain domain domain', 'endian: little',
    'encoding: gzip', 'space origin: (-180,-180,-100)', '', '',
  ];
  return Buffer.concat([Buffer.from(header.join('\n')), gzipSync(voxels(), { level: 1 })]);
}

/** The values, little endian, columns first. */
function voxels() {
  const values = new Int16Array(COLUMNS * ROWS * SLICES).fill(AIR);
  const fill = ([from, to], value) => {
    for (let slice = from[2]; slice < to[2]; slice += 1) {
      for (let row = from[1]; row < to[1]; row += 1) {
        const line = (slice * ROWS + row) * COLUMNS;
        values.fill(value, line + from[0], line + to[0]);
      }
    }
  };
  fill(BODY, TISSUE);
  LUNGS.forEach((box) => fill(box, LUNG));
  LESIONS.forEach(({ box }) => fill(box, LESION));
  return Buffer.from(values.buffer);
}

/** The middle of a box, as column, row and slice. */
export const middle = ([from, to]) => from.map((at, axis) => (at + to[axis]) / 2);

/** Width and height of the body on an axial and on a coronal cut, in mm. */
export const bodyMm = {
  axial: [0, 1].map((axis) => (BODY[1][axis] - BODY[0][axis]) * SPACING[axis]),
  coronal: [0, 2].map((axis) => (BODY[1][axis] - BODY[0][axis]) * SPACING[axis]),
};
