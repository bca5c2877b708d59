//! Holes.

use std::ops::Range;

use super::{Mask, MaskError, Union};

/// A run of pixels outside the mask in one row.
struct Gap {
    row: usize,
    start: usize,
    end: usize,
}

/// The mask with its holes inside: what cannot be reached from the border over pixels that share a side, as
/// `scipy.ndimage.binary_fill_holes`.
pub fn fill_holes(mask: &Mask) -> Mask {
    let mut filled = mask.clone();
    filled.fill(holes(mask));
    filled
}

impl Mask {
    /// Adds the pixels of `other` and its holes ([`fill_holes`]).
    ///
    /// # Errors
    /// [`MaskError::Size`] if the sizes differ.
    pub fn add_filled(&mut self, other: &Self) -> Result<(), MaskError> {
        self.add(other)?;
        self.fill(holes(other));
        Ok(())
    }

    fn fill(&mut self, runs: Vec<(usize, Range<usize>)>) {
        for (row, columns) in runs {
            self.pixels[row * self.columns..][columns].fill(1);
        }
    }
}

/// The holes as rows and columns. They are made of runs of outside pixels within the mask's bounds; those joined to one
/// that touches the bounds are no holes.
fn holes(mask: &Mask) -> Vec<(usize, Range<usize>)> {
    let Some([rows, columns]) = mask.bounds() else { return Vec::new() };
    // The first stands for all that is around the bounds.
    let mut gaps = vec![Gap { row: 0, start: 0, end: 0 }];
    let mut sets = Union::default();
    let around = sets.add();
    let mut above = 0..0;
    for row in rows.clone() {
        let first = gaps.len();
        let pixels = &mask.pixels[row * mask.columns..][..columns.end];
        let (mut start, mut at) = (columns.start, above.start);
        while let Some(offset) = pixels[start..].iter().position(|&pixel| pixel == 0) {
            start += offset;
            let end = pixels[start..].iter().position(|&pixel| pixel != 0).map_or(columns.end, |n| start + n);
            let gap = sets.add();
            gaps.push(Gap { row, start, end });
            if row == rows.start || row + 1 == rows.end || start == columns.start || end == columns.end {
                sets.join(gap, around);
            }
            // Those that end before this one begins touch none that comes.
            while at < above.end && gaps[at].end <= start {
                at += 1;
            }
            for other in (at..above.end).take_while(|&other| gaps[other].start < end) {
                sets.join(gap, other);
            }
            start = end;
        }
        above = first..gaps.len();
    }
    let inside = gaps.into_iter().enumerate().filter(|&(gap, _)| sets.root(gap) != around);
    inside.map(|(_, gap)| (gap.row, gap.start..gap.end)).collect()
}
