//! Names of studies and series, without what would lead back to the patient.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::imaging::DicomHeader;

/// How many bytes of a SHA-256 stand for a UID.
const SHORT: usize = 8;

/// Which study, series and scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ids {
    /// Whether the others are the UIDs themselves instead of hashes.
    pub kept: bool,
    /// StudyInstanceUID.
    pub study: Option<String>,
    /// SeriesInstanceUID.
    pub series: Option<String>,
    /// FrameOfReferenceUID.
    pub frame_of_reference: Option<String>,
    /// SeriesDescription, a free text: only where the others are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_description: Option<String>,
}

impl Ids {
    /// The names in a header, hashed unless they are to be kept.
    pub fn of(header: &DicomHeader, keep: bool) -> Self {
        Self {
            kept: keep,
            study: name(header.study_uid.as_deref(), keep),
            series: name(header.series_uid.as_deref(), keep),
            frame_of_reference: name(header.frame_of_reference_uid.as_deref(), keep),
            series_description: header.series_description.clone().filter(|_| keep),
        }
    }
}

/// A UID, hashed unless it is to be kept.
pub(super) fn name(uid: Option<&str>, keep: bool) -> Option<String> {
    uid.map(|uid| if keep { uid.to_owned() } else { short_hash(uid) })
}

/// The first 16 hexadecimal digits of the SHA-256 of a UID. Who has the UID can find it again; the hash alone does not
/// tell it.
pub fn short_hash(uid: &str) -> String {
    Sha256::digest(uid.as_bytes()).iter().take(SHORT).map(|byte| format!("{byte:02x}")).collect()
}
