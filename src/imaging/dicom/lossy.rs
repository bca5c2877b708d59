//! What an image lost by compression at some point of its life (PS3.3, C.7.6.1.1.5).

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use super::super::ImagingError;
use super::attributes::Attributes;
use super::elements::{Element, Syntax};
use super::syntax::{Coding, TransferSyntax};

/// Longer values are no list of ratios or methods, in bytes.
const LONGEST: usize = 512;

pub(super) const WANTED: [Tag; 3] = [
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::LOSSY_IMAGE_COMPRESSION_RATIO,
    tags::LOSSY_IMAGE_COMPRESSION_METHOD,
];

/// How an image was compressed with loss. What is made of it must say so too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LossyCompression {
    /// LossyImageCompressionRatio (0028,2112), a backslash between several; none where the file does not say.
    pub ratio: Option<String>,
    /// LossyImageCompressionMethod (0028,2114), a backslash between several; that of the coding where the file does not
    /// say; none where neither does.
    pub method: Option<String>,
}

impl LossyCompression {
    /// That of an image, by the elements of [`WANTED`] and its coding; none where nothing was lost. A coding that may be
    /// either is one without loss unless the file says otherwise, as PS3.3 wants it to.
    pub(super) fn read(
        elements: &[Element],
        syntax: Syntax,
        coding: &TransferSyntax,
    ) -> Result<Option<Self>, ImagingError> {
        let short: Vec<Element> = elements.iter().filter(|e| e.value.len() <= LONGEST).copied().collect();
        let attributes = Attributes::read(&short, syntax)?;
        let stated = attributes.text(tags::LOSSY_IMAGE_COMPRESSION).is_some_and(|value| value == "01");
        if !stated && coding.coding != Coding::Jpeg {
            return Ok(None);
        }
        let all = |tag| Some(attributes.texts(tag).join("\\")).filter(|values| !values.is_empty());
        let numbers = attributes.numbers(tags::LOSSY_IMAGE_COMPRESSION_RATIO);
        let ratio = all(tags::LOSSY_IMAGE_COMPRESSION_RATIO).filter(|_| numbers.is_ok());
        let method = all(tags::LOSSY_IMAGE_COMPRESSION_METHOD);
        Ok(Some(Self { ratio, method: method.or_else(|| method_of(&coding.uid).map(str::to_owned)) }))
    }
}

/// What (0028,2114) calls a coding with loss. High-throughput JPEG 2000 is read without loss only, so a loss came before it.
fn method_of(uid: &str) -> Option<&'static str> {
    match uid {
        uids::JPEG_BASELINE8_BIT | uids::JPEG_EXTENDED12_BIT => Some("ISO_10918_1"),
        uids::JPEGLS_NEAR_LOSSLESS => Some("ISO_14495_1"),
        uids::JPEG2000 => Some("ISO_15444_1"),
        _ => None,
    }
}
