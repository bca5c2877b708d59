//! Connected components.

use std::ops::Range;

use super::{Mask, Union};

/// The components of a mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// The components, that of label 1 first.
    pub parts: Vec<Component>,
    /// `rows * columns` labels, row-major: 0 outside, then from 1 on by the component's first pixel in that order.
    pub labels: Vec<u32>,
}

/// How large a component is and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Number of pixels.
    pub area: usize,
    /// Its rows.
    pub rows: Range<usize>,
    /// Its columns.
    pub columns: Range<usize>,
    /// The sum of its pixels' columns.
    column_sum: u64,
}

impl Component {
    /// The mean of its pixels' columns.
    pub fn mean_column(&self) -> f64 {
        self.column_sum as f64 / self.area as f64
    }

    fn of(run: &Run) -> Self {
        let (rows, columns) = (run.row..run.row + 1, run.first..run.end);
        let area = columns.len();
        Self { area, rows, columns, column_sum: (run.first + run.end - 1) as u64 * area as u64 / 2 }
    }

    fn add(&mut self, other: &Self) {
        let join = |a: &Range<usize>, b: &Range<usize>| a.start.min(b.start)..a.end.max(b.end);
        self.rows = join(&self.rows, &other.rows);
        self.columns = join(&self.columns, &other.columns);
        self.area += other.area;
        self.column_sum += other.column_sum;
    }
}

impl Labels {
    /// Number of components.
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// The pixels of one component, by its label from 1.
    pub fn component(&self, label: u32) -> Mask {
        let mut mask = Mask::empty(self.rows, self.columns);
        let part = (label as usize).checked_sub(1).and_then(|at| self.parts.get(at));
        let Some(Component { rows, columns, .. }) = part else { return mask };
        for row in rows.clone() {
            let place = row * self.columns + columns.start..row * self.columns + columns.end;
            for (pixel, &other) in mask.pixels[place.clone()].iter_mut().zip(&self.labels[place]) {
                *pixel = u8::from(other == label);
            }
        }
        mask
    }

    /// The number of pixels of each component, that of label 1 first.
    pub fn areas(&self) -> Vec<usize> {
        self.parts.iter().map(|part| part.area).collect()
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
    let mut parts: Vec<Component> = Vec::new();
    // The label of each component, by its root.
    let mut numbers = vec![0u32; runs.len()];
    for (at, run) in runs.iter().enumerate() {
        // The root is the first run of the component, so the numbers go by the first pixels.
        let root = sets.root(at);
        if root == at {
            parts.push(Component::of(run));
            numbers[at] = parts.len() as u32;
        } else {
            parts[numbers[root] as usize - 1].add(&Component::of(run));
        }
        labels[run.row * columns + run.first..run.row * columns + run.end].fill(numbers[root]);
    }
    Labels { rows, columns, parts, labels }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By flooding from each pixel that has no label yet.
    fn flooded(mask: &Mask) -> Labels {
        let (rows, columns) = (mask.rows, mask.columns);
        let mut labels = vec![0u32; rows * columns];
        let mut parts: Vec<Component> = Vec::new();
        for first in (0..labels.len()).filter(|&at| mask.pixels[at] != 0) {
            if labels[first] != 0 {
                continue;
            }
            let label = parts.len() as u32 + 1;
            labels[first] = label;
            let mut stack = vec![first];
            let mut pixels: Vec<(usize, usize)> = Vec::new();
            while let Some(at) = stack.pop() {
                let (row, column) = (at / columns, at % columns);
                pixels.push((row, column));
                for y in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
                    for x in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                        let other = y * columns + x;
                        if labels[other] == 0 && mask.pixels[other] != 0 {
                            labels[other] = label;
                            stack.push(other);
                        }
                    }
                }
            }
            let range = |values: &mut dyn Iterator<Item = usize>| {
                let (low, high) = values.fold((usize::MAX, 0), |(low, high), v| (low.min(v), high.max(v)));
                low..high + 1
            };
            parts.push(Component {
                area: pixels.len(),
                rows: range(&mut pixels.iter().map(|&(row, _)| row)),
                columns: range(&mut pixels.iter().map(|&(_, column)| column)),
                column_sum: pixels.iter().map(|&(_, column)| column as u64).sum(),
            });
        }
        Labels { rows, columns, parts, labels }
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
            let labels = connected_components(&mask);
            assert_eq!(labels, flooded(&mask), "{mask:?}");
            for label in 0..=labels.count() as u32 + 1 {
                let pixels = labels.labels.iter().map(|&one| u8::from(one == label && label != 0)).collect();
                assert_eq!(labels.component(label), Mask { rows, columns, pixels }, "{label}: {mask:?}");
            }
        }
        for mask in [Mask::empty(0, 5), Mask::empty(5, 0), Mask::empty(3, 3)] {
            assert_eq!(connected_components(&mask).count(), 0);
        }
    }
}
