//! What follows a convolution's sums: scale, bias, residual and ReLU.

use crate::simd::Lanes;

/// A residual `[images, rows, columns, channels]` of the output's size or smaller, then enlarged by nearest neighbour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Residual<'a> {
    /// Its values.
    pub values: &'a [f32],
    /// Its rows and columns.
    pub size: [usize; 2],
}

/// How sums become outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish<'a> {
    /// What the sums are multiplied by, one a channel.
    pub scales: &'a [f32],
    /// Added to every pixel, one a channel.
    pub bias: &'a [f32],
    /// Added pixel by pixel.
    pub residual: Option<Residual<'a>>,
    /// Rows and columns of the output.
    pub size: [usize; 2],
    /// Whether negative outputs become zero.
    pub relu: bool,
}

impl<'a> Finish<'a> {
    /// The residual's channels for an output pixel, counted over images, rows and columns.
    #[inline(always)]
    pub(super) fn residual_row(&self, pixel: usize) -> Option<&'a [f32]> {
        let Residual { values, size: [source_rows, source_columns] } = self.residual?;
        let channels = self.bias.len();
        let [rows, columns] = self.size;
        let source = if [source_rows, source_columns] == self.size {
            pixel
        } else {
            let (column, row, image) = (pixel % columns, pixel / columns % rows, pixel / columns / rows);
            (image * source_rows + row * source_rows / rows) * source_columns
                + column * source_columns / columns
        };
        Some(&values[source * channels..][..channels])
    }

    /// The outputs of the channels from `channel` on.
    #[inline(always)]
    pub(super) fn apply<V: Lanes>(&self, sums: V, residual: Option<&[f32]>, channel: usize) -> V {
        let scale = V::load_some(&self.scales[channel..]);
        let mut value = sums.mul_add(scale, V::load_some(&self.bias[channel..]));
        if let Some(residual) = residual {
            value = value.add(V::load_some(&residual[channel..]));
        }
        if self.relu { value.max(V::splat(0.0)) } else { value }
    }
}
