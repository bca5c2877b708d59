//! The best, median and worst slices in one picture.

use std::cmp::Ordering;
use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use super::EvaluateError;
use super::slice::SliceResult;
use crate::imaging::{CtSlice, display_grey};
use crate::masks::Mask;
use crate::report::{LESION_RGB, LUNG_RGB};

/// Side of a cell in pixels.
const CELL: u32 = 384;
const GAP: u32 = 6;
/// True lesions are outlined in green.
const TRUE_LESION_RGB: [u8; 3] = [60, 220, 90];
/// True lungs are outlined in light grey.
const TRUE_LUNG_RGB: [u8; 3] = [190, 190, 190];

/// A slice with what is true and what was found.
#[derive(Debug, Clone)]
pub struct SheetCell {
    /// The slice.
    pub slice: CtSlice,
    /// The true lesion.
    pub true_lesion: Mask,
    /// The true lung, where it is labelled.
    pub true_lung: Option<Mask>,
    /// The lesion that was found.
    pub found_lesion: Mask,
    /// The lung that was found.
    pub found_lung: Mask,
}

/// The places of the `count` best, median and worst slices by lesion Dice; of equal ones the worse is the one with
/// more wrong pixels.
pub fn pick_rows(slices: &[SliceResult], count: usize) -> [Vec<usize>; 3] {
    let mut order: Vec<usize> = (0..slices.len()).collect();
    order.sort_by(|&a, &b| by_quality(&slices[b], &slices[a]));
    let count = count.min(order.len());
    let middle = (order.len() - count) / 2;
    [0, middle, order.len() - count].map(|from| order[from..from + count].to_vec())
}

fn by_quality(a: &SliceResult, b: &SliceResult) -> Ordering {
    let wrong = |s: &SliceResult| s.lesion_pixels.false_positives + s.lesion_pixels.false_negatives;
    a.lesion_pixels.dice().total_cmp(&b.lesion_pixels.dice()).then(wrong(b).cmp(&wrong(a)))
}

/// Rows of slices as a PNG file: lesions orange and lungs blue as found, green and grey as labelled.
///
/// # Errors
/// [`EvaluateError::Picture`] if a mask is not of its slice's size or the picture cannot be encoded.
pub fn contact_sheet_png(rows: &[Vec<SheetCell>]) -> Result<Vec<u8>, EvaluateError> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(1) as u32;
    let side = |cells: u32| cells * (CELL + GAP) + GAP;
    let mut sheet = RgbImage::new(side(columns), side(rows.len().max(1) as u32));
    for (row, cells) in (0u32..).zip(rows) {
        for (column, cell) in (0u32..).zip(cells) {
            draw(&mut sheet, cell, [side(column), side(row)])?;
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    sheet
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| EvaluateError::Picture(error.to_string()))?;
    Ok(bytes.into_inner())
}

/// Draws a slice as large as a cell can hold, in its middle.
fn draw(sheet: &mut RgbImage, cell: &SheetCell, [left, top]: [u32; 2]) -> Result<(), EvaluateError> {
    let (rows, columns) = (cell.slice.rows, cell.slice.columns);
    let grey = display_grey(&cell.slice, None);
    let masks = [
        (cell.true_lung.as_ref(), TRUE_LUNG_RGB),
        (Some(&cell.found_lung), LUNG_RGB),
        (Some(&cell.true_lesion), TRUE_LESION_RGB),
        (Some(&cell.found_lesion), LESION_RGB),
    ];
    for (mask, _) in &masks {
        if let Some(mask) = mask {
            mask.check_size("drawing the slice", rows, columns)
                .map_err(|error| EvaluateError::Picture(error.to_string()))?;
        }
    }
    let longer = rows.max(columns).max(1) as u64;
    let scaled = |side: usize| (side as u64 * u64::from(CELL) / longer).max(1) as u32;
    let (width, height) = (scaled(columns), scaled(rows));
    let (left, top) = (left + (CELL - width) / 2, top + (CELL - height) / 2);
    let source = |x: u32, y: u32| {
        let (x, y) = (u64::from(x), u64::from(y));
        [(y * longer / u64::from(CELL)) as usize, (x * longer / u64::from(CELL)) as usize]
    };
    for y in 0..height {
        for x in 0..width {
            let [row, column] = source(x, y);
            let mut colour = grey.get(row * columns + column).map_or([0; 3], |&level| [level; 3]);
            for (mask, line) in &masks {
                let inside = |x: u32, y: u32| {
                    let [row, column] = source(x, y);
                    mask.is_some_and(|mask| mask.contains(row, column))
                };
                let is_border = inside(x, y)
                    && !(x > 0
                        && y > 0
                        && inside(x - 1, y)
                        && inside(x + 1, y)
                        && inside(x, y - 1)
                        && inside(x, y + 1));
                if is_border {
                    colour = *line;
                }
            }
            sheet.put_pixel(left + x, top + y, Rgb(colour));
        }
    }
    Ok(())
}
