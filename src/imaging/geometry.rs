//! Where the voxels of a stack of slices lie in the patient.

/// Three numbers: a place or a way in mm, or a direction, in DICOM's patient coordinates: x to the patient's left, y to
/// the back, z to the head.
pub type Vector = [f64; 3];

/// The grid of a series of parallel, evenly spaced slices, the lowest (nearest to the feet) first.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// Number of slices.
    pub slices: usize,
    /// Height of a slice in pixels.
    pub rows: usize,
    /// Width of a slice in pixels.
    pub columns: usize,
    /// Between rows, then between columns, in mm.
    pub pixel_spacing_mm: [f64; 2],
    /// Between the planes of neighbouring slices, along their normal, in mm: with the pixel spacing the voxel's volume,
    /// tilted or not.
    pub slice_spacing_mm: f64,
    /// Centre of the first pixel of the lowest slice, in mm.
    pub origin_mm: Vector,
    /// Direction along a row, to growing columns, of length 1.
    pub row_direction: Vector,
    /// Direction down a column, to growing rows, of length 1.
    pub column_direction: Vector,
    /// From the first pixel of a slice to that of the next, in mm. Where the gantry was tilted it is not along the normal.
    pub slice_step_mm: Vector,
}

impl Geometry {
    /// The volume of a voxel in ml.
    pub fn voxel_ml(&self) -> f64 {
        self.pixel_spacing_mm[0] * self.pixel_spacing_mm[1] * self.slice_spacing_mm / 1000.0
    }

    /// Centre of a voxel in mm; the indices may be broken or outside.
    pub fn position_mm(&self, slice: f64, row: f64, column: f64) -> Vector {
        let [row_mm, column_mm] = self.pixel_spacing_mm;
        std::array::from_fn(|axis| {
            self.origin_mm[axis]
                + slice * self.slice_step_mm[axis]
                + row * row_mm * self.column_direction[axis]
                + column * column_mm * self.row_direction[axis]
        })
    }

    /// The direction from slice to slice at a right angle to them, of length 1.
    pub fn normal(&self) -> Vector {
        let [a, b, c] = self.row_direction;
        let [d, e, f] = self.column_direction;
        let normal = [b * f - c * e, c * d - a * f, a * e - b * d];
        let along: f64 = normal.iter().zip(&self.slice_step_mm).map(|(n, s)| n * s).sum();
        if along < 0.0 { normal.map(|v| -v) } else { normal }
    }

    /// How far each slice is shifted against the one below, beyond the normal, in pixels: rows down, columns across. Not
    /// 0 where the gantry was tilted; viewers of other planes shift rows by it.
    pub fn shear_pixels(&self) -> [f64; 2] {
        let along = |direction: Vector| -> f64 {
            direction.iter().zip(&self.slice_step_mm).map(|(d, s)| d * s).sum()
        };
        let [row_mm, column_mm] = self.pixel_spacing_mm;
        [along(self.column_direction) / row_mm, along(self.row_direction) / column_mm]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 x 1 mm pixels, 5 mm between slices, tilted by 0.5 mm a slice down the columns.
    const TILTED: Geometry = Geometry {
        slices: 3,
        rows: 4,
        columns: 6,
        pixel_spacing_mm: [2.0, 1.0],
        slice_spacing_mm: 5.0,
        origin_mm: [-3.0, -4.0, 100.0],
        row_direction: [1.0, 0.0, 0.0],
        column_direction: [0.0, 1.0, 0.0],
        slice_step_mm: [0.0, 0.5, 5.0],
    };

    #[test]
    fn places_and_volumes_follow_the_grid() {
        assert_eq!(TILTED.position_mm(0.0, 0.0, 0.0), TILTED.origin_mm);
        assert_eq!(TILTED.position_mm(2.0, 1.0, 3.0), [0.0, -1.0, 110.0]);
        assert_eq!(TILTED.normal(), [0.0, 0.0, 1.0]);
        assert_eq!(TILTED.shear_pixels(), [0.25, 0.0]);
        assert!((TILTED.voxel_ml() - 0.01).abs() < 1e-12);
    }

    #[test]
    fn the_normal_points_to_the_next_slice() {
        let prone = Geometry { column_direction: [0.0, -1.0, 0.0], ..TILTED };
        assert_eq!(prone.normal(), [0.0, 0.0, 1.0]);
        assert_eq!(prone.shear_pixels(), [-0.25, 0.0]);
    }
}
