//! Series that hold several stacks of slices at the same places.

use std::collections::BTreeMap;

use crate::imaging::DicomHeader;
use crate::study::{ImageGroup, SeriesPlan, StudyError, StudyImage, order_series};

/// A series, or a part of one that is whole by itself.
pub(super) struct Part {
    pub group: ImageGroup,
    pub plan: Result<SeriesPlan, StudyError>,
    /// What tells it from the other parts: "acquisition 2".
    pub name: Option<String>,
}

type Key = fn(&DicomHeader) -> Option<String>;

/// What may tell the stacks of a series apart, and what that is called.
const KEYS: [(&str, Key); 3] = [
    ("acquisition", |header| header.acquisition_number.map(|number| number.to_string())),
    ("kernel", |header| header.kernel.clone()),
    ("type", |header| Some(header.image_type.join(" ")).filter(|text| !text.is_empty())),
];

/// A series with its plan; or several, where slices lie at the same places because it holds several acquisitions, as with
/// and without contrast, or several reconstructions, each of which is whole.
pub(super) fn split(images: &[StudyImage], group: ImageGroup) -> Vec<Part> {
    let plan = order_series(images, &group.images);
    if matches!(plan, Err(StudyError::Duplicate { .. })) {
        for (what, key) in KEYS {
            let mut parts: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
            for &image in &group.images {
                parts.entry(key(&images[image].header)).or_default().push(image);
            }
            let parts: Vec<Part> = parts
                .into_iter()
                .map(|(name, members)| Part {
                    plan: order_series(images, &members),
                    group: ImageGroup { images: members, ..group.clone() },
                    name: Some(format!("{what} {}", name.unwrap_or_default())),
                })
                .collect();
            if parts.len() > 1 && parts.iter().all(|part| part.plan.is_ok()) {
                return parts;
            }
        }
    }
    vec![Part { group, plan, name: None }]
}
