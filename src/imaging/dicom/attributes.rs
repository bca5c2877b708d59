//! The few attributes that an image needs.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::ImagingError;
use super::dictionary;
use super::elements::{Element, Syntax};
use crate::words::counted;

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

/// Attributes of one data set. What a value is follows from the standard, not from the file.
pub struct Attributes(Vec<(Tag, Value)>);

enum Value {
    /// The two padding attributes may be signed or not, so all numbers are kept as their 16 bits.
    Word(u16),
    /// What backslashes part. What is read here is ASCII, so other bytes need no character set.
    Texts(Vec<String>),
}

impl Attributes {
    /// Reads elements of [`NEEDED`] and other short texts.
    ///
    /// # Errors
    /// [`ImagingError::BadElement`] where a value is too long for what it is.
    pub fn read(elements: &[Element], syntax: Syntax) -> Result<Self, ImagingError> {
        let mut sorted: Vec<&Element> = elements.iter().filter(|e| !e.value.is_empty()).collect();
        // The first damage in the order of tags is told, whatever the order in the file.
        sorted.sort_by_key(|e| e.tag);
        let read = |element: &&Element| {
            let Element { tag, value, .. } = **element;
            if value.len() > MAX_VALUE {
                return Err(bad(tag, format!("has {}", counted(value.len(), "byte"))));
            }
            if !is_binary(tag) {
                let text = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect();
                let texts = value.split(|&byte| byte == b'\\').map(text);
                return Ok((tag, Value::Texts(texts.collect())));
            }
            match *value {
                [a, b] => Ok((tag, Value::Word(syntax.u16([a, b])))),
                _ => Err(bad(tag, format!("has {} instead of 2", counted(value.len(), "byte")))),
            }
        };
        Ok(Self(sorted.iter().map(read).collect::<Result<_, _>>()?))
    }

    fn get(&self, tag: Tag) -> Option<&Value> {
        self.0.iter().find(|(t, _)| *t == tag).map(|(_, value)| value)
    }

    /// The first text of an attribute, without padding; none where it is absent or empty.
    pub fn text(&self, tag: Tag) -> Option<String> {
        self.texts(tag).into_iter().next().filter(|text| !text.is_empty())
    }

    /// All texts of an attribute, without padding; no text where it is absent or empty.
    pub fn texts(&self, tag: Tag) -> Vec<String> {
        match self.get(tag) {
            None => Vec::new(),
            Some(Value::Word(word)) => vec![word.to_string()],
            Some(Value::Texts(texts)) => {
                texts.iter().map(|text| text.trim_matches(['\0', ' ']).to_owned()).collect()
            }
        }
    }

    /// A whole number; none where the attribute is absent or empty.
    pub fn integer(&self, tag: Tag) -> Result<Option<i64>, ImagingError> {
        match self.get(tag) {
            None => Ok(None),
            Some(Value::Word(word)) => Ok(Some(i64::from(*word))),
            Some(Value::Texts(texts)) => {
                let text = texts[0].trim_matches(is_padding);
                let number = text.parse().map_err(|e| bad(tag, format!("is not a whole number ({e})")));
                number.map(Some)
            }
        }
    }

    /// All numbers of an attribute, each finite; none where it is absent or empty.
    pub fn numbers(&self, tag: Tag) -> Result<Option<Vec<f64>>, ImagingError> {
        let numbers = match self.get(tag) {
            None => return Ok(None),
            Some(Value::Word(word)) => vec![f64::from(*word)],
            Some(Value::Texts(texts)) => texts
                .iter()
                .map(|text| text.trim_matches(is_padding).parse::<f64>())
                .collect::<Result<_, _>>()
                .map_err(|e| bad(tag, format!("is not a number ({e})")))?,
        };
        match numbers.iter().find(|v| !v.is_finite()) {
            Some(v) => Err(bad(tag, format!("is {v}"))),
            None => Ok(Some(numbers)),
        }
    }

    /// The 16 bits of a padding attribute.
    pub fn word(&self, tag: Tag) -> Option<u16> {
        match self.get(tag) {
            Some(Value::Word(word)) => Some(*word),
            _ => None,
        }
    }
}

fn is_padding(character: char) -> bool {
    character.is_whitespace() || character == '\0'
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

/// The error for an absent attribute.
pub fn missing(tag: Tag, consequence: &'static str) -> ImagingError {
    ImagingError::MissingElement { tag: tag.to_string(), name: tag_name(tag), consequence }
}

/// The error for an unusable value; `problem` completes "The element ...".
pub fn bad(tag: Tag, problem: String) -> ImagingError {
    ImagingError::BadElement { tag: tag.to_string(), name: tag_name(tag), problem }
}

/// The name of a tag, or nothing where this program has no use for it.
pub fn tag_name(tag: Tag) -> &'static str {
    dictionary::entry_of(tag).map_or("", |entry| entry.name)
}
