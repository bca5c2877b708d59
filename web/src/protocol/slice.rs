//! A slice as the engine reads it, and what a study found on it.

use lunglens::imaging::{CtSlice, FileFormat, PictureReading, PixelSpacing, ValueScale};
use lunglens::masks::Rle;
use serde::{Deserialize, Serialize};

/// What was found on a slice of a study, as it is measured: inside of both lungs with holes filled, and lesion in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceMasks {
    /// Both lungs.
    pub lung: Rle,
    /// Lesions inside the lungs.
    pub lesion: Rle,
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
    /// How it was read, where it is a picture.
    pub picture: Option<PictureReading>,
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
            picture: slice.picture,
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
            picture: self.picture,
        })
    }
}
