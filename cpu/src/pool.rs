//! Max pooling over `[images, rows, columns, channels]`.

use crate::simd::{self, Job, Lanes, Level};
use crate::{ConvGeometry, threads};

/// The largest value of each window of `input`, of size `shape`, into `output`, of which every value is written. Padding
/// never wins.
///
/// # Panics
/// Where there are fewer values than the sizes say.
#[inline(never)]
pub fn max_pool2d(input: &[f32], shape: [usize; 4], geometry: ConvGeometry, output: &mut [f32]) {
    let [_, _, _, channels] = shape;
    let [_, output_columns] = geometry.output_size(shape[1], shape[2]);
    let level = Level::best();
    threads::for_each_chunk(output, output_columns * channels, |line, target| {
        simd::run(level, Line { input, shape, geometry, line, target });
    });
}

/// Max pooling by its definition; layouts as in [`max_pool2d`].
pub fn max_pool2d_reference(input: &[f32], shape: [usize; 4], geometry: ConvGeometry) -> Vec<f32> {
    let [images, rows, columns, channels] = shape;
    let [output_rows, output_columns] = geometry.output_size(rows, columns);
    let mut output = Vec::with_capacity(images * output_rows * output_columns * channels);
    for line in 0..images * output_rows {
        for column in 0..output_columns {
            for channel in 0..channels {
                let values = window(shape, geometry, line, column).map(|at| input[at + channel]);
                output.push(values.fold(f32::NEG_INFINITY, f32::max));
            }
        }
    }
    output
}

/// Where the channels of a window's pixels lie; `line` counts rows of the output over images.
#[inline(always)]
fn window(
    [_, rows, columns, channels]: [usize; 4],
    geometry: ConvGeometry,
    line: usize,
    column: usize,
) -> impl Iterator<Item = usize> {
    let k = geometry.kernel_size;
    let output_rows = geometry.output_size(rows, columns)[0];
    let (image, row) = (line / output_rows, line % output_rows * geometry.stride);
    (0..k * k).filter_map(move |tap| {
        let y = (row + tap / k).wrapping_sub(geometry.padding);
        let x = (column * geometry.stride + tap % k).wrapping_sub(geometry.padding);
        (y < rows && x < columns).then_some(((image * rows + y) * columns + x) * channels)
    })
}

/// One row of one image's output.
struct Line<'a> {
    input: &'a [f32],
    shape: [usize; 4],
    geometry: ConvGeometry,
    line: usize,
    target: &'a mut [f32],
}

impl Job for Line<'_> {
    #[inline(always)]
    fn run<V: Lanes, const ROWS: usize>(self) {
        let channels = self.shape[3];
        for (column, target) in self.target.chunks_exact_mut(channels).enumerate() {
            target.fill(f32::NEG_INFINITY);
            for at in window(self.shape, self.geometry, self.line, column) {
                let values = &self.input[at..][..channels];
                for (target, values) in target.chunks_mut(V::COUNT).zip(values.chunks(V::COUNT)) {
                    V::load_some(values).max(V::load_some(target)).store_some(target);
                }
            }
        }
    }
}
