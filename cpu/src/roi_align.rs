//! RoIAlign over the pyramid, as `torchvision.ops.MultiScaleRoIAlign` (not `aligned`).

use crate::simd::{self, Job, Lanes, Level};
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
    align(Level::best(), levels, channels, rois, config, output);
}

/// [`roi_align`] for one of this processor's levels.
fn align(
    level: Level,
    levels: RoiLevels<'_>,
    channels: usize,
    rois: &[f32],
    config: RoiAlignConfig,
    output: &mut [f32],
) {
    let bins = config.output_size;
    threads::for_each_chunk(output, bins * bins * channels, |index, target| {
        let roi = Roi::new(levels, &rois[index * ROI_ROW..][..ROI_ROW], config);
        let mut taps = Vec::new();
        for (bin, target) in target.chunks_exact_mut(channels).enumerate() {
            taps.clear();
            roi.taps(bin / bins, bin % bins, |y, x, weight| {
                taps.push(((y * roi.size[1] + x) * channels, weight))
            });
            simd::run(level, Bin { features: roi.features, taps: &taps, share: roi.share(), target });
        }
    });
}

/// The weighted sum of what is read for a bin.
struct Bin<'a> {
    features: &'a [f32],
    /// Where the channels lie, and their weight.
    taps: &'a [(usize, f32)],
    /// What the sum is multiplied by.
    share: f32,
    target: &'a mut [f32],
}

impl Job for Bin<'_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let channels = self.target.len();
        for channel in (0..channels).step_by(V::COUNT) {
            let mut sum = V::splat(0.0);
            for &(at, weight) in self.taps {
                let values = V::load_some(&self.features[at..][channel..channels]);
                sum = values.mul_add(V::splat(weight), sum);
            }
            sum.mul(V::splat(self.share)).store_some(&mut self.target[channel..]);
        }
    }
}

/// RoIAlign by its definition in plain Rust; layouts as in [`roi_align`].
pub fn roi_align_reference(
    levels: RoiLevels<'_>,
    channels: usize,
    rois: &[f32],
    config: RoiAlignConfig,
) -> Vec<f32> {
    let bins = config.output_size;
    let mut output = Vec::with_capacity(rois.len() / ROI_ROW * bins * bins * channels);
    for row in rois.chunks_exact(ROI_ROW) {
        let roi = Roi::new(levels, row, config);
        for bin in 0..bins * bins {
            for channel in 0..channels {
                let mut sum = 0.0;
                roi.taps(bin / bins, bin % bins, |y, x, weight| {
                    sum += weight * roi.features[(y * roi.size[1] + x) * channels + channel];
                });
                output.push(sum * roi.share());
            }
        }
    }
    output
}

/// One box on its level.
struct Roi<'a> {
    features: &'a [f32],
    /// Rows and columns of the features.
    size: [usize; 2],
    /// Its upper left corner in features.
    x0: f32,
    y0: f32,
    bin_width: f32,
    bin_height: f32,
    samples: usize,
}

impl<'a> Roi<'a> {
    fn new(levels: RoiLevels<'a>, row: &[f32], config: RoiAlignConfig) -> Self {
        let level = row[0] as usize;
        let (features, size) = levels[level];
        let scale = 1.0 / config.strides[level] as f32;
        let (x0, y0) = (row[1] * scale, row[2] * scale);
        Self {
            features,
            size,
            x0,
            y0,
            bin_width: (row[3] * scale - x0).max(1.0) / config.output_size as f32,
            bin_height: (row[4] * scale - y0).max(1.0) / config.output_size as f32,
            samples: config.sampling_ratio,
        }
    }

    /// The share of a sample in its bin.
    fn share(&self) -> f32 {
        1.0 / (self.samples * self.samples) as f32
    }

    /// Row, column and weight of each feature that a bin's samples are read from.
    fn taps(&self, bin_row: usize, bin_column: usize, mut read: impl FnMut(usize, usize, f32)) {
        let samples = self.samples;
        for sample in 0..samples * samples {
            let step_y = (sample / samples) as f32 + 0.5;
            let step_x = (sample % samples) as f32 + 0.5;
            let y = self.y0 + bin_row as f32 * self.bin_height + step_y * self.bin_height / samples as f32;
            let x = self.x0 + bin_column as f32 * self.bin_width + step_x * self.bin_width / samples as f32;
            let (Some((y_low, y_high, fy)), Some((x_low, x_high, fx))) =
                (axis(y, self.size[0]), axis(x, self.size[1]))
            else {
                continue;
            };
            read(y_low, x_low, (1.0 - fy) * (1.0 - fx));
            read(y_low, x_high, (1.0 - fy) * fx);
            read(y_high, x_low, fy * (1.0 - fx));
            read(y_high, x_high, fy * fx);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_computes_the_definition() {
        let strides = [4, 8, 16, 32];
        for channels in [3, 16, 40] {
            let sizes = [[20, 24], [10, 12], [5, 6], [3, 3]];
            let values = sizes.map(|[rows, columns]| {
                let wave = |i: usize| ((i * 2_654_435_761) % 1009) as f32 / 500.0 - 1.0;
                (0..rows * columns * channels).map(wave).collect::<Vec<f32>>()
            });
            let levels = [0, 1, 2, 3].map(|i| (values[i].as_slice(), sizes[i]));
            // Inside, across the edges, outside, and smaller than a feature.
            let rois = [
                [0.0, 10.0, 12.0, 50.0, 61.5],
                [1.0, -30.0, -20.0, 40.0, 30.0],
                [2.0, 60.0, 50.0, 140.0, 130.0],
                [3.0, 400.0, 400.0, 500.0, 500.0],
                [0.0, 33.0, 33.0, 33.5, 33.5],
            ];
            for (output_size, sampling_ratio) in [(7, 2), (14, 2), (3, 3)] {
                let config = RoiAlignConfig { output_size, sampling_ratio, strides };
                let rois = rois.as_flattened();
                let expected = roi_align_reference(levels, channels, rois, config);
                for level in Level::all() {
                    let mut found = vec![f32::NAN; expected.len()];
                    align(level, levels, channels, rois, config, &mut found);
                    let worst = found.iter().zip(&expected).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
                    assert!(worst < 1e-6 && found.iter().all(|v| v.is_finite()), "{level:?}: {worst}");
                }
            }
        }
    }
}
