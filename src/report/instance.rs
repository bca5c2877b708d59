//! One found lesion or lung.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::detect::BoxXyxy;
use crate::masks::Mask;

/// What an instance is. Lesions come before lungs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassName {
    /// Ground glass or consolidation.
    Lesion,
    /// Lung, lesions in it included.
    Lung,
}

impl ClassName {
    /// The class of the network's label: 1 lesion, 2 lung; none for background and beyond.
    pub fn from_label(label: usize) -> Option<Self> {
        match label {
            1 => Some(Self::Lesion),
            2 => Some(Self::Lung),
            _ => None,
        }
    }
}

impl fmt::Display for ClassName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lesion => "lesion",
            Self::Lung => "lung",
        })
    }
}

/// Instances count from this score on unless asked otherwise. Chosen on held-out patients: below it pixels and
/// involvement get no better, above it more and more lesion is missed (`docs/evaluation.md`).
pub const DEFAULT_SCORE_THRESHOLD: f32 = 0.3;

/// One instance with its pixels, in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// What it is.
    pub class: ClassName,
    /// The class probability, 0 to 1.
    pub score: f32,
    /// The box in source pixels.
    pub bbox: BoxXyxy,
    /// The pixels, of the slice's size.
    pub mask: Mask,
}

/// Puts instances in the report's order: lesions, then lungs, each by falling score, equals as they were.
pub fn sort_instances(instances: &mut [Instance]) {
    instances.sort_by(report_order);
}

/// Which of two instances the report names first.
pub(super) fn report_order(a: &Instance, b: &Instance) -> Ordering {
    a.class.cmp(&b.class).then(b.score.total_cmp(&a.score))
}
