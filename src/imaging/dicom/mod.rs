//! Single uncompressed CT images in DICOM files.
//!
//! dicom-rs believes the lengths that a file declares (its issue 828), so [`elements`] first walks the file and
//! checks every length; [`attributes`] hands dicom-object only the few small elements that are needed; and
//! [`pixels`] reads the samples in place.

mod attributes;
mod elements;
mod header;
mod identity;
mod pixels;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use self::attributes::{Attributes, NEEDED, bad, missing, tag_name};
use self::elements::{Element, Syntax};
pub use self::header::{DicomHeader, read_dicom_header, read_dicom_header_of};
pub use self::identity::{DicomIdentity, read_dicom_identity};
use super::decode::check_size;
use super::{CtSlice, FileFormat, ImagingError, PixelSpacing, ValueScale};

/// Hounsfield units given to padding outside the field of view: the lower end of the default window.
pub const AIR_HU: f32 = -1250.0;

const PREAMBLE: usize = 128;

/// Retired in 2006, but still found in archives.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

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
    let &[g0, g1, e0, e1, v0, v1, l0, l1] = bytes.first_chunk()?;
    match (u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1])) {
        (0x0002, 0x0000..=0x0010) => Some(Start::Meta(0)),
        // A data set of an image starts with (0008,0000) to (0008,0018).
        (0x0008, 0x0000..=0x0018) => {
            if v0.is_ascii_uppercase() && v1.is_ascii_uppercase() {
                return Some(Start::DataSet(Syntax::EXPLICIT_LITTLE));
            }
            let length = u32::from_le_bytes([v0, v1, l0, l1]) as usize;
            (length <= bytes.len() - 8).then_some(Start::DataSet(Syntax::IMPLICIT_LITTLE))
        }
        _ => None,
    }
}

/// Decodes the CT image of a file that [`recognise`] has recognised, into Hounsfield units.
pub(super) fn decode(bytes: &[u8], start: Start) -> Result<CtSlice, ImagingError> {
    let (syntax, at, unread) = find_data_set(bytes, start)?;
    if let Some(uid) = unread {
        return Err(ImagingError::TransferSyntax { name: transfer_syntax_name(&uid), uid });
    }
    let syntax = syntax.unwrap_or(Syntax::EXPLICIT_LITTLE);
    let (elements, pixel_data) = elements::top_level(bytes, at, syntax, &NEEDED)?;
    let attributes = Attributes::read(&elements, syntax)?;

    let modality = attributes.text(tags::MODALITY)?;
    if let Some(modality) = modality.clone().filter(|m| m != "CT") {
        return Err(ImagingError::NotCt { modality });
    }
    let Some(pixel_data) = pixel_data else {
        return Err(missing(tags::PIXEL_DATA, "there is no image in it"));
    };
    if modality.is_none() {
        return Err(missing(tags::MODALITY, "it cannot be told whether this is a CT slice"));
    }
    if let Some(frames) = attributes.integer(tags::NUMBER_OF_FRAMES)?.filter(|&frames| frames > 1) {
        return Err(ImagingError::MultiFrame { frames });
    }
    let layout = pixels::Layout::read(&attributes)?;
    check_size(FileFormat::Dicom, layout.rows as u64, layout.columns as u64)?;
    let values = layout.hounsfield(&pixel_data, syntax, &attributes)?;
    Ok(CtSlice {
        rows: layout.rows,
        columns: layout.columns,
        values,
        scale: ValueScale::Hounsfield,
        pixel_spacing: pixel_spacing(&attributes)?,
        patient_right_is_image_left: patient_right_is_image_left(&attributes)?,
        format: FileFormat::Dicom,
    })
}

/// Where the data set begins and how it is written, and the transfer syntax if its pixels cannot be read. There is no
/// [`Syntax`] for a data set that is compressed as a whole.
fn find_data_set(
    bytes: &[u8],
    start: Start,
) -> Result<(Option<Syntax>, usize, Option<String>), ImagingError> {
    let at = match start {
        Start::DataSet(syntax) => return Ok((Some(syntax), 0, None)),
        Start::Meta(at) => at,
    };
    let (uid, at) = read_meta(bytes, at)?;
    Ok(match uid.as_str() {
        uids::IMPLICIT_VR_LITTLE_ENDIAN => (Some(Syntax::IMPLICIT_LITTLE), at, None),
        uids::EXPLICIT_VR_LITTLE_ENDIAN => (Some(Syntax::EXPLICIT_LITTLE), at, None),
        EXPLICIT_VR_BIG_ENDIAN => (Some(Syntax::EXPLICIT_BIG), at, None),
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => (None, at, Some(uid)),
        // Compressed pixels stand in an explicit little endian data set (PS3.5, A.4); an unknown coding may do anything.
        _ => ((transfer_syntax_name(&uid) != UNKNOWN).then_some(Syntax::EXPLICIT_LITTLE), at, Some(uid)),
    })
}

/// Reads the file meta information at `at`: the transfer syntax and where the data set begins.
fn read_meta(bytes: &[u8], at: usize) -> Result<(String, usize), ImagingError> {
    let mut at = at;
    let mut uid = None;
    // The meta group is explicit little endian in every file.
    while bytes.get(at..at + 2) == Some(&[2, 0]) {
        let element: Element = elements::primitive(bytes, at, Syntax::EXPLICIT_LITTLE)?;
        if element.tag == tags::TRANSFER_SYNTAX_UID {
            uid = Some(String::from_utf8_lossy(element.value).trim_matches(['\0', ' ']).to_owned());
        }
        at = element.end;
    }
    let uid =
        uid.ok_or_else(|| missing(tags::TRANSFER_SYNTAX_UID, "it cannot be told how its pixels are stored"))?;
    Ok((uid, at))
}

/// A transfer syntax for people: its name and UID.
fn describe_coding(uid: &str) -> String {
    format!("{} ({uid})", transfer_syntax_name(uid))
}

const UNKNOWN: &str = "an unknown coding";

fn transfer_syntax_name(uid: &str) -> &'static str {
    match uid {
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => "Deflated Explicit VR Little Endian",
        uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => "Encapsulated Uncompressed",
        uids::JPEG_BASELINE8_BIT => "JPEG Baseline",
        uids::JPEG_EXTENDED12_BIT => "JPEG Extended",
        uids::JPEG_LOSSLESS | uids::JPEG_LOSSLESS_SV1 => "JPEG Lossless",
        uids::JPEGLS_LOSSLESS => "JPEG-LS Lossless",
        uids::JPEGLS_NEAR_LOSSLESS => "JPEG-LS Near-Lossless",
        uids::JPEG2000_LOSSLESS => "JPEG 2000 Lossless",
        uids::JPEG2000 => "JPEG 2000",
        uids::HTJ2K_LOSSLESS | uids::HTJ2K_LOSSLESS_RPCL | uids::HTJ2K => "High-Throughput JPEG 2000",
        uids::JPEGXL_LOSSLESS | uids::JPEGXLJPEG_RECOMPRESSION | uids::JPEGXL => "JPEG XL",
        uids::RLE_LOSSLESS => "RLE Lossless",
        _ if uid.starts_with("1.2.840.10008.1.2.4.10") => "MPEG video",
        _ => UNKNOWN,
    }
}

/// PixelSpacing in mm, row spacing first; none where the file does not state it.
fn pixel_spacing(attributes: &Attributes) -> Result<Option<PixelSpacing>, ImagingError> {
    match attributes.numbers(tags::PIXEL_SPACING)?.as_deref() {
        None => Ok(None),
        Some(&[row, column]) if row > 0.0 && column > 0.0 => {
            Ok(Some(PixelSpacing { row_mm: row as f32, column_mm: column as f32 }))
        }
        Some(other) => Err(bad(tags::PIXEL_SPACING, format!("is {other:?}, not two distances above 0 mm"))),
    }
}

/// Whether columns run towards the patient's left, by the first row cosine of ImageOrientationPatient.
///
/// None where the file does not say, or where the rows do not run mainly from side to side.
fn patient_right_is_image_left(attributes: &Attributes) -> Result<Option<bool>, ImagingError> {
    match attributes.numbers(tags::IMAGE_ORIENTATION_PATIENT)?.as_deref() {
        None => Ok(None),
        // The patient's x axis points to the left.
        Some(&[x, y, z, _, _, _]) => Ok((x.abs() > y.abs().max(z.abs())).then_some(x > 0.0)),
        Some(other) => {
            Err(bad(tags::IMAGE_ORIENTATION_PATIENT, format!("has {} numbers instead of six", other.len())))
        }
    }
}

/// The tag and its name for an error's place: "(0028,0010) Rows".
fn describe_tag(tag: Tag) -> String {
    match tag_name(tag) {
        "" => tag.to_string(),
        name => format!("{tag} {name}"),
    }
}
