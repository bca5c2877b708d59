//! Sequential scans with a cosine transform (annex F), the inverse as libjpeg's accurate integer one ("islow"), so that
//! values are the same.

use super::{BitReader, Frame, Scan, Tables};

/// Where a coefficient of the file's order lies in a block.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];
/// Far beyond any coefficient of 12-bit samples; keeps damaged ones from overflowing.
const MAX_COEFFICIENT: i64 = 1 << 20;

pub fn decode(mut bits: BitReader, frame: Frame, scan: &Scan, tables: &Tables) -> Result<Vec<u16>, String> {
    let Frame { rows, columns, .. } = frame;
    if (scan.first, scan.last, scan.point_transform) != (0, 63, 0) {
        return Err("its scan does not hold the whole image".to_owned());
    }
    let missing = "a table is missing";
    let quantization = tables.quantization.get(frame.quantization).and_then(Option::as_ref).ok_or(missing)?;
    let dc = tables.dc.get(scan.dc).and_then(Option::as_ref).ok_or(missing)?;
    let ac = tables.ac.get(scan.ac).and_then(Option::as_ref).ok_or(missing)?;

    let mut samples: Vec<u16> = vec![0; rows * columns];
    let mut previous_dc = 0_i32;
    let across = columns.div_ceil(8);
    for block in 0..across * rows.div_ceil(8) {
        if tables.restart_interval > 0 && block > 0 && block.is_multiple_of(tables.restart_interval) {
            bits.restart()?;
            previous_dc = 0;
        }
        let mut coefficients = [0_i64; 64];
        let mut set = |index: usize, value: i32| {
            let value = i64::from(value) * i64::from(quantization[index]);
            coefficients[ZIGZAG[index]] = value.clamp(-MAX_COEFFICIENT, MAX_COEFFICIENT);
        };
        let count = dc.next(&mut bits)?;
        if count > 15 {
            return Err("a difference is too large".to_owned());
        }
        previous_dc = previous_dc.wrapping_add(bits.difference(count.into())?);
        set(0, previous_dc);
        let mut index = 1;
        while index < 64 {
            let code = ac.next(&mut bits)?;
            let (zeros, count) = (usize::from(code >> 4), u32::from(code & 15));
            match (zeros, count) {
                (15, 0) => index += 16,
                (_, 0) => break,
                _ => {
                    index += zeros;
                    if index > 63 {
                        return Err("a block has too many coefficients".to_owned());
                    }
                    set(index, bits.difference(count)?);
                    index += 1;
                }
            }
        }
        let values = inverse(coefficients, frame.bits);
        let (top, left) = (block / across * 8, block % across * 8);
        for (row, line) in values.chunks_exact(8).enumerate().take(rows - top) {
            let start = (top + row) * columns + left;
            let width = (columns - left).min(8);
            samples[start..start + width].copy_from_slice(&line[..width]);
        }
    }
    Ok(samples)
}

/// Bits of the constants' fractions.
const CONST_BITS: u32 = 13;

/// Samples of a block from its coefficients.
fn inverse(mut block: [i64; 64], bits: u32) -> [u16; 64] {
    // Fewer for 12 bit, as in libjpeg.
    let pass_bits = if bits > 8 { 1 } else { 2 };
    for column in 0..8 {
        let line = std::array::from_fn(|row| block[row * 8 + column]);
        for (row, value) in inverse_line(line, CONST_BITS - pass_bits).into_iter().enumerate() {
            block[row * 8 + column] = value;
        }
    }
    let (middle, highest) = (1_i64 << (bits - 1), (1_i64 << bits) - 1);
    let mut samples = [0; 64];
    for (line, out) in block.chunks_exact(8).zip(samples.chunks_exact_mut(8)) {
        let line = std::array::from_fn(|column| line[column]);
        for (value, sample) in inverse_line(line, CONST_BITS + pass_bits + 3).into_iter().zip(out) {
            *sample = (value + middle).clamp(0, highest) as u16;
        }
    }
    samples
}

/// The inverse transform of 8 values, scaled by 2^13, rounded to 2^`shift` less. After Loeffler, Ligtenberg and
/// Moschytz, with 12 multiplications.
fn inverse_line(c: [i64; 8], shift: u32) -> [i64; 8] {
    let z1 = (c[2] + c[6]) * 4433;
    let (even2, even3) = (z1 - c[6] * 15_137, z1 + c[2] * 6270);
    let (even0, even1) = ((c[0] + c[4]) << CONST_BITS, (c[0] - c[4]) << CONST_BITS);
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];

    let z5 = (c[7] + c[3] + c[5] + c[1]) * 9633;
    let (z1, z2) = ((c[7] + c[1]) * -7373, (c[5] + c[3]) * -20_995);
    let (z3, z4) = ((c[7] + c[3]) * -16_069 + z5, (c[5] + c[1]) * -3196 + z5);
    let odd =
        [c[1] * 12_299 + z1 + z4, c[3] * 25_172 + z2 + z3, c[5] * 16_819 + z2 + z4, c[7] * 2446 + z1 + z3];

    let round = |value: i64| (value + (1 << (shift - 1))) >> shift;
    std::array::from_fn(|at| match at {
        0..4 => round(even[at] + odd[at]),
        _ => round(even[7 - at] - odd[7 - at]),
    })
}
