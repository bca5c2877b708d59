//! A study's result as files for other tools.
//!
//! `fixtures/export/check.py` reads the files of the drawn chest, as single slices, with a tilted gantry and as Enhanced CT, with highdicom, pydicom and nibabel, runs `dciodvfy`,
//! compares them with the masks and numbers that numpy and scipy made, and then notes the files' SHA-256 in
//! `checked.json`. Here the same files must come out again.

#![allow(clippy::unwrap_used)]

mod chest;
#[path = "../drawn/mod.rs"]
mod drawn;
mod images;

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::ZlibDecoder;
use lunglens::export::{ExportError, ExportFile, ExportFormat, ExportOptions, ExportStudy, export};
use lunglens::imaging::Geometry;
use sha2::{Digest, Sha256};

use chest::{CHEST, Drawn, draw, fixture};
use drawn::instances;

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
fn a_pdf_says_that_another_series_goes_on() {
    let mut drawn = draw(CHEST, 1, instances);
    let says = |drawn: &Drawn| {
        let pdf = &drawn.write(ExportFormat::Pdf, false)[0].bytes;
        let streams = (0..pdf.len()).filter(|&at| pdf[at..].starts_with(b"\nstream\n"));
        let texts = streams.filter_map(|at| {
            let mut text = Vec::new();
            ZlibDecoder::new(&pdf[at + 8..]).read_to_end(&mut text).ok()?;
            Some(text)
        });
        let sought = b"Perhaps only a part of the scan: another series goes on";
        let mut texts = texts.collect::<Vec<_>>();
        assert!(!texts.is_empty());
        texts.push(pdf.clone());
        texts.iter().any(|text| text.windows(sought.len()).any(|window| window == sought))
    };
    assert!(!says(&drawn));
    drawn.report.series.continued_by = 1;
    assert!(says(&drawn));
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
