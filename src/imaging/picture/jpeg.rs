//! What is looked at in a JPEG file before it is decoded.

use crate::imaging::{FileFormat, ImagingError};

/// Refuses a JPEG without its end marker, which the decoder would fill up with grey.
pub(super) fn check_end(bytes: &[u8]) -> Result<(), ImagingError> {
    let cut = |place: &str| ImagingError::CutShort { format: FileFormat::Jpeg, place: place.to_owned() };
    let mut data = None;
    for segment in segments(bytes) {
        match segment {
            Segment::Marker { kind: 0xD9, .. } => return Err(cut("before its image data")),
            Segment::Marker { .. } => {}
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

/// The bytes that a decoder keeps beside the samples of a picture of so many pixels: of a progressive frame (SOF2 and its like, ITU-T
/// T.81 table B.1) all coefficients, of 16 bit each.
pub(super) fn coefficient_bytes(bytes: &[u8], pixels: u64) -> u64 {
    let frame = segments(bytes).find_map(|segment| match segment {
        Segment::Marker { kind: 0xC2 | 0xC6 | 0xCA | 0xCE, content } => Some(content),
        _ => None,
    });
    // Precision, height and width, the number of components, and three bytes of each: the second is how it is sampled.
    let Some([_, _, _, _, _, count, components @ ..]) = frame else { return 0 };
    let sampled = components
        .chunks_exact(3)
        .take(usize::from(*count))
        .map(|component| [component[1] >> 4, component[1] & 15].map(|factor| u64::from(factor.clamp(1, 4))));
    let [most_across, most_down] =
        sampled.clone().fold([1, 1], |most, factors| [0, 1].map(|i| most[i].max(factors[i])));
    sampled.map(|[across, down]| 2 * pixels * across * down / (most_across * most_down)).sum()
}

/// A piece of the header.
enum Segment<'a> {
    /// A segment of this kind, before the first scan, with what follows its length.
    Marker { kind: u8, content: &'a [u8] },
    /// The first scan, whose coded data begin at this byte.
    Scan { data: usize },
    /// Something else where a marker must be.
    NoMarker(usize),
    /// The file ends inside the length of a segment.
    CutHeader,
}

/// The segments up to the first scan, where the file has them.
fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
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
                    return Some(Segment::Marker { kind, content: &[] });
                }
                _ => {
                    let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
                        ended = true;
                        return Some(Segment::CutHeader);
                    };
                    let begin = at + 4;
                    at += 2 + usize::from(u16::from_be_bytes([high, low]));
                    // Start of scan: what follows is coded data.
                    ended = kind == 0xDA;
                    let content = bytes.get(begin..at).unwrap_or_default();
                    return Some(if ended {
                        Segment::Scan { data: at }
                    } else {
                        Segment::Marker { kind, content }
                    });
                }
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a JPEG with a frame of `kind` and components sampled so.
    fn head(kind: u8, sampling: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8, 0xFF, kind, 0, 8 + 3 * sampling.len() as u8];
        bytes.extend([8, 0, 10, 0, 10, sampling.len() as u8]);
        sampling.iter().for_each(|&factors| bytes.extend([1, factors, 0]));
        bytes
    }

    #[test]
    fn only_progressive_frames_keep_coefficients() {
        assert_eq!(coefficient_bytes(&head(0xC0, &[0x22, 0x11, 0x11]), 100), 0);
        // Of 4:2:0 one and a half values a pixel, of 4:4:4 three.
        assert_eq!(coefficient_bytes(&head(0xC2, &[0x22, 0x11, 0x11]), 100), 300);
        assert_eq!(coefficient_bytes(&head(0xC2, &[0x11, 0x11, 0x11]), 100), 600);
        assert_eq!(coefficient_bytes(&head(0xC2, &[0x11]), 100), 200);
        // Nonsense is no division by zero.
        assert_eq!(coefficient_bytes(&head(0xC2, &[0x00]), 100), 200);
        assert_eq!(coefficient_bytes(&head(0xC2, &[0x22])[..9], 100), 0);
    }
}
