//! Stacks of pictures and volumes of grey levels as studies: what can be measured of them, and what is said to be lacking.
//!
//! The pictures are drawn of the chest of `fixtures/study`, so numpy and scipy have measured its masks (`expected.json`).

#![allow(clippy::unwrap_used)]

mod drawn;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{GrayImage, ImageFormat};
use lunglens::export::{ExportFormat, ExportOptions, ExportStudy, export};
use lunglens::imaging::{Preprocessing, picture_size};
use lunglens::intake::{Catalogue, IntakeError, NamedSource, OpenSeries, SeriesKind, catalogue};
use lunglens::report::{DeviceInfo, DeviceKind, ModelInfo, Thresholds};
use lunglens::source::MemorySource;
use lunglens::study::{
    Differing, Lacking, Measured, Reason, SetAside, StudyBuilder, StudyError, StudyParts, StudyReport,
    build_report, slices_csv,
};
use serde_json::Value;

use drawn::instances;

const SIDE: usize = 64;
const COUNT: usize = 12;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn masks() -> Vec<u8> {
    fs::read(fixture("study/masks.bin")).unwrap()
}

/// Grey levels of a slice: dark lung, brighter lesion, bright rest, with a ramp so that they are no labels.
fn grey(index: usize) -> Vec<u8> {
    let level = |(at, &bits): (usize, &u8)| match (bits & 3, bits & 4) {
        (0, _) => 180 + (at % SIDE / 4) as u8,
        (_, 0) => 30 + (at % SIDE / 4) as u8,
        _ => 100,
    };
    masks()[index * SIDE * SIDE..(index + 1) * SIDE * SIDE].iter().enumerate().map(level).collect()
}

fn picture(index: usize, format: ImageFormat) -> Vec<u8> {
    let drawn = GrayImage::from_raw(SIDE as u32, SIDE as u32, grey(index)).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    drawn.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn file(name: &str, bytes: Vec<u8>) -> NamedSource {
    NamedSource::new(name, MemorySource::new(bytes))
}

fn find(files: Vec<NamedSource>) -> Catalogue {
    catalogue(files, &mut |_| {}, &|| false).unwrap()
}

/// The chest as pictures, numbered from 1 without leading zeros, in the order in which a computer sorts the names.
fn stack(format: ImageFormat) -> Vec<NamedSource> {
    let ending = format.extensions_str()[0];
    let mut files: Vec<NamedSource> = (0..COUNT)
        .map(|index| file(&format!("case/slice {}.{ending}", index + 1), picture(index, format)))
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn measure(series: &OpenSeries) -> Measured {
    let mut builder = StudyBuilder::new(series.plan().unwrap(), 1, 25.0).unwrap();
    for (index, _) in builder.to_read().to_vec() {
        builder.add(&series.slice(index).unwrap(), &instances(index), false).unwrap();
    }
    builder.finish(|index| series.slice(index)).unwrap()
}

fn report(series: &OpenSeries, measured: &Measured) -> StudyReport {
    report_beside(series, measured, &[])
}

fn report_beside(series: &OpenSeries, measured: &Measured, set_aside: &[SetAside]) -> StudyReport {
    let text = fs::read_to_string(fixture("report/drawn.report.json")).unwrap();
    let drawn: Value = serde_json::from_str(&text).unwrap();
    let preprocessing: Preprocessing = serde_json::from_value(drawn["preprocessing"].clone()).unwrap();
    build_report(StudyParts {
        plan: series.plan().unwrap(),
        set_aside,
        continued_by: 0,
        every: 1,
        keep_ids: false,
        measured,
        model: ModelInfo {
            id: "r50".into(),
            backbone: "resnet50".into(),
            sha256: "0".repeat(64),
            input_size: 320,
        },
        devices: vec![DeviceInfo { kind: DeviceKind::Cpu, name: "CPU".into(), backend: "flex".into() }],
        thresholds: Thresholds { score: 0.5, mask: 0.5, alarming_from_percent: 25.0 },
        preprocessing,
    })
}

fn expected() -> Value {
    let all: Value =
        serde_json::from_str(&fs::read_to_string(fixture("study/expected.json")).unwrap()).unwrap();
    all["1"].clone()
}

/// A NIfTI-1 file of the grey chest, 0.75 x 0.8 x 5 mm. With a code the affine says that rows run to the patient's left and
/// columns to the back.
fn nifti(code: i16) -> Vec<u8> {
    let mut bytes = vec![0u8; 352];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &348i32.to_le_bytes());
    for (at, value) in [3i16, SIDE as i16, SIDE as i16, COUNT as i16, 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * at, &value.to_le_bytes());
    }
    put(70, &2i16.to_le_bytes());
    put(72, &8i16.to_le_bytes());
    for (at, value) in [1.0f32, 0.75, 0.8, 5.0].into_iter().enumerate() {
        put(76 + 4 * at, &value.to_le_bytes());
    }
    put(108, &352f32.to_le_bytes());
    put(123, &[2]);
    put(254, &code.to_le_bytes());
    for (row, values) in
        [[-0.75f32, 0.0, 0.0, 24.0], [0.0, -0.8, 0.0, 25.6], [0.0, 0.0, 5.0, -100.0]].iter().enumerate()
    {
        for (column, value) in values.iter().enumerate() {
            put(280 + 16 * row + 4 * column, &value.to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    (0..COUNT).for_each(|index| bytes.extend(grey(index)));
    bytes
}

#[test]
fn a_stack_of_pictures_is_measured_in_the_order_in_which_people_count() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp] {
        let found = find(stack(format));
        let chosen = &found.series()[found.recommended().unwrap()];
        assert_eq!((chosen.kind, chosen.slices, chosen.size), (SeriesKind::Stack, COUNT, Some([SIDE, SIDE])));
        let series = found.open_recommended().unwrap();
        let names: Vec<&str> = (0..COUNT).map(|index| series.file_name(index)).collect();
        assert!(names[1].starts_with("case/slice 2.") && names[9].starts_with("case/slice 10."), "{names:?}");

        let (measured, expected) = (measure(&series), expected());
        let assessment = &measured.assessment;
        for (part, name) in
            [(assessment.lungs, "lungs"), (assessment.left, "left"), (assessment.right, "right")]
        {
            assert_eq!(part.lung_voxels, expected[name]["lung_voxels"].as_u64().unwrap(), "{name}");
            assert_eq!(part.lesion_voxels, expected[name]["lesion_voxels"].as_u64().unwrap(), "{name}");
            let percent = expected[name]["percent"].as_f64().unwrap();
            assert!((part.percent.unwrap() - percent).abs() < 1e-9, "{name}");
            assert_eq!((part.lung_ml, part.lesion_ml), (None, None));
        }
        assert_eq!(assessment.mosmed.unwrap().to_string(), "CT-2");
        assert_eq!(assessment.finding.to_string(), "Alarming");
        assert!(assessment.side_assumed && assessment.zones.is_empty());
        assert_eq!(
            (assessment.ct_severity_score, assessment.mean_hu, assessment.composition),
            (None, None, None)
        );
        let voxels: Vec<u64> = measured.lesions.iter().map(|lesion| lesion.voxels).collect();
        let wanted: Vec<u64> = expected["lesions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["voxels"].as_u64().unwrap())
            .collect();
        assert_eq!(voxels, wanted);
        assert!(measured.lesions.iter().all(|lesion| lesion.mean_hu().is_none()));
        assert_eq!(measured.lacking, [Lacking::Volumes, Lacking::Densities, Lacking::Zones]);
    }
}

#[test]
fn what_is_lacking_is_said_in_every_form_and_no_figure_made_up() {
    let series = find(stack(ImageFormat::Png)).open_recommended().unwrap();
    let measured = measure(&series);
    let report = report(&series, &measured);
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    for (place, what) in [
        ("/series/pixel_spacing_mm", "spacing"),
        ("/series/slice_spacing_mm", "spacing"),
        ("/series/step_mm", "step"),
        ("/series/lowest_mm", "place"),
        ("/assessment/lungs/lung_ml", "volume"),
        ("/assessment/left/lesion_ml", "volume"),
        ("/assessment/ct_severity_score", "score"),
        ("/assessment/mean_hu", "density"),
        ("/assessment/composition", "density"),
        ("/lesions/0/volume_ml", "volume"),
        ("/lesions/0/mean_hu", "density"),
        ("/lesions/0/composition", "density"),
        ("/slices/0/z_mm", "place"),
    ] {
        assert_eq!(json.pointer(place), Some(&Value::Null), "{what}: {place}");
    }
    let lacking: Vec<&str> =
        json["not_measured"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(lacking, ["volumes", "densities", "zones"]);
    assert!(report.lacks(Lacking::Volumes).unwrap().contains("how large their pixels are"));

    let csv = slices_csv(&report);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("index,instance_number,z_mm,lung_pixels,lesion_pixels,percent,remark"));
    let first = lines.next().unwrap();
    assert!(first.starts_with("0,,,") && first.contains("\"no z_mm: The pictures do not say"), "{first}");

    let study = ExportStudy {
        report: &report,
        measured: &measured,
        geometry: series.geometry(),
        grid: series.grid(),
        dicom: None,
    };
    let options = ExportOptions { deidentify_dicom: false, created_unix_s: 0 };
    for format in [ExportFormat::Seg, ExportFormat::Sr] {
        let error = export(format, &study, &options).unwrap_err().to_string();
        assert!(error.contains("did not come as DICOM"), "{error}");
    }
    assert_eq!(export(ExportFormat::Pdf, &study, &options).unwrap().len(), 1);
    if let Some(folder) = std::env::var_os("LUNGLENS_EXPORT_DIR") {
        for format in [ExportFormat::Pdf, ExportFormat::Nifti] {
            for file in export(format, &study, &options).unwrap() {
                fs::write(Path::new(&folder).join(format!("pictures-{}", file.name)), file.bytes).unwrap();
            }
        }
    }
}

/// The label map as nibabel reads it: size, voxel sizes, unit and codes at the places that the standard names.
#[test]
fn the_label_map_of_pictures_says_that_sizes_are_unknown() {
    let series = find(stack(ImageFormat::Png)).open_recommended().unwrap();
    let measured = measure(&series);
    let report = report(&series, &measured);
    let study = ExportStudy {
        report: &report,
        measured: &measured,
        geometry: None,
        grid: series.grid(),
        dicom: None,
    };
    let options = ExportOptions { deidentify_dicom: false, created_unix_s: 0 };
    let packed = export(ExportFormat::Nifti, &study, &options).unwrap().remove(0).bytes;
    let mut map = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut map).unwrap();
    let short = |at: usize| i16::from_le_bytes([map[at], map[at + 1]]);
    assert_eq!([short(40), short(42), short(44), short(46)], [3, 64, 64, 12]);
    assert_eq!((map[123], short(252), short(254)), (0, 0, 0), "unit, qform and sform are unknown");
    assert!(String::from_utf8_lossy(&map[148..228]).contains("Size of voxels unknown"));
    let labels = &map[352..];
    for (at, (&label, &bits)) in labels.iter().zip(&masks()).enumerate() {
        let wanted = match bits {
            5..=7 => 1,
            2 => 2,
            1 => 3,
            _ => 0,
        };
        assert_eq!(label, wanted, "voxel {at}");
    }
}

#[test]
fn a_volume_in_grey_levels_has_volumes_and_no_densities() {
    let series = find(vec![file("grey.nii", nifti(1))]).open_recommended().unwrap();
    let measured = measure(&series);
    assert_eq!(measured.lacking, [Lacking::Densities]);
    let (assessment, expected) = (&measured.assessment, expected());
    let ml = assessment.lungs.lung_ml.unwrap();
    assert!((ml - expected["lungs"]["lung_ml"].as_f64().unwrap()).abs() < 1e-4, "{ml}");
    assert_eq!(assessment.left.lung_voxels, expected["left"]["lung_voxels"].as_u64().unwrap());
    let scores: Vec<u64> = assessment.zones.iter().map(|zone| u64::from(zone.score.unwrap())).collect();
    let wanted: Vec<u64> =
        expected["zones"].as_array().unwrap().iter().map(|zone| zone["score"].as_u64().unwrap()).collect();
    assert_eq!(scores, wanted);
    assert_eq!((assessment.mean_hu, assessment.composition, assessment.side_assumed), (None, None, false));
}

#[test]
fn a_volume_that_does_not_say_how_it_lies_has_no_zones() {
    let series = find(vec![file("grey.nii", nifti(0))]).open_recommended().unwrap();
    let measured = measure(&series);
    assert_eq!(measured.lacking, [Lacking::Densities, Lacking::Zones]);
    let assessment = &measured.assessment;
    assert!(assessment.side_assumed && assessment.lungs.lung_ml.is_some());
    assert_eq!((assessment.zones.len(), assessment.ct_severity_score), (0, None));
}

#[test]
fn pictures_of_different_sizes_are_refused_by_name() {
    let mut files = stack(ImageFormat::Png);
    let wide = GrayImage::new(80, 64);
    let mut bytes = Cursor::new(Vec::new());
    wide.write_to(&mut bytes, ImageFormat::Png).unwrap();
    files.push(file("case/slice 5 copy.png", bytes.into_inner()));
    let found = find(files);
    assert!(
        found.series()[0]
            .problem
            .as_ref()
            .unwrap()
            .to_string()
            .contains("80 x 64 pixels in slice 5 copy.png")
    );
    let error = found.open_recommended().unwrap_err();
    assert!(matches!(error, IntakeError::Study(StudyError::Mixed { what: Differing::Size, .. })), "{error}");
    // They can be looked at.
    assert!(found.open_to_look(0).unwrap().plan().is_none());
}

#[test]
fn pictures_beside_dicom_are_another_series() {
    let slices = (0..5).map(|k| {
        file(&format!("case/{k}.dcm"), fs::read(fixture(&format!("study/reversed/{k}.dcm"))).unwrap())
    });
    let found = find(stack(ImageFormat::Png).into_iter().chain(slices).collect());
    let kinds: Vec<(SeriesKind, usize)> = found.series().iter().map(|one| (one.kind, one.slices)).collect();
    assert_eq!(kinds, [(SeriesKind::Dicom, 5), (SeriesKind::Stack, COUNT)]);
    assert_eq!(found.recommended(), Some(0));
    assert_eq!(
        measure(&found.open(1).unwrap()).lesions.len(),
        expected()["lesions"].as_array().unwrap().len()
    );
}

#[test]
fn of_several_stacks_none_is_taken_unasked() {
    let other = stack(ImageFormat::Png)
        .into_iter()
        .map(|one| NamedSource { name: one.name.replace("case/", "masks.zip > "), source: one.source });
    let found = find(stack(ImageFormat::Png).into_iter().chain(other).collect());
    let labels: Vec<&str> = found.series().iter().map(|one| one.label.as_str()).collect();
    assert_eq!((labels, found.recommended()), (vec!["case", "masks.zip"], None));
    assert_eq!(found.open_recommended().unwrap_err(), IntakeError::Several { stacks: 2 });
    assert_eq!(found.open(1).unwrap().len(), COUNT);

    // One beside a single picture is taken; single pictures are no series.
    let single = file("cover.png", picture(0, ImageFormat::Png));
    let found = find(stack(ImageFormat::Png).into_iter().chain([single.clone()]).collect());
    assert_eq!(found.recommended(), Some(0));
    assert_eq!(found.series()[1].reason, Some(Reason::SinglePicture));
    let found = find(vec![single.clone(), file("back.png", picture(1, ImageFormat::Png))]);
    let error = found.open_recommended().unwrap_err().to_string();
    assert!(error.contains("2 files: a single picture"), "{error}");
    let alone = find(vec![single]).open_recommended().unwrap();
    let error = StudyBuilder::new(alone.plan().unwrap(), 1, 25.0).unwrap_err();
    assert!(error.to_string().contains("has 1 slice to read"), "{error}");
}

#[test]
fn photos_that_are_not_read_are_named() {
    let heic = file("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and more".to_vec());
    let error = find(vec![heic]).open_recommended().unwrap_err().to_string();
    let says = "1 file: a HEIC photo (share it as JPEG), which LungLens does not read";
    assert!(error.contains(says), "{error}");
}

#[test]
fn sizes_of_pictures_are_read_from_their_headers() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp] {
        let bytes = picture(0, format);
        assert_eq!(picture_size(&bytes), Some([SIDE, SIDE]));
        for end in 0..bytes.len().min(700) {
            let _ = picture_size(&bytes[..end]);
        }
    }
    let progressive = fs::read(fixture("imaging/pictures/grey8.png")).unwrap();
    let slice = lunglens::imaging::decode(&progressive).unwrap();
    assert_eq!(picture_size(&progressive), Some([slice.rows, slice.columns]));
    assert_eq!(picture_size(b"no picture"), None);
}

#[test]
fn no_name_of_a_file_reaches_the_report() {
    // Pictures of two sizes, headers whose voxels are elsewhere, or whose values are free texts.
    let small = picture(0, ImageFormat::Png);
    let mut large = Cursor::new(Vec::new());
    GrayImage::new(SIDE as u32, 80).write_to(&mut large, ImageFormat::Png).unwrap();
    let mut files: Vec<NamedSource> = [small.clone(), small, large.into_inner()]
        .into_iter()
        .enumerate()
        .map(|(index, bytes)| file(&format!("shots/MUELLER_{index}.png"), bytes))
        .collect();
    for text in
        ["data file: MUELLER.raw\n", "MUELLER\n", "sizes: MUELLER\n", "sizes: 4 4 4\ndimension: MUELLER\n"]
    {
        files.push(file("MUELLER.nhdr", format!("NRRD0004\n{text}\n").into_bytes()));
    }
    let mut other = fs::read(fixture("study/reversed/0.dcm")).unwrap();
    let modality = other.windows(10).position(|window| window == b"\x08\0\x60\0\x02\0\0\0CT").unwrap();
    other.splice(modality + 4..modality + 10, *b"\x08\0\0\0MUELLER ");
    files.push(file("other.dcm", other));
    files.push(file("chest.nii", nifti(1)));
    let found = find(files);
    let chosen = found.recommended().unwrap();
    let series = found.open(chosen).unwrap();
    assert_eq!(series.file_name(0), "chest.nii");
    let set_aside = found.set_aside(chosen);
    let told = set_aside.iter().filter(|one| one.reason.to_string().contains("MUELLER")).count();
    assert_eq!((told, set_aside.len()), (6, 6), "at the screen all is told");
    let report = report_beside(&series, &measure(&series), &set_aside);
    assert!(!report.to_json().contains("MUELLER"), "{:?}", report.set_aside);
    let mut reasons: Vec<&str> = report.set_aside.iter().map(|one| one.reason.as_str()).collect();
    reasons.dedup();
    assert_eq!(reasons, ["a series that cannot be measured", "another modality, not CT"]);
}
