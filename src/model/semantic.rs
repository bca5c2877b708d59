//! The head that tells lesion and lung pixel by pixel.

use burn::tensor::Tensor;

use super::layers::{Conv, LayerLoader};
use super::roi_heads::STRIDES;
use crate::kernels::{ConvGeometry, reshape};
use crate::weights::{SEMANTIC_CLASSES, SEMANTIC_LAYERS, SEMANTIC_LOGITS, WeightsError};

/// Network pixels a cell of its map and side.
pub(super) const STRIDE: usize = STRIDES[0];

/// Convolutions over P2, as the semantic branch of Hybrid Task Cascade (doi 10.1109/CVPR.2019.00511) but for one level: P2 already has
/// what lies above it. Masks of boxes are coarse where a box is large; this map is as fine everywhere.
#[derive(Debug, Clone)]
pub struct SemanticHead {
    convs: Vec<Conv>,
    logits: Conv,
}

/// The probabilities of each class on P2's cells, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct SemanticMaps {
    /// Rows of each map.
    pub rows: usize,
    /// Columns of each map.
    pub columns: usize,
    /// Whether a cell is lesion.
    pub lesion: Vec<f32>,
    /// Whether it is lung, lesions included.
    pub lung: Vec<f32>,
    /// Network pixels a cell and side.
    pub stride: usize,
}

impl SemanticHead {
    /// Takes `semantic_head.*` out of the weights.
    pub fn load(loader: &mut LayerLoader) -> Result<Self, WeightsError> {
        let conv = |layer| loader.conv(&format!("semantic_head.{layer}"), ConvGeometry::SAME_3X3.relu());
        let convs = SEMANTIC_LAYERS.into_iter().map(conv).collect::<Result<_, _>>()?;
        Ok(Self { convs, logits: loader.conv(SEMANTIC_LOGITS, ConvGeometry::POINTWISE)?.giving_f32() })
    }

    /// Logits of P2's cells, `[rows * columns, 1, c]`: lesion, lung, then padding.
    pub fn forward(&self, p2: Tensor<4>) -> Tensor<3> {
        let logits = self.logits.forward(self.convs.iter().fold(p2, |x, conv| conv.forward(x)));
        let [_, rows, columns, channels] = logits.dims();
        reshape(logits, [rows * columns, 1, channels])
    }
}

impl SemanticMaps {
    /// From the values of [`SemanticHead::forward`] for a map of `rows` x `columns`.
    pub(super) fn from_logits(logits: &[f32], rows: usize, columns: usize) -> Self {
        let channels = (logits.len() / (rows * columns)).max(SEMANTIC_CLASSES);
        let class = |class: usize| {
            logits.chunks_exact(channels).map(|cell| 1.0 / (1.0 + (-cell[class]).exp())).collect()
        };
        Self { rows, columns, lesion: class(0), lung: class(1), stride: STRIDE }
    }
}
