//! Small convolutions that run the same kernels as large ones: to have those made before they are needed.

use super::product::Tile;
use super::winograd;
use crate::kernels::{ConvGeometry, ConvShape};

/// Output sides to choose from, in pixels.
const SIDES: [usize; 6] = [8, 16, 32, 64, 128, 256];
/// More output channels than these change no kernel.
const MOST_OUTPUTS: usize = 64;

/// What decides which kernels a convolution runs: all else that changes from layer to layer is their argument.
#[derive(Debug, PartialEq, Eq)]
struct Kernels {
    is_winograd: bool,
    is_pointwise: bool,
    tile: Tile,
}

/// A small convolution of one picture without a residual that runs the kernels of `shape`, with a residual or without, on the
/// present GPU.
pub fn smallest_alike(shape: &ConvShape, has_residual: bool) -> ConvShape {
    let wanted = kernels(shape, has_residual);
    let geometry = match wanted {
        Kernels { is_winograd: true, .. } => ConvGeometry::SAME_3X3,
        Kernels { is_pointwise: true, .. } => ConvGeometry::POINTWISE,
        // Winograd's way is never taken with a stride.
        _ => ConvGeometry::SAME_3X3.stride(2),
    };
    let small = |side: usize| ConvShape {
        images: 1,
        size: [side * geometry.stride; 2],
        inputs: 4,
        outputs: shape.outputs.min(MOST_OUTPUTS),
        geometry,
    };
    SIDES.map(small).into_iter().find(|small| kernels(small, false) == wanted).unwrap_or(*shape)
}

fn kernels(shape: &ConvShape, has_residual: bool) -> Kernels {
    let ConvShape { images, size: [rows, columns], inputs, outputs, geometry } = *shape;
    let is_winograd = !has_residual && winograd::is_faster([images, rows, columns, inputs], geometry);
    let tile = if is_winograd {
        let [tiles, channels] = winograd::parts([images, rows, columns, inputs], outputs);
        Tile::for_product(winograd::PRODUCTS, tiles, channels / 4)
    } else {
        let [rows, columns] = geometry.output_size(rows, columns);
        Tile::for_product(1, images * rows * columns, outputs / 4)
    };
    Kernels { is_winograd, is_pointwise: geometry.is_pointwise(), tile }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{ConvKernel, set_conv_kernel};

    #[test]
    fn a_small_convolution_stands_for_every_large_one() {
        let stem = ConvGeometry { kernel_size: 7, stride: 2, padding: 3, relu: true };
        let geometries =
            [stem, ConvGeometry::POINTWISE, ConvGeometry::SAME_3X3, ConvGeometry::SAME_3X3.stride(2)];
        for kernel in [ConvKernel::Tiled, ConvKernel::Subgroups, ConvKernel::Registers] {
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
