//! Which pyramid level a box is pooled from.

use super::BoxXyxy;
use super::boxes::area;

/// The size in pixels of a box that belongs to [`CANONICAL_LEVEL`].
const CANONICAL_SCALE: f32 = 224.0;
/// The level of a box of the canonical size.
const CANONICAL_LEVEL: f32 = 4.0;
/// Keeps a box of exactly a power of two on the upper level.
const EPSILON: f32 = 1e-6;

/// The level of a box as an index from 0, for the levels P`k_min` to P`k_max` (torchvision's `LevelMapper`, equation 1
/// of the FPN paper, arXiv 1612.03144): P2 is 0 where `k_min` is 2.
///
/// A box without area, or with corners that are not finite, goes to the first level.
pub fn level_of_box(bbox: &BoxXyxy, k_min: usize, k_max: usize) -> usize {
    let scale = area(bbox).sqrt();
    let level = (CANONICAL_LEVEL + (scale / CANONICAL_SCALE).log2() + EPSILON).floor();
    // A float cast saturates and takes NaN to 0.
    (level as usize).clamp(k_min, k_max.max(k_min)) - k_min
}
