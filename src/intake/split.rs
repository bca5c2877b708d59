//! Series that hold several stacks of slices at the same places.

use std::collections::BTreeMap;

use super::summary::{PartKind, SeriesPart};
use crate::imaging::DicomHeader;
use crate::study::{ImageGroup, SeriesPlan, StudyError, StudyImage, order_series};

/// A stack covers another that reaches beyond it by no more than two slices, whose places are rounded ...
const BEYOND_STEPS: f64 = 2.1;
/// ... nor than this share of the other's height, so that short stacks that adjoin cover nothing of each other.
const BEYOND_SHARE: f64 = 0.3;

/// A series, or a part of one that is whole by itself.
pub(super) struct Part {
    pub group: ImageGroup,
    pub plan: Result<SeriesPlan, StudyError>,
    /// What tells it from the other parts.
    pub name: Option<SeriesPart>,
    /// Whether another part covers it and reaches further.
    pub partial: bool,
}

type Key = fn(&DicomHeader) -> Option<String>;

/// What may tell the stacks of a series apart.
const KEYS: [(PartKind, Key); 3] = [
    (PartKind::Acquisition, |header| header.acquisition_number.map(|number| number.to_string())),
    (PartKind::Kernel, |header| header.kernel.clone()),
    (PartKind::ImageType, |header| Some(header.image_type.join(" ")).filter(|text| !text.is_empty())),
];

/// A series with its plan; or several, where slices lie at the same places because it holds several acquisitions, as with
/// and without contrast, or several reconstructions, each of which is whole.
pub(super) fn split(images: &[StudyImage], group: ImageGroup) -> Vec<Part> {
    let plan = order_series(images, &group.images);
    if matches!(plan, Err(StudyError::Duplicate { .. })) {
        for (kind, key) in KEYS {
            let mut parts: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
            for &image in &group.images {
                parts.entry(key(&images[image].header)).or_default().push(image);
            }
            let parts: Vec<Part> = parts
                .into_iter()
                .map(|(name, members)| Part {
                    plan: order_series(images, &members),
                    group: ImageGroup { images: members, ..group.clone() },
                    name: Some(SeriesPart { kind, value: name.unwrap_or_default() }),
                    partial: false,
                })
                .collect();
            if let Some(parts) = whole(parts) {
                return parts;
            }
        }
    }
    vec![Part { group, plan, name: None, partial: false }]
}

/// Two or more stacks of which one covers all, with those marked that do not reach as far; none where some only adjoin or
/// overlap: they are one scan, of which each would be a piece.
fn whole(mut parts: Vec<Part>) -> Option<Vec<Part>> {
    let ranges: Vec<Range> =
        parts.iter().map(|part| Range::of(part.plan.as_ref().ok()?)).collect::<Option<_>>()?;
    let longest = ranges.iter().max_by(|a, b| a.height().total_cmp(&b.height()))?;
    if parts.len() < 2 || !ranges.iter().all(|range| longest.covers(range)) {
        return None;
    }
    for (part, range) in parts.iter_mut().zip(&ranges) {
        part.partial = !range.covers(longest);
    }
    Some(parts)
}

/// From where to where a stack reaches, in mm.
struct Range {
    lowest: f64,
    highest: f64,
    step: f64,
}

impl Range {
    /// The range of a stack; none of fewer than three slices, since into single slices every series could be split.
    fn of(plan: &SeriesPlan) -> Option<Self> {
        let [first, _, .., last] = plan.slices.as_slice() else { return None };
        let step = plan.geometry.as_ref()?.slice_spacing_mm;
        Some(Self { lowest: first.height_mm?, highest: last.height_mm?, step })
    }

    fn height(&self) -> f64 {
        self.highest - self.lowest
    }

    /// Whether `other` lies within this range but for a slice or two.
    fn covers(&self, other: &Self) -> bool {
        let allowed = (BEYOND_STEPS * self.step.max(other.step)).min(BEYOND_SHARE * other.height());
        self.lowest - other.lowest <= allowed && other.highest - self.highest <= allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of slices of the parts of a series of acquisitions, each of so many slices from a height on in steps, and
    /// whether each is partial.
    fn parts(acquisitions: &[(usize, f64, f64)]) -> Vec<(usize, bool)> {
        let images: Vec<StudyImage> = acquisitions
            .iter()
            .zip(1..)
            .flat_map(|(&(slices, from, step), number)| {
                (0..slices).map(move |slice| (number, from + step * slice as f64))
            })
            .enumerate()
            .map(|(file, (number, height))| StudyImage { file, frame: 0, header: header(number, height) })
            .collect();
        let group = ImageGroup { series_uid: None, unfit: None, images: (0..images.len()).collect() };
        let parts = split(&images, group);
        let refused = |part: &Part| matches!(part.plan, Err(StudyError::Duplicate { .. }));
        assert_eq!(refused(&parts[0]), parts.len() == 1);
        parts.iter().map(|part| (part.group.images.len(), part.partial)).collect()
    }

    fn header(acquisition: i64, height: f64) -> DicomHeader {
        DicomHeader {
            acquisition_number: Some(acquisition),
            position: Some([0.0, 0.0, height]),
            orientation: Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            pixel_spacing_mm: Some([1.0, 1.0]),
            rows: Some(4),
            columns: Some(4),
            frames: 1,
            ..DicomHeader::default()
        }
    }

    #[test]
    fn scans_of_one_range_are_split() {
        assert_eq!(parts(&[(12, 0.0, 5.0), (12, 0.0, 5.0), (12, 0.0, 5.0)]), [(12, false); 3]);
        // A slice or two apart, and in thin and thick slices.
        assert_eq!(parts(&[(12, 0.0, 5.0), (12, 10.0, 5.0)]), [(12, false); 2]);
        assert_eq!(parts(&[(61, 0.0, 1.0), (12, 5.0, 5.0)]), [(61, false), (12, false)]);
    }

    #[test]
    fn pieces_that_adjoin_or_overlap_are_not_split() {
        for (upper, lower) in [(16, 15), (3, 3), (30, 3), (3, 30)] {
            let shared = (lower - 1) as f64 * 5.0;
            let all = [(upper + lower, false)];
            assert_eq!(parts(&[(upper, shared, 5.0), (lower, 0.0, 5.0)]), all, "{upper} {lower}");
        }
        assert_eq!(parts(&[(12, 0.0, 5.0), (12, 30.0, 5.0)]), [(24, false)]);
        assert_eq!(parts(&[(12, 0.0, 5.0), (12, 15.0, 5.0)]), [(24, false)]);
    }

    #[test]
    fn a_scan_within_another_is_a_part_of_it() {
        assert_eq!(parts(&[(12, 0.0, 5.0), (4, 20.0, 5.0)]), [(12, false), (4, true)]);
        assert_eq!(parts(&[(30, 20.0, 1.0), (12, 0.0, 5.0)]), [(30, true), (12, false)]);
    }

    #[test]
    fn single_slices_are_no_scan() {
        assert_eq!(parts(&[(1, 0.0, 5.0), (1, 0.0, 5.0), (1, 5.0, 5.0)]), [(3, false)]);
        assert_eq!(parts(&[(2, 0.0, 5.0), (2, 0.0, 5.0)]), [(4, false)]);
        assert_eq!(parts(&[(12, 0.0, 5.0), (1, 20.0, 5.0)]), [(13, false)]);
    }
}
