//! The slice with its instances drawn on it.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use super::{ClassName, Report, ReportError};
use crate::imaging::{CtSlice, display_grey};
use crate::masks::Mask;

/// The colour of lesions: a warm orange.
pub const LESION_RGB: [u8; 3] = [255, 122, 40];
/// The colour of lungs: a cool blue.
pub const LUNG_RGB: [u8; 3] = [80, 180, 255];
/// Slices are enlarged until their shorter side has this many pixels.
const LEAST_SIDE: usize = 512;
/// Slices are not enlarged beyond this longer side.
const LARGEST_SIDE: usize = 4096;

/// How an overlay is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OverlayOptions {
    /// How much of a lesion's colour covers the slice, 0 to 1.
    pub opacity: f32,
}

impl Default for OverlayOptions {
    fn default() -> Self {
        Self { opacity: 0.35 }
    }
}

/// The slice in grey (its usual window), lesions tinted and outlined, lungs outlined.
///
/// A small slice is first enlarged by a whole factor, so that the shorter side has at least 512 pixels; outlines are
/// one pixel of the result, inside the instance.
///
/// # Errors
/// [`ReportError`] if the report is of a slice of another size or a mask cannot be decoded.
pub fn overlay(slice: &CtSlice, report: &Report, options: OverlayOptions) -> Result<RgbImage, ReportError> {
    let expected = [report.input.rows, report.input.columns];
    let found = [slice.rows, slice.columns];
    if expected != found {
        return Err(ReportError::OtherSlice { expected, found });
    }
    let mut lungs = Vec::new();
    let mut lesions = Vec::new();
    for instance in &report.instances {
        let id = instance.id;
        let mask = instance
            .segmentation
            .decode()
            .and_then(|mask| mask.check_size("drawing an instance", slice.rows, slice.columns).map(|()| mask))
            .map_err(|source| ReportError::Mask { id, source })?;
        match instance.class {
            ClassName::Lesion => lesions.push(mask),
            ClassName::Lung => lungs.push(mask),
        }
    }
    draw_masks(slice, &lesions, &lungs, options)
}

/// [`overlay`] of masks that belong to no report.
///
/// # Errors
/// [`ReportError::OtherSlice`] if a mask is of another size or the slice has not as many values as pixels.
pub fn draw_masks(
    slice: &CtSlice,
    lesions: &[Mask],
    lungs: &[Mask],
    options: OverlayOptions,
) -> Result<RgbImage, ReportError> {
    let found = [slice.rows, slice.columns];
    let grey = display_grey(slice, None);
    if slice.rows.checked_mul(slice.columns) != Some(grey.len()) {
        return Err(ReportError::OtherSlice { expected: found, found });
    }
    if let Some(mask) = lesions.iter().chain(lungs).find(|mask| [mask.rows, mask.columns] != found) {
        return Err(ReportError::OtherSlice { expected: [mask.rows, mask.columns], found });
    }
    let factor = enlargement(slice.rows, slice.columns);
    let opacity = if options.opacity.is_finite() { options.opacity.clamp(0.0, 1.0) } else { 0.0 };
    let mut picture = RgbImage::new((slice.columns * factor) as u32, (slice.rows * factor) as u32);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (row, column) = (y as usize / factor, x as usize / factor);
        let level = grey[row * slice.columns + column];
        let tinted = lesions.iter().any(|mask| mask.contains(row, column));
        *pixel = Rgb(if tinted { blend(level, LESION_RGB, opacity) } else { [level; 3] });
    }
    // Lesions last: they matter most where borders meet.
    for (masks, colour) in [(lungs, LUNG_RGB), (lesions, LESION_RGB)] {
        for mask in masks {
            draw_outline(&mut picture, mask, factor, colour);
        }
    }
    Ok(picture)
}

/// [`overlay`] as the bytes of a PNG file.
///
/// # Errors
/// As [`overlay`], and [`ReportError::Png`] if the picture cannot be encoded.
pub fn overlay_png(
    slice: &CtSlice,
    report: &Report,
    options: OverlayOptions,
) -> Result<Vec<u8>, ReportError> {
    to_png(&overlay(slice, report, options)?)
}

/// [`draw_masks`] as the bytes of a PNG file.
///
/// # Errors
/// As [`draw_masks`], and [`ReportError::Png`] if the picture cannot be encoded.
pub fn draw_masks_png(
    slice: &CtSlice,
    lesions: &[Mask],
    lungs: &[Mask],
    options: OverlayOptions,
) -> Result<Vec<u8>, ReportError> {
    to_png(&draw_masks(slice, lesions, lungs, options)?)
}

fn to_png(picture: &RgbImage) -> Result<Vec<u8>, ReportError> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).map_err(|e| ReportError::Png(e.to_string()))?;
    Ok(bytes.into_inner())
}

/// The whole factor by which a slice is enlarged.
fn enlargement(rows: usize, columns: usize) -> usize {
    let wanted = LEAST_SIDE.div_ceil(rows.min(columns).max(1));
    wanted.min(LARGEST_SIDE / rows.max(columns).max(1)).max(1)
}

fn blend(level: u8, colour: [u8; 3], opacity: f32) -> [u8; 3] {
    colour.map(|c| (f32::from(level) * (1.0 - opacity) + f32::from(c) * opacity).round() as u8)
}

/// Draws the pixels of the enlarged mask that have a side in common with the outside.
fn draw_outline(picture: &mut RgbImage, mask: &Mask, factor: usize, colour: [u8; 3]) {
    let inside = |x: u32, y: u32| mask.contains(y as usize / factor, x as usize / factor);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        // Beyond the left and top borders the subtraction wraps to a pixel that no mask has.
        let within = || {
            inside(x.wrapping_sub(1), y)
                && inside(x + 1, y)
                && inside(x, y.wrapping_sub(1))
                && inside(x, y + 1)
        };
        if inside(x, y) && !within() {
            *pixel = Rgb(colour);
        }
    }
}
