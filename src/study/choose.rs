//! Which of the images are the chest CT.

use std::collections::BTreeMap;
use std::fmt;

use super::Unmeasurable;
use super::vector::axes;
use crate::imaging::DicomHeader;
use crate::words::counted;

/// The least z part of a slice's normal of length 1: more upright slices are coronal or sagittal (cos 45 degrees).
const AXIAL_Z: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// Modalities that are named where nothing of a file may be: by the standard's codes (PS3.3, C.7.3.1.1.1).
const MODALITIES: [&str; 24] = [
    "AU", "CR", "DOC", "DX", "ECG", "IO", "KO", "MG", "MR", "NM", "OT", "PR", "PT", "PX", "REG", "RF",
    "RTDOSE", "RTIMAGE", "RTPLAN", "RTSTRUCT", "SEG", "SR", "US", "XA",
];

/// Values of ImageType and VolumeBasedCalculationTechnique (PS3.3, C.8.16.2.1.4) of images that show no slice ...
const PROJECTIONS: [&str; 7] =
    ["MIP", "MINIP", "PROJECTION IMAGE", "MAX_IP", "MIN_IP", "VOLUME_RENDER", "SURFACE_RENDER"];
/// ... and of slices that were computed from others.
const REFORMATS: [&str; 5] = ["MPR", "CSA MPR", "REFORMATTED", "RESAMPLED", "CURVED_MPR"];

/// One image of a study: a frame of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyImage {
    /// Which file, as an index into the list of files.
    pub file: usize,
    /// Which frame of it, from 0.
    pub frame: u32,
    /// What its file says of it.
    pub header: DicomHeader,
}

/// Why files are not measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No format that is read.
    Unknown,
    /// A picture or video of a kind that is not read.
    UnreadPicture(&'static str),
    /// An archive inside of others.
    DeepArchive,
    /// A DICOMDIR, which lists the files of a medium.
    Directory,
    /// DICOM without an image.
    NoImage,
    /// Another modality, as the file states it.
    NotCt(String),
    /// ImageType LOCALIZER: the overview that a scan is planned on.
    Localiser,
    /// ImageType of a projection, as MIP.
    Projection,
    /// Coronal, sagittal or oblique.
    NotAxial,
    /// Axial, but computed from other slices, by ImageType.
    Reformat,
    /// In an unknown coding, by name and UID of the transfer syntax.
    Coding(String),
    /// No SeriesInstanceUID.
    NoSeries,
    /// A CT series of another part of the body, by its name.
    OtherPart(&'static str),
    /// A CT series that cannot be measured, and why. Its words may name files.
    Unmeasurable(Unmeasurable),
    /// A CT series of only a part of the height of another of the same SeriesInstanceUID.
    PartOfScan,
    /// A CT series with fewer slices than the chosen one, or as many.
    Smaller,
    /// A CT series of another study: another day, or another patient.
    OtherStudy,
    /// Not the one that was chosen.
    NotChosen,
    /// A picture without others of its folder.
    SinglePicture,
    /// The same bytes as another file.
    Copy,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no format that LungLens reads",
            Self::UnreadPicture(kind) => return write!(f, "{kind}, which LungLens does not read"),
            Self::DeepArchive => "an archive inside of two others, which LungLens does not open",
            Self::Directory => "a DICOMDIR, which only lists files",
            Self::NoImage => "a DICOM file without an image",
            Self::NotCt(modality) => return write!(f, "modality {modality}, not CT"),
            Self::Localiser => "a localiser",
            Self::Projection => "a projection",
            Self::NotAxial => "not axial",
            Self::Reformat => "a reformat of other slices",
            Self::Coding(coding) => return write!(f, "stored as {coding}, which LungLens does not read"),
            Self::NoSeries => "without a series",
            Self::OtherPart(part) => return write!(f, "a CT series of another part of the body ({part})"),
            // A reason is the end of a sentence, to which whoever says it adds the stop.
            Self::Unmeasurable(why) => {
                let why = why.to_string();
                return write!(f, "a series that cannot be measured: {}", why.trim_end_matches('.'));
            }
            Self::PartOfScan => "another CT series, of only a part of the scan",
            Self::Smaller => "another CT series, with no more slices",
            Self::OtherStudy => "a CT series of another study (another day, or another patient)",
            Self::NotChosen => "another series",
            Self::SinglePicture => "a single picture, not a series of slices",
            Self::Copy => "a copy of another file",
        })
    }
}

impl Reason {
    /// The reason without a word of the files, as names and free texts, since these may name people: for what is handed on.
    /// [`fmt::Display`] tells all, for the person at the screen.
    pub fn without_words_of_files(&self) -> String {
        match self {
            Self::NotCt(modality) if !MODALITIES.contains(&modality.as_str()) => {
                "another modality, not CT".into()
            }
            Self::Coding(_) => "stored in a coding that LungLens does not read".into(),
            Self::Unmeasurable(_) => "a series that cannot be measured".into(),
            // Listed one by one, so that of a new reason it is decided anew.
            Self::NotCt(_)
            | Self::Unknown
            | Self::UnreadPicture(_)
            | Self::DeepArchive
            | Self::Directory
            | Self::NoImage
            | Self::Localiser
            | Self::Projection
            | Self::NotAxial
            | Self::Reformat
            | Self::NoSeries
            | Self::OtherPart(_)
            | Self::PartOfScan
            | Self::Smaller
            | Self::OtherStudy
            | Self::NotChosen
            | Self::SinglePicture
            | Self::Copy => self.to_string(),
        }
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

/// Images that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageGroup {
    /// Their SeriesInstanceUID.
    pub series_uid: Option<String>,
    /// Why they are no axial CT; none where they are.
    pub unfit: Option<Reason>,
    /// Which images, as indices into the list of images, in that order.
    pub images: Vec<usize>,
}

/// Sorts images into series, in the order of their first images.
///
/// Series are told apart by SeriesInstanceUID; within one, localisers and the like become groups of their own. A CT image
/// that does not state its orientation stays in its series, so that the series is refused later instead of measured
/// without it.
pub fn group_images(images: &[StudyImage]) -> Vec<ImageGroup> {
    let mut groups: Vec<ImageGroup> = Vec::new();
    // Images without a series are told apart by SeriesNumber.
    type Key<'a> = (Option<&'a str>, Option<i64>, Option<Reason>);
    let mut known: BTreeMap<Key, usize> = BTreeMap::new();
    for (index, image) in images.iter().enumerate() {
        let series_uid = image.header.series_uid.as_deref();
        let unfit = unfit(&image.header).or_else(|| series_uid.is_none().then_some(Reason::NoSeries));
        let number = image.header.series_number.filter(|_| series_uid.is_none());
        let at = *known.entry((series_uid, number, unfit.clone())).or_insert_with(|| {
            groups.push(ImageGroup { series_uid: series_uid.map(str::to_owned), unfit, images: Vec::new() });
            groups.len() - 1
        });
        groups[at].images.push(index);
    }
    groups
}

/// Why an image can be no slice of a chest CT series.
fn unfit(header: &DicomHeader) -> Option<Reason> {
    let is_type = |name: &str| header.image_type.iter().any(|value| value == name);
    match (header.modality.as_deref(), &header.unread_coding) {
        (None, Some(coding)) => return Some(Reason::Coding(coding.clone())),
        (None, None) => return Some(Reason::NoImage),
        (Some("CT"), _) => {}
        (Some(modality), _) => return Some(Reason::NotCt(modality.to_owned())),
    }
    if header.rows.is_none() || header.columns.is_none() {
        Some(Reason::NoImage)
    } else if is_type("LOCALIZER") || is_type("SCOUT") {
        Some(Reason::Localiser)
    } else if PROJECTIONS.into_iter().any(is_type) {
        Some(Reason::Projection)
    } else if header.orientation.and_then(axes).is_some_and(|(_, normal)| normal[2] < AXIAL_Z) {
        Some(Reason::NotAxial)
    } else if REFORMATS.into_iter().any(is_type) {
        Some(Reason::Reformat)
    } else {
        None
    }
}

/// The part of the body that an image shows by BodyPartExamined, if it is a part far from the lungs. Descriptions are not
/// read: they are free texts in any language.
pub fn other_part(header: &DicomHeader) -> Option<&'static str> {
    const FAR: [&str; 20] = [
        "HEAD", "BRAIN", "SKULL", "SINUS", "ORBIT", "EAR", "JAW", "NECK", "CSPINE", "LSPINE", "PELVIS",
        "HIP", "LEG", "KNEE", "ANKLE", "FOOT", "ARM", "ELBOW", "WRIST", "HAND",
    ];
    let part = header.body_part.as_deref()?.to_ascii_uppercase();
    FAR.into_iter().find(|&far| far == part.trim())
}

/// Whether an image is a saved screen, as a list of doses, which scanners file under CT too: by SOPClassUID, which some who
/// convert slices state as well, and since it does not say how it lies.
pub fn is_screen(header: &DicomHeader) -> bool {
    // Of one frame, and of several kinds of many.
    const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
    let class = header.sop_class_uid.as_deref().and_then(|uid| uid.strip_prefix(SECONDARY_CAPTURE));
    header.orientation.is_none() && class.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// What was set aside in words: "3 files: a localiser; 1 file: not axial".
pub fn list_reasons(set_aside: &[SetAside]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in set_aside {
        *counts.entry(one.reason.to_string()).or_default() += one.files;
    }
    if counts.is_empty() {
        return "no files".to_owned();
    }
    let one = |(reason, files): (String, usize)| format!("{}: {reason}", counted(files, "file"));
    counts.into_iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::StudyError;

    #[test]
    fn nothing_of_a_file_is_handed_on() {
        let handed_on = |reason: Reason| {
            assert!(reason.to_string().contains("Mueller") || matches!(reason, Reason::NotCt(_)), "{reason}");
            reason.without_words_of_files()
        };
        assert_eq!(handed_on(Reason::NotCt("MR".into())), "modality MR, not CT");
        assert_eq!(handed_on(Reason::NotCt("Mueller".into())), "another modality, not CT");
        // Short and in capitals, as codes are.
        assert_eq!(handed_on(Reason::NotCt("MUELLER".into())), "another modality, not CT");
        let coding = Reason::Coding("an unknown coding (Mueller)".into());
        assert_eq!(handed_on(coding), "stored in a coding that LungLens does not read");
        let coding = StudyError::Coding { coding: "an unknown coding (Mueller)".into() };
        let unmeasurable = Reason::Unmeasurable(coding.into());
        assert!(
            unmeasurable.to_string().ends_with("Endian)"),
            "the end of a sentence has no full stop of its own"
        );
        assert_eq!(handed_on(unmeasurable), "a series that cannot be measured");
    }

    #[test]
    fn a_part_of_the_body_is_told_in_words_of_the_standard() {
        let told =
            |part: &str| other_part(&DicomHeader { body_part: Some(part.into()), ..Default::default() });
        assert_eq!(told(" Head"), Some("HEAD"));
        assert_eq!((told("CHEST"), told("Head of Mueller")), (None, None));
    }
}
