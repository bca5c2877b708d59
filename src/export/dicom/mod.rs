//! DICOM objects that a study's result is written as (PS3.3): what all of them have.

mod data;
mod seg;
mod sr;
mod uid;

use dicom_dictionary_std::tags;

use self::data::{Data, date_and_time, shortened};
use self::uid::Uids;
use super::{DicomSource, ExportError, ExportOptions, ExportStudy};
use crate::imaging::Geometry;
use crate::intake::SourceInstance;
use crate::report::NOTICE;

pub use self::seg::segmentation;
pub use self::sr::structured_report;

/// SNOMED CT's name as a coding scheme.
const SCT: &str = "SCT";
/// The codes of DICOM's own dictionary (PS3.16, annex D).
const DCM: &str = "DCM";
/// Codes that no standard has: LungLens's own.
const OWN: &str = "99LUNGLENS";

/// Name of the program and of the model, as `LungLens r50`.
fn program(study: &ExportStudy<'_>) -> String {
    shortened(&format!("{} {}", study.report.software.name, study.report.model.id), 64)
}

/// The whole study or, as `1 slice in 4 read`, how much of it.
fn extent(study: &ExportStudy<'_>) -> String {
    match study.report.series.every {
        1 => "all slices".to_owned(),
        every => format!("1 slice in {every} read"),
    }
}

/// What is needed everywhere.
struct Context<'a> {
    study: &'a ExportStudy<'a>,
    source: &'a DicomSource,
    /// Where the slices lie.
    geometry: &'a Geometry,
    options: &'a ExportOptions,
    uids: Uids,
    /// What is being written, for errors.
    what: &'static str,
}

impl<'a> Context<'a> {
    fn new(
        study: &'a ExportStudy<'a>,
        source: &'a DicomSource,
        options: &'a ExportOptions,
        what: &'static str,
    ) -> Result<Self, ExportError> {
        let nowhere =
            || ExportError::Unfit { what, problem: "the images do not say where they lie".to_owned() };
        let geometry = study.geometry.ok_or_else(nowhere)?;
        let uids = Uids::new(study, options, what);
        let context = Self { study, source, geometry, options, uids, what };
        if source.instances.len() != geometry.slices {
            let (images, slices) = (source.instances.len(), geometry.slices);
            return Err(context.unfit(format!("there are {images} images for {slices} slices")));
        }
        Ok(context)
    }

    fn unfit(&self, problem: String) -> ExportError {
        ExportError::Unfit { what: self.what, problem }
    }

    /// The image of a slice, by its place in the series.
    fn instance(&self, index: usize) -> Result<&'a SourceInstance, ExportError> {
        self.source
            .instances
            .get(index)
            .ok_or_else(|| self.unfit(format!("there is no image of slice {index}")))
    }

    /// The images that were read, each file once, in the order of slices.
    fn read_instances(&self) -> Result<Vec<&'a SourceInstance>, ExportError> {
        let mut images: Vec<&SourceInstance> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for record in &self.study.measured.slices {
            let instance = self.instance(record.index)?;
            if seen.insert(instance.sop_instance_uid.as_str()) {
                images.push(instance);
            }
        }
        Ok(images)
    }

    /// Patient, study, series, equipment and SOP common modules. The patient's texts are the bytes of the images, in their
    /// character set.
    fn common(&self, sop_class: &str, modality: &str, series_number: i32, description: &str) -> Data {
        let kept = !self.options.deidentify_dicom;
        let identity = &self.source.identity;
        let or_nothing = |value: &'a [u8]| if kept { value } else { &[] };
        let report = self.study.report;
        let (date, time) = date_and_time(self.options.created_unix_s);
        let data = Data::new()
            .text(tags::SOP_CLASS_UID, sop_class)
            .text(tags::SOP_INSTANCE_UID, self.uids.of("instance"))
            .raw(tags::STUDY_DATE, or_nothing(&identity.study_date))
            .raw(tags::STUDY_TIME, or_nothing(&identity.study_time))
            .text(tags::CONTENT_DATE, date)
            .text(tags::CONTENT_TIME, time)
            .raw(tags::ACCESSION_NUMBER, or_nothing(&identity.accession_number))
            .text(tags::MODALITY, modality)
            .text(tags::MANUFACTURER, report.software.name.as_str())
            .raw(tags::REFERRING_PHYSICIAN_NAME, or_nothing(&identity.referring_physician))
            .text(tags::SERIES_DESCRIPTION, description)
            .text(tags::MANUFACTURER_MODEL_NAME, program(self.study))
            .raw(tags::PATIENT_NAME, or_nothing(&identity.patient_name))
            .raw(tags::PATIENT_ID, or_nothing(&identity.patient_id))
            .raw(tags::PATIENT_BIRTH_DATE, or_nothing(&identity.patient_birth_date))
            .raw(tags::PATIENT_SEX, or_nothing(&identity.patient_sex))
            // The weights are what tells one device of a version from another.
            .text(tags::DEVICE_SERIAL_NUMBER, shortened(&report.model.sha256, 16))
            .text(tags::SOFTWARE_VERSIONS, shortened(&report.software.version, 64))
            .text(tags::STUDY_INSTANCE_UID, self.source.study_uid.as_str())
            .text(tags::SERIES_INSTANCE_UID, self.uids.of("series"))
            .raw(tags::STUDY_ID, or_nothing(&identity.study_id))
            .text(tags::SERIES_NUMBER, series_number.to_string())
            .text(tags::INSTANCE_NUMBER, "1");
        if !kept {
            return data.text(tags::PATIENT_IDENTITY_REMOVED, "YES").text(
                tags::DEIDENTIFICATION_METHOD,
                "Patient, dates and numbers left out; UIDs kept as references",
            );
        }
        // The images name none where their texts are ASCII, or by mistake, which is not ours to guess away.
        if identity.character_set.is_empty() {
            return data;
        }
        data.raw(tags::SPECIFIC_CHARACTER_SET, identity.character_set.as_slice())
    }

    /// A reference to an image.
    fn reference(&self, instance: &SourceInstance) -> Data {
        let data = Data::new()
            .text(tags::REFERENCED_SOP_CLASS_UID, instance.sop_class_uid.as_str())
            .text(tags::REFERENCED_SOP_INSTANCE_UID, instance.sop_instance_uid.as_str());
        match instance.frame {
            None => data,
            Some(frame) => data.text(tags::REFERENCED_FRAME_NUMBER, frame.to_string()),
        }
    }

    /// The series with its images that were read, under the tag of images.
    fn referenced_series(&self, images: dicom_core::Tag) -> Result<Data, ExportError> {
        let whole = |instance: &SourceInstance| {
            Data::new()
                .text(tags::REFERENCED_SOP_CLASS_UID, instance.sop_class_uid.as_str())
                .text(tags::REFERENCED_SOP_INSTANCE_UID, instance.sop_instance_uid.as_str())
        };
        let items = self.read_instances()?.into_iter().map(whole).collect();
        Ok(Data::new().items(images, items).text(tags::SERIES_INSTANCE_UID, self.source.series_uid.as_str()))
    }

    /// The bytes of the file.
    fn file(&self, data: Data) -> Result<Vec<u8>, ExportError> {
        data.to_file().map_err(|problem| self.unfit(problem))
    }
}
