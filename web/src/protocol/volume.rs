//! A series as the page shows it, and a slice as the engine reads it.

use lunglens::imaging::{CtSlice, FileFormat, PixelSpacing, ValueScale};
use lunglens::masks::Rle;
use serde::{Deserialize, Serialize};

/// What the page knows of an opened series besides its pixels. The slices are axial, the lowest first; a single picture
/// is a series of one slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// Number of slices.
    pub slices: usize,
    /// Height of a slice in pixels.
    pub rows: usize,
    /// Width of a slice in pixels.
    pub columns: usize,
    /// Between rows, then between columns, in mm; none of pictures.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    /// Between neighbouring slices, in mm; none of pictures and of a single slice.
    pub slice_spacing_mm: Option<f64>,
    /// Whether the pixels are Hounsfield units; else they are grey levels from 0 (black) to 255 (white).
    pub hounsfield: bool,
    /// Whether the patient's right is on the left of the slices, where the files state it.
    pub patient_right_is_image_left: Option<bool>,
}

/// What was found on a slice of a study, as it is measured: inside of both lungs with holes filled, and lesion in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceMasks {
    /// Both lungs.
    pub lung: Rle,
    /// Lesions inside the lungs.
    pub lesion: Rle,
    /// Pixels of lung.
    pub lung_pixels: u64,
    /// Pixels of lesion.
    pub lesion_pixels: u64,
}

/// A [`CtSlice`] without its values, which travel as little-endian `f32`s beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceHead {
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// What the values mean.
    pub scale: ValueScale,
    /// Pixel size, where it is known.
    pub pixel_spacing: Option<PixelSpacing>,
    /// Which side is which, where it is known.
    pub patient_right_is_image_left: Option<bool>,
    /// Where the slice came from.
    pub format: FileFormat,
}

impl SliceHead {
    /// What there is to say of a slice besides its values.
    pub fn of(slice: &CtSlice) -> Self {
        Self {
            rows: slice.rows,
            columns: slice.columns,
            scale: slice.scale,
            pixel_spacing: slice.pixel_spacing,
            patient_right_is_image_left: slice.patient_right_is_image_left,
            format: slice.format,
        }
    }

    /// The slice again. `None` if the values do not fill it.
    pub fn with(self, values: Vec<f32>) -> Option<CtSlice> {
        (self.rows.checked_mul(self.columns)? == values.len()).then_some(CtSlice {
            rows: self.rows,
            columns: self.columns,
            values,
            scale: self.scale,
            pixel_spacing: self.pixel_spacing,
            patient_right_is_image_left: self.patient_right_is_image_left,
            format: self.format,
        })
    }
}
