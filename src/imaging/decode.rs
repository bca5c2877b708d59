//! Recognises a file by its content and decodes it.

use super::{CtSlice, FileFormat, ImagingError, PicturePart, dicom, picture};

/// The longest side of a slice that is read, in pixels. CT slices have 512 to 2048.
pub const MAX_SIDE: usize = 4096;

/// How many bytes at the beginning of a file tell whether it is a picture.
pub const PICTURE_HEAD: usize = 64;

/// Whether the first [`PICTURE_HEAD`] bytes of a file are those of a PNG, JPEG, WebP or BMP picture.
pub fn begins_like_a_picture(head: &[u8]) -> bool {
    picture::format_of(head).is_some()
}

/// Names a picture or video of a kind that is not read, by the first [`PICTURE_HEAD`] bytes of its file.
pub fn name_unread_picture(head: &[u8]) -> Option<&'static str> {
    const SIGNATURES: [(&[u8], &str); 3] =
        [(b"GIF8", "a GIF picture"), (b"II*\0", "a TIFF picture"), (b"MM\0*", "a TIFF picture")];
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        return Some(name);
    }
    if head.get(4..8) != Some(b"ftyp") {
        return None;
    }
    // ISO base media, told by their brands.
    let brands = head[8..head.len().min(PICTURE_HEAD)].chunks_exact(4);
    let has = |any: &[&[u8; 4]]| brands.clone().any(|brand| any.iter().any(|one| brand == *one));
    Some(if has(&[b"avif", b"avis"]) {
        "an AVIF picture (save it as PNG or JPEG)"
    } else if has(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) {
        "a HEIC photo (share it as JPEG)"
    } else {
        "a video"
    })
}

/// Decodes one slice from the bytes of a PNG, JPEG, WebP, BMP or DICOM file, recognised by its content.
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
    dicom::decode(bytes)?.ok_or_else(|| unknown_format(bytes))
}

/// What is said of a file of no format that is read, by its first bytes.
pub fn unknown_format(head: &[u8]) -> ImagingError {
    if head.is_empty() {
        return ImagingError::Empty;
    }
    ImagingError::UnknownFormat { looks_like: describe(head) }
}

/// As [`decode`], a part of a picture; all of any file where `part` is the default.
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
    const SIGNATURES: [(&[u8], &str); 8] = [
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip file (perhaps a NIfTI volume)"),
        (b"RIFF", "a recording"),
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
    if let Some(name) = name_unread_picture(bytes) {
        return name;
    }
    if bytes.get(344..347) == Some(b"n+1") {
        return "a NIfTI volume";
    }
    let head = &bytes[..bytes.len().min(512)];
    if head.is_ascii() && head.iter().all(|&b| b >= 0x20 || b.is_ascii_whitespace()) {
        return "a text file";
    }
    // Two letters that may begin anything else too.
    if bytes.starts_with(b"BM") {
        return "a damaged BMP picture";
    }
    "no format that LungLens knows"
}
