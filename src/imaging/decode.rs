//! Recognises a file by its content and decodes it.

use super::{CtSlice, FileFormat, ImagingError, dicom, picture};

/// The longest side of an image that is read, in pixels. CT slices have 512 to 2048.
pub const MAX_SIDE: usize = 4096;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xFF\xD8\xFF";

/// Whether the first 8 bytes of a file are those of a PNG or JPEG picture.
pub fn begins_like_a_picture(head: &[u8]) -> bool {
    head.starts_with(PNG) || head.starts_with(JPEG)
}

/// Rows and columns that a PNG or JPEG picture states in its first bytes; none where they are not among these.
pub fn picture_size(head: &[u8]) -> Option<[usize; 2]> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte));
    if head.starts_with(PNG) {
        let [columns, rows] = [16, 20].map(|at| head.get(at..at + 4).map(number));
        return (head.get(12..16) == Some(b"IHDR")).then_some([rows?, columns?]);
    }
    if !head.starts_with(JPEG) {
        return None;
    }
    let mut at = 2;
    loop {
        match *head.get(at..at + 2)? {
            [0xFF, 0xFF] => at += 1,
            [0xFF, 0x01 | 0xD0..=0xD8] => at += 2,
            // Start of frame, whatever its coding; not the tables of the same range.
            [0xFF, kind @ 0xC0..=0xCF] if !matches!(kind, 0xC4 | 0xC8 | 0xCC) => {
                let [rows, columns] = [at + 5, at + 7].map(|at| head.get(at..at + 2).map(number));
                return Some([rows?, columns?]);
            }
            [0xFF, _] => at += 2 + head.get(at + 2..at + 4).map(number)?,
            _ => return None,
        }
    }
}

/// Decodes one slice from the bytes of a PNG, JPEG or DICOM file, recognised by its content.
///
/// Pictures may have 8 or 16 bits and be grey, or RGB(A) that is grey. DICOM files must hold one
/// CT image, compressed or not ([`super::DicomImage`]); their values are Hounsfield units, and padding outside the field of view is -1250 HU, the lower
/// end of the default window.
///
/// # Errors
/// An [`ImagingError`] that says what was being read and why it cannot be used. No input makes it panic.
pub fn decode(bytes: &[u8]) -> Result<CtSlice, ImagingError> {
    if bytes.is_empty() {
        return Err(ImagingError::Empty);
    }
    if bytes.starts_with(PNG) {
        return picture::decode(bytes, FileFormat::Png);
    }
    if bytes.starts_with(JPEG) {
        return picture::decode(bytes, FileFormat::Jpeg);
    }
    dicom::decode(bytes)?.ok_or_else(|| ImagingError::UnknownFormat { looks_like: describe(bytes) })
}

/// Refuses an image with no pixels or with more than [`MAX_SIDE`] on a side.
pub(super) fn check_size(format: FileFormat, rows: u64, columns: u64) -> Result<(), ImagingError> {
    if rows == 0 || columns == 0 {
        return Err(ImagingError::BadSlice { problem: format!("the {format} image has no pixels") });
    }
    if rows.max(columns) > MAX_SIDE as u64 {
        return Err(ImagingError::TooLarge { format, rows, columns, limit: MAX_SIDE });
    }
    Ok(())
}

/// Names what the first bytes of an unreadable file suggest.
fn describe(bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 12] = [
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip file (perhaps a NIfTI volume)"),
        (b"GIF8", "a GIF picture"),
        (b"BM", "a BMP picture"),
        (b"II*\0", "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (b"RIFF", "a WebP picture or a recording"),
        (b"\x89HDF", "an HDF5 file"),
        (b"NRRD", "an NRRD volume"),
        (b"\x89PNG", "a damaged PNG picture"),
        (b"\xFF\xD8", "a damaged JPEG picture"),
    ];
    for (signature, name) in SIGNATURES {
        if bytes.starts_with(signature) {
            return name;
        }
    }
    if bytes.get(344..347) == Some(b"n+1") {
        return "a NIfTI volume";
    }
    let head = &bytes[..bytes.len().min(512)];
    if head.is_ascii() && head.iter().all(|&b| b >= 0x20 || b.is_ascii_whitespace()) {
        return "a text file";
    }
    "no format that LungLens knows"
}
