//! What is looked at in a JPEG file before it is decoded.

use crate::imaging::{FileFormat, ImagingError};

/// Refuses a JPEG without its end marker, which the decoder would fill up with grey.
pub(super) fn check_end(bytes: &[u8]) -> Result<(), ImagingError> {
    let cut = |place: &str| ImagingError::CutShort { format: FileFormat::Jpeg, place: place.to_owned() };
    let mut data = None;
    for segment in segments(bytes) {
        match segment {
            Segment::Marker(0xD9) => return Err(cut("before its image data")),
            Segment::Marker(_) => {}
            Segment::Scan { data: at } => data = Some(at),
            Segment::NoMarker(at) => {
                let detail = format!("no marker at byte {at}");
                return Err(ImagingError::Picture { format: FileFormat::Jpeg, detail });
            }
            Segment::CutHeader => return Err(cut("inside its header")),
        }
    }
    let Some(at) = data else { return Err(cut("before its image data")) };
    // In coded data FF D9 can only be the end marker.
    match bytes.get(at..) {
        Some(data) if data.windows(2).any(|pair| pair == [0xFF, 0xD9]) => Ok(()),
        _ => Err(cut("inside its image data")),
    }
}

/// Whether its frame is progressive (SOF2 and its like, ITU-T T.81 table B.1), so that all coefficients are kept while it is read.
pub(super) fn is_progressive(bytes: &[u8]) -> bool {
    segments(bytes).any(|segment| matches!(segment, Segment::Marker(0xC2 | 0xC6 | 0xCA | 0xCE)))
}

/// A piece of the header.
enum Segment {
    /// A segment of this kind, before the first scan.
    Marker(u8),
    /// The first scan, whose coded data begin at this byte.
    Scan { data: usize },
    /// Something else where a marker must be.
    NoMarker(usize),
    /// The file ends inside the length of a segment.
    CutHeader,
}

/// The segments up to the first scan, where the file has them.
fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment> {
    let mut at = 2;
    let mut ended = false;
    std::iter::from_fn(move || {
        while !ended {
            let &[mark, kind] = bytes.get(at..at + 2)? else { return None };
            if mark != 0xFF {
                ended = true;
                return Some(Segment::NoMarker(at));
            }
            match kind {
                // Fill bytes before a marker.
                0xFF => at += 1,
                // Markers without a length.
                0x01 | 0xD0..=0xD8 => at += 2,
                0xD9 => {
                    ended = true;
                    return Some(Segment::Marker(kind));
                }
                _ => {
                    let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
                        ended = true;
                        return Some(Segment::CutHeader);
                    };
                    at += 2 + usize::from(u16::from_be_bytes([high, low]));
                    // Start of scan: what follows is coded data.
                    ended = kind == 0xDA;
                    return Some(if ended { Segment::Scan { data: at } } else { Segment::Marker(kind) });
                }
            }
        }
        None
    })
}
