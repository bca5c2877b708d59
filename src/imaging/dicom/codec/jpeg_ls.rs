//! JPEG-LS (ISO 14495-1), by pure_jpegls.

use super::{CUT, other_size};

const START: [u8; 2] = [0xFF, 0xD8];
const FRAME: u8 = 0xF7;
const PRESETS: u8 = 0xF8;
const SCAN: u8 = 0xDA;
/// The largest RESET: with more the decoder's sums could overflow.
const MAX_RESET: u16 = 255;

/// The samples of a frame.
pub fn decode(data: &[u8], rows: usize, columns: usize) -> Result<Vec<u16>, String> {
    check(data, rows, columns)?;
    let side = |n: usize| u32::try_from(n).map_err(|_| other_size(rows, columns));
    let (width, height) = (side(columns)?, side(rows)?);
    let shorter = || jpegls::decode(&without_filling(data)?, width, height).ok();
    match jpegls::decode(data, width, height).or_else(|error| shorter().ok_or(error)) {
        Ok((samples, ..)) if samples.len() == rows * columns => Ok(samples),
        Ok(_) => Err(other_size(rows, columns)),
        Err(error) => Err(error.to_string()),
    }
}

/// The data without a zero before the end marker: where the last bits fill a byte, some encoders write another, which the
/// decoder does not expect.
fn without_filling(data: &[u8]) -> Option<Vec<u8>> {
    let zero = data.windows(3).rposition(|bytes| bytes == [0, 0xFF, 0xD9])?;
    Some([&data[..zero], &data[zero + 1..]].concat())
}

/// Checks the segments before the scan, which the decoder believes in part.
fn check(data: &[u8], rows: usize, columns: usize) -> Result<(), String> {
    if !data.starts_with(&START) {
        return Err("it has no start of an image".to_owned());
    }
    let mut at = START.len();
    let mut framed = false;
    loop {
        let Some(&[0xFF, marker, high, low]) = data.get(at..).and_then(|rest| rest.first_chunk()) else {
            return Err(CUT.to_owned());
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = data.get(at + 4..at + 2 + length).ok_or(CUT)?;
        match (marker, segment) {
            (SCAN, _) if framed => return Ok(()),
            (SCAN, _) => return Err("its scan has no frame".to_owned()),
            (FRAME, &[bits, r0, r1, c0, c1, components, ..]) => {
                let size = [u16::from_be_bytes([r0, r1]), u16::from_be_bytes([c0, c1])].map(usize::from);
                if size != [rows, columns] {
                    return Err(other_size(size[0], size[1]));
                }
                if !(2..=16).contains(&bits) || components != 1 || segment.len() != 9 || framed {
                    return Err(format!("it has {components} components of {bits} bits"));
                }
                framed = true;
            }
            (FRAME, _) => return Err(CUT.to_owned()),
            (PRESETS, &[1, _, _, _, _, _, _, _, _, r0, r1]) => {
                let reset = u16::from_be_bytes([r0, r1]);
                if reset > MAX_RESET {
                    return Err(format!("its RESET is {reset}"));
                }
            }
            (PRESETS, _) => return Err("its parameters are of a kind that is not read".to_owned()),
            _ => {}
        }
        at += 2 + length;
    }
}
