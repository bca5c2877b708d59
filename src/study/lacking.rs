//! What cannot be measured of files that do not say enough, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why coloured pictures have no densities, and what else to mind.
const COLOURED: &str = "The pictures have colours and were read as grey levels, not Hounsfield units; marks drawn on them can be \
                        taken for lesions.";

/// A kind of measure that a source may not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lacking {
    /// Volumes in ml and places in mm.
    Volumes,
    /// Mean HU, and ground glass against consolidation.
    Densities,
    /// The six zones and the CT severity score, which is their sum.
    Zones,
}

impl Lacking {
    /// Why it cannot be measured, as a sentence.
    pub fn why(self) -> &'static str {
        match self {
            Self::Volumes => {
                "The pictures do not say how large their pixels are nor how far apart the slices lie; each counts alike."
            }
            Self::Densities => "The images hold grey levels, not Hounsfield units.",
            Self::Zones => {
                "The files do not say which end is the head; left and right assume the usual view, the patient's right \
                 on the left of the image."
            }
        }
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volumes => "volumes in ml",
            Self::Densities => "mean HU and ground glass",
            Self::Zones => "zones and CT severity score",
        })
    }
}

/// A measure that the study does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotMeasured {
    /// Which.
    pub what: Lacking,
    /// Why, as a sentence.
    pub why: String,
}

impl NotMeasured {
    /// What is lacking, with the reason; of `coloured` pictures also what their colours mean.
    pub fn new(what: Lacking, coloured: bool) -> Self {
        let why = match what {
            Lacking::Densities if coloured => COLOURED,
            _ => what.why(),
        };
        Self { what, why: why.to_owned() }
    }
}
