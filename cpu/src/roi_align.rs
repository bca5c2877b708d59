//! RoIAlign over the pyramid, as `torchvision.ops.MultiScaleRoIAlign` (not `aligned`).

use crate::threads;

/// Pyramid levels that boxes are read from.
pub const ROI_LEVELS: usize = 4;
/// Numbers of a box row: pyramid level (0 to 3), then `x0, y0, x1, y1` in network pixels.
pub const ROI_ROW: usize = 5;

/// How boxes are sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoiAlignConfig {
    /// Bins a side of the output.
    pub output_size: usize,
    /// Samples a side of each bin.
    pub sampling_ratio: usize,
    /// Network pixels a feature, of each level.
    pub strides: [usize; ROI_LEVELS],
}

/// The pyramid's levels: of each its values and `[rows, columns]`.
pub type RoiLevels<'a> = [(&'a [f32], [usize; 2]); ROI_LEVELS];

/// Samples each box of `rois` `[n, 5]` (see [`ROI_ROW`]) from its level, `[rows, columns, channels]` each, into `output`
/// `[n, output_size, output_size, channels]`, of which every value is written.
///
/// # Panics
/// Where there are fewer values than the sizes say.
#[inline(never)]
pub fn roi_align(
    levels: RoiLevels<'_>,
    channels: usize,
    rois: &[f32],
    config: RoiAlignConfig,
    output: &mut [f32],
) {
    threads::for_each_chunk(output, config.output_size.pow(2) * channels, |index, target| {
        align_roi(levels, channels, &rois[index * ROI_ROW..][..ROI_ROW], config, target);
    });
}

/// RoIAlign by its definition in plain Rust; layouts as in [`roi_align`].
pub fn roi_align_reference(
    levels: RoiLevels<'_>,
    channels: usize,
    rois: &[f32],
    config: RoiAlignConfig,
) -> Vec<f32> {
    let bins = config.output_size;
    let mut output = vec![0.0; rois.len() / ROI_ROW * bins * bins * channels];
    for (roi, target) in rois.chunks_exact(ROI_ROW).zip(output.chunks_exact_mut(bins * bins * channels)) {
        align_roi(levels, channels, roi, config, target);
    }
    output
}

/// One box.
fn align_roi(
    levels: RoiLevels<'_>,
    channels: usize,
    roi: &[f32],
    config: RoiAlignConfig,
    target: &mut [f32],
) {
    let bins = config.output_size;
    let samples = config.sampling_ratio;
    let level = roi[0] as usize;
    let (features, [rows, columns]) = levels[level];
    let scale = 1.0 / config.strides[level] as f32;
    let (x0, y0) = (roi[1] * scale, roi[2] * scale);
    let bin_width = (roi[3] * scale - x0).max(1.0) / bins as f32;
    let bin_height = (roi[4] * scale - y0).max(1.0) / bins as f32;
    target.fill(0.0);
    for (bin, sums) in target.chunks_exact_mut(channels).enumerate() {
        for sample in 0..samples * samples {
            let step_y = (sample / samples) as f32 + 0.5;
            let step_x = (sample % samples) as f32 + 0.5;
            let y = y0 + (bin / bins) as f32 * bin_height + step_y * bin_height / samples as f32;
            let x = x0 + (bin % bins) as f32 * bin_width + step_x * bin_width / samples as f32;
            let (Some((y_low, y_high, fy)), Some((x_low, x_high, fx))) = (axis(y, rows), axis(x, columns))
            else {
                continue;
            };
            let corners = [
                (y_low, x_low, (1.0 - fy) * (1.0 - fx)),
                (y_low, x_high, (1.0 - fy) * fx),
                (y_high, x_low, fy * (1.0 - fx)),
                (y_high, x_high, fy * fx),
            ];
            for (cy, cx, weight) in corners {
                let at = (cy * columns + cx) * channels;
                for (sum, value) in sums.iter_mut().zip(&features[at..at + channels]) {
                    *sum += weight * value;
                }
            }
        }
        for sum in sums {
            *sum /= (samples * samples) as f32;
        }
    }
}

/// The two neighbours of a coordinate and the fraction between them; `None` outside the features.
fn axis(coordinate: f32, length: usize) -> Option<(usize, usize, f32)> {
    if !(-1.0..=length as f32).contains(&coordinate) {
        return None;
    }
    let coordinate = coordinate.max(0.0);
    let low = coordinate as usize;
    if low >= length - 1 {
        Some((length - 1, length - 1, 0.0))
    } else {
        Some((low, low + 1, coordinate - low as f32))
    }
}
