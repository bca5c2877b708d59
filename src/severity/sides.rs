//! The two lungs of a slice apart.

use crate::imaging::PixelSpacing;
use crate::masks::{Component, Labels, Mask, connected_components};

/// A component is the other lung's only if it is at least this share of the largest one's area.
const OTHER_LUNG_SHARE: f64 = 0.1;
/// The columns of two lungs overlap by at most this share of the narrower one's width.
const COLUMN_OVERLAP_SHARE: f64 = 0.5;
/// One component this many times as wide as high is both lungs grown together; a lung alone is higher than wide.
const FUSED_WIDTH_TO_HEIGHT: f64 = 1.25;

/// From so many components on, each of at least [`LUNG_SHARE`] of the largest one's area, there is more than one slice: of the 1,189
/// labelled slices of the COVID-19 CT dataset 16 have three, and none has four.
const LUNGS_OF_SEVERAL_SLICES: usize = 4;
const LUNG_SHARE: f64 = 0.2;

/// Whether `lung`, the union of the lungs, has more of them than a slice has.
pub fn are_of_several_slices(lung: &Mask) -> bool {
    let areas = connected_components(lung).areas();
    let largest = areas.iter().copied().max().unwrap_or_default() as f64;
    areas.iter().filter(|&&area| area as f64 >= LUNG_SHARE * largest).count() >= LUNGS_OF_SEVERAL_SLICES
}

/// The lungs by their side of the image; none where there is no lung on that side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// The lung on the left of the image.
    pub image_left: Option<Mask>,
    /// The lung on the right of the image.
    pub image_right: Option<Mask>,
}

/// One component's place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// Number of pixels.
    pub area: usize,
    /// Its first and last column.
    pub columns: (usize, usize),
    /// Its first and last row.
    pub rows: (usize, usize),
    /// The mean of its columns.
    pub centroid: f64,
}

impl Part {
    /// The components of a slice, that of label 1 first.
    pub fn all(labels: &Labels) -> Vec<Self> {
        let part = |part: &Component| Self {
            area: part.area,
            columns: (part.columns.start, part.columns.end - 1),
            rows: (part.rows.start, part.rows.end - 1),
            centroid: part.mean_column(),
        };
        labels.parts.iter().map(part).collect()
    }

    /// Whether `self`, smaller, lies beside `largest` and is large enough to be the other lung.
    pub fn is_other_lung(&self, largest: &Self) -> bool {
        let overlap =
            (largest.columns.1.min(self.columns.1) + 1).saturating_sub(largest.columns.0.max(self.columns.0));
        let narrower = largest.width().min(self.width());
        self.area as f64 >= OTHER_LUNG_SHARE * largest.area as f64
            && overlap as f64 <= COLUMN_OVERLAP_SHARE * narrower as f64
    }

    /// Whether it is clearly wider than high, as only both lungs grown together are.
    pub fn is_fused(&self, spacing: Option<PixelSpacing>) -> bool {
        let aspect = spacing.map_or(1.0, |s| f64::from(s.column_mm) / f64::from(s.row_mm));
        let height = self.rows.1 - self.rows.0 + 1;
        self.width() as f64 * aspect >= FUSED_WIDTH_TO_HEIGHT * height as f64
    }

    fn width(&self) -> usize {
        self.columns.1 - self.columns.0 + 1
    }
}

/// Splits the union of the lungs at the midline; every pixel of it goes to one side.
///
/// Two large components (8-connected) that lie beside each other are the lungs, and smaller ones go with the nearer
/// centroid (by column). A single large component that is clearly wider than high is both lungs grown together and is
/// cut at the column with the least lung in the middle third of its bounding box. Any other is one lung,
/// on the side of the image where its centroid lies, and the other side has none.
pub fn split_sides(lung: &Mask, spacing: Option<PixelSpacing>) -> Sides {
    let labels = connected_components(lung);
    let parts = Part::all(&labels);
    let mut by_area: Vec<usize> = (0..parts.len()).collect();
    by_area.sort_by(|&a, &b| parts[b].area.cmp(&parts[a].area));
    let Some((&first, rest)) = by_area.split_first() else {
        return Sides { image_left: None, image_right: None };
    };
    let largest = &parts[first];
    let other = rest.iter().map(|&i| &parts[i]).find(|part| part.is_other_lung(largest));
    let on_left: Vec<bool> = if let Some(other) = other {
        let middle = (largest.centroid + other.centroid) / 2.0;
        parts.iter().map(|p| p.centroid < middle).collect()
    } else if largest.is_fused(spacing) {
        let cut = least_lung_column(lung, largest.columns);
        let left = |index: usize| index % lung.columns < cut;
        return sides(lung, left);
    } else {
        let centre = (lung.columns as f64 - 1.0) / 2.0;
        vec![largest.centroid < centre; parts.len()]
    };
    sides(lung, |index| on_left[labels.labels[index] as usize - 1])
}

/// The lung pixels on each side, by a rule on the index of a lung pixel.
fn sides(lung: &Mask, on_left: impl Fn(usize) -> bool) -> Sides {
    let mut left = Mask::empty(lung.rows, lung.columns);
    let mut right = left.clone();
    for index in (0..lung.pixels.len()).filter(|&i| lung.pixels[i] != 0) {
        if on_left(index) {
            left.pixels[index] = 1;
        } else {
            right.pixels[index] = 1;
        }
    }
    let some = |mask: Mask| if mask.area() > 0 { Some(mask) } else { None };
    Sides { image_left: some(left), image_right: some(right) }
}

/// The column of least lung in the middle third of `columns`; of equal ones that nearest the middle.
fn least_lung_column(lung: &Mask, (low, high): (usize, usize)) -> usize {
    let third = (high - low + 1) / 3;
    let middle = low + high;
    (low + third..=high - third)
        .min_by_key(|&column| {
            let area = (0..lung.rows).filter(|&row| lung.contains(row, column)).count();
            (area, (2 * column).abs_diff(middle))
        })
        .unwrap_or(low)
}
