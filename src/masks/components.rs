//! Connected components.

use super::{Mask, Union};

/// The components of a mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// Number of components.
    pub count: usize,
    /// `rows * columns` labels, row-major: 0 outside, 1 to `count` by the component's first pixel in that order.
    pub labels: Vec<u32>,
}

impl Labels {
    /// The pixels of one component, by its label from 1.
    pub fn component(&self, label: u32) -> Mask {
        let pixels = self.labels.iter().map(|&l| u8::from(l == label && l != 0)).collect();
        Mask { rows: self.rows, columns: self.columns, pixels }
    }

    /// The number of pixels of each component, that of label 1 first.
    pub fn areas(&self) -> Vec<usize> {
        let mut areas = vec![0; self.count];
        for &label in self.labels.iter().filter(|&&l| l != 0) {
            areas[label as usize - 1] += 1;
        }
        areas
    }
}

/// A run of pixels of a row: the columns from `first` up to `end`.
#[derive(Debug, Clone, Copy)]
struct Run {
    row: usize,
    first: usize,
    end: usize,
}

/// The 8-connected components, as `scipy.ndimage.label` with a 3 x 3 structure of ones.
///
/// Rows are taken as runs, and runs that touch are joined (a union-find), which costs a pass over the pixels.
pub fn connected_components(mask: &Mask) -> Labels {
    let (rows, columns) = (mask.rows, mask.columns);
    let mut runs: Vec<Run> = Vec::new();
    let mut sets = Union::default();
    let mut above = 0..0;
    for row in 0..rows {
        let pixels = &mask.pixels[row * columns..(row + 1) * columns];
        let here = runs.len();
        let mut at = above.start;
        let mut column = 0;
        while let Some(start) = pixels[column..].iter().position(|&pixel| pixel != 0) {
            let first = column + start;
            let length = pixels[first..].iter().position(|&pixel| pixel == 0);
            let end = length.map_or(columns, |length| first + length);
            let run = sets.add();
            runs.push(Run { row, first, end });
            // Those that end before this one begins touch none that comes.
            while at < above.end && runs[at].end < first {
                at += 1;
            }
            let touching = runs[at..above.end].iter().take_while(|other| other.first <= end).count();
            for other in at..at + touching {
                sets.join(other, run);
            }
            column = end;
        }
        above = here..runs.len();
    }
    let mut labels = vec![0u32; rows * columns];
    let mut count = 0u32;
    let mut numbers = vec![0u32; runs.len()];
    for (at, run) in runs.iter().enumerate() {
        // The root is the first run of the component, so the numbers go by the first pixels.
        let root = sets.root(at);
        if root == at {
            count += 1;
            numbers[at] = count;
        }
        labels[run.row * columns + run.first..run.row * columns + run.end].fill(numbers[root]);
    }
    Labels { rows, columns, count: count as usize, labels }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By flooding from each pixel that has no label yet.
    fn flooded(mask: &Mask) -> Labels {
        let (rows, columns) = (mask.rows, mask.columns);
        let mut labels = vec![0u32; rows * columns];
        let mut count = 0;
        for first in (0..labels.len()).filter(|&at| mask.pixels[at] != 0) {
            if labels[first] != 0 {
                continue;
            }
            count += 1;
            labels[first] = count;
            let mut stack = vec![first];
            while let Some(at) = stack.pop() {
                let (row, column) = (at / columns, at % columns);
                for y in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
                    for x in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                        let other = y * columns + x;
                        if labels[other] == 0 && mask.pixels[other] != 0 {
                            labels[other] = count;
                            stack.push(other);
                        }
                    }
                }
            }
        }
        Labels { rows, columns, count: count as usize, labels }
    }

    #[test]
    fn runs_give_what_flooding_gives() {
        let mut state = 1u32;
        for (number, (rows, columns)) in
            [(1, 1), (1, 9), (9, 1), (2, 2), (7, 13), (40, 31)].into_iter().cycle().take(600).enumerate()
        {
            // From sparse to dense.
            let limit = (number as u32 % 19 + 1) * (u32::MAX / 20);
            let pixels = (0..rows * columns)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    u8::from(state < limit)
                })
                .collect();
            let mask = Mask { rows, columns, pixels };
            assert_eq!(connected_components(&mask), flooded(&mask), "{mask:?}");
        }
        for mask in [Mask::empty(0, 5), Mask::empty(5, 0), Mask::empty(3, 3)] {
            assert_eq!(connected_components(&mask).count, 0);
        }
    }
}
