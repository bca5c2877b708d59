//! A mask head's small square of probabilities onto the pixels of the slice.

use super::{Mask, MaskError, ProbabilityMap};
use crate::detect::BoxXyxy;

/// The frame of zeros around the probabilities before they are resized.
const PADDING: usize = 1;

/// Pastes an `m` x `m` square of probabilities into `bbox` (source pixels) on a `rows` x `columns` slice.
///
/// As torchvision's `paste_masks_in_image` and then `mask >= threshold` (the rule of its `MaskRCNN` docstring):
/// the square gets a frame of one zero, the box grows alike, its corners are cut to whole pixels, and the square is
/// resized bilinearly (`align_corners=False`). What lies outside the slice is left out; what lies outside the grown
/// box is outside the mask, whatever the threshold.
///
/// # Errors
/// [`MaskError`] if there are not `m * m` probabilities or a number is not finite.
pub fn paste_mask(
    probabilities: &[f32],
    m: usize,
    bbox: BoxXyxy,
    rows: usize,
    columns: usize,
    threshold: f32,
) -> Result<Mask, MaskError> {
    paste(probabilities, m, bbox, None, [rows, columns], threshold)
}

/// [`paste_mask`] where a pixel's probability is the mean of the square's and the `map`'s.
///
/// # Errors
/// As [`paste_mask`].
pub fn paste_averaged(
    probabilities: &[f32],
    m: usize,
    bbox: BoxXyxy,
    map: &ProbabilityMap,
    rows: usize,
    columns: usize,
    threshold: f32,
) -> Result<Mask, MaskError> {
    paste(probabilities, m, bbox, Some(map), [rows, columns], threshold)
}

fn paste(
    probabilities: &[f32],
    m: usize,
    bbox: BoxXyxy,
    map: Option<&ProbabilityMap>,
    [rows, columns]: [usize; 2],
    threshold: f32,
) -> Result<Mask, MaskError> {
    if m == 0 || m.checked_mul(m) != Some(probabilities.len()) {
        return Err(MaskError::Length {
            what: "pasting a mask",
            rows: m,
            columns: m,
            found: probabilities.len(),
        });
    }
    if probabilities.iter().any(|p| !p.is_finite()) {
        return Err(MaskError::NotFinite("a probability"));
    }
    if bbox.iter().chain([&threshold]).any(|v| !v.is_finite()) {
        return Err(MaskError::NotFinite("the box or the threshold"));
    }
    let scale = ((m + 2 * PADDING) as f64 / m as f64) as f32;
    let (x0, x1) = grow(bbox[0], bbox[2], scale);
    let (y0, y1) = grow(bbox[1], bbox[3], scale);
    let across = Axis::new(x0, x1, columns, m + 2 * PADDING);
    let down = Axis::new(y0, y1, rows, m + 2 * PADDING);

    let mut mask = Mask::empty(rows, columns);
    if down.pixels.is_empty() || across.pixels.is_empty() {
        return Ok(mask);
    }
    // Every line of the padded square resized across, the frame's two of zeros included.
    let width = across.pixels.len();
    let sources: Vec<_> = across.pixels.clone().map(|column| across.source(column)).collect();
    let mut lines = vec![0.0f32; (m + 2 * PADDING) * width];
    let mut padded = vec![0.0f32; m + 2 * PADDING];
    for (line, values) in lines[PADDING * width..].chunks_exact_mut(width).zip(probabilities.chunks_exact(m))
    {
        padded[PADDING..PADDING + m].copy_from_slice(values);
        for (value, &(left, right, u)) in line.iter_mut().zip(&sources) {
            *value = (1.0 - u) * padded[left] + u * padded[right];
        }
    }
    let map = map.map(|map| (map, map.across(across.pixels.clone())));
    for row in down.pixels.clone() {
        let (top, bottom, v) = down.source(row);
        let (upper, lower) = (&lines[top * width..][..width], &lines[bottom * width..][..width]);
        let pixels = &mut mask.pixels[row * columns + across.pixels.start..][..width];
        let values = upper.iter().zip(lower).map(|(upper, lower)| (1.0 - v) * upper + v * lower);
        match &map {
            None => pixels.iter_mut().zip(values).for_each(|(pixel, p)| *pixel = u8::from(p >= threshold)),
            Some((map, places)) => {
                let others = map.line(row, places);
                for ((pixel, p), other) in pixels.iter_mut().zip(values).zip(others) {
                    *pixel = u8::from(0.5 * (p + other) >= threshold);
                }
            }
        }
    }
    Ok(mask)
}

/// One side of the box about its centre, `scale` times as long, cut towards zero to whole pixels.
fn grow(low: f32, high: f32, scale: f32) -> (i64, i64) {
    let half = (high - low) * 0.5 * scale;
    let centre = (high + low) * 0.5;
    // Far beyond any slice, and safe to calculate with.
    let whole = |v: f32| v.clamp(-1e9, 1e9) as i64;
    (whole(centre - half), whole(centre + half))
}

/// How the pixels of the slice along one axis read the padded square.
struct Axis {
    /// The box's first pixel, which may lie outside the slice.
    start: i64,
    /// The pixels of the slice inside the box.
    pixels: std::ops::Range<usize>,
    /// Cells of the square per pixel.
    ratio: f32,
    /// Cells of the padded square.
    cells: usize,
}

impl Axis {
    fn new(first: i64, last: i64, length: usize, cells: usize) -> Self {
        let end = last + 1;
        let pixels_in_box = (end - first).max(1);
        let inside = |v: i64| usize::try_from(v.max(0)).unwrap_or(usize::MAX).min(length);
        Self {
            start: first,
            pixels: inside(first)..inside(end),
            ratio: cells as f32 / pixels_in_box as f32,
            cells,
        }
    }

    /// The two cells that a pixel lies between and the weight of the second.
    fn source(&self, pixel: usize) -> (usize, usize, f32) {
        let offset = (pixel as i64 - self.start) as f32;
        let position = (self.ratio * (offset + 0.5) - 0.5).max(0.0);
        let low = (position as usize).min(self.cells - 1);
        (low, (low + 1).min(self.cells - 1), position - low as f32)
    }
}
