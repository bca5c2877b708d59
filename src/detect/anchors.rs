//! The anchor boxes of the region proposal network.

use serde::{Deserialize, Serialize};

use super::BoxXyxy;

/// Anchors of one size per pyramid level, as torchvision's `AnchorGenerator` with `sizes=((s,), ...)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnchorGenerator {
    /// The side of the square anchor of each level, in network pixels.
    pub sizes: Vec<f32>,
    /// Height over width, the same for every level.
    pub aspect_ratios: Vec<f32>,
}

impl Default for AnchorGenerator {
    /// The sizes and ratios of torchvision's Mask R-CNN with FPN.
    fn default() -> Self {
        Self { sizes: vec![32.0, 64.0, 128.0, 256.0, 512.0], aspect_ratios: vec![0.5, 1.0, 2.0] }
    }
}

impl AnchorGenerator {
    /// Anchors at each position of a feature map.
    pub fn anchors_per_position(&self) -> usize {
        self.aspect_ratios.len()
    }

    /// The anchors of a level centred on the origin, corners rounded half to even; empty if there is no such level.
    pub fn cell_anchors(&self, level: usize) -> Vec<BoxXyxy> {
        let Some(&size) = self.sizes.get(level) else {
            return Vec::new();
        };
        self.aspect_ratios
            .iter()
            .map(|ratio| {
                let height_ratio = ratio.sqrt();
                let width = (1.0 / height_ratio) * size;
                let height = height_ratio * size;
                [-width, -height, width, height].map(|v| (v / 2.0).round_ties_even())
            })
            .collect()
    }

    /// The anchors of a `rows` x `columns` feature map whose cells lie `stride_y` and `stride_x` network pixels apart.
    ///
    /// Order: row, column, then aspect ratio. Empty if there is no such level.
    pub fn level_anchors(
        &self,
        level: usize,
        rows: usize,
        columns: usize,
        stride_y: usize,
        stride_x: usize,
    ) -> Vec<BoxXyxy> {
        let cells = self.cell_anchors(level);
        let mut anchors = Vec::new();
        for row in 0..rows {
            let y = (row * stride_y) as f32;
            for column in 0..columns {
                let x = (column * stride_x) as f32;
                anchors.extend(cells.iter().map(|c| [x + c[0], y + c[1], x + c[2], y + c[3]]));
            }
        }
        anchors
    }
}
