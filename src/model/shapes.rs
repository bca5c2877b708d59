//! The convolutions of a network: to measure each by itself, and to have their kernels made before they are needed.

use super::layers::{INPUT_MULTIPLE, OUTPUT_MULTIPLE};
use super::resnet::STEM;
use super::semantic;
use crate::kernels::{ConvGeometry, ConvShape, Residual};
use crate::manifest::MaskRcnnConfig;
use crate::weights::{SEMANTIC_CLASSES, SEMANTIC_LAYERS};

/// One convolution or fully connected layer of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layer {
    /// Its sizes.
    pub shape: ConvShape,
    /// What it adds.
    pub residual: Residual,
    /// Whether weights of 8 bit stay so on a GPU; others are floats there, however the file stores them.
    pub keeps_steps: bool,
    /// Whether its input and its output are in 32 bit even where activations are kept in 16.
    pub is_wide: [bool; 2],
}

impl Layer {
    /// What is ranked or read back: no file stores it in 8 bit, and its output is in 32.
    fn end(&mut self) {
        self.keeps_steps = false;
        self.is_wide[1] = true;
    }
}

/// Every convolution and fully connected layer of the network for one slice with as many proposals and detections as
/// the caps let through, in the order in which they run.
pub(super) fn layers(config: &MaskRcnnConfig) -> Vec<Layer> {
    let mut layers = Layers::default();
    let (pointwise, same) = (ConvGeometry::POINTWISE, ConvGeometry::SAME_3X3);

    let mut side = config.input_size;
    layers.add(1, [side; 2], 3, config.base_width, STEM).is_wide = [true, false];
    // The stem and its pooling halve the size each.
    side /= 4;
    let mut channels = config.base_width;
    for (stage, blocks) in config.backbone.blocks().into_iter().enumerate() {
        let width = config.base_width << stage;
        for block in 0..blocks {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            if block == 0 {
                layers.add(1, [side; 2], channels, 4 * width, pointwise.stride(stride));
            }
            layers.add(1, [side; 2], channels, width, pointwise.relu());
            layers.add(1, [side; 2], width, width, same.stride(stride).relu());
            side /= stride;
            layers.add(1, [side; 2], width, 4 * width, pointwise.relu()).residual = Residual::Same;
            channels = 4 * width;
        }
    }

    let fpn = config.fpn_channels;
    let levels = [4, 8, 16, 32].map(|stride| [config.input_size / stride; 2]);
    for (level, (size, channels)) in levels.into_iter().zip(config.stage_channels()).enumerate() {
        let lateral = layers.add(1, size, channels, fpn, pointwise);
        // Nothing lies above the last one.
        lateral.residual = if level == 3 { Residual::None } else { Residual::Upsampled };
        layers.add(1, size, fpn, fpn, same);
    }
    for size in levels.into_iter().chain([[config.input_size.div_ceil(64); 2]]) {
        layers.add(1, size, fpn, fpn, same.relu());
        layers.add(1, size, fpn, 5 * config.anchors_per_position(), pointwise).end();
    }

    let boxes = [1, config.rpn.post_nms_top_n];
    let area = config.box_roi_size * config.box_roi_size;
    layers.add(1, boxes, area * fpn, config.representation_size, pointwise.relu());
    layers.add(1, boxes, config.representation_size, config.representation_size, pointwise.relu());
    layers.add(1, boxes, config.representation_size, 5 * config.num_classes(), pointwise).end();

    let (side, detections) = (config.mask_roi_size, config.roi_heads.detections_per_image);
    let mut channels = fpn;
    for _ in 0..config.mask_layers {
        layers.add(detections, [side; 2], channels, config.mask_channels, same.relu());
        channels = config.mask_channels;
    }
    layers.add(detections, [side; 2], channels, 4 * channels, pointwise.relu()).keeps_steps = false;
    let pixels = [detections * side * side, 4];
    layers.add(1, pixels, channels, config.num_classes(), pointwise).end();

    if let Some(width) = config.semantic_channels {
        let size = [config.input_size / semantic::STRIDE; 2];
        let mut inputs = fpn;
        for _ in SEMANTIC_LAYERS {
            layers.add(1, size, inputs, width, same.relu());
            inputs = width;
        }
        layers.add(1, size, inputs, SEMANTIC_CLASSES, pointwise).end();
    }
    layers.0
}

/// The shapes of [`layers`], each once, and how often it is run.
pub fn conv_shapes(config: &MaskRcnnConfig) -> Vec<(ConvShape, usize)> {
    let mut shapes: Vec<(ConvShape, usize)> = Vec::new();
    for Layer { shape, .. } in layers(config) {
        match shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, times)) => *times += 1,
            None => shapes.push((shape, 1)),
        }
    }
    shapes
}

#[derive(Default)]
struct Layers(Vec<Layer>);

impl Layers {
    fn add(
        &mut self,
        images: usize,
        size: [usize; 2],
        inputs: usize,
        outputs: usize,
        geometry: ConvGeometry,
    ) -> &mut Layer {
        let shape = ConvShape {
            images,
            size,
            inputs: inputs.next_multiple_of(INPUT_MULTIPLE),
            outputs: outputs.next_multiple_of(OUTPUT_MULTIPLE),
            geometry,
        };
        self.0.push(Layer { shape, residual: Residual::None, keeps_steps: true, is_wide: [false; 2] });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Backbone;
    use crate::weights::expected_tensors;

    /// Multiply-adds of torchvision's classifiers at 224x224 without their last layer, in billions.
    const PUBLISHED: [(Backbone, f64); 2] = [(Backbone::Resnet50, 4.087), (Backbone::Resnet101, 7.799)];

    #[test]
    fn the_body_computes_as_much_as_is_published() {
        for (backbone, published) in PUBLISHED {
            let config = MaskRcnnConfig { input_size: 224, ..MaskRcnnConfig::new(backbone) };
            let shapes = conv_shapes(&config);
            let is_lateral = |shape: &ConvShape| {
                (shape.inputs, shape.outputs, shape.geometry) == (256, 256, ConvGeometry::POINTWISE)
            };
            let body = shapes.iter().take_while(|(shape, _)| !is_lateral(shape));
            let operations: f64 = body.map(|(shape, times)| shape.operations() * *times as f64).sum();
            // The stem reads a fourth channel of zeros.
            let padding = 64.0 * 49.0 * 112.0 * 112.0;
            // The proposal head on P4 is counted with layer3, whose 3x3 convolutions have its shape.
            let shared = 9.0 * 256.0 * 256.0 * 14.0 * 14.0;
            let found = (operations / 2.0 - padding - shared) / 1e9;
            assert!((found - published).abs() < 0.002, "{}: {found}, not {published}", backbone.name());
        }
    }

    #[test]
    fn every_weight_is_in_a_shape() {
        for (backbone, semantic_channels) in [(Backbone::Resnet50, Some(64)), (Backbone::Resnet101, None)] {
            let config = MaskRcnnConfig { semantic_channels, ..MaskRcnnConfig::new(backbone) };
            let weights = |shape: &ConvShape| {
                shape.geometry.kernel_size * shape.geometry.kernel_size * shape.inputs * shape.outputs
            };
            let found: usize = conv_shapes(&config).iter().map(|(shape, times)| weights(shape) * times).sum();
            let matrices = expected_tensors(&config).into_iter().filter(|(_, shape)| shape.len() > 1);
            let expected: usize = matrices.map(|(_, shape)| shape.iter().product::<usize>()).sum();
            // The stem's fourth channel, one output more of both predictors, five more of the masks.
            let padding = 64 * 49 + 256 + 1024 + 5 * 256 + 6 * semantic_channels.unwrap_or(0);
            // The proposal head runs on four levels more.
            let repeated = 4 * (9 * 256 * 256 + 16 * 256);
            assert_eq!(found, expected + padding + repeated);
        }
    }
}
