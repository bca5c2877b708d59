//! Grades of a patient by involvement.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The involvements in percent at which MosMed's categories and a zone's scores begin, but for the lowest.
pub const QUARTERS: [f64; 3] = [25.0, 50.0, 75.0];

/// The MosMed category (Morozov et al., MosMedData, arXiv 2005.06465).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MosMed {
    /// No lesion.
    #[serde(rename = "CT-0")]
    Ct0,
    /// Below 25 %.
    #[serde(rename = "CT-1")]
    Ct1,
    /// From 25 % to below 50 %.
    #[serde(rename = "CT-2")]
    Ct2,
    /// From 50 % to below 75 %.
    #[serde(rename = "CT-3")]
    Ct3,
    /// From 75 % on.
    #[serde(rename = "CT-4")]
    Ct4,
}

impl fmt::Display for MosMed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ct0 => "CT-0",
            Self::Ct1 => "CT-1",
            Self::Ct2 => "CT-2",
            Self::Ct3 => "CT-3",
            Self::Ct4 => "CT-4",
        })
    }
}

/// The MosMed category of `lesion` voxels among `lung` voxels of both lungs. Radiologists estimate it by eye; measured
/// involvement is a stand-in.
pub fn mosmed(lesion: u64, lung: u64) -> MosMed {
    match quarters(lesion, lung) {
        None => MosMed::Ct0,
        Some(0) => MosMed::Ct1,
        Some(1) => MosMed::Ct2,
        Some(2) => MosMed::Ct3,
        Some(_) => MosMed::Ct4,
    }
}

/// The score of one of the six zones, 0 to 4: 0 without lesion, 1 below 25 %, 2 below 50 %, 3 below 75 %, 4 from 75 %
/// on; the sum over the zones, 0 to 24, is the CT severity score.
///
/// After Zhou et al., CT features of COVID-19 pneumonia in 62 patients in Wuhan, AJR 2020; 214: 1287-1294. There the
/// zones are bounded by the carina and the inferior pulmonary veins and judged by eye; here they are thirds of each
/// lung's height and measured.
pub fn zone_score(lesion: u64, lung: u64) -> u8 {
    match quarters(lesion, lung) {
        None => 0,
        Some(whole) => (whole + 1).min(4) as u8,
    }
}

/// How many whole quarters of the lung are lesion; none without lesion.
fn quarters(lesion: u64, lung: u64) -> Option<u64> {
    (lesion > 0).then(|| (4 * lesion).checked_div(lung).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_belong_to_the_higher_grade() {
        let found: Vec<_> = [0, 1, 249, 250, 499, 500, 749, 750, 1000]
            .into_iter()
            .map(|lesion| (mosmed(lesion, 1000).to_string(), zone_score(lesion, 1000)))
            .collect();
        let expected = [
            ("CT-0", 0),
            ("CT-1", 1),
            ("CT-1", 1),
            ("CT-2", 2),
            ("CT-2", 2),
            ("CT-3", 3),
            ("CT-3", 3),
            ("CT-4", 4),
            ("CT-4", 4),
        ];
        assert_eq!(found, expected.map(|(name, score)| (name.to_owned(), score)));
    }
}
