//! The convolution as its definition says it, to compare the fast ones with.

use super::ConvGeometry;

/// Convolves one `[rows, columns, c_in]` image at a time by the definition; layouts as in [`super::PreparedWeight`].
///
/// `residual` has the output's shape. Sums run in `f64`.
#[allow(clippy::too_many_arguments)]
pub fn conv2d_reference(
    input: &[f32],
    [images, rows, columns, input_channels]: [usize; 4],
    weight: &[f32],
    output_channels: usize,
    bias: &[f32],
    residual: Option<(&[f32], [usize; 2])>,
    geometry: ConvGeometry,
) -> Vec<f32> {
    let [output_rows, output_columns] = geometry.output_size(rows, columns);
    let mut output = Vec::with_capacity(images * output_rows * output_columns * output_channels);
    for image in 0..images {
        for row in 0..output_rows {
            for column in 0..output_columns {
                for channel in 0..output_channels {
                    let mut sum = f64::from(bias[channel]);
                    for ky in 0..geometry.kernel_size {
                        for kx in 0..geometry.kernel_size {
                            let (Some(y), Some(x)) = (
                                (row * geometry.stride + ky)
                                    .checked_sub(geometry.padding)
                                    .filter(|&y| y < rows),
                                (column * geometry.stride + kx)
                                    .checked_sub(geometry.padding)
                                    .filter(|&x| x < columns),
                            ) else {
                                continue;
                            };
                            for c in 0..input_channels {
                                let value = input[((image * rows + y) * columns + x) * input_channels + c];
                                let w = weight[((ky * geometry.kernel_size + kx) * input_channels + c)
                                    * output_channels
                                    + channel];
                                sum += f64::from(value) * f64::from(w);
                            }
                        }
                    }
                    if let Some((values, [r, c])) = residual {
                        let y = row * r / output_rows;
                        let x = column * c / output_columns;
                        sum += f64::from(values[((image * r + y) * c + x) * output_channels + channel]);
                    }
                    output.push(if geometry.relu { sum.max(0.0) as f32 } else { sum as f32 });
                }
            }
        }
    }
    output
}
