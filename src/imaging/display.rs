//! A slice as an 8-bit picture for people.

use super::preprocess::{finite_range, is_wide_picture};
use super::{CtSlice, ValueScale};

/// The usual lung window, level -600 HU and width 1500 HU, as its lower and upper end.
pub const LUNG_WINDOW: [f32; 2] = [-1350.0, 150.0];

/// An 8-bit picture of the slice, `rows * columns` bytes, row-major, 0 black.
///
/// Hounsfield slices are shown through `window` (lower and upper end in HU), by default [`LUNG_WINDOW`]; air is
/// black also where the file says MONOCHROME1. Pictures have no Hounsfield units: `window` is ignored, 8-bit
/// ones are shown as they are and 16-bit ones stretched from their lowest to their highest value.
pub fn display_grey(slice: &CtSlice, window: Option<[f32; 2]>) -> Vec<u8> {
    let [lower, upper] = match slice.scale {
        ValueScale::Hounsfield => window.unwrap_or(LUNG_WINDOW),
        ValueScale::Grey { max } if is_wide_picture(max) => finite_range(&slice.values).unwrap_or([0.0, max]),
        ValueScale::Grey { max } => [0.0, max],
    };
    // A window without width becomes a step instead of a division by zero.
    let width = (upper - lower).max(f32::MIN_POSITIVE);
    slice.values.iter().map(|&v| ((v - lower) / width * 255.0).clamp(0.0, 255.0).round() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::FileFormat;

    fn slice(scale: ValueScale, values: &[f32]) -> CtSlice {
        CtSlice {
            rows: 1,
            columns: values.len(),
            values: values.to_vec(),
            scale,
            pixel_spacing: None,
            patient_right_is_image_left: None,
            format: FileFormat::Png,
            picture: None,
        }
    }

    #[test]
    fn hounsfield_is_shown_through_the_lung_window() {
        let shown = display_grey(
            &slice(ValueScale::Hounsfield, &[-3000.0, -1350.0, -600.0, 150.0, 1000.0, f32::NAN]),
            None,
        );
        assert_eq!(shown, [0, 0, 128, 255, 255, 0]);
        let shown =
            display_grey(&slice(ValueScale::Hounsfield, &[-161.0, 40.0, 241.0]), Some([-160.0, 240.0]));
        assert_eq!(shown, [0, 128, 255]);
        let step = display_grey(&slice(ValueScale::Hounsfield, &[-1.0, 0.0, 1.0]), Some([0.0, 0.0]));
        assert_eq!(step, [0, 0, 255]);
    }

    #[test]
    fn pictures_ignore_the_window() {
        let grey = slice(ValueScale::Grey { max: 255.0 }, &[0.0, 17.0, 255.0]);
        assert_eq!(display_grey(&grey, Some(LUNG_WINDOW)), [0, 17, 255]);
        let wide = slice(ValueScale::Grey { max: 65535.0 }, &[100.0, 2148.0, 4195.0]);
        assert_eq!(display_grey(&wide, None), [0, 128, 255]);
    }
}
