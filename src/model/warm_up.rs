//! A network's kernels made before its weights are there: a first run then takes as long as any other.
//!
//! Kernels are made when they are first launched, which takes seconds on some drivers. What they are made of does not depend on
//! the weights and hardly on the sizes, so each is launched once on zeros of the smallest size that asks for it.

use burn::tensor::{Device, Tensor};

use super::mask_rcnn::SEARCH_PROPOSALS;
use super::resnet::STEM_POOL;
use super::roi_heads::{MASKS_AT_ONCE, STRIDES};
use super::shapes::{Layer, layers};
use super::{ModelError, Observer};
use crate::detect::{RoiHeadsConfig, RpnConfig};
use crate::kernels::{
    ConvWeight, Precision, ROI_ROW, Residual, RoiAlignConfig, conv2d, download, max_pool2d, roi_align,
    smallest_alike, top_anchors, upload_words, zeros,
};
use crate::manifest::MaskRcnnConfig;

/// Channels of what is no convolution's input.
const CHANNELS: usize = 8;
/// Sides of the pyramid's levels.
const LEVELS: [usize; 4] = [8, 4, 2, 1];

/// Launches every kernel of the network once on a GPU and waits for each: at the configuration's input size and, where the lungs are
/// looked for first, at `search_size`. `keeps_steps` says whether weights of 8 bit come
/// and are kept so, `precision` how activations are; the observer is asked before each kernel.
///
/// # Errors
/// [`ModelError::Cancelled`] between two kernels; what the device says where it fails.
pub async fn warm_up(
    config: &MaskRcnnConfig,
    search_size: Option<usize>,
    keeps_steps: bool,
    precision: Precision,
    device: &Device,
    observer: &mut impl Observer,
) -> Result<(), ModelError> {
    for layer in distinct(config, search_size, keeps_steps, precision) {
        observer.pause().await?;
        wait(convolve(&layer, device)).await?;
    }
    observer.pause().await?;
    wait(max_pool2d(zeros([1, 8, 8, CHANNELS], precision, device), STEM_POOL)).await?;
    observer.pause().await?;
    let anchors = config.anchors_per_position();
    let outputs = (5 * anchors).next_multiple_of(CHANNELS);
    wait(top_anchors(zeros([1, 8, 8, outputs], Precision::F32, device), anchors, 1)).await?;
    observer.pause().await?;
    let align = RoiAlignConfig {
        output_size: config.box_roi_size,
        sampling_ratio: config.roi_sampling_ratio,
        strides: STRIDES,
    };
    let levels = LEVELS.map(|side| zeros([1, side, side, CHANNELS], precision, device));
    wait(roi_align(&levels, zeros([1, ROI_ROW], Precision::F32, device), align)).await?;
    Ok(())
}

/// The convolutions that stand for all of the network's, for as many proposals as there may be and masks at once, and for
/// one of each.
fn distinct(
    config: &MaskRcnnConfig,
    search_size: Option<usize>,
    keeps_steps: bool,
    precision: Precision,
) -> Vec<Layer> {
    let with = |proposals: usize, detections: usize| MaskRcnnConfig {
        rpn: RpnConfig { post_nms_top_n: proposals, ..config.rpn.clone() },
        roi_heads: RoiHeadsConfig { detections_per_image: detections, ..config.roi_heads.clone() },
        ..config.clone()
    };
    let masks = config.roi_heads.detections_per_image.min(MASKS_AT_ONCE);
    let (most, one) = (with(config.rpn.post_nms_top_n, masks), with(1, 1));
    let search =
        search_size.map(|input_size| layers(&MaskRcnnConfig { input_size, ..with(SEARCH_PROPOSALS, masks) }));
    let mut found: Vec<Layer> = Vec::new();
    for layer in layers(&most).into_iter().chain(layers(&one)).chain(search.into_iter().flatten()) {
        let alike = Layer {
            shape: smallest_alike(&layer.shape, layer.residual != Residual::None),
            residual: Residual::None,
            keeps_steps: layer.keeps_steps && keeps_steps,
            is_wide: layer.is_wide.map(|is_wide| is_wide || precision == Precision::F32),
        };
        if !found.contains(&alike) {
            found.push(alike);
        }
    }
    found
}

fn convolve(layer: &Layer, device: &Device) -> Tensor<4> {
    let Layer { shape, keeps_steps, is_wide, .. } = *layer;
    let [input, output] = is_wide.map(|is_wide| if is_wide { Precision::F32 } else { Precision::F16 });
    let (k, [rows, columns]) = (shape.geometry.kernel_size, shape.size);
    let weight = if keeps_steps {
        let words = vec![0i32; k * k * shape.inputs * shape.outputs / 4];
        ConvWeight::Packed(upload_words(words, [k, k, shape.inputs, shape.outputs / 4], device))
    } else {
        ConvWeight::Dense(zeros([k, k, shape.inputs, shape.outputs], Precision::F32, device))
    };
    let bias = zeros([if keeps_steps { 2 } else { 1 } * shape.outputs], Precision::F32, device);
    let image = zeros([1, rows, columns, shape.inputs], input, device);
    conv2d(image, &weight, bias, None, shape.geometry, output)
}

/// Waits until a tensor is computed: until it is read back, whatever its values are.
async fn wait<const D: usize>(tensor: Tensor<D>) -> Result<(), ModelError> {
    download(vec![tensor]).await?;
    Ok(())
}
