//! Lossless scans (annex H): differences from a prediction by the neighbours.

use super::{BitReader, Frame, Scan, Tables};

pub fn decode(mut bits: BitReader, frame: Frame, scan: &Scan, tables: &Tables) -> Result<Vec<u16>, String> {
    let Frame { rows, columns, .. } = frame;
    let huffman = tables.dc.get(scan.dc).and_then(Option::as_ref).ok_or("a Huffman table is missing")?;
    if !(1..=7).contains(&scan.first) || scan.point_transform >= frame.bits {
        return Err(format!("its predictor {} is not read", scan.first));
    }
    let interval = tables.restart_interval;
    if !interval.is_multiple_of(columns) {
        return Err("it restarts inside of a row".to_owned());
    }
    let start = 1_i32 << (frame.bits - scan.point_transform - 1);
    let mut samples: Vec<u16> = vec![0; rows * columns];
    // The first row after a restart is predicted as the first of all.
    let mut first_row = 0;
    for row in 0..rows {
        if interval > 0 && row > 0 && (row * columns).is_multiple_of(interval) {
            bits.restart()?;
            first_row = row;
        }
        for column in 0..columns {
            let at = row * columns + column;
            let before = |back: usize| i32::from(samples[at - back]);
            let prediction = match (row == first_row, column) {
                (true, 0) => start,
                (true, _) => before(1),
                (false, 0) => before(columns),
                (false, _) => predict(scan.first, before(1), before(columns), before(columns + 1)),
            };
            let difference = match huffman.next(&mut bits)? {
                16 => 32_768,
                count @ 0..=15 => bits.difference(count.into())?,
                _ => return Err("a difference is too large".to_owned()),
            };
            // Modulo 2^16 (H.1.2.1).
            samples[at] = (prediction + difference) as u16;
        }
    }
    if scan.point_transform > 0 {
        samples.iter_mut().for_each(|sample| *sample <<= scan.point_transform);
    }
    Ok(samples)
}

/// The prediction by the left, upper and upper left neighbours (table H.1).
fn predict(predictor: u8, left: i32, up: i32, up_left: i32) -> i32 {
    match predictor {
        1 => left,
        2 => up,
        3 => up_left,
        4 => left + up - up_left,
        5 => left + ((up - up_left) >> 1),
        6 => up + ((left - up_left) >> 1),
        _ => (left + up) >> 1,
    }
}
