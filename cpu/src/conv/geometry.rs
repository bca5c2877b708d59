//! How a convolution slides.

/// How a convolution slides. The kernel is square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvGeometry {
    /// Rows and columns of the kernel.
    pub kernel_size: usize,
    /// Step in rows and columns.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
    /// Whether negative outputs become zero.
    pub relu: bool,
}

impl ConvGeometry {
    /// A 1x1 convolution, which is also a fully connected layer on pixels.
    pub const POINTWISE: Self = Self { kernel_size: 1, stride: 1, padding: 0, relu: false };
    /// A 3x3 convolution that keeps the size.
    pub const SAME_3X3: Self = Self { kernel_size: 3, stride: 1, padding: 1, relu: false };

    /// The same with ReLU.
    pub const fn relu(self) -> Self {
        Self { relu: true, ..self }
    }

    /// The same with a stride.
    pub const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Whether windows are single pixels, which never lie in the padding.
    pub const fn is_pointwise(&self) -> bool {
        self.kernel_size == 1 && self.padding == 0
    }

    /// Rows and columns of the output.
    pub fn output_size(&self, rows: usize, columns: usize) -> [usize; 2] {
        [rows, columns].map(|n| (n + 2 * self.padding - self.kernel_size) / self.stride + 1)
    }
}
