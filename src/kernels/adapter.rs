//! Which kernels suit the adapter; the engine's choice of the device tells it.

use std::sync::atomic::{AtomicBool, Ordering};

/// The kernels that convolve on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvKernel {
    /// Tiles in registers only: for software adapters, on which workgroup memory and barriers cost more than they save.
    Registers,
    /// Tiles that a workgroup shares: for GPUs.
    Tiled,
}

/// Workgroup memory of the tiled kernel in bytes.
pub const TILED_WORKGROUP_BYTES: u32 = 9216;

/// A process opens one GPU at most, so this is the process's too.
static TILED: AtomicBool = AtomicBool::new(false);

/// Chooses for all that runs from now on.
pub fn set_conv_kernel(kernel: ConvKernel) {
    TILED.store(kernel == ConvKernel::Tiled, Ordering::Relaxed);
}

/// The choice; [`ConvKernel::Registers`], which every adapter can run, before one was made.
pub fn conv_kernel() -> ConvKernel {
    if TILED.load(Ordering::Relaxed) { ConvKernel::Tiled } else { ConvKernel::Registers }
}
