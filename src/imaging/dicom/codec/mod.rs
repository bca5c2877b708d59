//! Decoders of compressed frames. Each checks what the frame declares against the size in the header and the bytes that
//! are there before it allocates.

mod htj2k;
mod jpeg;
mod jpeg2000;
mod jpeg_ls;
mod rle;

use super::super::ImagingError;
use super::pixels::Layout;
use super::syntax::Coding;

/// How much smaller compressed pixels may be than decoded ones, in an image of more than [`SMALL`] pixels. Air compresses
/// well, but a CT slice has noise: the best coders reach 10 without loss.
const MAX_RATIO: usize = 250;
/// Images with fewer pixels may be as empty as they like.
const SMALL: usize = 1024 * 1024;

/// The stored words of one frame, row-major.
pub fn decode(coding: Coding, data: &[u8], layout: &Layout) -> Result<Vec<u16>, ImagingError> {
    let pixels = layout.rows * layout.columns;
    let (name, result) = if pixels > SMALL && data.len().saturating_mul(MAX_RATIO) < layout.frame_bytes() {
        let detail = format!("{} bytes cannot hold {} x {} pixels", data.len(), layout.columns, layout.rows);
        ("compressed data", Err(detail))
    } else {
        match coding {
            Coding::Fragmented => ("numbers in fragments", fragmented(data, layout)),
            Coding::Rle => ("RLE", rle::decode(data, layout)),
            Coding::Jpeg | Coding::JpegLossless => ("JPEG", jpeg::decode(data, layout.rows, layout.columns)),
            Coding::JpegLs => ("JPEG-LS", jpeg_ls::decode(data, layout.rows, layout.columns)),
            Coding::Jpeg2000 => ("JPEG 2000", jpeg2000::decode(data, layout)),
            Coding::Htj2k => ("High-Throughput JPEG 2000", htj2k::decode(data, layout)),
            Coding::Native | Coding::Unread => ("compressed data", Err("it is not compressed".to_owned())),
        }
    };
    result.map_err(|detail| ImagingError::Compressed { coding: name, detail })
}

/// The stored words of a frame that is not compressed.
fn fragmented(data: &[u8], layout: &Layout) -> Result<Vec<u16>, String> {
    let data = data.get(..layout.frame_bytes()).ok_or(CUT)?;
    Ok(match layout.bits_allocated {
        8 => data.iter().map(|&byte| u16::from(byte)).collect(),
        _ => data.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect(),
    })
}

/// The words for an image of another size than the header says.
fn other_size(rows: usize, columns: usize) -> String {
    format!("it holds {columns} x {rows} pixels, which is not what Rows and Columns say")
}

const CUT: &str = "it is cut short";
