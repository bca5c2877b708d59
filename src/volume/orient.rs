//! Which axes of a file are the columns, rows and slices of axial images.

use super::{Along, SourceAxis, SourceGrid, VolumeError, VolumeFormat};
use crate::imaging::{Geometry, Vector};

/// The least z part of a slice's normal of length 1: more upright slices are coronal or sagittal (cos 45 degrees).
const AXIAL_Z: f64 = std::f64::consts::FRAC_1_SQRT_2;
/// Rows and columns must be at a right angle, within this cosine.
const SQUARE: f64 = 0.01;
/// Voxels of CT have sides between these, in mm.
const SIDES_MM: std::ops::RangeInclusive<f64> = 0.01..=100.0;

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The axial slices of a grid, along the axes that are nearest to the patient's: columns to the patient's left, rows to
/// the back, slices to the head.
pub(super) fn axial(
    format: VolumeFormat,
    shape: [usize; 3],
    affine_ras: [[f64; 4]; 3],
) -> Result<(SourceGrid, Geometry), VolumeError> {
    // The patient's coordinates as DICOM has them.
    let lps = |axis: usize| -> Vector {
        [-affine_ras[0][axis], -affine_ras[1][axis], affine_ras[2][axis]].map(|v| v + 0.0)
    };
    let steps: [Vector; 3] = std::array::from_fn(lps);
    let lengths = steps.map(length);
    for length in lengths {
        if !SIDES_MM.contains(&length) {
            let problem = format!("of {length} mm is none that a CT has");
            return Err(VolumeError::BadField { format, field: "voxel size", problem });
        }
    }
    if affine_ras.iter().any(|row| !row[3].is_finite() || row[3].abs() > 1e6) {
        return Err(VolumeError::BadField { format, field: "origin", problem: "is nowhere".to_owned() });
    }
    let units: [Vector; 3] = std::array::from_fn(|axis| steps[axis].map(|v| v / lengths[axis]));
    let near = |order: &[usize; 3]| (0..3).map(|way| units[order[way]][way].abs()).sum::<f64>();
    let mut order = ORDERS[0];
    for other in &ORDERS[1..] {
        if near(other) > near(&order) {
            order = *other;
        }
    }
    // `order[way]`: the file's axis along the patient's x, y, z.
    let reversed: [bool; 3] = std::array::from_fn(|way| units[order[way]][way] < 0.0);
    let turn = |way: usize, v: Vector| if reversed[way] { v.map(|v| 0.0 - v) } else { v };
    let across = turn(0, units[order[0]]);
    let down = turn(1, units[order[1]]);
    let up = turn(2, steps[order[2]]);
    let normal = cross(across, down);
    let slice_mm = dot(normal, up);
    let oblique = |how| Err(VolumeError::Oblique { format, how });
    if dot(across, down).abs() > SQUARE {
        return oblique("with slanting rows and columns");
    }
    if normal[2] < AXIAL_Z || slice_mm < AXIAL_Z * lengths[order[2]] {
        return oblique("turned by more than 45 degrees");
    }
    if across[0] <= across[1].abs().max(across[2].abs()) {
        return oblique("with rows that do not run from side to side");
    }

    let mut origin_mm = lps(3);
    for way in 0..3 {
        if reversed[way] {
            let axis = order[way];
            let last = (shape[axis] - 1) as f64;
            origin_mm = std::array::from_fn(|i| origin_mm[i] + last * steps[axis][i]);
        }
    }
    let geometry = Geometry {
        slices: shape[order[2]],
        rows: shape[order[1]],
        columns: shape[order[0]],
        pixel_spacing_mm: [lengths[order[1]], lengths[order[0]]],
        slice_spacing_mm: slice_mm,
        origin_mm,
        row_direction: across,
        column_direction: down,
        slice_step_mm: up,
    };
    const WAYS: [Along; 3] = [Along::Columns, Along::Rows, Along::Slices];
    let mut axes = [SourceAxis { along: Along::Columns, reversed: false }; 3];
    for way in 0..3 {
        axes[order[way]] = SourceAxis { along: WAYS[way], reversed: reversed[way] };
    }
    Ok((SourceGrid { shape, affine_ras, axes }, geometry))
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

fn cross([a, b, c]: Vector, [d, e, f]: Vector) -> Vector {
    [b * f - c * e, c * d - a * f, a * e - b * d]
}
