//! A walk over the elements of a data set that believes no declared length.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::{FileFormat, ImagingError};
use super::describe_tag;

/// Deepest nesting of sequences that is followed.
const MAX_DEPTH: usize = 32;
const UNDEFINED: u32 = 0xFFFF_FFFF;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// How the elements of a data set are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// Whether each element names its value representation.
    explicit: bool,
    /// Whether numbers have their high byte first.
    pub big_endian: bool,
}

impl Syntax {
    /// 1.2.840.10008.1.2
    pub const IMPLICIT_LITTLE: Self = Self { explicit: false, big_endian: false };
    /// 1.2.840.10008.1.2.1
    pub const EXPLICIT_LITTLE: Self = Self { explicit: true, big_endian: false };
    /// 1.2.840.10008.1.2.2
    pub const EXPLICIT_BIG: Self = Self { explicit: true, big_endian: true };

    /// A 16-bit number of the file.
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// An element whose value lies within the file.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Its tag.
    pub tag: Tag,
    /// The bytes of its value, as in the file.
    pub value: &'a [u8],
    /// The position after its value, in bytes.
    pub end: usize,
}

/// PixelData, of which the file may hold less than it declares.
#[derive(Debug, Clone, Copy)]
pub struct PixelData<'a> {
    /// The bytes that are there.
    pub value: &'a [u8],
    /// The length that the element declares, in bytes.
    pub declared: usize,
}

struct Header {
    tag: Tag,
    unknown_vr: bool,
    length: u32,
    value_at: usize,
}

/// The elements of `wanted` in the data set at `start`, and PixelData, at which the walk ends.
///
/// Sequences are skipped, their lengths checked. PixelData may be shorter than it declares, so that the caller
/// can say what is missing; every other value must lie within the file.
pub fn top_level<'a>(
    bytes: &'a [u8],
    start: usize,
    syntax: Syntax,
    wanted: &[Tag],
) -> Result<(Vec<Element<'a>>, Option<PixelData<'a>>), ImagingError> {
    let mut at = start;
    let mut found: Vec<Element> = Vec::new();
    while at < bytes.len() {
        let header = header(bytes, at, syntax)?;
        if header.tag == tags::PIXEL_DATA {
            if header.length == UNDEFINED {
                let detail = "its pixels are stored in fragments although it says that they are uncompressed";
                return Err(structure(at, detail));
            }
            let declared = header.length as usize;
            let rest = &bytes[header.value_at..];
            return Ok((found, Some(PixelData { value: &rest[..rest.len().min(declared)], declared })));
        }
        let end = skip(bytes, &header, syntax, 0)?;
        keep(&mut found, &header, at, &bytes[header.value_at..end], end, wanted)?;
        at = end;
    }
    Ok((found, None))
}

/// The elements of `wanted` in the data set at `start` that stand before PixelData, of which nothing is read.
///
/// # Errors
/// As [`top_level`], save for the pixels.
pub fn before_pixels<'a>(
    bytes: &'a [u8],
    start: usize,
    syntax: Syntax,
    wanted: &[Tag],
) -> Result<Vec<Element<'a>>, ImagingError> {
    let mut at = start;
    let mut found: Vec<Element> = Vec::new();
    while at < bytes.len() {
        let header = header(bytes, at, syntax)?;
        if header.tag == tags::PIXEL_DATA {
            break;
        }
        let end = skip(bytes, &header, syntax, 0)?;
        keep(&mut found, &header, at, &bytes[header.value_at..end], end, wanted)?;
        at = end;
    }
    Ok(found)
}

/// Adds an element to `found` if it is wanted and the first of its tag.
fn keep<'a>(
    found: &mut Vec<Element<'a>>,
    header: &Header,
    at: usize,
    value: &'a [u8],
    end: usize,
    wanted: &[Tag],
) -> Result<(), ImagingError> {
    if wanted.contains(&header.tag) && !found.iter().any(|e| e.tag == header.tag) {
        if header.length == UNDEFINED {
            let place = describe_tag(header.tag);
            return Err(structure(at, &format!("{place} is written as a sequence")));
        }
        found.push(Element { tag: header.tag, value, end });
    }
    Ok(())
}

/// The element at `at`, which must have a defined length.
pub fn primitive(bytes: &[u8], at: usize, syntax: Syntax) -> Result<Element<'_>, ImagingError> {
    let header = header(bytes, at, syntax)?;
    if header.length == UNDEFINED {
        let place = describe_tag(header.tag);
        return Err(structure(at, &format!("{place} is written as a sequence")));
    }
    let end = skip(bytes, &header, syntax, 0)?;
    Ok(Element { tag: header.tag, value: &bytes[header.value_at..end], end })
}

/// Reads the tag, the value representation and the length at `at`.
fn header(bytes: &[u8], at: usize, syntax: Syntax) -> Result<Header, ImagingError> {
    let tag_bytes: [u8; 4] = take(bytes, at).ok_or_else(|| cut("inside the tag of an element".into()))?;
    let [g0, g1, e0, e1] = tag_bytes;
    let tag = Tag(syntax.u16([g0, g1]), syntax.u16([e0, e1]));
    let cut_here = || cut(format!("inside the header of {}", describe_tag(tag)));
    let length_bytes: [u8; 4] = take(bytes, at + 4).ok_or_else(cut_here)?;
    // Items and delimiters never have a value representation.
    if !syntax.explicit || tag.0 == 0xFFFE {
        return Ok(Header { tag, unknown_vr: false, length: syntax.u32(length_bytes), value_at: at + 8 });
    }
    let [v0, v1, l0, l1] = length_bytes;
    match &[v0, v1] {
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT"
        | b"UV" => {
            let length = syntax.u32(take(bytes, at + 8).ok_or_else(cut_here)?);
            Ok(Header { tag, unknown_vr: &[v0, v1] == b"UN", length, value_at: at + 12 })
        }
        vr if vr.iter().all(u8::is_ascii_uppercase) => {
            let length = u32::from(syntax.u16([l0, l1]));
            Ok(Header { tag, unknown_vr: false, length, value_at: at + 8 })
        }
        _ => Err(structure(at, &format!("the element {tag} has no value representation"))),
    }
}

/// The position after an element's value.
fn skip(bytes: &[u8], header: &Header, syntax: Syntax, depth: usize) -> Result<usize, ImagingError> {
    if header.length == UNDEFINED {
        // A sequence of unknown representation is written in implicit little endian (PS3.5, 6.2.2).
        let inner = if header.unknown_vr { Syntax::IMPLICIT_LITTLE } else { syntax };
        return skip_sequence(bytes, header.value_at, inner, depth + 1);
    }
    match header.value_at.checked_add(header.length as usize) {
        Some(end) if end <= bytes.len() => Ok(end),
        _ => Err(cut(format!("inside the element {}", describe_tag(header.tag)))),
    }
}

/// The position after the items of a sequence of undefined length and its delimiter.
fn skip_sequence(bytes: &[u8], start: usize, syntax: Syntax, depth: usize) -> Result<usize, ImagingError> {
    if depth > MAX_DEPTH {
        return Err(structure(start, "its sequences are nested too deeply"));
    }
    let mut at = start;
    loop {
        let item = header(bytes, at, syntax)?;
        match item.tag {
            SEQUENCE_END => return Ok(item.value_at),
            ITEM if item.length == UNDEFINED => at = skip_item(bytes, item.value_at, syntax, depth)?,
            ITEM => at = skip(bytes, &item, syntax, depth)?,
            other => {
                return Err(structure(at, &format!("{other} stands where an item of a sequence belongs")));
            }
        }
    }
}

/// The position after the elements of an item of undefined length and its delimiter.
fn skip_item(bytes: &[u8], start: usize, syntax: Syntax, depth: usize) -> Result<usize, ImagingError> {
    let mut at = start;
    loop {
        let element = header(bytes, at, syntax)?;
        if element.tag == ITEM_END {
            return Ok(element.value_at);
        }
        at = skip(bytes, &element, syntax, depth)?;
    }
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

fn structure(offset: usize, detail: &str) -> ImagingError {
    ImagingError::DicomStructure { offset, detail: detail.to_owned() }
}

fn cut(place: String) -> ImagingError {
    ImagingError::CutShort { format: FileFormat::Dicom, place }
}
