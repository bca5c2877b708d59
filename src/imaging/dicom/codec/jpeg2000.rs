//! JPEG 2000 (ISO 15444-1), by hayro-jpeg2000.

use std::borrow::Cow;

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::super::pixels::Layout;
use super::{CUT, other_size};

/// Start of the codestream and of its SIZ segment, also inside a JP2 file.
const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// Markers of a tile part and of the end (ISO 15444-1, A.2), the second bytes.
const TILE_PART: u8 = 0x90;
const END: u8 = 0xD9;
/// Where a tile part states its length, counted from its marker.
const TILE_PART_LENGTH: std::ops::Range<usize> = 6..10;
const SETTINGS: DecodeSettings =
    DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
/// The most tiles that are read.
const MAX_TILES: u64 = 4096;

/// The samples of a frame; of signed ones the two's complement.
pub fn decode(data: &[u8], layout: &Layout) -> Result<Vec<u16>, String> {
    let Layout { rows, columns, .. } = *layout;
    let siz = check(data, rows, columns)?;
    let stream = siz.stream(data);
    let image = Image::new(&stream, &SETTINGS).map_err(|error| error.to_string())?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| error.to_string())?;
    let [plane] = decoded.components() else {
        return Err(format!("it has {} components", decoded.components().len()));
    };
    let samples = plane.samples();
    if samples.len() != rows * columns {
        return Err(other_size(rows, columns));
    }
    let highest = ((1_u32 << siz.bits) - 1) as f32;
    let whole = |&v: &f32| siz.word(v.round_ties_even().clamp(0.0, highest) as i32, layout);
    Ok(samples.iter().map(whole).collect())
}

/// What the SIZ segment says of the samples.
pub(super) struct Siz {
    /// Bits of a sample, 1 to 16.
    pub bits: u32,
    signed: bool,
    /// Where the codestream begins.
    start: usize,
    /// Where the segment after it begins.
    pub end: usize,
}

impl Siz {
    /// The codestream in `data`, without what a JP2 file has around it. The last tile part may leave its length open
    /// (ISO 15444-1, A.4.2): then it gets the one that it has, since the decoders take the end marker for a part of it.
    pub fn stream<'a>(&self, data: &'a [u8]) -> Cow<'a, [u8]> {
        let stream = data.get(self.start..).unwrap_or_default();
        let mut at = self.end - self.start;
        while let Some(&[0xFF, marker, high, low]) = stream.get(at..).and_then(|rest| rest.first_chunk()) {
            let length = match marker {
                END => break,
                TILE_PART => match stream[at..].get(TILE_PART_LENGTH).and_then(|field| field.first_chunk()) {
                    Some(&[0, 0, 0, 0]) => return closed(stream, at),
                    Some(&stated) => u32::from_be_bytes(stated) as usize,
                    None => break,
                },
                _ => 2 + usize::from(u16::from_be_bytes([high, low])),
            };
            at = at.saturating_add(length);
        }
        stream.into()
    }

    /// The stored word of a decoded sample. The decoders lift signed samples as they do unsigned ones.
    pub fn word(&self, lifted: i32, layout: &Layout) -> u16 {
        let lift = if self.signed { 1_i32 << (self.bits - 1) } else { 0 };
        // A codestream of unsigned samples in a file of signed ones holds their lowest bits, as pydicom takes it.
        let unused = if layout.signed && !self.signed { 16 - self.bits } else { 0 };
        let sample = (lifted - lift) as u16;
        ((sample << unused) as i16 >> unused) as u16
    }
}

/// The codestream, in which the tile part at `at` states that it reaches to the end marker; as it is without that.
fn closed(stream: &[u8], at: usize) -> Cow<'_, [u8]> {
    let end = stream.windows(2).rposition(|pair| pair == [0xFF, END]);
    let Some(length) = end.and_then(|end| end.checked_sub(at)) else { return stream.into() };
    let mut closed = stream.to_vec();
    closed[at..][TILE_PART_LENGTH].copy_from_slice(&(length as u32).to_be_bytes());
    closed.into()
}

/// Checks the sizes that the codestream declares.
pub(super) fn check(data: &[u8], rows: usize, columns: usize) -> Result<Siz, String> {
    let at = data.windows(4).position(|bytes| bytes == START).ok_or("it has no start of a codestream")?;
    let siz: &[u8; 41] = data.get(at + 4..).and_then(|rest| rest.first_chunk()).ok_or(CUT)?;
    let number = |from: usize| -> u64 {
        siz[from..from + 4].iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
    };
    // Width and height of the grid, offset of the image, size and offset of the tiles.
    let [width, height, left, top, tile_width, tile_height, ..]: [u64; 8] =
        std::array::from_fn(|index| number(4 + 4 * index));
    let components = u16::from_be_bytes([siz[36], siz[37]]);
    let [depth, step_across, step_down] = [siz[38], siz[39], siz[40]];
    let size = [height.saturating_sub(top), width.saturating_sub(left)];
    if size != [rows as u64, columns as u64] || [step_across, step_down] != [1, 1] {
        return Err(other_size(size[0] as usize, size[1] as usize));
    }
    let bits = u32::from(depth & 0x7F) + 1;
    if components != 1 || bits > 16 {
        return Err(format!("it has {components} components of {bits} bits"));
    }
    if tile_width == 0 || tile_height == 0 {
        return Err("its tiles have no pixels".to_owned());
    }
    let tiles = width.div_ceil(tile_width) * height.div_ceil(tile_height);
    if tiles > MAX_TILES {
        return Err(format!("it has {tiles} tiles"));
    }
    // The segment's length counts from behind its marker.
    let end = at + 4 + usize::from(u16::from_be_bytes([siz[0], siz[1]]));
    Ok(Siz { bits, signed: depth & 0x80 != 0, start: at, end })
}
