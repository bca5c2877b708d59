//! RoIAlign over the pyramid, as `torchvision.ops.MultiScaleRoIAlign` (not `aligned`).

use burn::backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_flex::FlexTensor;
use burn_std::Shape;
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::ir::ElemType;
use cubecl::prelude::*;

use lunglens_cpu::{ROI_LEVELS, ROI_ROW, RoiAlignConfig};

use super::cpu::{filled4, shape4, values};
use super::gpu::{Stored, Vec4, WORKGROUP, count_for, element, in_order, output_beside};

/// The backends that sample boxes.
#[backend_extension(Cube, Flex)]
pub trait RoiAlignOps: Backend {
    /// See [`roi_align`].
    fn roi_align_nhwc(
        p2: FloatTensor<Self>,
        p3: FloatTensor<Self>,
        p4: FloatTensor<Self>,
        p5: FloatTensor<Self>,
        rois: FloatTensor<Self>,
        config: RoiAlignConfig,
    ) -> FloatTensor<Self>;
}

/// Samples each box of `rois` `[n, 5]` (see [`ROI_ROW`]) from its level, `[1, rows, columns, c]` each, into
/// `[n, output_size, output_size, c]`; `c` is a multiple of 4.
pub fn roi_align(levels: &[Tensor<4>; ROI_LEVELS], rois: Tensor<2>, config: RoiAlignConfig) -> Tensor<4> {
    let [p2, p3, p4, p5] = levels.clone().map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as RoiAlignOps>::roi_align_nhwc(
        p2,
        p3,
        p4,
        p5,
        rois.into_dispatch(),
        config,
    ))
}

impl RoiAlignOps for Flex {
    fn roi_align_nhwc(
        p2: FloatTensor<Self>,
        p3: FloatTensor<Self>,
        p4: FloatTensor<Self>,
        p5: FloatTensor<Self>,
        rois: FloatTensor<Self>,
        config: RoiAlignConfig,
    ) -> FloatTensor<Self> {
        let levels: [FlexTensor; ROI_LEVELS] = [p2, p3, p4, p5];
        let channels = shape4(&levels[0])[3];
        let views = [0, 1, 2, 3].map(|i| {
            let [_, rows, columns, _] = shape4(&levels[i]);
            (values(&levels[i]), [rows, columns])
        });
        let rois = values(&rois);
        let shape = [rois.len() / ROI_ROW, config.output_size, config.output_size, channels];
        filled4(shape, |output| lunglens_cpu::roi_align(views, channels, rois, config, output))
    }
}

#[derive(CubeLaunch, CubeType, Clone)]
struct LevelSizes {
    rows: u32,
    columns: u32,
    scale: f32,
}

/// Sums the bilinear samples of one bin and one vector of channels.
#[cube]
#[allow(clippy::too_many_arguments)]
fn sample_bin<E: Float>(
    features: &[Stored<E>],
    level: &LevelSizes,
    rois: &[f32],
    roi: u32,
    bin_y: u32,
    bin_x: u32,
    vector: u32,
    vectors: u32,
    bins: u32,
    samples: u32,
) -> Vec4 {
    let at = (roi * 5) as usize;
    let x0 = rois[at + 1] * level.scale;
    let y0 = rois[at + 2] * level.scale;
    let bin_width = max(rois[at + 3] * level.scale - x0, 1.0f32) / f32::cast_from(bins);
    let bin_height = max(rois[at + 4] * level.scale - y0, 1.0f32) / f32::cast_from(bins);
    let last_row = f32::cast_from(level.rows - 1);
    let last_column = f32::cast_from(level.columns - 1);
    let mut sum = Vec4::new(0.0f32);
    for sy in 0..samples {
        for sx in 0..samples {
            let y = y0
                + f32::cast_from(bin_y) * bin_height
                + (f32::cast_from(sy) + 0.5f32) * bin_height / f32::cast_from(samples);
            let x = x0
                + f32::cast_from(bin_x) * bin_width
                + (f32::cast_from(sx) + 0.5f32) * bin_width / f32::cast_from(samples);
            let valid = y >= -1.0f32
                && y <= f32::cast_from(level.rows)
                && x >= -1.0f32
                && x <= f32::cast_from(level.columns);
            if valid {
                let y = min(max(y, 0.0f32), last_row);
                let x = min(max(x, 0.0f32), last_column);
                let y_low = u32::cast_from(y);
                let x_low = u32::cast_from(x);
                let y_high = min(y_low + 1, level.rows - 1);
                let x_high = min(x_low + 1, level.columns - 1);
                let fy = y - f32::cast_from(y_low);
                let fx = x - f32::cast_from(x_low);
                let top = y_low * level.columns;
                let bottom = y_high * level.columns;
                let top_left = Vec4::cast_from(features[((top + x_low) * vectors + vector) as usize]);
                let top_right = Vec4::cast_from(features[((top + x_high) * vectors + vector) as usize]);
                let bottom_left = Vec4::cast_from(features[((bottom + x_low) * vectors + vector) as usize]);
                let bottom_right = Vec4::cast_from(features[((bottom + x_high) * vectors + vector) as usize]);
                sum += top_left * Vec4::new((1.0f32 - fy) * (1.0f32 - fx));
                sum += top_right * Vec4::new((1.0f32 - fy) * fx);
                sum += bottom_left * Vec4::new(fy * (1.0f32 - fx));
                sum += bottom_right * Vec4::new(fy * fx);
            }
        }
    }
    sum
}

#[cube(launch_unchecked)]
#[allow(clippy::too_many_arguments, unused_assignments)]
fn roi_align_kernel<E: Float>(
    p2: &[Stored<E>],
    p3: &[Stored<E>],
    p4: &[Stored<E>],
    p5: &[Stored<E>],
    rois: &[f32],
    output: &mut [Stored<E>],
    l2: LevelSizes,
    l3: LevelSizes,
    l4: LevelSizes,
    l5: LevelSizes,
    vectors: u32,
    output_len: u32,
    bins: u32,
    samples: u32,
    #[define(E)] _element: ElemType,
) {
    let at = ABSOLUTE_POS_Y * CUBE_DIM_X * CUBE_COUNT_X + ABSOLUTE_POS_X;
    if at >= output_len {
        terminate!();
    }
    let vector = at % vectors;
    let bin = at / vectors;
    let bin_x = bin % bins;
    let bin_y = bin / bins % bins;
    let roi = bin / (bins * bins);
    let level = u32::cast_from(rois[(roi * 5) as usize]);
    let mut sum = Vec4::new(0.0f32);
    if level == 0 {
        sum = sample_bin::<E>(p2, &l2, rois, roi, bin_y, bin_x, vector, vectors, bins, samples);
    } else if level == 1 {
        sum = sample_bin::<E>(p3, &l3, rois, roi, bin_y, bin_x, vector, vectors, bins, samples);
    } else if level == 2 {
        sum = sample_bin::<E>(p4, &l4, rois, roi, bin_y, bin_x, vector, vectors, bins, samples);
    } else {
        sum = sample_bin::<E>(p5, &l5, rois, roi, bin_y, bin_x, vector, vectors, bins, samples);
    }
    output[at as usize] = Stored::<E>::cast_from(sum / Vec4::new(f32::cast_from(samples * samples)));
}

impl RoiAlignOps for CubeBackend {
    fn roi_align_nhwc(
        p2: FloatTensor<Self>,
        p3: FloatTensor<Self>,
        p4: FloatTensor<Self>,
        p5: FloatTensor<Self>,
        rois: FloatTensor<Self>,
        config: RoiAlignConfig,
    ) -> FloatTensor<Self> {
        let levels: [CubeTensor; ROI_LEVELS] = [p2, p3, p4, p5].map(in_order);
        let rois = in_order(rois);
        let [count, _] = rois.meta.shape().dims();
        let [_, _, _, channels] = levels[0].meta.shape().dims();
        let bins = config.output_size;
        let dtype = levels[0].dtype;
        let output = output_beside(&levels[0], Shape::new([count, bins, bins, channels]), dtype);
        let output_len = count * bins * bins * channels / 4;
        let sizes = |i: usize| {
            let [_, rows, columns, _] = levels[i].meta.shape().dims();
            LevelSizesLaunch::new(rows as u32, columns as u32, 1.0 / config.strides[i] as f32)
        };
        let [l2, l3, l4, l5] = [sizes(0), sizes(1), sizes(2), sizes(3)];
        let client = rois.client.clone();
        let [p2, p3, p4, p5] = levels.map(CubeTensor::into_buffer_arg);
        // SAFETY: the kernel writes below `output_len`; samples are clamped to the level.
        #[allow(unsafe_code)]
        unsafe {
            roi_align_kernel::launch_unchecked(
                &client,
                count_for(output_len),
                CubeDim::new_1d(WORKGROUP),
                p2,
                p3,
                p4,
                p5,
                rois.into_buffer_arg(),
                output.clone().into_buffer_arg(),
                l2,
                l3,
                l4,
                l5,
                (channels / 4) as u32,
                output_len as u32,
                bins as u32,
                config.sampling_ratio as u32,
                element(dtype),
            );
        }
        output
    }
}
