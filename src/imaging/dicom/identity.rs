//! Who was examined and when, for results that are filed with the study.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::super::ImagingError;
use super::attributes::Attributes;
use super::elements::{Element, Syntax};

/// Longer values are no names or numbers of a person, in bytes.
const LONGEST: usize = 512;

pub(super) const WANTED: [Tag; 10] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_ID,
];

/// What DICOM results repeat of the study, so that a system files them with it; empty where the file does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DicomIdentity {
    /// PatientName (0010,0010).
    pub patient_name: String,
    /// PatientID (0010,0020).
    pub patient_id: String,
    /// PatientBirthDate (0010,0030), as `19700131`.
    pub patient_birth_date: String,
    /// PatientSex (0010,0040): `M`, `F` or `O`.
    pub patient_sex: String,
    /// StudyDate (0008,0020).
    pub study_date: String,
    /// StudyTime (0008,0030).
    pub study_time: String,
    /// StudyID (0020,0010).
    pub study_id: String,
    /// AccessionNumber (0008,0050).
    pub accession_number: String,
    /// ReferringPhysicianName (0008,0090).
    pub referring_physician: String,
}

impl DicomIdentity {
    /// Whose image it is, by the elements of [`WANTED`], in the file's character set. A value that cannot be read is left
    /// out, since it only informs.
    pub(super) fn read(elements: Vec<Element>, syntax: Syntax) -> Result<Self, ImagingError> {
        let mut found = elements;
        found.retain(|element| element.value.len() <= LONGEST);
        let attributes = Attributes::read(&found, syntax)?;
        let text = |tag| attributes.text(tag).unwrap_or_default();
        Ok(Self {
            patient_name: text(tags::PATIENT_NAME),
            patient_id: text(tags::PATIENT_ID),
            patient_birth_date: text(tags::PATIENT_BIRTH_DATE),
            patient_sex: text(tags::PATIENT_SEX),
            study_date: text(tags::STUDY_DATE),
            study_time: text(tags::STUDY_TIME),
            study_id: text(tags::STUDY_ID),
            accession_number: text(tags::ACCESSION_NUMBER),
            referring_physician: text(tags::REFERRING_PHYSICIAN_NAME),
        })
    }
}
