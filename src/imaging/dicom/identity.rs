//! Who was examined and when, for results that are filed with the study.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::elements::Element;

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
///
/// Values are the bytes of the file without padding at their end: a name that is copied with its character set stays what
/// it is in any of them, also in one that is unknown here or does not fit the name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DicomIdentity {
    /// SpecificCharacterSet (0008,0005), which the others are written in, all its terms.
    pub character_set: Vec<u8>,
    /// PatientName (0010,0010).
    pub patient_name: Vec<u8>,
    /// PatientID (0010,0020).
    pub patient_id: Vec<u8>,
    /// PatientBirthDate (0010,0030), as `19700131`.
    pub patient_birth_date: Vec<u8>,
    /// PatientSex (0010,0040): `M`, `F` or `O`.
    pub patient_sex: Vec<u8>,
    /// StudyDate (0008,0020).
    pub study_date: Vec<u8>,
    /// StudyTime (0008,0030).
    pub study_time: Vec<u8>,
    /// StudyID (0020,0010).
    pub study_id: Vec<u8>,
    /// AccessionNumber (0008,0050).
    pub accession_number: Vec<u8>,
    /// ReferringPhysicianName (0008,0090).
    pub referring_physician: Vec<u8>,
}

impl DicomIdentity {
    /// Whose image it is, by the elements of [`WANTED`]. A value that is too long is left out, since it only informs.
    pub(super) fn read(elements: &[Element]) -> Self {
        let value = |tag| {
            let found = elements.iter().find(|element| element.tag == tag && element.value.len() <= LONGEST);
            found.map(|element| unpadded(element.value).to_vec()).unwrap_or_default()
        };
        Self {
            character_set: value(tags::SPECIFIC_CHARACTER_SET),
            patient_name: value(tags::PATIENT_NAME),
            patient_id: value(tags::PATIENT_ID),
            patient_birth_date: value(tags::PATIENT_BIRTH_DATE),
            patient_sex: value(tags::PATIENT_SEX),
            study_date: value(tags::STUDY_DATE),
            study_time: value(tags::STUDY_TIME),
            study_id: value(tags::STUDY_ID),
            accession_number: value(tags::ACCESSION_NUMBER),
            referring_physician: value(tags::REFERRING_PHYSICIAN_NAME),
        }
    }
}

/// A value without spaces and zeros at its end: in no character set of DICOM's are they part of another character.
fn unpadded(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., 0 | b' '] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_padding_is_taken_from_a_value() {
        let expected: [(&[u8], &[u8]); 4] = [
            (b"A^B \0 ", b"A^B"),
            (b" A^B", b" A^B"),
            (b"\\ISO 2022 IR 87 ", b"\\ISO 2022 IR 87"),
            (b" \0", b""),
        ];
        for (value, kept) in expected {
            assert_eq!(unpadded(value), kept);
        }
    }
}
