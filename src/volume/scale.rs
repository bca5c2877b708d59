//! What the values of a volume are: its format does not say.

use std::collections::BTreeSet;

use super::{VolumeError, VolumeFormat};
use crate::imaging::ValueScale;

/// A volume with values at most this has air in it, in Hounsfield units.
const AIR_BELOW: f64 = -200.0;
/// The white level of grey volumes.
const WHITE: f64 = 255.0;
/// A volume with no more different values is one of labels.
const LABELS: usize = 16;

/// The values that were seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    low: f64,
    high: f64,
    /// Whole numbers, until there are too many for labels or one that is none.
    labels: Option<BTreeSet<i64>>,
}

impl Seen {
    pub fn new() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY, labels: Some(BTreeSet::new()) }
    }

    pub fn add(&mut self, values: impl Iterator<Item = f64>) {
        let mut last = f64::NAN;
        for value in values {
            // Most voxels repeat their neighbour.
            if value == last || !value.is_finite() {
                continue;
            }
            last = value;
            self.low = self.low.min(value);
            self.high = self.high.max(value);
            if let Some(labels) = &mut self.labels {
                let whole = value.fract() == 0.0;
                if whole {
                    labels.insert(value as i64);
                }
                if !whole || labels.len() > LABELS {
                    self.labels = None;
                }
            }
        }
    }

    /// Hounsfield units or grey levels.
    pub fn scale(&self, format: VolumeFormat) -> Result<ValueScale, VolumeError> {
        let Self { low, high, .. } = *self;
        if low <= AIR_BELOW && high > low {
            return Ok(ValueScale::Hounsfield);
        }
        if let Some(labels) = &self.labels {
            return Err(VolumeError::Labels { format, distinct: labels.len(), low, high });
        }
        if low >= 0.0 && high <= WHITE {
            return Ok(ValueScale::Grey { max: WHITE as f32 });
        }
        Err(VolumeError::UnknownScale { format, low, high })
    }
}
