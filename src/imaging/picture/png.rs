//! What is looked at in a PNG file before it is decoded.

/// Bytes of the signature.
const SIGNATURE: usize = 8;
/// Bytes of a chunk beside its content: length, kind and checksum.
const AROUND: usize = 12;

/// Whether the file has more pictures than the one that every program shows: an `acTL` chunk of several before the pixels (PNG,
/// third edition, 11.3.7).
pub(super) fn is_animated(bytes: &[u8]) -> bool {
    let mut at = SIGNATURE;
    loop {
        let Some((&[l0, l1, l2, l3, ref kind @ ..], content)) =
            bytes.get(at..).and_then(|rest| rest.split_first_chunk::<8>())
        else {
            return false;
        };
        match kind {
            b"acTL" => {
                let pictures = content.first_chunk().map_or(0, |count| u32::from_be_bytes(*count));
                return pictures > 1;
            }
            b"IDAT" => return false,
            _ => at = at.saturating_add(AROUND).saturating_add(u32::from_be_bytes([l0, l1, l2, l3]) as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of these chunks: kind and content.
    fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, content) in chunks {
            bytes.extend((content.len() as u32).to_be_bytes());
            bytes.extend([kind.as_slice(), content, &[0; 4]].concat());
        }
        bytes
    }

    #[test]
    fn several_pictures_are_an_animation() {
        let control = |pictures: u8| [0, 0, 0, pictures, 0, 0, 0, 0];
        let header = (b"IHDR", [0; 13].as_slice());
        let with = |pictures| png(&[header, (b"acTL", &control(pictures)), (b"IDAT", b"x")]);
        assert!(is_animated(&with(2)));
        assert!(!is_animated(&with(1)));
        assert!(!is_animated(&png(&[header, (b"IDAT", b"acTL"), (b"acTL", &control(2))])));
        for end in 0..with(2).len() {
            is_animated(&with(2)[..end]);
        }
        assert!(!is_animated(&png(&[header, (b"zTXt", b"x")])[..40]));
    }
}
