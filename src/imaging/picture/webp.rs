//! What is looked at in a WebP file before it is decoded (RFC 9649): the decoder believes the sizes that a file declares.

use crate::imaging::{FileFormat, ImagingError};

/// VP8X's flag of an animation.
const ANIMATION: u8 = 0x02;

/// The bytes of a picture up to the end that its header tells.
///
/// Refuses one that ends before, one with a chunk that reaches beyond it, an animation, and an image of another size than the
/// canvas, by which memory is measured.
pub(super) fn still(bytes: &[u8]) -> Result<&[u8], ImagingError> {
    let damaged = |detail: String| ImagingError::Picture { format: FileFormat::WebP, detail };
    let end = u32_at(bytes, 4).map_or(0, u64::from) + 8;
    let Some(file) = usize::try_from(end).ok().and_then(|end| bytes.get(..end)) else {
        let place = format!("after {} of {end} bytes", bytes.len());
        return Err(ImagingError::CutShort { format: FileFormat::WebP, place });
    };
    let mut size = None;
    for chunk in chunks(file) {
        let Chunk { kind, content } = chunk.map_err(|at| damaged(format!("no whole chunk at byte {at}")))?;
        let animated = kind == b"VP8X" && content.first().is_some_and(|flags| flags & ANIMATION != 0);
        if animated || matches!(kind, b"ANIM" | b"ANMF") {
            return Err(ImagingError::Animated { format: FileFormat::WebP });
        }
        let stated = stated_size(kind, content);
        if size.is_some() && stated.is_some() && size != stated {
            return Err(damaged("its image has another size than it claims".to_owned()));
        }
        size = size.or(stated);
    }
    Ok(file)
}

/// How many bytes a pixel the decoder keeps beside the picture; `file` is one that [`still`] gave.
pub(super) fn kept_bytes(file: &[u8], has_alpha: bool) -> u64 {
    let without_loss = chunks(file).flatten().any(|chunk| chunk.kind == b"VP8L");
    match (without_loss, has_alpha) {
        // What becomes of the transforms; and all four channels where three are asked for.
        (true, true) => 1,
        (true, false) => 5,
        // Brightness, and colours of a quarter as many pixels; the alpha channel, which is a picture without loss.
        (false, true) => 8,
        (false, false) => 2,
    }
}

/// A piece of the file.
struct Chunk<'a> {
    kind: &'a [u8],
    content: &'a [u8],
}

/// The chunks in order; the place of one that reaches beyond the end of the file, which is the last.
fn chunks(file: &[u8]) -> impl Iterator<Item = Result<Chunk<'_>, usize>> {
    let mut at = 12;
    std::iter::from_fn(move || {
        // Less than a chunk's header is no chunk.
        let length = u32_at(file, at + 4)?;
        let content = usize::try_from(length).ok().and_then(|length| file.get(at + 8..)?.get(..length));
        let Some(content) = content else {
            let place = at;
            at = file.len();
            return Some(Err(place));
        };
        let chunk = Chunk { kind: &file[at..at + 4], content };
        // Chunks begin at even places.
        at += 8 + content.len().next_multiple_of(2);
        Some(Ok(chunk))
    })
}

/// Width and height by the header of a canvas or an image.
fn stated_size(kind: &[u8], content: &[u8]) -> Option<[u32; 2]> {
    const SIDE: u32 = 0x3FFF;
    match kind {
        b"VP8X" => Some([u24_at(content, 4)? + 1, u24_at(content, 7)? + 1]),
        b"VP8L" => {
            let sides = u32_at(content, 1)?;
            Some([(sides & SIDE) + 1, (sides >> 14 & SIDE) + 1])
        }
        b"VP8 " => {
            let sides = u32_at(content, 6)?;
            Some([sides & SIDE, sides >> 16 & SIDE])
        }
        _ => None,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..)?.first_chunk().copied()?))
}

fn u24_at(bytes: &[u8], at: usize) -> Option<u32> {
    let &[low, middle, high] = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}
