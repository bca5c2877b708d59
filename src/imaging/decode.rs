//! Recognises a file by its content and decodes it.

use super::{CtSlice, FileFormat, ImagingError, PicturePart, dicom, picture};

/// The longest side of a slice that is read, in pixels. CT slices have 512 to 2048.
pub const MAX_SIDE: usize = 4096;

/// Whether the first 8 bytes of a file are those of a PNG or JPEG picture.
pub fn begins_like_a_picture(head: &[u8]) -> bool {
    picture::format_of(head).is_some()
}

/// Decodes one slice from the bytes of a PNG, JPEG or DICOM file, recognised by its content.
///
/// Pictures may have 8 or 16 bits and be grey or coloured as a photo of a grey slice is ([`super::PictureReading`]). DICOM files must hold one
/// CT image, compressed or not ([`super::DicomImage`]); their values are Hounsfield units, and padding outside the field of view is -1250 HU, the lower
/// end of the default window.
///
/// # Errors
/// An [`ImagingError`] that says what was being read and why it cannot be used. No input makes it panic.
pub fn decode(bytes: &[u8]) -> Result<CtSlice, ImagingError> {
    if bytes.is_empty() {
        return Err(ImagingError::Empty);
    }
    if picture::format_of(bytes).is_some() {
        return decode_part(bytes, PicturePart::default());
    }
    dicom::decode(bytes)?.ok_or_else(|| ImagingError::UnknownFormat { looks_like: describe(bytes) })
}

/// As [`decode`], a part of a PNG or JPEG picture; all of any file where `part` is the default.
///
/// # Errors
/// As [`decode`]; [`ImagingError::NoPicture`] for a part of a file of another format, [`ImagingError::BadPart`] for one that the
/// picture has not.
pub fn decode_part(bytes: &[u8], part: PicturePart) -> Result<CtSlice, ImagingError> {
    match picture::format_of(bytes) {
        Some(format) => picture::decode(bytes, format, part),
        None if part != PicturePart::default() && !bytes.is_empty() => Err(ImagingError::NoPicture),
        None => decode(bytes),
    }
}

/// Refuses a slice with no pixels or with more than [`MAX_SIDE`] on a side.
pub(super) fn check_size(format: FileFormat, rows: u64, columns: u64) -> Result<(), ImagingError> {
    check_pixels(format, rows, columns, MAX_SIDE)
}

/// Refuses an image with no pixels or with more than `limit` on a side.
pub(super) fn check_pixels(
    format: FileFormat,
    rows: u64,
    columns: u64,
    limit: usize,
) -> Result<(), ImagingError> {
    if rows == 0 || columns == 0 {
        return Err(ImagingError::BadSlice { problem: format!("the {format} image has no pixels") });
    }
    if rows.max(columns) > limit as u64 {
        return Err(ImagingError::TooLarge { format, rows, columns, limit });
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
