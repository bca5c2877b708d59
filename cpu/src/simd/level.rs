//! Which instructions this processor has.

#[cfg(not(any(target_arch = "x86_64", target_arch = "wasm32")))]
use super::arrays::Narrow;
#[cfg(target_arch = "wasm32")]
use super::wasm::Narrow;
#[cfg(target_arch = "x86_64")]
use super::x86::{self, Narrow};
use super::{Job, TILE_VECTORS};

/// Whether pairs of whole numbers of 16 bit are multiplied quicker than floats: in half the steps with VNNI, SSE2 and SIMD128;
/// with AVX2 in as many, but more of its units do them. On 64-bit Arm they would take as many.
pub(crate) const COUNTS: bool = cfg!(any(target_arch = "x86_64", target_arch = "wasm32"));

/// What the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// 16 floats, fused multiply and add, also of pairs of whole numbers (VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 floats, fused multiply and add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 4 floats: SSE2, SIMD128 or what the compiler makes of arrays.
    Narrow,
}

impl Level {
    /// The best level of this processor.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            // The few processors with AVX-512 but without VNNI are about as quick with AVX2.
            if std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512vnni") {
                return Self::Avx512;
            }
            if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Narrow
    }

    /// Every level of this processor.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let better = [Self::Avx512, Self::Avx2];
        #[cfg(not(target_arch = "x86_64"))]
        let better = [];
        // Each processor that has a level has those after it.
        let levels: Vec<Self> = better.into_iter().chain([Self::Narrow]).collect();
        let best = levels.iter().position(|&level| level == Self::best()).unwrap_or(0);
        levels[best..].to_vec()
    }

    /// Columns of a tile of the matrix product.
    pub(crate) fn tile_columns(self) -> usize {
        TILE_VECTORS
            * match self {
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => 16,
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => 8,
                Self::Narrow => 4,
            }
    }
}

/// Runs `job` compiled for `level`, which comes from [`Level::best`].
pub(crate) fn run(level: Level, job: impl Job) {
    match level {
        // SAFETY: `Level::best` found the instructions on this processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { x86::run_avx512(job) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { x86::run_avx2(job) },
        Level::Narrow => job.run::<Narrow, 4>(),
    }
}
