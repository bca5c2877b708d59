//! JPEG (ISO 10918-1) of one grey component: sequential with a cosine transform, 8 or 12 bit, and lossless, 2 to 16 bit.
//!
//! Own code, since no kept pure-Rust library reads 12 bit: an image that is cut short or damaged is an error here, where
//! most decoders fill it up.

mod bits;
mod dct;
mod huffman;
mod lossless;

use self::bits::BitReader;
use self::huffman::Huffman;
use super::{CUT, other_size};

/// What the segments before the scan say.
#[derive(Default)]
struct Tables {
    /// In the order of the file's zigzag.
    quantization: [Option<[u16; 64]>; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    /// Units between restarts, 0 for none.
    restart_interval: usize,
}

#[derive(Clone, Copy)]
struct Frame {
    lossless: bool,
    bits: u32,
    rows: usize,
    columns: usize,
    quantization: usize,
}

/// One scan of the whole component.
struct Scan {
    dc: usize,
    ac: usize,
    /// The predictor of a lossless scan; the first coefficient of another.
    first: u8,
    last: u8,
    /// Bits that were left out below.
    point_transform: u32,
}

/// The samples of a frame.
pub fn decode(data: &[u8], rows: usize, columns: usize) -> Result<Vec<u16>, String> {
    if !data.starts_with(&[0xFF, 0xD8]) {
        return Err("it has no start of an image".to_owned());
    }
    let mut at = 2;
    let mut tables = Tables::default();
    let mut frame: Option<Frame> = None;
    loop {
        let (marker, segment, end) = segment(data, at)?;
        at = end;
        match marker {
            0xC4 => tables.add_huffman(segment)?,
            0xDB => tables.add_quantization(segment)?,
            0xDD => tables.restart_interval = usize::from(word(segment, 0)?),
            0xC0 | 0xC1 | 0xC3 if frame.is_none() => {
                let read = Frame::read(segment, marker == 0xC3)?;
                if [read.rows, read.columns] != [rows, columns] {
                    return Err(other_size(read.rows, read.columns));
                }
                frame = Some(read);
            }
            0xDA => {
                let frame = frame.ok_or("its scan has no frame")?;
                let scan = Scan::read(segment)?;
                let bits = BitReader::new(data.get(at..).unwrap_or_default());
                return match frame.lossless {
                    true => lossless::decode(bits, frame, &scan, &tables),
                    false => dct::decode(bits, frame, &scan, &tables),
                };
            }
            // What applications add, and comments.
            0xE0..=0xEF | 0xFE => {}
            0xC0..=0xCF => return Err(format!("its process (SOF{}) is not read", marker - 0xC0)),
            0xD8 | 0xD9 => return Err("it ends without a scan".to_owned()),
            other => return Err(format!("the marker FF{other:02X} is not read")),
        }
    }
}

/// The marker at `at`, its segment, and where that ends.
fn segment(data: &[u8], at: usize) -> Result<(u8, &[u8], usize), String> {
    let mut at = at;
    if data.get(at) != Some(&0xFF) {
        return Err(if at < data.len() { "a marker is missing" } else { CUT }.to_owned());
    }
    // Markers may follow several FF.
    while data.get(at) == Some(&0xFF) {
        at += 1;
    }
    let marker = *data.get(at).ok_or(CUT)?;
    if matches!(marker, 0xD8 | 0xD9) {
        return Ok((marker, &[], at + 1));
    }
    let length = usize::from(word(data, at + 1)?);
    let end = at + 1 + length;
    Ok((marker, data.get(at + 3..end).ok_or(CUT)?, end))
}

fn word(bytes: &[u8], at: usize) -> Result<u16, String> {
    match bytes.get(at..at + 2) {
        Some(&[high, low]) => Ok(u16::from_be_bytes([high, low])),
        _ => Err(CUT.to_owned()),
    }
}

impl Tables {
    fn add_huffman(&mut self, segment: &[u8]) -> Result<(), String> {
        let mut rest = segment;
        while let Some((&kind, after)) = rest.split_first() {
            let (table, after) = Huffman::read(after)?;
            let tables = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(kind & 15)).ok_or("a Huffman table has no place")? = Some(table);
            rest = after;
        }
        Ok(())
    }

    fn add_quantization(&mut self, segment: &[u8]) -> Result<(), String> {
        let mut rest = segment;
        while let Some((&kind, after)) = rest.split_first() {
            let size = if kind >> 4 == 0 { 64 } else { 128 };
            let (values, after) = after.split_at_checked(size).ok_or(CUT)?;
            let table = std::array::from_fn(|index| match size {
                64 => u16::from(values[index]),
                _ => u16::from_be_bytes([values[2 * index], values[2 * index + 1]]),
            });
            let place = self.quantization.get_mut(usize::from(kind & 15));
            *place.ok_or("a quantization table has no place")? = Some(table);
            rest = after;
        }
        Ok(())
    }
}

impl Frame {
    fn read(segment: &[u8], lossless: bool) -> Result<Self, String> {
        let &[bits, r0, r1, c0, c1, components, _, _, quantization, ..] = segment else {
            return Err(CUT.to_owned());
        };
        let allowed = if lossless { (2..=16).contains(&bits) } else { bits == 8 || bits == 12 };
        if components != 1 || !allowed {
            return Err(format!("it has {components} components of {bits} bits"));
        }
        Ok(Self {
            lossless,
            bits: bits.into(),
            rows: u16::from_be_bytes([r0, r1]).into(),
            columns: u16::from_be_bytes([c0, c1]).into(),
            quantization: quantization.into(),
        })
    }
}

impl Scan {
    fn read(segment: &[u8]) -> Result<Self, String> {
        let &[components, _, tables, first, last, approximation] = segment else {
            return Err(CUT.to_owned());
        };
        if components != 1 || approximation >> 4 != 0 {
            return Err("its scan does not hold the whole image".to_owned());
        }
        Ok(Self {
            dc: usize::from(tables >> 4),
            ac: usize::from(tables & 15),
            first,
            last,
            point_transform: u32::from(approximation & 15),
        })
    }
}
