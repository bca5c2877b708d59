//! One decoded axial CT slice.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::PictureReading;

/// What the numbers of a [`CtSlice`] mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ValueScale {
    /// Hounsfield units.
    Hounsfield,
    /// Grey levels from 0 (black) to `max` (white), of a picture that lost its Hounsfield units.
    Grey {
        /// The white level: 255 or 65535.
        max: f32,
    },
}

/// Distance between the centres of neighbouring pixels, as DICOM's PixelSpacing (0028,0030).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PixelSpacing {
    /// Millimetres between rows (down the image).
    pub row_mm: f32,
    /// Millimetres between columns (across the image).
    pub column_mm: f32,
}

/// The kind of file that a slice came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG (baseline or progressive).
    Jpeg,
    /// WebP, with loss or without.
    #[serde(rename = "webp")]
    WebP,
    /// Windows bitmap.
    Bmp,
    /// A DICOM CT image.
    Dicom,
    /// A slice of a NIfTI volume.
    Nifti,
    /// A slice of an NRRD volume.
    Nrrd,
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Bmp => "BMP",
            Self::Dicom => "DICOM",
            Self::Nifti => "NIfTI",
            Self::Nrrd => "NRRD",
        })
    }
}

/// One axial slice, row-major, the first value at the top left.
#[derive(Debug, Clone, PartialEq)]
pub struct CtSlice {
    /// Number of rows (height in pixels).
    pub rows: usize,
    /// Number of columns (width in pixels).
    pub columns: usize,
    /// `rows * columns` values on `scale`.
    pub values: Vec<f32>,
    /// What the values mean.
    pub scale: ValueScale,
    /// Physical pixel size, where the file states it.
    pub pixel_spacing: Option<PixelSpacing>,
    /// Whether image columns run from the patient's right to the left (the usual radiological view), where the
    /// file states it (DICOM ImageOrientationPatient).
    pub patient_right_is_image_left: Option<bool>,
    /// Where the slice came from.
    pub format: FileFormat,
    /// How its file was read, where that is a picture.
    pub picture: Option<PictureReading>,
}

impl CtSlice {
    /// Whether it is a picture with more on it than a slice, as a photo of a screen or a screenshot: it has colours, or it is larger than a
    /// scanner's usual 512 pixels and not about as wide as high.
    pub fn has_surroundings(&self) -> bool {
        let (shorter, longer) = (self.rows.min(self.columns), self.rows.max(self.columns));
        self.picture.is_some_and(|picture| picture.coloured || (longer > 512 && shorter * 10 < longer * 9))
    }
}
