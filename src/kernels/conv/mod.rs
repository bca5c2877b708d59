//! Convolution over `[images, rows, columns, channels]` with fused bias, residual and ReLU.

mod alike;
mod cpu;
mod gpu;
mod product;
mod registers;
mod tiled;
mod winograd;

use std::sync::Arc;

use burn::backend::{
    Backend, Dispatch, Flex, backend_extension,
    tensor::{FloatTensor, IntTensor},
};
use burn::tensor::{Int, Tensor};
use burn_wgpu::CubeBackend;

pub use alike::smallest_alike;
use lunglens_cpu::{ConvGeometry, PreparedWeight};

use super::adapter::Precision;

/// What is added before the activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Residual {
    /// Nothing.
    None,
    /// A tensor of the output's shape.
    Same,
    /// A smaller tensor, enlarged by nearest neighbour (the pyramid's top-down path).
    Upsampled,
}

/// The weights of a convolution.
#[derive(Debug, Clone)]
pub enum ConvWeight {
    /// `[k, k, c_in, c_out]`.
    Dense(Tensor<4>),
    /// `[k, k, c_in, c_out / 4]`: signed bytes of four output channels a number, the first in the lowest byte, unpacked
    /// by the kernel. The bias is then `[2 * c_out]`: the biases, and the value of one step of each output channel.
    Packed(Tensor<4, Int>),
    /// Laid out for the CPU, which alone can read it.
    Prepared(Arc<PreparedWeight>),
}

/// The backends that convolve. Where `has_residual` is false, `residual` is any tensor, since an optional one cannot be
/// dispatched.
#[backend_extension(Cube, Flex)]
pub trait ConvOps: Backend {
    /// [`conv2d`] with dense weights.
    fn conv2d_nhwc(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    /// [`conv2d`] with packed weights; `bias` holds the biases and then the scales.
    fn conv2d_packed_nhwc(
        input: FloatTensor<Self>,
        bytes: IntTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self>;

    /// [`conv2d`] with weights that were laid out for the CPU.
    fn conv2d_prepared_nhwc(
        input: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        weight: Arc<PreparedWeight>,
    ) -> FloatTensor<Self>;
}

impl ConvOps for CubeBackend {
    fn conv2d_nhwc(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        gpu::conv2d(input, weight, bias, has_residual.then_some(residual), geometry, false, precision)
    }

    fn conv2d_packed_nhwc(
        input: FloatTensor<Self>,
        bytes: IntTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FloatTensor<Self> {
        gpu::conv2d(input, bytes, bias, has_residual.then_some(residual), geometry, true, precision)
    }

    fn conv2d_prepared_nhwc(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: bool,
        _: Arc<PreparedWeight>,
    ) -> FloatTensor<Self> {
        unreachable!("weights laid out for the CPU are not given to a GPU")
    }
}

impl ConvOps for Flex {
    fn conv2d_nhwc(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        geometry: ConvGeometry,
        _: Precision,
    ) -> FloatTensor<Self> {
        cpu::conv2d(input, &cpu::prepare(&weight, geometry), bias, has_residual.then_some(residual))
    }

    fn conv2d_packed_nhwc(
        input: FloatTensor<Self>,
        bytes: IntTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        geometry: ConvGeometry,
        _: Precision,
    ) -> FloatTensor<Self> {
        let (weight, bias) = cpu::prepare_packed(&bytes, &bias, geometry);
        cpu::conv2d(input, &weight, bias, has_residual.then_some(residual))
    }

    fn conv2d_prepared_nhwc(
        input: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        has_residual: bool,
        weight: Arc<PreparedWeight>,
    ) -> FloatTensor<Self> {
        cpu::conv2d(input, &weight, bias, has_residual.then_some(residual))
    }
}

/// Convolves `input` `[n, rows, columns, c_in]` with `weight` (see [`ConvWeight`]), adds `bias` `[c_out]` and the
/// residual (the output's shape, or smaller and then enlarged by nearest neighbour), and applies ReLU if asked.
///
/// `c_in` is a multiple of 4 and `c_out` of 8: the loader pads with zeros. On a GPU the output is kept as `precision`
/// says, and the residual has the input's type.
///
/// # Panics
/// Where the shapes do not fit: the model's loader has checked them.
pub fn conv2d(
    input: Tensor<4>,
    weight: &ConvWeight,
    bias: Tensor<1>,
    residual: Option<Tensor<4>>,
    geometry: ConvGeometry,
    precision: Precision,
) -> Tensor<4> {
    let [images, _, _, input_channels] = input.dims();
    let [kernel_rows, kernel_columns, weight_channels, output_channels] = weight.dims();
    assert_eq!(input_channels, weight_channels, "input channels of a convolution");
    assert_eq!([kernel_rows, kernel_columns], [geometry.kernel_size; 2], "kernel of a convolution");
    let bias_rows = if matches!(weight, ConvWeight::Packed(_)) { 2 } else { 1 };
    assert_eq!([bias_rows * output_channels], bias.dims(), "bias of a convolution");
    assert!(
        input_channels.is_multiple_of(4) && output_channels.is_multiple_of(8),
        "channels of a convolution, {input_channels} to {output_channels}, are padded to 4 and 8"
    );
    if let Some(residual) = &residual {
        let [n, _, _, c] = residual.dims();
        assert_eq!([n, c], [images, output_channels], "residual of a convolution");
    }
    let has_residual = residual.is_some();
    let residual = residual.map_or_else(|| bias.clone().into_dispatch(), Tensor::into_dispatch);
    let input = input.into_dispatch();
    Tensor::from_dispatch(match weight {
        ConvWeight::Dense(weight) => <Dispatch as ConvOps>::conv2d_nhwc(
            input,
            weight.clone().into_dispatch(),
            bias.into_dispatch(),
            residual,
            has_residual,
            geometry,
            precision,
        ),
        ConvWeight::Packed(bytes) => <Dispatch as ConvOps>::conv2d_packed_nhwc(
            input,
            bytes.clone().into_dispatch(),
            bias.into_dispatch(),
            residual,
            has_residual,
            geometry,
            precision,
        ),
        ConvWeight::Prepared(weight) => {
            assert_eq!(weight.geometry(), geometry, "the geometry that the weights were laid out for");
            let (bias, weight) = (bias.into_dispatch(), weight.clone());
            <Dispatch as ConvOps>::conv2d_prepared_nhwc(input, bias, residual, has_residual, weight)
        }
    })
}

impl ConvWeight {
    /// `[k, k, c_in, c_out]`.
    pub fn dims(&self) -> [usize; 4] {
        match self {
            Self::Dense(weight) => weight.dims(),
            Self::Packed(bytes) => {
                let [rows, columns, inputs, words] = bytes.dims();
                [rows, columns, inputs, 4 * words]
            }
            Self::Prepared(weight) => weight.shape(),
        }
    }
}
