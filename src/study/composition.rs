//! What lesions consist of, by Hounsfield units.

use serde::{Deserialize, Serialize};

/// The limits between aerated lung, ground glass, consolidation and denser tissue, in HU.
///
/// They are the default thresholds of Lung CT Analyzer, an extension of 3D Slicer (Bumm et al.,
/// <https://github.com/rbumm/SlicerLungCTAnalyzer>): inflated lung below -750 HU, infiltration from -750 to -400 HU,
/// collapse from -400 to 0 HU, vessels above 0 HU.
pub const HU_LIMITS: [f32; 3] = [-750.0, -400.0, 0.0];

/// The shares of lesion voxels by Hounsfield units, in percent; together 100. A value on a limit belongs to the denser
/// side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Composition {
    /// Below -750 HU: as dense as aerated lung.
    pub aerated_percent: f64,
    /// From -750 to below -400 HU.
    pub ground_glass_percent: f64,
    /// From -400 to below 0 HU.
    pub consolidation_percent: f64,
    /// From 0 HU on: as dense as vessels and soft tissue; a part of a consolidation, or not lung.
    pub denser_percent: f64,
}

/// Sums over voxels, from which mean and composition are made. Voxels of grey levels are counted and no more.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HuSums {
    voxels: u64,
    in_hu: u64,
    sum: f64,
    classes: [u64; 4],
}

impl HuSums {
    /// Adds a voxel of `hu` Hounsfield units; none where its value is a grey level.
    pub fn add(&mut self, hu: Option<f32>) {
        self.voxels += 1;
        let Some(hu) = hu else { return };
        self.in_hu += 1;
        self.sum += f64::from(hu);
        self.classes[HU_LIMITS.iter().filter(|&&limit| hu >= limit).count()] += 1;
    }

    /// Adds other voxels.
    pub fn join(&mut self, other: &Self) {
        self.voxels += other.voxels;
        self.in_hu += other.in_hu;
        self.sum += other.sum;
        for (mine, theirs) in self.classes.iter_mut().zip(other.classes) {
            *mine += theirs;
        }
    }

    /// Number of voxels.
    pub fn voxels(&self) -> u64 {
        self.voxels
    }

    /// The mean in HU; none without voxels of known HU.
    pub fn mean(&self) -> Option<f64> {
        (self.in_hu > 0).then(|| self.sum / self.in_hu as f64)
    }

    /// The shares; none without voxels of known HU.
    pub fn composition(&self) -> Option<Composition> {
        let percent = |voxels: u64| 100.0 * voxels as f64 / self.in_hu as f64;
        let [aerated, ground_glass, consolidation, denser] = self.classes;
        (self.in_hu > 0).then(|| Composition {
            aerated_percent: percent(aerated),
            ground_glass_percent: percent(ground_glass),
            consolidation_percent: percent(consolidation),
            denser_percent: percent(denser),
        })
    }
}
