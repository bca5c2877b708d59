//! The product that a convolution is: of its windows and its weights (implicit GEMM), or one of the 36 of Winograd's way. Which
//! kernel computes it depends on the adapter.

use burn_wgpu::CubeTensor;
use cubecl::prelude::*;

use super::{ConvGeometry, Residual, registers, tiled};
use crate::kernels::adapter::{ConvKernel, conv_kernel};
use crate::kernels::gpu::{Stored, Vec4, element, relu_of};

/// What changes from layer to layer, as uniforms: a pipeline takes some drivers half a second to make, so layers share as few as can be.
#[derive(CubeLaunch, CubeType, Clone)]
pub(super) struct ConvLayer {
    pub(super) rows: u32,
    pub(super) columns: u32,
    pub(super) input_vectors: u32,
    pub(super) output_rows: u32,
    pub(super) output_columns: u32,
    pub(super) output_vectors: u32,
    pub(super) output_pixels: u32,
    pub(super) kernel_size: u32,
    pub(super) stride: u32,
    pub(super) padding: u32,
    /// Not 0 where there is one.
    has_bias: u32,
    /// Not 0 where values below 0 become 0.
    relu: u32,
    /// A [`Residual`].
    residual: u32,
    residual_rows: u32,
    residual_columns: u32,
}

/// Four signed bytes, the lowest first, as floats: each is converted where it stands, and what it stands for beyond itself taken
/// off, which is exact. Shifts would say the same, but software adapters shift one number after the other.
#[cube]
pub(super) fn unpack_bytes(packed: i32) -> Vec4 {
    // The highest keeps its sign; the others count from -128 on.
    let bytes = packed ^ 0x0080_8080i32;
    let mut values = Vec4::new(0.0f32);
    values.insert(0usize, f32::cast_from(bytes & 0xffi32) - 128.0f32);
    values.insert(1usize, f32::cast_from(bytes & 0xff00i32) * comptime!(1.0f32 / 256.0) - 128.0f32);
    values.insert(2usize, f32::cast_from(bytes & 0x00ff_0000i32) * comptime!(1.0f32 / 65_536.0) - 128.0f32);
    values.insert(
        3usize,
        f32::cast_from(bytes & comptime!(0xff00_0000_u32 as i32)) * comptime!(1.0f32 / 16_777_216.0),
    );
    values
}

/// Where the window of an output pixel starts: its image, in pixels, and the top row and left column, which may lie in the padding.
#[cube]
pub(super) fn window(pixel: u32, layer: &ConvLayer) -> (u32, i32, i32) {
    let column = pixel % layer.output_columns;
    let line = pixel / layer.output_columns;
    let row = line % layer.output_rows;
    let image = line / layer.output_rows * layer.rows * layer.columns;
    let top = (row * layer.stride) as i32 - layer.padding as i32;
    let left = (column * layer.stride) as i32 - layer.padding as i32;
    (image, top, left)
}

/// What becomes of a sum: times the scale, plus bias and residual, at least 0 where the layer has them.
#[cube]
#[allow(clippy::too_many_arguments)]
pub(super) fn finish<E: Float>(
    sum: Vec4,
    pixel: u32,
    vector: u32,
    bias: &[Vec4],
    residual: &[Stored<E>],
    layer: &ConvLayer,
    #[comptime] is_packed: bool,
) -> Vec4 {
    let mut value = sum;
    if comptime!(is_packed) {
        value *= bias[(vector + layer.output_vectors) as usize];
    }
    if layer.has_bias != 0 {
        value += bias[vector as usize];
    }
    if layer.residual == comptime!(Residual::Same as u32) {
        value += Vec4::cast_from(residual[(pixel * layer.output_vectors + vector) as usize]);
    } else if layer.residual == comptime!(Residual::Upsampled as u32) {
        let column = pixel % layer.output_columns;
        let line = pixel / layer.output_columns;
        let row = line % layer.output_rows;
        let image = line / layer.output_rows;
        let source_row = row * layer.residual_rows / layer.output_rows;
        let source_column = column * layer.residual_columns / layer.output_columns;
        let source = (image * layer.residual_rows + source_row) * layer.residual_columns + source_column;
        value += Vec4::cast_from(residual[(source * layer.output_vectors + vector) as usize]);
    }
    if layer.relu != 0 {
        value = relu_of(value);
    }
    value
}

/// The kernel of a product, and the part of the output that an invocation or a workgroup of it computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tile {
    /// In registers alone.
    Registers(registers::Tile),
    /// Shared by a workgroup.
    Shared(tiled::Tile),
}

impl Tile {
    /// The one on the present adapter for so many output pixels and vectors, `batches` times.
    pub(super) fn for_product(batches: usize, pixels: usize, vectors: usize) -> Self {
        let registers = |has_subgroups| registers::Tile::for_product(has_subgroups, vectors);
        match conv_kernel() {
            ConvKernel::Registers => Self::Registers(registers(false)),
            ConvKernel::Subgroups => Self::Registers(registers(true)),
            ConvKernel::Tiled => Self::Shared(tiled::Tile::for_product(batches, pixels, vectors)),
        }
    }
}

/// Tensors and sizes of a product; what lies in them is in order.
pub(super) struct Product {
    /// `[batches, images, rows, columns, c_in]`.
    pub(super) input: CubeTensor,
    /// `[batches, k, k, c_in, c_out]`; with `is_packed` four signed bytes a number.
    pub(super) weight: CubeTensor,
    /// `[c_out]`, and with `is_packed` the scales after it.
    pub(super) bias: Option<CubeTensor>,
    /// What is added: as large as the output, or smaller and then enlarged by nearest neighbour. It is kept as the input is.
    pub(super) residual: Option<CubeTensor>,
    /// `[batches, images, rows, columns, c_out]`.
    pub(super) output: CubeTensor,
    /// Products that have nothing to do with each other.
    pub(super) batches: usize,
    /// Images of each.
    pub(super) images: usize,
    /// Rows and columns of the input.
    pub(super) input_size: [usize; 2],
    /// Rows and columns of the output.
    pub(super) output_size: [usize; 2],
    /// Channels of input and output.
    pub(super) channels: [usize; 2],
    /// Windows, and whether ReLU ends it.
    pub(super) geometry: ConvGeometry,
    /// Whether weights are 8 bit.
    pub(super) is_packed: bool,
}

/// Computes it with the kernel for the present adapter.
pub(super) fn launch(product: Product) {
    let Product { input, weight, bias, residual, output, batches, images, geometry, is_packed, .. } = product;
    let [rows, columns] = product.input_size;
    let [output_rows, output_columns] = product.output_size;
    let [input_vectors, vectors] = product.channels.map(|channels| channels / 4);
    let pixels = images * output_rows * output_columns;
    let (kind, [residual_rows, residual_columns]) = match &residual {
        None => (Residual::None, [1, 1]),
        Some(tensor) => {
            let [_, rows, columns, _] = tensor.meta.shape().dims();
            let is_same = [rows, columns] == product.output_size;
            (if is_same { Residual::Same } else { Residual::Upsampled }, [rows, columns])
        }
    };
    let layer = ConvLayerLaunch::new(
        rows as u32,
        columns as u32,
        input_vectors as u32,
        output_rows as u32,
        output_columns as u32,
        vectors as u32,
        pixels as u32,
        geometry.kernel_size as u32,
        geometry.stride as u32,
        geometry.padding as u32,
        bias.is_some().into(),
        geometry.relu.into(),
        kind as u32,
        residual_rows as u32,
        residual_columns as u32,
    );
    let client = input.client.clone();
    let elements = [element(input.dtype), element(output.dtype)];
    // Kernels bind all their buffers, also those that they do not read.
    let bias = bias.unwrap_or_else(|| weight.clone());
    let residual = residual.unwrap_or_else(|| weight.clone());
    // SAFETY: both kernels guard the ends of pixels, channels, depth and image.
    #[allow(unsafe_code)]
    unsafe {
        match Tile::for_product(batches, pixels, vectors) {
            Tile::Shared(tile) => {
                let [x, y] = tile.groups(pixels, vectors).map(|groups| groups as u32);
                tiled::product_kernel::launch_unchecked(
                    &client,
                    CubeCount::Static(x, y, batches as u32),
                    CubeDim::new_1d(tile.invocations() as u32),
                    input.into_buffer_arg(),
                    weight.clone().into_buffer_arg(),
                    weight.into_buffer_arg(),
                    bias.into_buffer_arg(),
                    residual.into_buffer_arg(),
                    output.into_buffer_arg(),
                    layer,
                    tile,
                    is_packed,
                    geometry.is_pointwise(),
                    elements,
                );
            }
            Tile::Registers(tile) => {
                let [width, x, y] = tile.groups(pixels, vectors);
                registers::product_kernel::launch_unchecked(
                    &client,
                    CubeCount::Static(x, y, batches as u32),
                    CubeDim::new_1d(registers::WORKGROUP),
                    input.into_buffer_arg(),
                    weight.clone().into_buffer_arg(),
                    weight.into_buffer_arg(),
                    bias.into_buffer_arg(),
                    residual.into_buffer_arg(),
                    output.into_buffer_arg(),
                    layer,
                    width,
                    tile,
                    is_packed,
                    geometry.is_pointwise(),
                    elements,
                );
            }
        }
    }
}
