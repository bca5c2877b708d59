//! What can still be told of a file that is damaged.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::elements::{self, Element};
use super::image::FIRST_PIECE;
use super::syntax::TransferSyntax;
use super::{Start, read_meta, recognise};
use crate::source::ByteSource;

/// Modality and SeriesInstanceUID of a file whose header is damaged, as far as they stand before the damage.
///
/// Only the first 64 KB are looked at.
pub fn salvage_series(source: &dyn ByteSource) -> (Option<String>, Option<String>) {
    const TAGS: [Tag; 2] = [tags::MODALITY, tags::SERIES_INSTANCE_UID];
    let bytes = source.read_up_to(0, 4 * FIRST_PIECE).unwrap_or_default();
    let (syntax, start) = match recognise(&bytes) {
        Some(Start::DataSet(syntax)) => (Some(syntax), 0),
        Some(Start::Meta(at)) => match read_meta(&bytes, at) {
            Ok(meta) => (TransferSyntax::of(&meta.transfer_syntax).data_set, meta.end),
            Err(_) => (None, 0),
        },
        None => (None, 0),
    };
    let mut found = Vec::new();
    if let Some(syntax) = syntax {
        // What comes behind the damage is lost, which is known already.
        let _ = elements::walk_into(&bytes, start, syntax, &TAGS, &mut found);
    }
    let text = |tag| {
        let element: &Element = found.iter().find(|element| element.tag == tag)?;
        let text = String::from_utf8_lossy(element.value).trim_matches(['\0', ' ']).to_owned();
        Some(text).filter(|text| !text.is_empty())
    };
    (text(TAGS[0]), text(TAGS[1]))
}
