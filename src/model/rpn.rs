//! The region proposal network's head and the choice of its best anchors, on the device.

use burn::tensor::{Int, Tensor};

use super::fpn::Pyramid;
use super::layers::{Conv, LayerLoader};
use crate::kernels::ConvGeometry;
use crate::weights::WeightsError;

/// Objectness `[anchors]` and box offsets `[anchors, 4]` of one level, ordered by row, column and ratio.
pub struct RpnOutput {
    /// Logits.
    pub objectness: Tensor<1>,
    /// `dx, dy, dw, dh`.
    pub deltas: Tensor<2>,
}

/// The best anchors of one level.
pub struct TopAnchors {
    /// Logits, best first.
    pub objectness: Tensor<1>,
    /// Offsets `[k, 4]` of the same anchors.
    pub deltas: Tensor<2>,
    /// Which anchors they are.
    pub indices: Tensor<1, Int>,
}

/// The head that slides over every level.
#[derive(Debug, Clone)]
pub struct RpnHead {
    conv: Conv,
    predictors: Conv,
    anchors_per_position: usize,
}

impl RpnHead {
    /// Takes `rpn.head.*` out of the weights.
    pub fn load(loader: &mut LayerLoader, anchors_per_position: usize) -> Result<Self, WeightsError> {
        Ok(Self {
            conv: loader.conv("rpn.head.conv.0.0", ConvGeometry::SAME_3X3.relu())?,
            predictors: loader
                .joined(&["rpn.head.cls_logits", "rpn.head.bbox_pred"], ConvGeometry::POINTWISE)?,
            anchors_per_position,
        })
    }

    /// The outputs of P2 to P6.
    pub fn forward(&self, pyramid: &Pyramid) -> [RpnOutput; 5] {
        pyramid.clone().map(|level| {
            let output = self.predictors.forward(self.conv.forward(level));
            let [_, rows, columns, channels] = output.dims();
            let a = self.anchors_per_position;
            let anchors = rows * columns * a;
            let output = output.reshape([rows * columns, channels]);
            RpnOutput {
                objectness: output.clone().narrow(1, 0, a).reshape([anchors]),
                deltas: output.narrow(1, a, 4 * a).reshape([anchors, 4]),
            }
        })
    }
}

impl RpnOutput {
    /// The `count` anchors with the highest logits, or all where there are fewer.
    pub fn top(self, count: usize) -> TopAnchors {
        let [anchors] = self.objectness.dims();
        let (objectness, indices) = self.objectness.topk_with_indices(count.min(anchors), 0);
        TopAnchors { objectness, deltas: self.deltas.select(0, indices.clone()), indices }
    }
}
