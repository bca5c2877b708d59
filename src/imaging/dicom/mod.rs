//! CT images in DICOM files, of one frame or many.
//!
//! dicom-rs believes the lengths that a file declares (its issue 828), so [`elements`] walks the file and checks every
//! length; [`attributes`] reads the few small elements that are needed; [`image`] reads
//! frames in place, [`codec`] decodes compressed ones, and [`pixels`] makes Hounsfield units of them.

mod attributes;
mod codec;
mod deflated;
mod dictionary;
mod directory;
mod elements;
mod fragments;
mod header;
mod identity;
mod image;
mod lossy;
mod pixels;
mod salvage;
mod syntax;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use self::attributes::{missing, tag_name};
pub(crate) use self::dictionary::entry_of;
pub use self::directory::ListedImage;
use self::elements::{Element, Syntax};
pub use self::header::{DicomHeader, read_dicom_header};
pub use self::identity::DicomIdentity;
pub use self::image::DicomImage;
pub use self::lossy::LossyCompression;
pub use self::pixels::AIR_HU;
pub use self::salvage::salvage_series;
pub use self::syntax::UNKNOWN_CODING;
use super::{CtSlice, ImagingError};
use crate::source::BorrowedSource;

const PREAMBLE: usize = 128;

/// Where the elements of a DICOM file begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// After the magic word "DICM": file meta information, whose first byte is here.
    Meta(usize),
    /// At the first byte: a bare data set, without preamble and file meta information.
    DataSet(Syntax),
}

/// Recognises a DICOM file, with or without preamble, or says that it is none.
pub(super) fn recognise(bytes: &[u8]) -> Option<Start> {
    if bytes.get(PREAMBLE..PREAMBLE + 4) == Some(b"DICM") {
        return Some(Start::Meta(PREAMBLE + 4));
    }
    if bytes.starts_with(b"DICM") {
        return Some(Start::Meta(4));
    }
    // Without the magic word, other files may begin with these numbers too: what follows must fit.
    let &[g0, g1, e0, e1, v0, v1, l0, l1] = bytes.first_chunk()?;
    let has_representation = v0.is_ascii_uppercase() && v1.is_ascii_uppercase();
    match (u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1])) {
        (0x0002, 0x0000..=0x0010) => has_representation.then_some(Start::Meta(0)),
        // A data set of an image starts with (0008,0000) to (0008,0018).
        (0x0008, 0x0000..=0x0018) if has_representation => Some(Start::DataSet(Syntax::EXPLICIT_LITTLE)),
        (0x0008, 0x0000..=0x0018) => {
            let length = u32::from_le_bytes([v0, v1, l0, l1]) as usize;
            let rest = bytes[8..].get(length..)?;
            // An image has several elements of this group.
            let next = rest.first_chunk::<2>();
            next.is_none_or(|group| *group == [8, 0]).then_some(Start::DataSet(Syntax::IMPLICIT_LITTLE))
        }
        _ => None,
    }
}

/// Decodes the single CT image of a DICOM file into Hounsfield units; `None` for bytes that are none.
pub(super) fn decode(bytes: &[u8]) -> Result<Option<CtSlice>, ImagingError> {
    let source = BorrowedSource(bytes);
    let Some(image) = DicomImage::open(&source)? else { return Ok(None) };
    match image.frames() {
        1 => image.slice(&source, 0).map(Some),
        frames => match image.header(0)?.modality {
            // It is none as a study either.
            Some(modality) if modality != "CT" => Err(ImagingError::NotCt { modality }),
            _ => Err(ImagingError::MultiFrame { frames: frames.into() }),
        },
    }
}

/// What the file meta information says.
struct Meta {
    /// TransferSyntaxUID (0002,0010).
    transfer_syntax: String,
    /// MediaStorageSOPClassUID (0002,0002), the kind of what the file holds.
    sop_class: Option<String>,
    /// Where the data set begins.
    end: usize,
}

/// Reads the file meta information at `at`.
fn read_meta(bytes: &[u8], at: usize) -> Result<Meta, ImagingError> {
    let mut at = at;
    let (mut transfer_syntax, mut sop_class) = (None, None);
    // The meta group is explicit little endian in every file.
    while bytes.get(at..at + 2) == Some(&[2, 0]) {
        let element: Element = elements::primitive(bytes, at, Syntax::EXPLICIT_LITTLE)?;
        let uid = || Some(String::from_utf8_lossy(element.value).trim_matches(['\0', ' ']).to_owned());
        match element.tag {
            tags::TRANSFER_SYNTAX_UID => transfer_syntax = uid(),
            tags::MEDIA_STORAGE_SOP_CLASS_UID => sop_class = uid(),
            _ => {}
        }
        at = element.end;
    }
    let transfer_syntax = transfer_syntax
        .ok_or_else(|| missing(tags::TRANSFER_SYNTAX_UID, "it cannot be told how its pixels are stored"))?;
    Ok(Meta { transfer_syntax, sop_class, end: at })
}

/// The tag and its name for an error's place: "(0028,0010) Rows".
fn describe_tag(tag: Tag) -> String {
    match tag_name(tag) {
        "" => tag.to_string(),
        name => format!("{tag} {name}"),
    }
}
