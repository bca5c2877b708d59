//! The feature pyramid, Lin et al. 2017, with P6 as torchvision's `LastLevelMaxPool`.

use burn::tensor::Tensor;

use super::layers::{Conv, LayerLoader};
use crate::kernels::{ConvGeometry, max_pool2d};
use crate::weights::WeightsError;

/// P6 is every second pixel of P5.
pub(super) const LAST_LEVEL_POOL: ConvGeometry =
    ConvGeometry { kernel_size: 1, stride: 2, padding: 0, relu: false };

/// The pyramid's levels P2 to P6, `[1, rows, columns, c]` each.
pub type Pyramid = [Tensor<4>; 5];

/// Lateral and output convolutions of P2 to P5.
#[derive(Debug, Clone)]
pub struct Fpn {
    inner_blocks: Vec<Conv>,
    layer_blocks: Vec<Conv>,
}

impl Fpn {
    /// Takes `backbone.fpn.*` out of the weights.
    pub fn load(loader: &mut LayerLoader) -> Result<Self, WeightsError> {
        let mut inner_blocks = Vec::new();
        let mut layer_blocks = Vec::new();
        for level in 0..4 {
            inner_blocks
                .push(loader.conv(&format!("backbone.fpn.inner_blocks.{level}.0"), ConvGeometry::POINTWISE)?);
            layer_blocks
                .push(loader.conv(&format!("backbone.fpn.layer_blocks.{level}.0"), ConvGeometry::SAME_3X3)?);
        }
        Ok(Self { inner_blocks, layer_blocks })
    }

    /// C2 to C5 to P2 to P6.
    pub fn forward(&self, stages: [Tensor<4>; 4]) -> Pyramid {
        let [c2, c3, c4, c5] = stages;
        let inner5 = self.inner_blocks[3].forward(c5);
        let inner4 = self.inner_blocks[2].forward_add(c4, inner5.clone());
        let inner3 = self.inner_blocks[1].forward_add(c3, inner4.clone());
        let inner2 = self.inner_blocks[0].forward_add(c2, inner3.clone());
        let p5 = self.layer_blocks[3].forward(inner5);
        let p6 = max_pool2d(p5.clone(), LAST_LEVEL_POOL);
        [
            self.layer_blocks[0].forward(inner2),
            self.layer_blocks[1].forward(inner3),
            self.layer_blocks[2].forward(inner4),
            p5,
            p6,
        ]
    }
}
