//! The grid of voxels of a file, and how its slices lie in it.

use crate::imaging::Geometry;

/// Which way of the slices an axis of the source's grid runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// Across a slice, as its columns grow.
    Columns,
    /// Down a slice, as its rows grow.
    Rows,
    /// From slice to slice, towards the head.
    Slices,
}

/// One axis of the source's grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceAxis {
    /// Which way of the slices it is.
    pub along: Along,
    /// Whether it runs the other way round.
    pub reversed: bool,
}

/// The grid of voxels that the source itself has, and how the measured slices lie in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceGrid {
    /// Voxels along each axis of the source; the first varies fastest.
    pub shape: [usize; 3],
    /// From voxel indices to mm as NIfTI has it, growing to the patient's right, front and head (RAS); three rows of the
    /// 4 x 4 matrix.
    pub affine_ras: [[f64; 4]; 3],
    /// What each axis is in the slices.
    pub axes: [SourceAxis; 3],
}

impl SourceGrid {
    /// The grid of slices that do not say where they lie: columns, rows, slices, of voxels of size 1.
    pub fn of_voxels(shape: [usize; 3]) -> Self {
        let axis = |along| SourceAxis { along, reversed: false };
        let affine_ras = std::array::from_fn(|row| std::array::from_fn(|at| f64::from(u8::from(at == row))));
        Self { shape, affine_ras, axes: [axis(Along::Columns), axis(Along::Rows), axis(Along::Slices)] }
    }

    /// The grid of a series as it is: columns, rows, slices.
    pub fn of_series(geometry: &Geometry) -> Self {
        let [row_mm, column_mm] = geometry.pixel_spacing_mm;
        let ways = [
            geometry.row_direction.map(|v| v * column_mm),
            geometry.column_direction.map(|v| v * row_mm),
            geometry.slice_step_mm,
            geometry.origin_mm,
        ];
        // DICOM's x and y run the other way.
        let affine_ras = std::array::from_fn(|axis| {
            let sign = if axis < 2 { -1.0 } else { 1.0 };
            // Without negative zeros, which nobody wants to read.
            ways.map(|way| sign * way[axis] + 0.0)
        });
        let axis = |along| SourceAxis { along, reversed: false };
        Self {
            shape: [geometry.columns, geometry.rows, geometry.slices],
            affine_ras,
            axes: [axis(Along::Columns), axis(Along::Rows), axis(Along::Slices)],
        }
    }
}
