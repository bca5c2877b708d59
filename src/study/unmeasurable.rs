//! Why a series cannot be measured.

use std::cmp::Ordering;

use thiserror::Error;

use super::{Reason, StudyError};
use crate::volume::VolumeError;

/// A volume that cannot be read, by the name of its file.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{name}: {error}")]
pub struct UnreadVolume {
    /// The file.
    pub name: String,
    /// Why.
    #[source]
    pub error: VolumeError,
}

/// Why a series cannot be measured. Two are equal, and have their order, by what they say.
#[derive(Debug, Clone, Error)]
pub enum Unmeasurable {
    /// It is no axial CT.
    #[error("It is {0}.")]
    Unfit(Box<Reason>),
    /// Its slices do not fit together.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// It is a volume that cannot be read, or no CT.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// It is a volume in a file of which no more than the name can be told.
    #[error(transparent)]
    File(Box<UnreadVolume>),
}

impl Ord for Unmeasurable {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl PartialOrd for Unmeasurable {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Unmeasurable {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Unmeasurable {}
