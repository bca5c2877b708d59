//! The drawn chest, measured.

use std::fs;
use std::path::{Path, PathBuf};

use lunglens::export::{DicomSource, ExportFile, ExportFormat, ExportOptions, ExportStudy, export};
use lunglens::imaging::{DicomIdentity, Geometry, Preprocessing};
use lunglens::intake::{NamedSource, catalogue};
use lunglens::report::{DeviceInfo, DeviceKind, Instance, ModelInfo, Software, Thresholds};
use lunglens::source::MemorySource;
use lunglens::study::{Measured, StudyBuilder, StudyParts, StudyReport, build_report};
use serde_json::Value;

pub const CHEST: &str = "study/chest";

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The drawn chest, measured.
pub struct Drawn {
    pub report: StudyReport,
    pub measured: Measured,
    pub geometry: Geometry,
    pub dicom: DicomSource,
}

impl Drawn {
    pub fn study(&self) -> ExportStudy<'_> {
        ExportStudy {
            report: &self.report,
            measured: &self.measured,
            geometry: Some(&self.geometry),
            grid: None,
            dicom: Some(&self.dicom),
        }
    }

    pub fn write(&self, format: ExportFormat, deidentify_dicom: bool) -> Vec<ExportFile> {
        let options = ExportOptions { deidentify_dicom, created_unix_s: 1_795_656_000 };
        export(format, &self.study(), &options).unwrap()
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

pub fn draw(source: &str, every: usize, found: fn(usize) -> Vec<Instance>) -> Drawn {
    let mut drawn = draw_of(read(source), every, found);
    let identity = &drawn.dicom.identity;
    assert_eq!(
        (identity.patient_name.as_slice(), identity.patient_id.as_slice()),
        (&b"Drawn^Nobody"[..], &b"nobody"[..])
    );
    // More than the drawn files say, so that all of it is seen to arrive or to be left out.
    drawn.dicom.identity = DicomIdentity {
        character_set: "ISO_IR 192".into(),
        patient_name: "Größe^Änne".into(),
        patient_id: "nobody".into(),
        patient_birth_date: "19700131".into(),
        patient_sex: "F".into(),
        study_date: "20200401".into(),
        study_time: "101112".into(),
        study_id: "17".into(),
        accession_number: "A1".into(),
        referring_physician: "Nobody^Else".into(),
    };
    drawn
}

/// Every file of a folder: its name and bytes.
pub fn read(source: &str) -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    files_below(&fixture(source), &mut paths);
    paths.iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// The files of a folder, measured.
pub fn draw_of(files: Vec<(String, Vec<u8>)>, every: usize, found: fn(usize) -> Vec<Instance>) -> Drawn {
    let files = files.into_iter().map(|(name, bytes)| NamedSource::new(name, MemorySource::new(bytes)));
    let series = catalogue(files.collect(), &mut |_| {}, &|| false).unwrap().open_recommended().unwrap();
    let plan = series.plan().unwrap();
    let mut builder = StudyBuilder::new(plan, every, 25.0).unwrap();
    for (index, _) in builder.to_read().to_vec() {
        builder.add(&series.slice(index).unwrap(), &found(index), false).unwrap();
    }
    let measured = builder.finish(|index| series.slice(index)).unwrap();
    let mut report = build_report(StudyParts {
        plan,
        set_aside: &[],
        continued_by: 0,
        every,
        keep_ids: false,
        measured: &measured,
        model: ModelInfo {
            id: "r50".into(),
            backbone: "resnet50".into(),
            sha256: "0123456789abcdef".repeat(4),
            input_size: 320,
        },
        devices: vec![DeviceInfo { kind: DeviceKind::Cpu, name: "CPU".into(), backend: "flex".into() }],
        thresholds: Thresholds { score: 0.5, mask: 0.5, alarming_from_percent: 25.0 },
        preprocessing: preprocessing(),
    });
    // A new version of the program is no new file.
    report.software = Software { name: "LungLens".into(), version: "0.0.0-test".into() };
    let geometry = plan.geometry.clone().unwrap();
    Drawn { report, measured, geometry, dicom: DicomSource::of(&series).unwrap().unwrap() }
}

/// How slices were prepared for the network: of no matter here, and it cannot be made by hand.
fn preprocessing() -> Preprocessing {
    let text = fs::read_to_string(fixture("report/drawn.report.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(report["preprocessing"].clone()).unwrap()
}
