//! Connected components.

use super::Mask;

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

/// The 8-connected components, as `scipy.ndimage.label` with a 3 x 3 structure of ones.
pub fn connected_components(mask: &Mask) -> Labels {
    let (rows, columns) = (mask.rows, mask.columns);
    let mut labels = vec![0u32; rows * columns];
    let mut count = 0u32;
    let mut stack = Vec::new();
    for first in (0..labels.len()).filter(|&at| mask.pixels[at] != 0) {
        if labels[first] != 0 {
            continue;
        }
        count += 1;
        labels[first] = count;
        stack.push(first);
        while let Some(index) = stack.pop() {
            let (row, column) = (index / columns, index % columns);
            for y in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
                for x in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                    let neighbour = y * columns + x;
                    if labels[neighbour] == 0 && mask.pixels[neighbour] != 0 {
                        labels[neighbour] = count;
                        stack.push(neighbour);
                    }
                }
            }
        }
    }
    Labels { rows, columns, count: count as usize, labels }
}
