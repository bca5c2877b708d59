//! Run lengths of bytes, one segment a byte of the samples, the high byte first (PS3.5, annex G).

use super::super::pixels::Layout;
use super::CUT;

const HEADER: usize = 64;
/// The most bytes that come of one byte: two make 128.
const MAX_GROWTH: usize = 64;

/// The stored words of a frame.
pub fn decode(data: &[u8], layout: &Layout) -> Result<Vec<u16>, String> {
    let header = data.get(..HEADER).ok_or(CUT)?;
    let mut numbers = header.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let segments = layout.bits_allocated as usize / 8;
    match numbers.next() {
        Some(stated) if stated == segments => {}
        other => return Err(format!("it has {} segments instead of {segments}", other.unwrap_or_default())),
    }
    let starts: Vec<usize> = numbers.take(segments).collect();
    let pixels = layout.rows * layout.columns;
    let mut words = Vec::new();
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(data.len());
        let segment = data.get(start..end).filter(|_| start >= HEADER).ok_or(CUT)?;
        if segment.len().saturating_mul(MAX_GROWTH) < pixels {
            return Err(CUT.to_owned());
        }
        words.resize(pixels, 0);
        unpack(segment, &mut words)?;
    }
    Ok(words)
}

/// Adds the bytes of a segment below those that are there.
fn unpack(segment: &[u8], words: &mut [u16]) -> Result<(), String> {
    let mut bytes = segment.iter().copied();
    let mut at = 0;
    while at < words.len() {
        let control = bytes.next().ok_or(CUT)? as i8;
        let count = match control {
            0.. => control as usize + 1,
            -128 => continue,
            _ => 1 + control.unsigned_abs() as usize,
        };
        let run = if control < 0 { Some(bytes.next().ok_or(CUT)?) } else { None };
        for _ in 0..count {
            let byte = match run {
                Some(byte) => byte,
                None => bytes.next().ok_or(CUT)?,
            };
            // A run may be longer than the image by what pads the segment.
            if let Some(word) = words.get_mut(at) {
                *word = *word << 8 | u16::from(byte);
            }
            at += 1;
        }
    }
    Ok(())
}
