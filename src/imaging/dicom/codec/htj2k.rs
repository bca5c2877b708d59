//! High-throughput JPEG 2000 (ISO 15444-15) without loss, by dicom-toolkit-jpeg2000. With loss its values are off by more
//! than those of OpenJPH, so these are refused.

use dicom_toolkit_jpeg2000::{DecodeSettings, Image};

use super::super::pixels::Layout;
use super::jpeg2000::check;
use super::{CUT, other_size};

const SETTINGS: DecodeSettings =
    DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
/// Markers of the main header: the coding style, and the first tile, which ends it (ISO 15444-1, A.2).
const COD: [u8; 2] = [0xFF, 0x52];
const SOT: [u8; 2] = [0xFF, 0x90];
/// Where a coding style says how it transforms, counted from its marker, and the number of the one without loss.
const TRANSFORM: usize = 13;
const REVERSIBLE: u8 = 1;

/// The samples of a frame; of signed ones the two's complement.
pub fn decode(data: &[u8], layout: &Layout) -> Result<Vec<u16>, String> {
    let Layout { rows, columns, .. } = *layout;
    let siz = check(data, rows, columns)?;
    if !is_reversible(data, siz.end)? {
        return Err("it is coded with loss, of which LungLens reads none of this kind".to_owned());
    }
    let stream = siz.stream(data);
    let image = Image::new(&stream, &SETTINGS).map_err(|error| error.to_string())?;
    let decoded = image.decode_native().map_err(|error| error.to_string())?;
    let size = usize::from(decoded.bytes_per_sample.max(1));
    if decoded.num_components != 1 || decoded.data.len() != rows * columns * size {
        return Err(other_size(rows, columns));
    }
    let lifted = |bytes: &[u8]| bytes.iter().rev().fold(0_i32, |value, &byte| value << 8 | i32::from(byte));
    Ok(decoded.data.chunks_exact(size).map(|sample| siz.word(lifted(sample), layout)).collect())
}

/// Whether the main header, from behind its first segment on, has a transform without loss.
fn is_reversible(data: &[u8], from: usize) -> Result<bool, String> {
    let mut at = from;
    loop {
        let marker = data.get(at..at + 2).ok_or(CUT)?;
        if marker == COD {
            return Ok(*data.get(at + TRANSFORM).ok_or(CUT)? == REVERSIBLE);
        }
        if marker == SOT {
            return Err("it does not say how it is coded".to_owned());
        }
        let length = data.get(at + 2..at + 4).ok_or(CUT)?;
        at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
    }
}
