//! The study that is being measured: the engine's reports in, the result and its files out.

use std::collections::BTreeMap;

use js_sys::ArrayBuffer;
use lunglens::export::{DicomSource, ExportFormat, ExportOptions, ExportStudy, export};
use lunglens::imaging::CtSlice;
use lunglens::intake::Catalogue;
use lunglens::report::{DeviceInfo, InputInfo, Instance, OfSeries, Report};
use lunglens::severity::SeverityConfig;
use lunglens::source::sha256;
use lunglens::study::{Measured, StudyBuilder, StudyParts, StudyReport, build_report};

use super::{Said, Series};
use crate::bridge::{buffer_of, buffer_of_f32};
use crate::protocol::{Cause, CauseKind, ReaderReply, SavedFile, SliceHead, SliceMasks};
use crate::volume_view::pack_slice;

/// What is told when the engine's report is about other slices than those of the study.
fn not_of_the_study() -> Cause {
    Cause::new(CauseKind::Failed, "A slice came back that is not of this study. Run it again.")
}

/// What is told when slices of one study were read with different settings.
fn other_settings() -> Cause {
    let words = "A slice came back that was read with other settings than those before it. Run it again.";
    Cause::new(CauseKind::Failed, words)
}

/// The run in hand, and the study that was finished last.
#[derive(Default)]
pub struct Study {
    run: u32,
    every: usize,
    builder: Option<StudyBuilder>,
    /// Slices that the engine has, by index, until they are measured.
    at_engine: BTreeMap<usize, CtSlice>,
    /// The report on the first slice, which names model, limits and preprocessing.
    sample: Option<Report>,
    devices: Vec<DeviceInfo>,
    /// What the page was told of each slice that was measured.
    told: Vec<SliceMasks>,
    done: Option<Done>,
}

/// A finished study.
struct Done {
    measured: Measured,
    report: StudyReport,
    dicom: Option<DicomSource>,
}

impl Study {
    /// Begins a study; returns the slices to be read.
    pub fn begin(&mut self, run: u32, every: usize, series: &Series) -> Result<Vec<usize>, Cause> {
        let Some(plan) = series.open.plan() else {
            return Err(series.problem.clone().unwrap_or_else(not_of_the_study));
        };
        let limit = SeverityConfig::default().alarming_from_percent;
        let builder = StudyBuilder::new(plan, every, limit)?;
        let to_read = builder.to_read().iter().map(|&(index, _)| index).collect();
        *self = Self { run, every, builder: Some(builder), ..Self::default() };
        Ok(to_read)
    }

    /// Decodes a slice for the engine and for the eye.
    pub fn prepare(&mut self, run: u32, index: usize, series: &Series) -> Said {
        let slice = series.open.slice(index)?;
        let of_study = self.run == run && self.builder.is_some();
        let input = if of_study {
            // A study's report names no files.
            InputInfo { name: format!("slice {index}"), sha256: String::new(), series: None }
        } else {
            let file = series.open.file(index).ok_or_else(not_of_the_study)?;
            let digest = sha256(&*file.source)?;
            let name = file.name.rsplit('/').next().unwrap_or_default().to_owned();
            let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            InputInfo { name, sha256, series: OfSeries::new(index, series.open.len()) }
        };
        let shown = buffer_of(&pack_slice(&slice.values, series.frame.values));
        let values = buffer_of_f32(&slice.values);
        let reply = ReaderReply::Prepared { run, index, head: SliceHead::of(&slice), input };
        if of_study {
            self.at_engine.insert(index, slice);
        }
        Ok((reply, vec![shown, values]))
    }

    /// Measures a slice by the engine's report on it.
    pub fn add(&mut self, run: u32, index: usize, report: &str) -> Result<SliceMasks, Cause> {
        let known = self.builder.as_mut().filter(|_| self.run == run).zip(self.at_engine.remove(&index));
        let (builder, slice) = known.ok_or_else(not_of_the_study)?;
        let report = Report::from_json(report)?;
        let made_by =
            |report: &Report| (report.model.clone(), report.thresholds, report.preprocessing.clone());
        if self.sample.as_ref().is_some_and(|sample| made_by(sample) != made_by(&report)) {
            return Err(other_settings());
        }
        let instances = report.instances.iter().map(|found| {
            let mask = found.segmentation.decode()?;
            Ok(Instance { class: found.class, score: found.score, bbox: found.bbox, mask })
        });
        let instances: Vec<Instance> = instances.collect::<Result<_, lunglens::masks::MaskError>>()?;
        builder.add(&slice, &instances, report.assessment.several_slices)?;
        let record = builder.last().ok_or_else(not_of_the_study)?;
        let masks = SliceMasks { lung: record.lung.clone(), lesion: record.lesion.clone() };
        self.told.push(masks.clone());
        if !self.devices.contains(&report.device) {
            self.devices.push(report.device.clone());
        }
        self.sample.get_or_insert(report);
        Ok(masks)
    }

    /// The whole study.
    pub fn finish(&mut self, run: u32, catalogue: &Catalogue, series: &Series) -> Result<ReaderReply, Cause> {
        let builder = self.builder.take().filter(|_| self.run == run);
        let parts = builder.zip(self.sample.take()).zip(series.open.plan());
        let ((builder, sample), plan) = parts.ok_or_else(not_of_the_study)?;
        self.at_engine.clear();
        let measured = builder.finish(|index| series.open.slice(index))?;
        let report = build_report(StudyParts {
            plan,
            set_aside: &catalogue.set_aside(series.index),
            continued_by: catalogue.continued_by(series.index).len(),
            every: self.every,
            keep_ids: false,
            measured: &measured,
            model: sample.model,
            devices: std::mem::take(&mut self.devices),
            thresholds: sample.thresholds,
            preprocessing: sample.preprocessing,
        });
        let study = report.to_json_line();
        let settled = changed(&measured, &std::mem::take(&mut self.told));
        let dicom = DicomSource::of(&series.open)?;
        let can_be_saved = |format: &ExportFormat| {
            let empty = *format == ExportFormat::KeyOverlays && measured.key_slices.is_empty();
            !empty && format.unavailable(dicom.as_ref()).is_none()
        };
        let formats = ExportFormat::ALL.into_iter().filter(can_be_saved).collect();
        self.done = Some(Done { measured, report, dicom });
        Ok(ReaderReply::Finished { run, study, settled, formats })
    }

    /// The finished study in a form.
    pub fn export(
        &self,
        run: u32,
        format: ExportFormat,
        deidentify: bool,
        series: &Series,
    ) -> Result<(Vec<SavedFile>, Vec<ArrayBuffer>), Cause> {
        let done = self.done.as_ref().filter(|_| self.run == run);
        let Done { measured, report, dicom } = done.ok_or_else(not_of_the_study)?;
        let (geometry, grid) = (series.open.geometry(), series.open.grid());
        let study = ExportStudy { report, measured, geometry, grid, dicom: dicom.as_ref() };
        let created_unix_s = (js_sys::Date::now() / 1000.0) as i64;
        let options = ExportOptions { deidentify_dicom: deidentify, created_unix_s };
        let files = export(format, &study, &options)?;
        let saved = |file: &lunglens::export::ExportFile| SavedFile {
            name: file.name.clone(),
            media_type: file.media_type.into(),
        };
        Ok((files.iter().map(saved).collect(), files.iter().map(|file| buffer_of(&file.bytes)).collect()))
    }
}

/// The slices whose masks are others in the whole study than the page was told.
fn changed(measured: &Measured, told: &[SliceMasks]) -> Vec<(usize, SliceMasks)> {
    let masks = measured
        .slices
        .iter()
        .map(|slice| SliceMasks { lung: slice.lung.clone(), lesion: slice.lesion.clone() });
    let indices = measured.slices.iter().map(|slice| slice.index);
    indices.zip(masks).zip(told).filter(|((_, now), then)| now != *then).map(|(now, _)| now).collect()
}
