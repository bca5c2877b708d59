//! DICOMDIR: the list of a medium's files (PS3.3, annex F).

use std::collections::HashMap;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::ImagingError;
use super::attributes::{Attributes, bad};
use super::elements::{self, Element, Syntax};
use crate::words::counted;

const WANTED: [Tag; 5] = [
    tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
    tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
    tags::DIRECTORY_RECORD_TYPE,
    tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE,
    tags::SERIES_INSTANCE_UID,
];

/// An image that a DICOMDIR lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedImage {
    /// SeriesInstanceUID.
    pub series_uid: String,
    /// SOPInstanceUID.
    pub sop_uid: String,
}

struct Record {
    kind: String,
    next: u32,
    lower: u32,
    uid: Option<String>,
}

/// The images of all series that the records in `sequence` list. `head` are the bytes of the file from its start on, in
/// which the sequence lies: records refer to each other by their places in the file.
pub fn listed_images(
    head: &[u8],
    sequence: &Element,
    syntax: Syntax,
) -> Result<Vec<ListedImage>, ImagingError> {
    let mut all_series: Vec<Record> = Vec::new();
    let mut records: HashMap<u32, Record> = HashMap::new();
    for item in elements::items(sequence)? {
        // The tag and length of an item stand before its content.
        let at = (item.as_ptr() as usize - head.as_ptr() as usize).saturating_sub(8);
        let (found, _) = elements::walk(item, 0, sequence.inner, &WANTED)?;
        let record = Record::read(&found, syntax)?;
        if record.kind == "SERIES" {
            all_series.push(record);
        } else {
            records.insert(at as u32, record);
        }
    }
    let mut images = Vec::new();
    for series in all_series {
        let Some(series_uid) = series.uid else { continue };
        let mut at = series.lower;
        // Each record is taken out: it is of one chain, that of the first series, and no chain runs in circles.
        while let Some(record) = records.remove(&at) {
            if let ("IMAGE", Some(sop_uid)) = (record.kind.as_str(), record.uid) {
                images.push(ListedImage { series_uid: series_uid.clone(), sop_uid });
            }
            at = record.next;
        }
    }
    images.sort_by(|a, b| (&a.series_uid, &a.sop_uid).cmp(&(&b.series_uid, &b.sop_uid)));
    images.dedup();
    Ok(images)
}

impl Record {
    fn read(elements: &[Element], syntax: Syntax) -> Result<Self, ImagingError> {
        let offset = |tag: Tag| -> Result<u32, ImagingError> {
            match elements.iter().find(|element| element.tag == tag).map(|element| element.value) {
                None | Some([]) => Ok(0),
                Some(&[a, b, c, d]) => Ok(syntax.u32([a, b, c, d])),
                Some(other) => Err(bad(tag, format!("has {} instead of 4", counted(other.len(), "byte")))),
            }
        };
        let is_offset = |element: &&Element| element.tag == WANTED[0] || element.tag == WANTED[1];
        let texts: Vec<Element> = elements.iter().filter(|element| !is_offset(element)).copied().collect();
        let attributes = Attributes::read(&texts, syntax)?;
        let kind = attributes.text(tags::DIRECTORY_RECORD_TYPE).unwrap_or_default();
        let uid_tag = if kind == "SERIES" {
            tags::SERIES_INSTANCE_UID
        } else {
            tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE
        };
        Ok(Self { uid: attributes.text(uid_tag), kind, next: offset(WANTED[0])?, lower: offset(WANTED[1])? })
    }
}
