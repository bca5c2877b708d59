//! The few attributes that an image needs, read by dicom-object.

use std::io::Cursor;

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::{DefaultDicomObject, OpenFileOptions};

use super::super::ImagingError;
use super::elements::{Element, Syntax};

/// Longest value that is handed on, in bytes; these attributes have a few dozen.
const MAX_VALUE: usize = 1024;

/// The attributes that are read, besides PixelData.
pub const NEEDED: [Tag; 17] = [
    tags::MODALITY,
    tags::IMAGE_ORIENTATION_PATIENT,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::PIXEL_SPACING,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::PIXEL_PADDING_VALUE,
    tags::PIXEL_PADDING_RANGE_LIMIT,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::RESCALE_TYPE,
];

/// The needed attributes of one data set.
pub struct Attributes {
    object: DefaultDicomObject,
    /// The two padding attributes may be signed or not, so they are kept as their 16 bits.
    words: Vec<(Tag, u16)>,
}

impl Attributes {
    /// Reads elements of [`NEEDED`].
    ///
    /// They are written anew as a small implicit little endian file, so that dicom-object sees lengths that
    /// are true and takes each value representation from the standard instead of from the file.
    pub fn read(elements: &[Element], syntax: Syntax) -> Result<Self, ImagingError> {
        let mut file = meta();
        let mut words = Vec::new();
        // Ascending, as the standard wants it, whatever the order in the file.
        let mut sorted: Vec<&Element> = elements.iter().filter(|e| !e.value.is_empty()).collect();
        sorted.sort_by_key(|e| e.tag);
        for element in sorted {
            let Element { tag, value, .. } = *element;
            if value.len() > MAX_VALUE {
                return Err(bad(tag, format!("has {} bytes", value.len())));
            }
            let mut value = value.to_vec();
            if is_binary(tag) {
                let &[a, b] = value.as_slice() else {
                    return Err(bad(tag, format!("has {} bytes instead of 2", value.len())));
                };
                let word = syntax.u16([a, b]);
                if matches!(tag, tags::PIXEL_PADDING_VALUE | tags::PIXEL_PADDING_RANGE_LIMIT) {
                    words.push((tag, word));
                    continue;
                }
                value = word.to_le_bytes().to_vec();
            } else if value.len() % 2 == 1 {
                value.push(b' ');
            }
            push_element(&mut file, tag, None, &value);
        }
        let object = OpenFileOptions::new().from_reader(Cursor::new(file)).map_err(|e| {
            ImagingError::DicomStructure { offset: 0, detail: format!("its image attributes: {e}") }
        })?;
        Ok(Self { object, words })
    }

    /// The first text of an attribute, without padding; none where it is absent or empty.
    pub fn text(&self, tag: Tag) -> Result<Option<String>, ImagingError> {
        let Some(element) = self.object.get(tag) else { return Ok(None) };
        let text = element.to_str().map_err(|e| bad(tag, format!("is not a text ({e})")))?;
        let first = text.split('\\').next().unwrap_or_default().trim_matches(['\0', ' ']);
        Ok((!first.is_empty()).then(|| first.to_owned()))
    }

    /// All texts of an attribute, without padding; no text where it is absent or empty.
    pub fn texts(&self, tag: Tag) -> Result<Vec<String>, ImagingError> {
        let Some(element) = self.object.get(tag) else { return Ok(Vec::new()) };
        let texts = element.to_multi_str().map_err(|e| bad(tag, format!("is not a text ({e})")))?;
        Ok(texts.iter().map(|text| text.trim_matches(['\0', ' ']).to_owned()).collect())
    }

    /// A whole number; none where the attribute is absent or empty.
    pub fn integer(&self, tag: Tag) -> Result<Option<i64>, ImagingError> {
        let Some(element) = self.object.get(tag) else { return Ok(None) };
        element.to_int().map(Some).map_err(|e| bad(tag, format!("is not a whole number ({e})")))
    }

    /// All numbers of an attribute, each finite; none where it is absent or empty.
    pub fn numbers(&self, tag: Tag) -> Result<Option<Vec<f64>>, ImagingError> {
        let Some(element) = self.object.get(tag) else { return Ok(None) };
        let numbers = element.to_multi_float64().map_err(|e| bad(tag, format!("is not a number ({e})")))?;
        match numbers.iter().find(|v| !v.is_finite()) {
            Some(v) => Err(bad(tag, format!("is {v}"))),
            None => Ok((!numbers.is_empty()).then_some(numbers)),
        }
    }

    /// The 16 bits of a padding attribute.
    pub fn word(&self, tag: Tag) -> Option<u16> {
        self.words.iter().find(|(t, _)| *t == tag).map(|(_, word)| *word)
    }
}

/// Whether the attribute is one 16-bit number (US, or US or SS) instead of text.
fn is_binary(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SAMPLES_PER_PIXEL
            | tags::ROWS
            | tags::COLUMNS
            | tags::BITS_ALLOCATED
            | tags::BITS_STORED
            | tags::HIGH_BIT
            | tags::PIXEL_REPRESENTATION
            | tags::PIXEL_PADDING_VALUE
            | tags::PIXEL_PADDING_RANGE_LIMIT
    )
}

/// The start of a file: magic word and a complete file meta group for implicit little endian.
fn meta() -> Vec<u8> {
    let mut group = Vec::new();
    push_element(&mut group, tags::MEDIA_STORAGE_SOP_CLASS_UID, Some(*b"UI"), &even(uids::CT_IMAGE_STORAGE));
    push_element(&mut group, tags::MEDIA_STORAGE_SOP_INSTANCE_UID, Some(*b"UI"), &even("1.2.3"));
    push_element(&mut group, tags::TRANSFER_SYNTAX_UID, Some(*b"UI"), &even(uids::IMPLICIT_VR_LITTLE_ENDIAN));
    push_element(&mut group, tags::IMPLEMENTATION_CLASS_UID, Some(*b"UI"), &even("1.2.3"));
    let mut file = b"DICM".to_vec();
    let length = (group.len() as u32).to_le_bytes();
    push_element(&mut file, tags::FILE_META_INFORMATION_GROUP_LENGTH, Some(*b"UL"), &length);
    file.extend(group);
    file
}

fn even(uid: &str) -> Vec<u8> {
    let mut bytes = uid.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// Appends an element in little endian, explicit with a 16-bit length where a representation is given.
fn push_element(out: &mut Vec<u8>, tag: Tag, vr: Option<[u8; 2]>, value: &[u8]) {
    out.extend(tag.0.to_le_bytes());
    out.extend(tag.1.to_le_bytes());
    match vr {
        Some(vr) => {
            out.extend(vr);
            out.extend((value.len() as u16).to_le_bytes());
        }
        None => out.extend((value.len() as u32).to_le_bytes()),
    }
    out.extend(value);
}

/// The error for an absent attribute.
pub fn missing(tag: Tag, consequence: &'static str) -> ImagingError {
    ImagingError::MissingElement { tag: tag.to_string(), name: tag_name(tag), consequence }
}

/// The error for an unusable value; `problem` completes "The element ...".
pub fn bad(tag: Tag, problem: String) -> ImagingError {
    ImagingError::BadElement { tag: tag.to_string(), name: tag_name(tag), problem }
}

/// The name of a tag in the standard, or nothing.
pub fn tag_name(tag: Tag) -> &'static str {
    use dicom_core::dictionary::{DataDictionary, DataDictionaryEntryRef};
    let entry: Option<&DataDictionaryEntryRef<'static>> =
        dicom_dictionary_std::StandardDataDictionary.by_tag(tag);
    entry.map_or("", |e| e.alias)
}
