//! Small convolutions that run the same kernels as large ones: to have those made before they are needed.

use super::tiled::Tile;
use super::winograd;
use crate::kernels::ConvShape;
use crate::kernels::adapter::{ConvKernel, conv_kernel};

/// Output sides to choose from, in pixels.
const SIDES: [usize; 6] = [8, 16, 32, 64, 128, 256];
/// More output channels than these change no kernel: workgroups are not wider.
const MOST_OUTPUTS: usize = 64;

/// A small convolution of one picture that runs the kernels of `shape` on the present GPU, with a residual or without.
///
/// What changes from layer to layer beyond this is a kernel's argument and no part of its code.
pub fn smallest_alike(shape: &ConvShape, has_residual: bool) -> ConvShape {
    let small = |side: usize| ConvShape {
        images: 1,
        size: [side * shape.geometry.stride; 2],
        inputs: 4,
        outputs: shape.outputs.min(MOST_OUTPUTS),
        geometry: shape.geometry,
    };
    let wanted = kernels(shape, has_residual);
    SIDES.map(small).into_iter().find(|small| kernels(small, has_residual) == wanted).unwrap_or(*shape)
}

/// Whether Winograd's way is taken, and the tile of the product where workgroups share one.
fn kernels(shape: &ConvShape, has_residual: bool) -> (bool, Option<Tile>) {
    let ConvShape { images, size: [rows, columns], inputs, outputs, geometry } = *shape;
    let is_winograd = !has_residual && winograd::is_faster([images, rows, columns, inputs], geometry);
    let tile = (conv_kernel() == ConvKernel::Tiled).then(|| {
        if is_winograd {
            let [tiles, channels] = winograd::parts([images, rows, columns, inputs], outputs);
            return Tile::for_product(winograd::PRODUCTS, tiles, channels / 4);
        }
        let [rows, columns] = geometry.output_size(rows, columns);
        Tile::for_product(1, images * rows * columns, outputs / 4)
    });
    (is_winograd, tile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{ConvGeometry, set_conv_kernel};

    #[test]
    fn a_small_convolution_stands_for_every_large_one() {
        let stem = ConvGeometry { kernel_size: 7, stride: 2, padding: 3, relu: true };
        let geometries =
            [stem, ConvGeometry::POINTWISE, ConvGeometry::SAME_3X3, ConvGeometry::SAME_3X3.stride(2)];
        for kernel in [ConvKernel::Tiled, ConvKernel::Registers] {
            set_conv_kernel(kernel);
            for geometry in geometries {
                for (side, images, outputs) in [(320, 1, 64), (128, 1, 2048), (14, 100, 256), (5, 1, 16)] {
                    let shape = ConvShape { images, size: [side; 2], inputs: 256, outputs, geometry };
                    let small = smallest_alike(&shape, false);
                    assert_eq!(kernels(&small, false), kernels(&shape, false), "{shape}");
                    assert!(
                        small.operations() < shape.operations() / 4.0 || side == 5,
                        "{small} for {shape}"
                    );
                }
            }
        }
        set_conv_kernel(ConvKernel::Registers);
    }
}
