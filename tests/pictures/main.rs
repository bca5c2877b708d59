//! Stacks of pictures and volumes of grey levels as studies: what can be measured of them, and what is said to be lacking.
//!
//! The pictures are drawn of the chest of `fixtures/study`, so numpy and scipy have measured its masks (`expected.json`).

#![allow(clippy::unwrap_used)]

mod chest;
#[path = "../drawn/mod.rs"]
mod drawn;
mod series;

use std::fs;
use std::path::Path;

use image::ImageFormat;
use lunglens::export::{ExportFormat, ExportOptions, ExportStudy, export};
use lunglens::intake::SeriesKind;
use lunglens::study::{Lacking, slices_csv};
use serde_json::Value;

use chest::{COUNT, SIDE, expected, file, find, masks, measure, nifti, report, stack};

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
