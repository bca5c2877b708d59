//! Which kernels suit the adapter; the engine's choice of the device tells it.

use std::sync::atomic::{AtomicU8, Ordering};

use burn_std::DType;

/// The kernels that convolve on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ConvKernel {
    /// Tiles in registers only: for software adapters, on which workgroup memory and barriers cost more than they save.
    Registers,
    /// The same, and the invocations of a subgroup read for each other: for software adapters whose subgroups have from
    /// [`SUBGROUP_READERS`] to [`SUBGROUP_MOST`].
    Subgroups,
    /// Tiles that a workgroup shares: for GPUs.
    Tiled,
}

/// How activations are kept in a GPU's memory; kernels compute in 32 bit either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bit floats. The CPU knows no other.
    F32,
    /// 16 bit floats, half the memory and the traffic: for adapters with WebGPU's `shader-f16`.
    F16,
}

impl Precision {
    pub(super) fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
        }
    }
}

/// Workgroup memory of the tiled kernel in bytes.
pub const TILED_WORKGROUP_BYTES: u32 = 9216;

/// Invocations of a subgroup that read for all of it, which subgroups must have at least.
pub const SUBGROUP_READERS: usize = 4;
/// Invocations that subgroups must have at most: so many neighbours have the same pixels.
pub const SUBGROUP_MOST: u32 = 8;

/// A process opens one GPU at most, so this is the process's too.
static CHOSEN: AtomicU8 = AtomicU8::new(ConvKernel::Registers as u8);

/// Chooses for all that runs from now on.
pub fn set_conv_kernel(kernel: ConvKernel) {
    CHOSEN.store(kernel as u8, Ordering::Relaxed);
}

/// The choice; [`ConvKernel::Registers`], which every adapter can run, before one was made.
pub fn conv_kernel() -> ConvKernel {
    [ConvKernel::Registers, ConvKernel::Subgroups, ConvKernel::Tiled]
        .into_iter()
        .find(|&kernel| kernel as u8 == CHOSEN.load(Ordering::Relaxed))
        .unwrap_or(ConvKernel::Registers)
}
