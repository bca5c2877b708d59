//! A study's result as files for other tools.
//!
//! `fixtures/export/check.py` reads the files of the drawn chest, as single slices, with a tilted gantry and as Enhanced CT, with highdicom, pydicom and nibabel, runs `dciodvfy`,
//! compares them with the masks and numbers that numpy and scipy made, and then notes the files' SHA-256 in
//! `checked.json`. Here the same files must come out again.

#![allow(clippy::unwrap_used)]

mod drawn;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;
use lunglens::export::{
    DicomSource, ExportError, ExportFile, ExportFormat, ExportOptions, ExportStudy, export,
};
use lunglens::imaging::{DicomIdentity, Geometry, LossyCompression, Preprocessing};
use lunglens::intake::{NamedSource, catalogue};
use lunglens::report::{DeviceInfo, DeviceKind, Instance, ModelInfo, Software, Thresholds};
use lunglens::source::MemorySource;
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
fn read(source: &str) -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    files_below(&fixture(source), &mut paths);
    paths.iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

/// The files of a folder, measured.
fn draw_of(files: Vec<(String, Vec<u8>)>, every: usize, found: fn(usize) -> Vec<Instance>) -> Drawn {
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

/// Tag and value representation.
type Name = (u16, u16, &'static [u8; 2]);
const CHARACTER_SET: Name = (0x0008, 0x0005, b"CS");
const PATIENT_NAME: Name = (0x0010, 0x0010, b"PN");
const FRAME_OF_REFERENCE: Name = (0x0020, 0x0052, b"UI");
const LOSSY: Name = (0x0028, 0x2110, b"CS");
const LOSSY_RATIO: Name = (0x0028, 0x2112, b"DS");
const LOSSY_METHOD: Name = (0x0028, 0x2114, b"CS");

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The value of the first element of this name, which has a short one; none where it is not there.
fn value(bytes: &[u8], (group, element, vr): Name) -> Option<&[u8]> {
    let head = [&group.to_le_bytes()[..], &element.to_le_bytes(), vr].concat();
    let at = bytes.windows(head.len()).position(|part| part == head)?;
    Some(&bytes[at + 8..][..usize::from(u16_at(bytes, at + 6))])
}

/// Puts an element into an image, or takes it away. All before it have short values, as in the drawn ones.
fn put(bytes: &mut Vec<u8>, (group, element, vr): Name, value: Option<&[u8]>) {
    let meta = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    let mut at = 144 + meta;
    let end = |at| at + 8 + usize::from(u16_at(bytes, at + 6));
    let tag = |at| (u16_at(bytes, at), u16_at(bytes, at + 2));
    while tag(at) < (group, element) {
        at = end(at);
    }
    let end = if tag(at) == (group, element) { end(at) } else { at };
    let new = value.map(|value| {
        let value = padded(value);
        let length = (value.len() as u16).to_le_bytes();
        [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &length, &value].concat()
    });
    bytes.splice(at..end, new.unwrap_or_default());
}

fn padded(text: &[u8]) -> Vec<u8> {
    [text, if text.len() % 2 == 1 { b" " } else { b"" }].concat()
}

/// The files of the drawn chest's own slices, changed.
fn changed(change: impl Fn(&str, &mut Vec<u8>)) -> Vec<(String, Vec<u8>)> {
    let mut files = read(CHEST);
    files.retain(|(name, _)| name.contains("chest/a/") || name.contains("chest/b/"));
    assert_eq!(files.len(), 12);
    files.iter_mut().for_each(|(name, bytes)| change(name, bytes));
    files
}

#[test]
fn a_patient_is_named_in_the_bytes_of_the_images() {
    let japanese = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
    let korean =
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf";
    let cases: [(Option<&[u8]>, &[u8]); 9] = [
        (Some(b"\\ISO 2022 IR 87"), japanese),
        (Some(b"\\ISO 2022 IR 149"), korean),
        (Some(b"ISO_IR 148"), b"\xdeahin^Y\xfdld\xfdz"),
        // A backslash is half of a character.
        (Some(b"GB18030"), b"Wang^XiaoDong=\xcd\xf5^\xd5\x5c\xb6\xab"),
        (Some(b"ISO_IR 192"), "王^小東".as_bytes()),
        // What is wrong stays as wrong as it was.
        (Some(b"ISO_IR 192"), b"M\xfcller^Hans"),
        (Some(b"ISO_IR 999"), b"M\xfcller"),
        (None, b"M\xfcller"),
        (None, b"Drawn^Nobody"),
    ];
    for (set, name) in cases {
        let drawn = draw_of(
            changed(|_, bytes| {
                put(bytes, CHARACTER_SET, set);
                put(bytes, PATIENT_NAME, Some(name));
            }),
            1,
            |_| Vec::new(),
        );
        for format in [ExportFormat::Seg, ExportFormat::Sr] {
            let bytes = &drawn.write(format, false)[0].bytes;
            assert_eq!(value(bytes, CHARACTER_SET), set.map(padded).as_deref(), "{set:?}");
            assert_eq!(value(bytes, PATIENT_NAME), Some(padded(name).as_slice()), "{set:?}");
            let bytes = &drawn.write(format, true)[0].bytes;
            assert_eq!((value(bytes, CHARACTER_SET), value(bytes, PATIENT_NAME)), (None, Some(&b""[..])));
        }
    }
}

#[test]
fn a_segmentation_of_images_with_loss_says_so() {
    let lossy = |bytes: &[u8]| {
        [LOSSY, LOSSY_RATIO, LOSSY_METHOD]
            .map(|tag| value(bytes, tag).map(|value| String::from_utf8(value.into()).unwrap()))
    };
    let one_of_them = || {
        changed(|name, bytes| {
            if name.ends_with("05.dcm") {
                put(bytes, LOSSY, Some(b"01"));
                put(bytes, LOSSY_RATIO, Some(b"12.5"));
                put(bytes, LOSSY_METHOD, Some(b"ISO_15444_1"));
            } else {
                put(bytes, LOSSY, Some(b"00"));
            }
        })
    };
    let told = |values: [&str; 3]| values.map(|value| Some(value.to_owned()));
    let drawn = draw_of(one_of_them(), 1, instances);
    assert_eq!(drawn.dicom.lossy.len(), 1);
    let index = *drawn.dicom.lossy.keys().next().unwrap();
    let seg = |drawn: &Drawn| lossy(&drawn.write(ExportFormat::Seg, false)[0].bytes);
    assert_eq!(seg(&drawn), told(["01", "12.5", "ISO_15444_1 "]));
    // Only what was read counts.
    assert_eq!(index % 2, 1);
    assert_eq!(seg(&draw_of(one_of_them(), 2, instances)), [Some("00".to_owned()), None, None]);

    // The one that tells most speaks for all; what nobody tells is left out.
    let mut drawn = draw(CHEST, 1, instances);
    assert_eq!(seg(&drawn), [Some("00".to_owned()), None, None]);
    drawn.dicom.lossy.insert(2, LossyCompression::default());
    assert_eq!(seg(&drawn), [Some("01".to_owned()), None, None]);
    let loss =
        |ratio: &str| LossyCompression { ratio: Some(ratio.into()), method: Some("ISO_10918_1".into()) };
    drawn.dicom.lossy.extend([(4, loss("20")), (5, loss("30"))]);
    assert_eq!(seg(&drawn), told(["01", "20", "ISO_10918_1 "]));
}

#[test]
fn images_without_uids_have_no_dicom_results() {
    let files = changed(|_, bytes| put(bytes, FRAME_OF_REFERENCE, None));
    let drawn = draw_of(files, 1, |_| Vec::new());
    let no = |format, uid| Some(ExportError::NoUid { format, uid });
    let frame = no(ExportFormat::Seg, "FrameOfReferenceUID");
    assert_eq!(ExportFormat::Seg.unavailable(Some(&drawn.dicom)), frame);
    assert!(frame.unwrap().to_string().contains("they have no FrameOfReferenceUID"));
    assert_eq!(ExportFormat::Sr.unavailable(Some(&drawn.dicom)), None);
    assert_eq!(drawn.write(ExportFormat::Sr, false).len(), 1);

    let whole = draw(CHEST, 1, |_| Vec::new());
    type Clear = fn(&mut DicomSource);
    let without: [(&str, Clear); 4] = [
        ("StudyInstanceUID", |dicom| dicom.study_uid.clear()),
        ("SeriesInstanceUID", |dicom| dicom.series_uid.clear()),
        ("SOPClassUID", |dicom| dicom.instances[7].sop_class_uid.clear()),
        ("SOPInstanceUID", |dicom| dicom.instances[11].sop_instance_uid.clear()),
    ];
    let options = ExportOptions { deidentify_dicom: true, created_unix_s: 0 };
    for (uid, clear) in without {
        let mut dicom = whole.dicom.clone();
        clear(&mut dicom);
        let study = ExportStudy { dicom: Some(&dicom), ..whole.study() };
        for format in ExportFormat::ALL {
            let expected =
                matches!(format, ExportFormat::Seg | ExportFormat::Sr).then(|| no(format, uid).unwrap());
            assert_eq!(format.unavailable(Some(&dicom)), expected);
            assert_eq!(export(format, &study, &options).err(), expected);
        }
    }
}
