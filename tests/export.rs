//! A study's result as files for other tools.
//!
//! `fixtures/export/check.py` reads the files of the drawn chest, as single slices, with a tilted gantry and as Enhanced CT, with highdicom, pydicom and nibabel, runs `dciodvfy`,
//! compares them with the masks and numbers that numpy and scipy made, and then notes the files' SHA-256 in
//! `checked.json`. Here the same files must come out again.

#![allow(clippy::unwrap_used)]

mod drawn;

use std::fs;
use std::path::{Path, PathBuf};

use lunglens::export::{
    DicomSource, ExportError, ExportFile, ExportFormat, ExportOptions, ExportStudy, export,
};
use lunglens::imaging::{DicomIdentity, Geometry, Preprocessing};
use lunglens::intake::{NamedSource, catalogue};
use lunglens::report::{DeviceInfo, DeviceKind, Instance, ModelInfo, Software, Thresholds};
use lunglens::source::FileSource;
use lunglens::study::{Measured, StudyBuilder, StudyParts, StudyReport, build_report};
use serde_json::Value;
use sha2::{Digest, Sha256};

use drawn::instances;

const CHEST: &str = "study/chest";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The drawn chest, measured.
struct Drawn {
    report: StudyReport,
    measured: Measured,
    geometry: Geometry,
    dicom: DicomSource,
}

impl Drawn {
    fn study(&self) -> ExportStudy<'_> {
        ExportStudy {
            report: &self.report,
            measured: &self.measured,
            geometry: Some(&self.geometry),
            grid: None,
            dicom: Some(&self.dicom),
        }
    }

    fn write(&self, format: ExportFormat, deidentify_dicom: bool) -> Vec<ExportFile> {
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

fn draw(source: &str, every: usize, found: fn(usize) -> Vec<Instance>) -> Drawn {
    let mut paths = Vec::new();
    files_below(&fixture(source), &mut paths);
    let files = paths
        .iter()
        .map(|path| NamedSource::new(path.display().to_string(), FileSource::open(path).unwrap()));
    let series = catalogue(files.collect(), &mut |_| {}, &|| false).unwrap().open_recommended().unwrap();
    let plan = series.plan().unwrap();
    let mut builder = StudyBuilder::new(plan, every, 25.0).unwrap();
    for (index, _) in builder.to_read().to_vec() {
        builder.add(&series.slice(index).unwrap(), &found(index)).unwrap();
    }
    let measured = builder.finish(|index| series.slice(index)).unwrap();
    let mut report = build_report(StudyParts {
        plan,
        set_aside: &[],
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
    let read = DicomSource::of(&series).unwrap().unwrap();
    assert_eq!(
        (read.identity.patient_name.as_str(), read.identity.patient_id.as_str()),
        ("Drawn^Nobody", "nobody")
    );
    // More than the drawn files say, so that all of it is seen to arrive or to be left out.
    let identity = DicomIdentity {
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
    let geometry = plan.geometry.clone().unwrap();
    let dicom = DicomSource { identity, ..read };
    Drawn { report, measured, geometry, dicom }
}

/// How slices were prepared for the network: of no matter here, and it cannot be made by hand.
fn preprocessing() -> Preprocessing {
    let text = fs::read_to_string(fixture("report/drawn.report.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(report["preprocessing"].clone()).unwrap()
}

/// Every file of the drawn chest by name: of all slices, of every second, and without the patient; and of its other series.
fn all_files() -> Vec<ExportFile> {
    let (whole, half) = (draw(CHEST, 1, instances), draw(CHEST, 2, instances));
    let nothing = draw(CHEST, 1, |_| Vec::new());
    let tilted = draw("export/tilted", 1, instances);
    let enhanced = draw("export/enhanced", 1, instances);
    let enhanced_half = draw("export/enhanced", 2, instances);
    let named = |prefix: &str, files: Vec<ExportFile>| -> Vec<ExportFile> {
        files.into_iter().map(|file| ExportFile { name: format!("{prefix}-{}", file.name), ..file }).collect()
    };
    let mut all = Vec::new();
    for format in [ExportFormat::Nifti, ExportFormat::Seg, ExportFormat::Sr, ExportFormat::Pdf] {
        all.extend(named("whole", whole.write(format, false)));
        all.extend(named("half", half.write(format, false)));
        all.extend(named("nothing", nothing.write(format, false)));
        all.extend(named("nobody", whole.write(format, true)));
        if format != ExportFormat::Pdf {
            all.extend(named("tilted", tilted.write(format, false)));
            all.extend(named("enhanced", enhanced.write(format, false)));
            all.extend(named("enhancedhalf", enhanced_half.write(format, false)));
        }
    }
    all
}

#[test]
fn files_are_those_that_other_tools_have_read() {
    let files = all_files();
    if let Some(folder) = std::env::var_os("LUNGLENS_EXPORT_DIR") {
        for file in &files {
            fs::write(Path::new(&folder).join(&file.name), &file.bytes).unwrap();
        }
    }
    let text = fs::read_to_string(fixture("export/checked.json")).unwrap();
    let checked: std::collections::BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    let found: std::collections::BTreeMap<String, String> = files
        .iter()
        .map(|file| {
            (file.name.clone(), Sha256::digest(&file.bytes).iter().map(|b| format!("{b:02x}")).collect())
        })
        .collect();
    assert_eq!(
        found, checked,
        "read the files with fixtures/export/check.py, which notes them when they are right"
    );
}

#[test]
fn only_dicom_studies_have_dicom_results() {
    let drawn = draw(CHEST, 1, instances);
    let study = ExportStudy { dicom: None, ..drawn.study() };
    let options = ExportOptions { deidentify_dicom: false, created_unix_s: 0 };
    for format in [ExportFormat::Seg, ExportFormat::Sr] {
        let error = export(format, &study, &options).unwrap_err();
        assert_eq!(error, ExportError::NotDicom(format));
        assert!(error.to_string().contains("did not come as DICOM"), "{error}");
    }
    assert_eq!(export(ExportFormat::Nifti, &study, &options).unwrap().len(), 1);
}

#[test]
fn nobody_is_named_in_what_is_not_dicom() {
    let drawn = draw(CHEST, 1, instances);
    for format in ExportFormat::ALL {
        let deidentify = matches!(format, ExportFormat::Seg | ExportFormat::Sr);
        for file in drawn.write(format, deidentify) {
            for secret in ["nne", "nobody", "19700131", "20200401", "101112", "Nobody"] {
                let found = file.bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{secret} in {}", file.name);
            }
        }
    }
}

#[test]
fn parts_of_different_studies_are_refused() {
    let drawn = draw(CHEST, 1, instances);
    let mut fewer = drawn.dicom.clone();
    fewer.instances.pop();
    let options = ExportOptions { deidentify_dicom: false, created_unix_s: 0 };
    let study = ExportStudy { dicom: Some(&fewer), ..drawn.study() };
    for format in [ExportFormat::Seg, ExportFormat::Sr] {
        let error = export(format, &study, &options).unwrap_err();
        assert!(error.to_string().contains("11 images for 12 slices"), "{error}");
    }
    let wide = Geometry { columns: 65, ..drawn.geometry.clone() };
    let study = ExportStudy { geometry: Some(&wide), ..drawn.study() };
    for format in [ExportFormat::Nifti, ExportFormat::Seg] {
        assert!(matches!(export(format, &study, &options), Err(ExportError::Mask { .. })));
    }
}
