//! The weights of a convolution, laid out for this processor, and the convolution with them.

use super::ConvGeometry;
use super::count::{Groups, count_shared};
use super::finish::{Finish, Residual};
use super::product::{Factor, Layout, Panels, Rows, are_counted, multiply};
use super::stored::Weight;
use super::winograd::{GROUP, WinogradWeights};
use crate::simd::Level;
use crate::threads;

/// Rows of one task of a matrix product, a multiple of every level's rows.
const TASK_ROWS: usize = 96;
/// From so many weights on, Winograd's four times as many cost more to read than they save on the small maps that such
/// layers have.
const MOST_WINOGRAD_WEIGHTS: usize = 9 * 512 * 512;

/// The weights of a convolution as the CPU reads them.
#[derive(Debug, Clone)]
pub struct PreparedWeight {
    weights: Weights,
    /// The value of one step of each output channel.
    scales: Vec<f32>,
    /// What each input channel is multiplied by first; empty where that is 1.
    input_scales: Vec<f32>,
    shape: [usize; 4],
    geometry: ConvGeometry,
}

#[derive(Debug, Clone)]
enum Weights {
    Product(Panels),
    Winograd(WinogradWeights),
}

impl PreparedWeight {
    /// Lays out `weight` `[k, k, c_in, c_out]` for this processor.
    ///
    /// # Panics
    /// Where there are not as many weights as `shape` says.
    #[inline(never)]
    pub fn new(weight: &[f32], shape: [usize; 4], geometry: ConvGeometry) -> Self {
        Self::for_level(Level::best(), weight, vec![1.0; shape[3]], shape, geometry)
    }

    /// Lays out `steps` `[k, k, c_in, c_out]`, whose weights are they times the scale of their output channel.
    ///
    /// # Panics
    /// Where there are not as many steps or scales as `shape` says.
    #[inline(never)]
    pub fn quantized(steps: &[i8], scales: Vec<f32>, shape: [usize; 4], geometry: ConvGeometry) -> Self {
        Self::for_level(Level::best(), steps, scales, shape, geometry)
    }

    /// Lays out `steps` `[1, 1, c_in, c_out]` of a pointwise convolution, whose weights are they times the scale of their
    /// input channel.
    ///
    /// # Panics
    /// Where the convolution is not pointwise, or there are not as many steps or scales as `shape` says.
    #[inline(never)]
    pub fn quantized_by_input(
        steps: &[i8],
        scales: Vec<f32>,
        shape: [usize; 4],
        geometry: ConvGeometry,
    ) -> Self {
        Self::by_input_for_level(Level::best(), steps, scales, shape, geometry)
    }

    /// [`Self::quantized_by_input`] for one of this processor's levels. A pixel's sum over its channels leaves no place for
    /// these scales, so pixels are multiplied by them before they are counted; where none are counted, the weights are.
    pub(super) fn by_input_for_level(
        level: Level,
        steps: &[i8],
        scales: Vec<f32>,
        shape: [usize; 4],
        geometry: ConvGeometry,
    ) -> Self {
        let [_, _, inputs, outputs] = shape;
        assert!(geometry.is_pointwise(), "a convolution with scales of its inputs is pointwise");
        assert_eq!(scales.len(), inputs, "scales of a convolution's inputs");
        let ones = vec![1.0; outputs];
        if are_counted::<i8>(inputs) {
            let prepared = Self::for_level(level, steps, ones, shape, geometry);
            return Self { input_scales: scales, ..prepared };
        }
        let rows = steps.chunks(outputs).zip(&scales);
        let weight: Vec<f32> =
            rows.flat_map(|(row, scale)| row.iter().map(move |&step| f32::from(step) * scale)).collect();
        Self::for_level(level, &weight, ones, shape, geometry)
    }

    /// Lays out the weights for one of this processor's levels.
    pub(super) fn for_level<T: Weight>(
        level: Level,
        weight: &[T],
        scales: Vec<f32>,
        shape: [usize; 4],
        geometry: ConvGeometry,
    ) -> Self {
        let [k, _, inputs, outputs] = shape;
        assert_eq!(weight.len(), k * k * inputs * outputs, "weights of a convolution");
        assert_eq!(scales.len(), outputs, "scales of a convolution");
        let is_same = ConvGeometry { relu: false, ..geometry } == ConvGeometry::SAME_3X3;
        let is_winograd = is_same && outputs.is_multiple_of(GROUP) && weight.len() < MOST_WINOGRAD_WEIGHTS;
        let weights = if is_winograd {
            Weights::Winograd(WinogradWeights::new(level, weight, inputs, outputs))
        } else {
            let paired = are_counted::<T>(inputs);
            Weights::Product(Panels::new(Layout { level, depth: k * k * inputs, outputs, paired }, weight))
        };
        Self { weights, scales, input_scales: Vec::new(), shape, geometry }
    }

    /// `[k, k, c_in, c_out]`.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// How it slides.
    pub fn geometry(&self) -> ConvGeometry {
        self.geometry
    }

    /// The output's shape for an input `[images, rows, columns, c_in]`.
    pub fn output_shape(&self, [images, rows, columns, _]: [usize; 4]) -> [usize; 4] {
        let [rows, columns] = self.geometry.output_size(rows, columns);
        [images, rows, columns, self.shape[3]]
    }

    /// Convolves `input` into `output`, of which every value is written; `bias` is `[c_out]`. A residual is its values, its
    /// rows and its columns.
    ///
    /// # Panics
    /// Where there are fewer values than the shapes say.
    #[inline(never)]
    pub fn forward(
        &self,
        input: &[f32],
        input_shape: [usize; 4],
        bias: &[f32],
        residual: Option<(&[f32], [usize; 2])>,
        output: &mut [f32],
    ) {
        let size = self.geometry.output_size(input_shape[1], input_shape[2]);
        let finish = Finish {
            scales: &self.scales,
            bias,
            residual: residual.map(|(values, size)| Residual { values, size }),
            size,
            relu: self.geometry.relu,
        };
        match &self.weights {
            Weights::Winograd(weights) => weights.convolve(input, input_shape, &finish, output),
            Weights::Product(panels) if panels.layout().paired => {
                let Layout { level, .. } = *panels.layout();
                // The windows of one pixel share no pixels, so each pixel has its own steps; others have the image's.
                let pixels = if self.geometry.is_pointwise() { input_shape[1] * input_shape[2] } else { 1 };
                let groups = Groups {
                    values: input,
                    group: input_shape[1..].iter().product::<usize>() / pixels,
                    scales: &self.input_scales,
                    limits: &[panels.limit()],
                };
                threads::with_scratch(input.len(), |steps| {
                    threads::with_scratch(input_shape[0] * pixels, |sizes| {
                        count_shared(level, groups, steps, sizes);
                        self.pad_and_multiply(panels, steps, sizes, input_shape, &finish, output);
                    });
                });
            }
            Weights::Product(panels) => {
                self.pad_and_multiply(panels, input, &[], input_shape, &finish, output);
            }
        }
    }

    /// The convolution as a product of windows and weights. Of counted values each image, or each pixel, has its steps'
    /// size in `sizes`.
    fn pad_and_multiply<T: Factor>(
        &self,
        panels: &Panels,
        input: &[T],
        sizes: &[f32],
        shape: [usize; 4],
        finish: &Finish<'_>,
        output: &mut [f32],
    ) {
        if self.geometry.padding == 0 {
            return self.multiply(panels, input, sizes, shape, finish, output);
        }
        let padded_shape = padded_shape(shape, self.geometry.padding);
        threads::with_scratch(padded_shape.iter().product(), |padded| {
            pad(input, shape, self.geometry.padding, padded);
            self.multiply(panels, padded, sizes, padded_shape, finish, output);
        });
    }

    /// [`Self::pad_and_multiply`] of a padded input.
    fn multiply<T: Factor>(
        &self,
        panels: &Panels,
        input: &[T],
        sizes: &[f32],
        shape: [usize; 4],
        finish: &Finish<'_>,
        output: &mut [f32],
    ) {
        let ConvGeometry { kernel_size: k, stride, .. } = self.geometry;
        let [_, rows, columns, channels] = shape;
        // A window is `k` stretches of the padded image; a long single one is cut, so that its weights stay in the cache.
        // Pairs are not cut in two.
        let unit = if panels.layout().paired { 2 } else { 1 };
        let pieces = if k == 1 {
            (1..=channels / unit).find(|n| channels % (n * unit) == 0 && channels / n <= 1024).unwrap_or(1)
        } else {
            1
        };
        let segments: Vec<usize> = match k {
            1 => (0..pieces).map(|piece| piece * (channels / pieces)).collect(),
            _ => (0..k).map(|row| row * columns * channels).collect(),
        };
        let segment_len = k * channels / pieces;
        let [output_rows, output_columns] = finish.size;
        let outputs = self.shape[3];
        let pixels = output.len() / outputs;
        let even = pixels.div_ceil(threads::count()).next_multiple_of(12);
        let task_rows = TASK_ROWS.min(even);
        let group = input.len().checked_div(sizes.len());
        threads::for_each_chunk(output, task_rows * outputs, |task, target| {
            let first = task * task_rows;
            let count = target.len() / outputs;
            let (mut starts, mut row_sizes) = ([0; TASK_ROWS], [1.0; TASK_ROWS]);
            for (i, (start, size)) in starts.iter_mut().zip(&mut row_sizes).enumerate().take(count) {
                let pixel = first + i;
                let column = pixel % output_columns * stride;
                let row = pixel / output_columns % output_rows * stride;
                let image = pixel / output_columns / output_rows;
                *start = ((image * rows + row) * columns + column) * channels;
                if let Some(group) = group {
                    *size = sizes[*start / group];
                }
            }
            let rows = Rows {
                values: input,
                starts: &starts[..count],
                sizes: &row_sizes[..count],
                segments: &segments,
                segment_len,
            };
            multiply(rows, panels, Some(finish), first, target);
        });
    }
}

fn padded_shape([images, rows, columns, channels]: [usize; 4], padding: usize) -> [usize; 4] {
    [images, rows + 2 * padding, columns + 2 * padding, channels]
}

/// Copies each image with zeros around it.
fn pad<T: Factor>(input: &[T], shape: [usize; 4], padding: usize, padded: &mut [T]) {
    let [_, rows, columns, channels] = shape;
    let [_, padded_rows, padded_columns, _] = padded_shape(shape, padding);
    let (line, padded_line) = (columns * channels, padded_columns * channels);
    for (row, target) in padded.chunks_exact_mut(padded_line).enumerate() {
        let (image, row) = (row / padded_rows, (row % padded_rows).wrapping_sub(padding));
        if row < rows {
            let (left, rest) = target.split_at_mut(padding * channels);
            let (middle, right) = rest.split_at_mut(line);
            left.fill(T::default());
            middle.copy_from_slice(&input[(image * rows + row) * line..][..line]);
            right.fill(T::default());
        } else {
            target.fill(T::default());
        }
    }
}
