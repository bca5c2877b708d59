//! Which of the files are the chest CT.

use std::collections::BTreeMap;
use std::fmt;

use super::StudyError;
use super::vector::axes;
use crate::imaging::DicomHeader;

/// The least z part of a slice's normal of length 1: more upright slices are coronal or sagittal (cos 45 degrees).
const AXIAL_Z: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// One file of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyFile {
    /// Its header; none where it is no DICOM file.
    pub header: Option<DicomHeader>,
    /// The SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// Why a file is not measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Not DICOM.
    NotDicom,
    /// DICOM without an image, as a DICOMDIR.
    NoImage,
    /// Another modality, by its code.
    NotCt(String),
    /// ImageType LOCALIZER: the overview that a scan is planned on.
    Localiser,
    /// ImageType of a projection, as MIP.
    Projection,
    /// Coronal, sagittal or oblique.
    NotAxial,
    /// Compressed as a whole or in an unknown coding, by name and UID of the transfer syntax.
    Coding(String),
    /// No SeriesInstanceUID.
    NoSeries,
    /// A CT series with fewer slices than the chosen one.
    Smaller,
    /// The same bytes as another file.
    Copy,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDicom => "not a DICOM file",
            Self::NoImage => "a DICOM file without an image",
            Self::NotCt(modality) => return write!(f, "modality {modality}, not CT"),
            Self::Localiser => "a localiser",
            Self::Projection => "a projection",
            Self::NotAxial => "not axial",
            Self::Coding(coding) => return write!(f, "stored as {coding}, which LungLens does not read"),
            Self::NoSeries => "without a series",
            Self::Smaller => "another CT series, with no more slices",
            Self::Copy => "a copy of another file",
        })
    }
}

/// Files that are not measured, by series and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Their SeriesInstanceUID, where they state one.
    pub series_uid: Option<String>,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub files: usize,
}

/// The chosen series.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Its files, as indices into the list of files, in that order.
    pub files: Vec<usize>,
    /// What was set aside, in a stable order.
    pub set_aside: Vec<SetAside>,
}

/// Chooses the axial CT series with the most slices; of equal ones, that whose first file comes first.
///
/// Copies (files of the same bytes) count once. Series are told apart by SeriesInstanceUID. A CT image that does not
/// state its orientation stays in its series, so that the series is refused later instead of measured without it.
///
/// # Errors
/// [`StudyError::NoSeries`] with what the files are instead.
pub fn choose_series(files: &[StudyFile]) -> Result<Chosen, StudyError> {
    let mut aside: BTreeMap<(Option<String>, Reason), usize> = BTreeMap::new();
    let mut put_aside = |header: Option<&DicomHeader>, reason: Reason| {
        let series = header.and_then(|h| h.series_uid.clone());
        *aside.entry((series, reason)).or_default() += 1;
    };
    // In the order of their first files.
    let mut series: Vec<(String, Vec<usize>, u64)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (index, file) in files.iter().enumerate() {
        let Some(header) = &file.header else {
            put_aside(None, Reason::NotDicom);
            continue;
        };
        let unfit = if seen.insert(file.sha256) { unfit(header) } else { Some(Reason::Copy) };
        match (unfit, &header.series_uid) {
            (Some(reason), _) => put_aside(Some(header), reason),
            (None, None) => put_aside(Some(header), Reason::NoSeries),
            (None, Some(uid)) => {
                let at = series.iter().position(|(other, ..)| other == uid).unwrap_or(series.len());
                if at == series.len() {
                    series.push((uid.clone(), Vec::new(), 0));
                }
                series[at].1.push(index);
                series[at].2 += u64::from(header.frames.max(1));
            }
        }
    }
    let most = series.iter().map(|(.., slices)| *slices).max();
    let chosen = series.iter().position(|(.., slices)| Some(*slices) == most);
    for (at, (.., members, _)) in series.iter().enumerate() {
        if Some(at) != chosen {
            members.iter().for_each(|&i| put_aside(files[i].header.as_ref(), Reason::Smaller));
        }
    }
    let set_aside: Vec<SetAside> = aside
        .into_iter()
        .map(|((series_uid, reason), files)| SetAside { series_uid, reason, files })
        .collect();
    match chosen {
        Some(at) => Ok(Chosen { files: series.swap_remove(at).1, set_aside }),
        None => Err(StudyError::NoSeries { reasons: list(&set_aside) }),
    }
}

/// Why an image can be no slice of a chest CT series.
fn unfit(header: &DicomHeader) -> Option<Reason> {
    let is_type = |name: &str| header.image_type.iter().any(|value| value == name);
    match (header.modality.as_deref(), &header.unread_coding) {
        // A data set that is compressed as a whole shows nothing but its coding.
        (None, Some(coding)) => return Some(Reason::Coding(coding.clone())),
        (None, None) => return Some(Reason::NoImage),
        (Some("CT"), _) => {}
        (Some(modality), _) => return Some(Reason::NotCt(modality.to_owned())),
    }
    if header.rows.is_none() || header.columns.is_none() {
        Some(Reason::NoImage)
    } else if is_type("LOCALIZER") {
        Some(Reason::Localiser)
    } else if ["MIP", "MINIP", "PROJECTION IMAGE"].into_iter().any(is_type) {
        Some(Reason::Projection)
    } else if header.orientation.and_then(axes).is_some_and(|(_, normal)| normal[2] < AXIAL_Z) {
        Some(Reason::NotAxial)
    } else {
        None
    }
}

fn list(set_aside: &[SetAside]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in set_aside {
        *counts.entry(one.reason.to_string()).or_default() += one.files;
    }
    if counts.is_empty() {
        return "no files".to_owned();
    }
    let one = |(reason, files): (String, usize)| match files {
        1 => format!("1 file: {reason}"),
        _ => format!("{files} files: {reason}"),
    };
    counts.into_iter().map(one).collect::<Vec<_>>().join("; ")
}
