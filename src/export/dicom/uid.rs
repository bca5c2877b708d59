//! Names of new objects.

use sha2::{Digest, Sha256};

use super::super::{ExportOptions, ExportStudy};

/// Makes UIDs of a result's content: the same result at the same time has the same, any other has others.
pub struct Uids(Sha256);

impl Uids {
    /// Those of one object, by what it is.
    pub fn new(study: &ExportStudy<'_>, options: &ExportOptions, what: &str) -> Self {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(what);
        add(&format!("{} {}", options.created_unix_s, options.deidentify_dicom));
        let report = study.report;
        add(&report.software.version);
        add(&report.model.sha256);
        add(&format!("{:?}", report.thresholds));
        add(&report.series.every.to_string());
        for uid in study.dicom.iter().flat_map(|dicom| [&dicom.study_uid, &dicom.series_uid]) {
            add(uid);
        }
        for record in &study.measured.slices {
            [&record.lung, &record.left_lung, &record.lesion].into_iter().for_each(|mask| add(&mask.counts));
        }
        Self(hash)
    }

    /// A UID under `2.25`, which is of a UUID (PS3.5, B.2).
    pub fn of(&self, part: &str) -> String {
        let digest: [u8; 32] = self.0.clone().chain_update(part).finalize().into();
        let mut number = 0u128;
        for byte in &digest[..16] {
            number = number << 8 | u128::from(*byte);
        }
        // Version 8 (of one's own making) and variant of RFC 9562.
        number = number & !(0xf << 76) | 0x8 << 76;
        number = number & !(0x3 << 62) | 0x2 << 62;
        format!("2.25.{number}")
    }
}
