//! What a slice's lungs and lesions come to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the grade is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeverityConfig {
    /// The involvement of both lungs in percent from which a slice is [`Finding::Alarming`].
    pub alarming_from_percent: f64,
}

impl Default for SeverityConfig {
    /// 25 %: the boundary between CT-1 and CT-2 of the MosMed scale (Morozov et al., MosMedData, arXiv 2005.06465).
    fn default() -> Self {
        Self { alarming_from_percent: 25.0 }
    }
}

/// The result for a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// No pixel of lung: nothing can be measured.
    NoLungFound,
    /// Lungs, and no lesion pixel inside them.
    NoLesionFound,
    /// Involvement below the boundary.
    Mild,
    /// Involvement at or above the boundary.
    Alarming,
}

impl Finding {
    /// The finding of so many pixels or voxels of lung, and of lesion inside it, by the unrounded involvement.
    pub fn of(lung: u64, lesion: u64, alarming_from_percent: f64) -> Self {
        if lung == 0 {
            Self::NoLungFound
        } else if lesion == 0 {
            Self::NoLesionFound
        } else if percent(lung, lesion) < alarming_from_percent {
            Self::Mild
        } else {
            Self::Alarming
        }
    }
}

/// `100 * lesion / lung`; 0 without lung.
pub(crate) fn percent(lung: u64, lesion: u64) -> f64 {
    if lung == 0 { 0.0 } else { 100.0 * lesion as f64 / lung as f64 }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLungFound => "No lung found",
            Self::NoLesionFound => "No lesion found",
            Self::Mild => "Mild",
            Self::Alarming => "Alarming",
        })
    }
}

/// How much of some lung tissue is lesion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Involvement {
    /// Pixels of lung, lesions inside it among them.
    pub lung_pixels: usize,
    /// Pixels of lesion inside the lung.
    pub lesion_pixels: usize,
    /// `100 * lesion_pixels / lung_pixels`; 0 without lung.
    pub percent: f32,
    /// The lung's area in mm2, where the pixel spacing is known.
    pub lung_mm2: Option<f32>,
    /// The lesions' area inside the lung in mm2, where the pixel spacing is known.
    pub lesion_mm2: Option<f32>,
}

impl Assessment {
    /// The same of a picture that is known to show several slices, also where too few of their lungs were outlined to tell.
    pub fn of_several_slices(self) -> Self {
        Self { left: None, right: None, several_slices: true, ..self }
    }
}

impl Involvement {
    /// `percent` unrounded, from the pixels: a report's is rounded, its grade is not.
    pub fn exact_percent(&self) -> f64 {
        percent(self.lung_pixels as u64, self.lesion_pixels as u64)
    }
}

/// The measurements and the grade of a slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The grade, made of the unrounded involvement of both lungs together.
    pub finding: Finding,
    /// Both lungs.
    pub lungs: Involvement,
    /// The patient's left lung, if there is one.
    pub left: Option<Involvement>,
    /// The patient's right lung, if there is one.
    pub right: Option<Involvement>,
    /// Lesion pixels outside the lungs, which the involvement leaves out.
    pub lesion_pixels_outside_lungs: usize,
    /// The boundary that the grade was made with.
    pub alarming_from_percent: f64,
    /// Whether left and right rest on the usual radiological view, because the file does not state them.
    pub side_assumed: bool,
    /// Whether a picture shows several slices, as a photo of a film does: the figures then mix them, or hold some of them only, and there
    /// is no left and right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several_slices: bool,
}
