//! Max pooling over `[images, rows, columns, channels]`.

use crate::{ConvGeometry, threads};

/// The largest value of each window of `input`, of size `shape`, into `output`, of which every value is written. Padding
/// never wins.
///
/// # Panics
/// Where there are fewer values than the sizes say.
#[inline(never)]
pub fn max_pool2d(input: &[f32], shape: [usize; 4], geometry: ConvGeometry, output: &mut [f32]) {
    let [_, rows, columns, channels] = shape;
    let [_, output_columns] = geometry.output_size(rows, columns);
    threads::for_each_chunk(output, output_columns * channels, |line, target| {
        pool_line(input, shape, geometry, line, target);
    });
}

/// Max pooling by its definition; layouts as in [`max_pool2d`].
pub fn max_pool2d_reference(input: &[f32], shape: [usize; 4], geometry: ConvGeometry) -> Vec<f32> {
    let [images, rows, columns, channels] = shape;
    let [output_rows, output_columns] = geometry.output_size(rows, columns);
    let mut output = vec![0.0; images * output_rows * output_columns * channels];
    for (line, target) in output.chunks_exact_mut(output_columns * channels).enumerate() {
        pool_line(input, shape, geometry, line, target);
    }
    output
}

/// One row of one image's output.
fn pool_line(
    input: &[f32],
    [_, rows, columns, channels]: [usize; 4],
    geometry: ConvGeometry,
    line: usize,
    target: &mut [f32],
) {
    let output_rows = geometry.output_size(rows, columns)[0];
    let (image, row) = (line / output_rows, line % output_rows * geometry.stride);
    target.fill(f32::NEG_INFINITY);
    for (column, target) in target.chunks_exact_mut(channels).enumerate() {
        for tap in 0..geometry.kernel_size * geometry.kernel_size {
            let y = (row + tap / geometry.kernel_size).wrapping_sub(geometry.padding);
            let x = (column * geometry.stride + tap % geometry.kernel_size).wrapping_sub(geometry.padding);
            if y < rows && x < columns {
                let at = ((image * rows + y) * columns + x) * channels;
                for (t, v) in target.iter_mut().zip(&input[at..at + channels]) {
                    *t = t.max(*v);
                }
            }
        }
    }
}
