//! A walk over the elements of a data set that believes no declared length.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::{FileFormat, ImagingError};
use super::describe_tag;

/// Deepest nesting of sequences that is followed.
const MAX_DEPTH: usize = 32;
/// The length of a sequence, an item or pixels that end with a delimiter.
pub const UNDEFINED: u32 = 0xFFFF_FFFF;
/// Bytes of a delimiter.
const DELIMITER: usize = 8;
pub const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
pub const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Sequences that are read.
const SEQUENCES: [Tag; 9] = [
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
    tags::FRAME_CONTENT_SEQUENCE,
    tags::DIRECTORY_RECORD_SEQUENCE,
];

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

    /// A 32-bit number of the file.
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// An element whose value lies within the file.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// Its tag.
    pub tag: Tag,
    /// The bytes of its value, as in the file; of a sequence the items.
    pub value: &'a [u8],
    /// The position after its value, in bytes.
    pub end: usize,
    /// How the items of a sequence are written.
    pub inner: Syntax,
}

/// Where the pixels begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelStart {
    /// PixelData, or one of its relatives for floating point numbers.
    pub tag: Tag,
    /// Position of the value, in bytes.
    pub at: usize,
    /// Its declared length in bytes; none where it consists of fragments.
    pub length: Option<u32>,
}

struct Header {
    tag: Tag,
    unknown_vr: bool,
    length: u32,
    value_at: usize,
}

impl Header {
    /// How the items of this sequence are written: of an unknown representation in implicit little endian (PS3.5, 6.2.2).
    fn inner(&self, syntax: Syntax) -> Syntax {
        if self.unknown_vr { Syntax::IMPLICIT_LITTLE } else { syntax }
    }
}

/// The elements of `wanted` in the data set at `start`, the first of each tag, and the pixels, at which the walk ends.
///
/// Other sequences are skipped, their lengths checked. Every value but the pixels must lie within the bytes.
pub fn walk<'a>(
    bytes: &'a [u8],
    start: usize,
    syntax: Syntax,
    wanted: &[Tag],
) -> Result<(Vec<Element<'a>>, Option<PixelStart>), ImagingError> {
    let mut found = Vec::new();
    let pixels = walk_into(bytes, start, syntax, wanted, &mut found)?;
    Ok((found, pixels))
}

/// Walks as [`walk`]; `found` also has what stands before damage.
pub fn walk_into<'a>(
    bytes: &'a [u8],
    start: usize,
    syntax: Syntax,
    wanted: &[Tag],
    found: &mut Vec<Element<'a>>,
) -> Result<Option<PixelStart>, ImagingError> {
    let mut at = start;
    while at < bytes.len() {
        let header = header(bytes, at, syntax)?;
        let Header { tag, length, value_at, .. } = header;
        if matches!(tag, tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA) {
            let length = (length != UNDEFINED).then_some(length);
            return Ok(Some(PixelStart { tag, at: value_at, length }));
        }
        let end = skip(bytes, &header, syntax, 0)?;
        if wanted.contains(&tag) && !found.iter().any(|e| e.tag == tag) {
            if length == UNDEFINED && !SEQUENCES.contains(&tag) {
                return Err(structure(at, &format!("{} is written as a sequence", describe_tag(tag))));
            }
            found.push(Element { tag, value: &bytes[value_at..end], end, inner: header.inner(syntax) });
        }
        at = end;
    }
    Ok(None)
}

/// The contents of the items of a sequence, as data sets written in [`Element::inner`].
pub fn items<'a>(sequence: &Element<'a>) -> Result<Vec<&'a [u8]>, ImagingError> {
    let (bytes, syntax) = (sequence.value, sequence.inner);
    let mut items = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let item = header(bytes, at, syntax)?;
        match item.tag {
            SEQUENCE_END => break,
            ITEM if item.length == UNDEFINED => {
                at = skip_item(bytes, item.value_at, syntax, 1)?;
                items.push(&bytes[item.value_at..at - DELIMITER]);
            }
            ITEM => {
                at = skip(bytes, &item, syntax, 1)?;
                items.push(&bytes[item.value_at..at]);
            }
            other => return Err(no_item(at, other)),
        }
    }
    Ok(items)
}

/// The element at `at`, which must have a defined length.
pub fn primitive(bytes: &[u8], at: usize, syntax: Syntax) -> Result<Element<'_>, ImagingError> {
    let header = header(bytes, at, syntax)?;
    if header.length == UNDEFINED {
        let place = describe_tag(header.tag);
        return Err(structure(at, &format!("{place} is written as a sequence")));
    }
    let end = skip(bytes, &header, syntax, 0)?;
    Ok(Element { tag: header.tag, value: &bytes[header.value_at..end], end, inner: syntax })
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
        return skip_sequence(bytes, header.value_at, header.inner(syntax), depth + 1);
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
            other => return Err(no_item(at, other)),
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

fn no_item(at: usize, tag: Tag) -> ImagingError {
    structure(at, &format!("{tag} stands where an item of a sequence belongs"))
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

pub fn structure(offset: usize, detail: &str) -> ImagingError {
    ImagingError::DicomStructure { offset, detail: detail.to_owned() }
}

/// The error of a file that ends at `place`, as "inside the tag of an element".
pub fn cut(place: String) -> ImagingError {
    ImagingError::CutShort { format: FileFormat::Dicom, place }
}
