//! A finished run as the page shows it.

use lunglens::export::ExportFormat;
use lunglens::masks::Mask;
use lunglens::report::{ClassName, Report};
use lunglens::severity::Finding;
use lunglens::study::StudyReport;

use crate::volume_view::Kind;

/// The result of one slice.
#[derive(Debug, Clone, PartialEq)]
pub struct SliceOutcome {
    /// Which slice of the opened series.
    pub index: usize,
    /// The report, read back from `json`.
    pub report: Report,
    /// The report as it is saved.
    pub json: String,
    /// Wall time in milliseconds.
    pub millis: f64,
}

impl SliceOutcome {
    /// Reads a report back. `None` if it is none.
    pub fn new(index: usize, json: String, millis: f64) -> Option<Self> {
        Some(Self { index, report: Report::from_json(&json).ok()?, json, millis })
    }

    /// The instances' masks, in the report's order. `None` if one is broken or of another size.
    pub fn masks(&self) -> Option<Vec<(Kind, Mask)>> {
        let size = [self.report.input.rows, self.report.input.columns];
        let mask = |instance: &lunglens::report::InstanceReport| {
            let kind = match instance.class {
                ClassName::Lesion => Kind::Lesion,
                ClassName::Lung => Kind::Lung,
            };
            let mask = instance.segmentation.decode().ok()?;
            ([mask.rows, mask.columns] == size).then_some((kind, mask))
        };
        self.report.instances.iter().map(mask).collect()
    }

    /// Lesion as percent of the lungs, if any lung was found.
    pub fn percent(&self) -> Option<f32> {
        let assessment = &self.report.assessment;
        (assessment.finding != Finding::NoLungFound).then_some(assessment.lungs.percent)
    }
}

/// The result of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyOutcome {
    /// The study's report, as it is saved.
    pub report: StudyReport,
    /// The forms that it can be saved in.
    pub formats: Vec<ExportFormat>,
    /// Time in which the slices were read, in milliseconds.
    pub millis: f64,
}

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is only one at a time")]
pub enum Outcome {
    /// Of one slice.
    Slice(SliceOutcome),
    /// Of a study.
    Study(StudyOutcome),
}

impl Outcome {
    /// The same result where no file of it can be written any more.
    pub fn without_files(&self) -> Self {
        match self {
            Self::Slice(slice) => Self::Slice(slice.clone()),
            Self::Study(study) => Self::Study(StudyOutcome { formats: Vec::new(), ..study.clone() }),
        }
    }
}
