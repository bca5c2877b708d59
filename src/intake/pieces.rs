//! Whether one scan may have come as several series.

use crate::imaging::Geometry;
use crate::study::SeriesPlan;

/// Sizes and directions may differ by this length, in mm or of 1.
const SAME: f64 = 1e-3;
/// A slice lies in its column to this many mm.
const SAME_COLUMN_MM: f64 = 0.5;
/// The next slice of a scan is so many steps away at least and at most.
const NEXT: std::ops::Range<f64> = 0.5..1.5;

/// Whether `other` goes on where `plan` ends, above or below it: the same scan by its frame of reference, on the same grid,
/// one step away.
pub(super) fn continues(plan: &SeriesPlan, other: &SeriesPlan) -> bool {
    let (Some(grid), Some(other_grid)) = (plan.geometry.as_ref(), other.geometry.as_ref()) else {
        return false;
    };
    let (header, other_header) = (&plan.header, &other.header);
    header.frame_of_reference_uid.is_some()
        && header.frame_of_reference_uid == other_header.frame_of_reference_uid
        && header.study_uid == other_header.study_uid
        && header.patient == other_header.patient
        && same_grid(grid, other_grid)
        && (goes_on(grid, other_grid) || goes_on(other_grid, grid))
}

fn same_grid(a: &Geometry, b: &Geometry) -> bool {
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < SAME);
    [a.rows, a.columns] == [b.rows, b.columns]
        && near(&a.pixel_spacing_mm, &b.pixel_spacing_mm)
        && near(&a.row_direction, &b.row_direction)
        && near(&a.column_direction, &b.column_direction)
        && near(&[a.slice_spacing_mm], &[b.slice_spacing_mm])
}

/// Whether `upper` begins a step above the last slice of `lower`.
fn goes_on(lower: &Geometry, upper: &Geometry) -> bool {
    // Where it would begin.
    let next = lower.position_mm(lower.slices as f64, 0.0, 0.0);
    let way: [f64; 3] = std::array::from_fn(|axis| upper.origin_mm[axis] - next[axis]);
    let along = |direction: [f64; 3]| -> f64 { direction.iter().zip(&way).map(|(d, w)| d * w).sum() };
    let beside = along(lower.row_direction).hypot(along(lower.column_direction));
    let steps = 1.0 + along(lower.normal()) / lower.slice_spacing_mm;
    beside < SAME_COLUMN_MM && NEXT.contains(&steps)
}
