//! COCO's compressed run lengths.

use serde::{Deserialize, Serialize};

use super::{Mask, MaskError};

/// The most pixels that [`Rle::decode`] makes room for.
pub const MAX_RLE_PIXELS: usize = 1 << 26;
/// Pixels that are compared at once.
const PART: usize = 16;

/// A mask in COCO's compressed form, byte for byte as pycocotools' `mask.encode` (`maskApi.c`).
///
/// Runs of outside and inside pixels by turns, down the columns, each as a difference to the run two before, in base
/// 32 with printable characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rle {
    /// `[rows, columns]`.
    pub size: [usize; 2],
    /// The run lengths as text.
    pub counts: String,
}

impl Rle {
    /// The run lengths of a mask.
    pub fn encode(mask: &Mask) -> Self {
        let borders = borders(mask);
        let mut runs = Vec::with_capacity(borders.len() + 1);
        let mut from = 0;
        for to in borders.into_iter().chain([mask.rows * mask.columns]) {
            runs.push((to - from) as i64);
            from = to;
        }
        Self { size: [mask.rows, mask.columns], counts: write_runs(&runs) }
    }

    /// The mask.
    ///
    /// # Errors
    /// [`MaskError`] if the size is beyond [`MAX_RLE_PIXELS`], or the runs are malformed or do not fill the size.
    pub fn decode(&self) -> Result<Mask, MaskError> {
        let [rows, columns] = self.size;
        let total = match rows.checked_mul(columns) {
            Some(total) if total <= MAX_RLE_PIXELS => total,
            _ => return Err(MaskError::TooLarge(rows, columns)),
        };
        let runs = read_runs(&self.counts)?;
        let mut sum = 0usize;
        for &run in &runs {
            sum = sum.checked_add(run).ok_or(MaskError::BadRuns("a run is too long"))?;
        }
        if sum != total {
            return Err(MaskError::BadRuns("the runs do not fill the mask"));
        }
        let mut mask = Mask::empty(rows, columns);
        let mut at = 0;
        for (i, &run) in runs.iter().enumerate() {
            if i % 2 == 1 {
                for index in at..at + run {
                    mask.pixels[index % rows * columns + index / rows] = 1;
                }
            }
            at += run;
        }
        Ok(mask)
    }

    /// Number of pixels inside, without decoding.
    ///
    /// # Errors
    /// [`MaskError::BadRuns`] if the runs are malformed.
    pub fn area(&self) -> Result<usize, MaskError> {
        let runs = read_runs(&self.counts)?;
        Ok(runs.iter().skip(1).step_by(2).fold(0, |sum, &run| sum.saturating_add(run)))
    }
}

/// Where a pixel differs from the one before it down the columns, as positions in that order; outside comes before all.
fn borders(mask: &Mask) -> Vec<usize> {
    let Some([rows, columns]) = mask.bounds() else { return Vec::new() };
    let row = |row: usize| &mask.pixels[row * mask.columns..][..mask.columns];
    let mut borders = Vec::new();
    // The pixel before one of the first row is the last row's in the column before.
    for column in columns.start..(columns.end + 1).min(mask.columns) {
        let before = if column == 0 { 0 } else { row(mask.rows - 1)[column - 1] };
        if row(0)[column] != before {
            borders.push(column * mask.rows);
        }
    }
    for r in rows.start.max(1)..(rows.end + 1).min(mask.rows) {
        let (above, here) = (&row(r - 1)[columns.clone()], &row(r)[columns.clone()]);
        // Most rows are as the one above nearly everywhere.
        for (part, (a, b)) in above.chunks(PART).zip(here.chunks(PART)).enumerate() {
            if a != b {
                let first = columns.start + part * PART;
                borders.extend(
                    (first..)
                        .zip(a.iter().zip(b))
                        .filter(|(_, (a, b))| a != b)
                        .map(|(c, _)| c * mask.rows + r),
                );
            }
        }
    }
    borders.sort_unstable();
    borders
}

fn write_runs(runs: &[i64]) -> String {
    let mut text = String::new();
    for (i, &run) in runs.iter().enumerate() {
        // maskApi.c takes differences from the fourth run on.
        let mut rest = if i > 2 { run - runs[i - 2] } else { run };
        loop {
            let low = (rest & 0x1f) as u8;
            rest >>= 5;
            let more = if low & 0x10 != 0 { rest != -1 } else { rest != 0 };
            text.push(char::from(48 + low + if more { 0x20 } else { 0 }));
            if !more {
                break;
            }
        }
    }
    text
}

fn read_runs(text: &str) -> Result<Vec<usize>, MaskError> {
    let mut runs: Vec<i64> = Vec::new();
    let mut bytes = text.bytes();
    while let Some(mut byte) = bytes.next() {
        let mut value = 0i64;
        let mut shift = 0;
        loop {
            let digit = match byte.checked_sub(48) {
                Some(digit) if digit < 64 => i64::from(digit),
                _ => return Err(MaskError::BadRuns("a character is not part of the format")),
            };
            if shift > 35 {
                return Err(MaskError::BadRuns("a run is too long"));
            }
            value |= (digit & 0x1f) << shift;
            shift += 5;
            if digit & 0x20 == 0 {
                if digit & 0x10 != 0 {
                    value |= -1 << shift;
                }
                break;
            }
            byte = bytes.next().ok_or(MaskError::BadRuns("the text ends within a run"))?;
        }
        if runs.len() > 2 {
            value += runs[runs.len() - 2];
        }
        if !(0..=i64::from(u32::MAX)).contains(&value) {
            return Err(MaskError::BadRuns("a run has a length that no mask has"));
        }
        runs.push(value);
    }
    runs.into_iter()
        .map(|r| usize::try_from(r).map_err(|_| MaskError::BadRuns("a run is too long")))
        .collect()
}
