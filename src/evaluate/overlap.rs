//! How much boxes and masks overlap, as pycocotools counts it.

use crate::detect::BoxXyxy;
use crate::masks::Mask;

/// A mask with its bounding box and area at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region<'a> {
    mask: &'a Mask,
    /// First and last row and column plus one; all 0 for an empty mask.
    rows: [usize; 2],
    columns: [usize; 2],
    /// Number of pixels.
    pub area: usize,
}

impl<'a> Region<'a> {
    /// Measures a mask.
    pub fn new(mask: &'a Mask) -> Self {
        let (mut rows, mut columns, mut area) = ([usize::MAX, 0], [usize::MAX, 0], 0);
        for (row, pixels) in mask.pixels.chunks_exact(mask.columns.max(1)).enumerate() {
            let Some(first) = pixels.iter().position(|&p| p != 0) else { continue };
            let last = pixels.iter().rposition(|&p| p != 0).unwrap_or(first);
            rows = [rows[0].min(row), row + 1];
            columns = [columns[0].min(first), columns[1].max(last + 1)];
            area += pixels.iter().filter(|&&p| p != 0).count();
        }
        if area == 0 {
            (rows, columns) = ([0; 2], [0; 2]);
        }
        Self { mask, rows, columns, area }
    }

    /// The bounding box on pixel borders.
    pub fn bbox(&self) -> [f64; 4] {
        [self.columns[0], self.rows[0], self.columns[1], self.rows[1]].map(|side| side as f64)
    }

    /// Intersection over union with another mask of the same size; 0 if they are apart.
    pub fn iou(&self, other: &Self) -> f64 {
        let common = |a: [usize; 2], b: [usize; 2]| a[0].max(b[0])..a[1].min(b[1]);
        let columns = common(self.columns, other.columns);
        if columns.is_empty() {
            return 0.0;
        }
        let mut intersection = 0;
        for row in common(self.rows, other.rows) {
            let at = row * self.mask.columns;
            let range = at + columns.start..at + columns.end;
            let pairs = self.mask.pixels[range.clone()].iter().zip(&other.mask.pixels[range]);
            intersection += pairs.filter(|&(&a, &b)| a != 0 && b != 0).count();
        }
        if intersection == 0 {
            return 0.0;
        }
        intersection as f64 / (self.area + other.area - intersection) as f64
    }
}

/// A box in double precision.
pub(super) fn wide(bbox: BoxXyxy) -> [f64; 4] {
    bbox.map(f64::from)
}

/// Width times height.
pub(super) fn box_area(bbox: &[f64; 4]) -> f64 {
    (bbox[2] - bbox[0]) * (bbox[3] - bbox[1])
}

/// Intersection over union of two boxes; 0 if they are apart.
pub(super) fn box_iou(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let width = a[2].min(b[2]) - a[0].max(b[0]);
    let height = a[3].min(b[3]) - a[1].max(b[1]);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let intersection = width * height;
    intersection / (box_area(a) + box_area(b) - intersection)
}
