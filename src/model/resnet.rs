//! The ResNet body, He et al. 2016, with the stride on the 3x3 convolution as in torchvision.

use burn::tensor::Tensor;

use super::layers::{Conv, LayerLoader};
use crate::kernels::{ConvGeometry, max_pool2d};
use crate::manifest::Backbone;
use crate::weights::WeightsError;

/// The stem's 7x7 convolution.
pub(super) const STEM: ConvGeometry = ConvGeometry { kernel_size: 7, stride: 2, padding: 3, relu: true };
/// The stem's pooling.
pub(super) const STEM_POOL: ConvGeometry =
    ConvGeometry { kernel_size: 3, stride: 2, padding: 1, relu: false };

/// 1x1, 3x3 and 1x1 convolutions around a shortcut.
#[derive(Debug, Clone)]
pub struct Bottleneck {
    conv1: Conv,
    conv2: Conv,
    conv3: Conv,
    downsample: Option<Conv>,
}

impl Bottleneck {
    fn load(
        loader: &mut LayerLoader,
        prefix: &str,
        stride: usize,
        is_first: bool,
    ) -> Result<Self, WeightsError> {
        Ok(Self {
            conv1: loader.conv(&format!("{prefix}.conv1"), ConvGeometry::POINTWISE.relu())?,
            conv2: loader.conv(&format!("{prefix}.conv2"), ConvGeometry::SAME_3X3.stride(stride).relu())?,
            conv3: loader.conv(&format!("{prefix}.conv3"), ConvGeometry::POINTWISE.relu())?,
            downsample: is_first
                .then(|| {
                    loader.conv(&format!("{prefix}.downsample.0"), ConvGeometry::POINTWISE.stride(stride))
                })
                .transpose()?,
        })
    }

    /// `[n, rows, columns, c]` to the block's output.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.downsample {
            Some(conv) => conv.forward(input.clone()),
            None => input.clone(),
        };
        self.conv3.forward_add(self.conv2.forward(self.conv1.forward(input)), shortcut)
    }
}

/// The stem and the four stages.
#[derive(Debug, Clone)]
pub struct ResNet {
    conv1: Conv,
    layers: [Vec<Bottleneck>; 4],
}

impl ResNet {
    /// Takes `backbone.body.*` out of the weights.
    pub fn load(loader: &mut LayerLoader, backbone: Backbone) -> Result<Self, WeightsError> {
        let conv1 = loader.conv("backbone.body.conv1", STEM)?;
        let mut layers: [Vec<Bottleneck>; 4] = Default::default();
        for (stage, (blocks, layer)) in backbone.blocks().into_iter().zip(&mut layers).enumerate() {
            for block in 0..blocks {
                let prefix = format!("backbone.body.layer{}.{block}", stage + 1);
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                layer.push(Bottleneck::load(loader, &prefix, stride, block == 0)?);
            }
        }
        Ok(Self { conv1, layers })
    }

    /// `[1, size, size, 4]` (three grey channels and a zero) to the stem's output at a quarter of the size.
    pub fn stem(&self, input: Tensor<4>) -> Tensor<4> {
        max_pool2d(self.conv1.forward(input), STEM_POOL)
    }

    /// The blocks of layer1 to layer4.
    pub fn layers(&self) -> &[Vec<Bottleneck>; 4] {
        &self.layers
    }
}
