//! Studies: which series is chosen, its order, and measurements against numpy and scipy (`fixtures/study`).

#![allow(clippy::unwrap_used)]

mod drawn;

use std::fs;
use std::path::{Path, PathBuf};

use lunglens::imaging::read_dicom_header;
use lunglens::intake::{Catalogue, IntakeError, NamedSource, OpenSeries, catalogue};
use lunglens::report::Instance;
use lunglens::severity::Finding;
use lunglens::source::{FileSource, MemorySource};
use lunglens::study::{Differing, Measured, Reason, SeriesPlan, SetAside, Side, StudyBuilder, StudyError};
use serde_json::Value;

use drawn::instances;

const SIDE: usize = 64;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/study").join(name)
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// The series of a fixture.
fn scan(name: &str) -> Catalogue {
    let mut paths = Vec::new();
    files_below(&fixture(name), &mut paths);
    let files = paths
        .iter()
        .map(|path| NamedSource::new(path.display().to_string(), FileSource::open(path).unwrap()));
    catalogue(files.collect(), &mut |_| {}, &|| false).unwrap()
}

fn open(name: &str) -> OpenSeries {
    scan(name).open_recommended().unwrap()
}

fn plan(name: &str) -> Result<SeriesPlan, IntakeError> {
    Ok(scan(name).open_recommended()?.plan().unwrap().clone())
}

/// The drawn chest, measured.
fn measure(every: usize) -> Measured {
    let series = open("chest");
    let mut builder = StudyBuilder::new(series.plan().unwrap(), every, 25.0).unwrap();
    for (index, _) in builder.to_read().to_vec() {
        builder.add(&series.slice(index).unwrap(), &instances(index), false).unwrap();
    }
    builder.finish(|index| series.slice(index)).unwrap()
}

fn close(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} is not {expected}");
}

#[test]
fn the_chest_series_is_chosen_and_the_rest_set_aside_with_reasons() {
    let found = scan("chest");
    let chosen = found.recommended().unwrap();
    assert_eq!(found.series()[chosen].slices, 12);
    let mut reasons: Vec<(String, usize)> =
        found.set_aside(chosen).iter().map(|one| (one.reason.to_string(), one.files)).collect();
    reasons.sort();
    let expected = [
        ("a copy of another file", 1),
        ("a localiser", 1),
        ("another CT series, with no more slices", 3),
        ("modality MR, not CT", 1),
        ("no format that LungLens reads", 1),
        ("not axial", 1),
    ];
    assert_eq!(reasons, expected.map(|(reason, files)| (reason.to_owned(), files)));
}

#[test]
fn slices_are_ordered_by_position_whatever_names_and_numbers_say() {
    let plan = plan("chest").unwrap();
    let heights: Vec<f64> = plan.slices.iter().filter_map(|slice| slice.height_mm).collect();
    let expected: Vec<f64> = (0..12).map(|k| -100.0 + 5.0 * f64::from(k)).collect();
    assert_eq!(heights, expected);
    let numbers: Vec<i64> = plan.slices.iter().filter_map(|slice| slice.instance_number).collect();
    assert_eq!(numbers, (1..=12).rev().collect::<Vec<_>>());
    // The spacing is by positions: the files say a thickness of 6 mm.
    assert_eq!((plan.geometry.as_ref().unwrap().slice_spacing_mm, plan.slice_thickness_mm), (5.0, Some(6.0)));
    let grid = plan.geometry.as_ref().unwrap();
    assert_eq!((grid.rows, grid.columns, grid.pixel_spacing_mm), (SIDE, SIDE, [0.8, 0.75]));
}

#[test]
fn a_series_whose_normal_points_to_the_feet_is_ordered_towards_the_head() {
    let plan = plan("reversed").unwrap();
    let heights: Vec<f64> = plan.slices.iter().filter_map(|slice| slice.height_mm).collect();
    assert_eq!(heights, [0.0, 2.0, 4.0, 6.0, 8.0]);
    assert_eq!(plan.slices[0].instance_number, Some(5));
}

#[test]
fn what_cannot_be_measured_is_refused_with_the_reason() {
    let refused = |name: &str| match plan(name).unwrap_err() {
        IntakeError::Study(error) => error,
        other => panic!("{name}: {other}"),
    };
    let gap = refused("gap");
    assert_eq!(gap, StudyError::Gap { from_mm: 4.0, to_mm: 8.0, step_mm: 4.0, spacing_mm: 2.0 });
    assert_eq!(refused("duplicate"), StudyError::Duplicate { height_mm: 2.0, places: 1 });
    assert!(
        refused("sizes").to_string().contains("16 x 16 pixels and 16 x 8 pixels"),
        "{}",
        refused("sizes")
    );
    assert!(matches!(refused("spacing"), StudyError::Mixed { what: Differing::PixelSpacing, .. }));
    assert!(matches!(refused("two-scans"), StudyError::Mixed { what: Differing::FrameOfReference, .. }));
    assert!(matches!(refused("unplaced"), StudyError::NoGeometry { files: 1, of: 4, .. }));
    assert_eq!(refused("frames"), StudyError::MultiFrame { frames: 12 });
    let text = vec![NamedSource::new("notes.txt", MemorySource::new(b"no image".to_vec()))];
    let none = catalogue(text, &mut |_| {}, &|| false).unwrap().open_recommended().unwrap_err();
    let set_aside = vec![SetAside { series_uid: None, reason: Reason::Unknown, files: 1 }];
    assert_eq!(none, IntakeError::Study(StudyError::NoSeries { set_aside }));
    let words = "There is no axial CT series here: 1 file: no format that LungLens reads.";
    assert_eq!(none.to_string(), words);
}

#[test]
fn a_tilted_gantry_keeps_its_places_and_volumes() {
    let plan = plan("tilt").unwrap();
    let grid = plan.geometry.as_ref().unwrap();
    let [x, y, z] = grid.slice_step_mm;
    let step = (x * x + y * y + z * z).sqrt();
    let tilt = (grid.slice_spacing_mm / step).acos().to_degrees();
    assert!((tilt - 12.0).abs() < 0.01, "{tilt}");
    assert!(
        (grid.shear_pixels()[0].abs() * grid.pixel_spacing_mm[0] - step * 12f64.to_radians().sin()).abs()
            < 0.01
    );
}

#[test]
fn what_only_informs_may_be_missing() {
    let plan = plan("odd").unwrap();
    assert_eq!(
        plan.header.series_description.as_deref().map(|text| text.starts_with("Thorax Gr")),
        Some(true)
    );
    assert_eq!((plan.slices[0].instance_number, plan.slice_thickness_mm), (None, None));
}

#[test]
fn volumes_zones_and_lesions_equal_numpy_and_scipy() {
    let text = fs::read_to_string(fixture("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    for every in [1, 2] {
        let expected = &all[every.to_string()];
        let measured = measure(every);
        let assessment = &measured.assessment;
        close(measured.voxel_ml.unwrap(), &expected["voxel_ml"]);
        let parts = [("lungs", assessment.lungs), ("left", assessment.left), ("right", assessment.right)]
            .map(|(name, part)| (&expected[name], part));
        let zones = expected["zones"].as_array().unwrap().iter();
        let zones = zones.zip(assessment.zones.iter().map(|zone| zone.involvement));
        for (expected, part) in parts.into_iter().chain(zones) {
            assert_eq!(part.lung_voxels, expected["lung_voxels"].as_u64().unwrap());
            assert_eq!(part.lesion_voxels, expected["lesion_voxels"].as_u64().unwrap());
            close(part.lung_ml.unwrap(), &expected["lung_ml"]);
            close(part.lesion_ml.unwrap(), &expected["lesion_ml"]);
            close(part.percent.unwrap(), &expected["percent"]);
        }
        let scores: Vec<u64> = assessment.zones.iter().map(|zone| u64::from(zone.score.unwrap())).collect();
        let expected_scores: Vec<u64> = expected["zones"]
            .as_array()
            .unwrap()
            .iter()
            .map(|zone| zone["score"].as_u64().unwrap())
            .collect();
        assert_eq!(scores, expected_scores);
        assert_eq!(assessment.ct_severity_score.map(u64::from), Some(scores.iter().sum()));
        assert_eq!(assessment.lesion_voxels_outside_lungs, expected["outside"].as_u64().unwrap());

        close(assessment.mean_hu.unwrap(), &expected["mean_hu"]);
        let shares = assessment.composition.unwrap();
        let found = [
            shares.aerated_percent,
            shares.ground_glass_percent,
            shares.consolidation_percent,
            shares.denser_percent,
        ];
        for (share, expected) in found.into_iter().zip(expected["composition"].as_array().unwrap()) {
            close(share, expected);
        }

        let mut lesions = measured.lesions.clone();
        lesions.sort_by(|a, b| {
            b.voxels.cmp(&a.voxels).then(a.mean_hu().unwrap().total_cmp(&b.mean_hu().unwrap()))
        });
        let expected = expected["lesions"].as_array().unwrap();
        assert_eq!(lesions.len(), expected.len());
        for (lesion, expected) in lesions.iter().zip(expected) {
            assert_eq!(lesion.voxels, expected["voxels"].as_u64().unwrap());
            close(lesion.mean_hu().unwrap(), &expected["mean_hu"]);
            assert_eq!((every * lesion.slices.0) as u64, expected["first_slice"].as_u64().unwrap());
            assert_eq!((every * lesion.slices.1) as u64, expected["last_slice"].as_u64().unwrap());
            match lesion.mean_link_iou {
                Some(iou) => close(iou, &expected["mean_link_iou"]),
                None => assert!(expected["mean_link_iou"].is_null()),
            }
        }
    }
}

#[test]
fn grades_and_key_slices_follow_from_the_volumes() {
    let measured = measure(1);
    assert_eq!(measured.assessment.finding, Finding::Alarming);
    assert_eq!(measured.assessment.mosmed.unwrap().to_string(), "CT-2");
    assert_eq!(measured.assessment.zones[3].side, Side::Right);
    let mut by_lesion: Vec<(u64, usize)> =
        measured.slices.iter().map(|slice| (slice.lesion_pixels(), slice.index)).collect();
    by_lesion.sort_by_key(|&(pixels, index)| (std::cmp::Reverse(pixels), index));
    let keys: Vec<(u64, usize)> =
        measured.key_slices.iter().map(|key| (key.lesion_pixels, key.index)).collect();
    assert_eq!(keys, by_lesion[..3]);
    assert_eq!(measured.slices[4].lesion.area().unwrap() as u64, measured.slices[4].lesion_pixels());
}

#[test]
fn without_lung_or_lesion_there_is_no_number_to_read_into() {
    let series = open("chest");
    let measured = |found: fn(usize) -> Vec<Instance>| {
        let mut builder = StudyBuilder::new(series.plan().unwrap(), 1, 25.0).unwrap();
        for (index, _) in builder.to_read().to_vec() {
            builder.add(&series.slice(index).unwrap(), &found(index), false).unwrap();
        }
        builder.finish(|index| series.slice(index)).unwrap()
    };
    let nothing = measured(|_| Vec::new()).assessment;
    assert_eq!((nothing.finding, nothing.mosmed), (Finding::NoLungFound, None));
    assert_eq!((nothing.lungs.percent, nothing.ct_severity_score, nothing.mean_hu), (None, None, None));
    let healthy = measured(|index| instances(index).into_iter().take(2).collect());
    assert_eq!(healthy.assessment.finding, Finding::NoLesionFound);
    assert_eq!(healthy.assessment.mosmed.unwrap().to_string(), "CT-0");
    assert_eq!((healthy.assessment.ct_severity_score, healthy.key_slices.len()), (Some(0), 0));
}

#[test]
fn there_is_no_result_of_a_part() {
    let series = open("chest");
    let plan = series.plan().unwrap();
    let mut builder = StudyBuilder::new(plan, 1, 25.0).unwrap();
    for index in 0..11 {
        builder.add(&series.slice(index).unwrap(), &instances(index), false).unwrap();
    }
    let several = builder.add(&series.slice(11).unwrap(), &instances(11), true);
    assert_eq!(several, Err(StudyError::SeveralSlices { index: 11 }));
    let mut other_size = series.slice(11).unwrap();
    other_size.rows = 32;
    assert!(matches!(builder.add(&other_size, &[], false), Err(StudyError::WrongSlice { index: 11, .. })));
    assert_eq!(
        builder.finish(|index| series.slice(index)).unwrap_err(),
        IntakeError::Study(StudyError::Incomplete { found: 11, needed: 12 })
    );

    let refused = |every, boundary| StudyBuilder::new(plan, every, boundary).unwrap_err();
    assert_eq!(refused(0, 25.0), StudyError::Every);
    assert_eq!(refused(6, 25.0), StudyError::TooFewSlices { found: 2, needed: 3 });
    assert_eq!(refused(1, 101.0), StudyError::Boundary(101.0));
}

#[test]
fn a_header_cut_short_anywhere_never_panics() {
    let bytes = fs::read(fixture("gap/0.dcm")).unwrap();
    for end in 0..bytes.len() {
        let _ = read_dicom_header(&bytes[..end]);
    }
}
