//! `lunglens evaluate` on folders of one slice, on the CPU.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Run, files_below, picture, run, scratch_folder, text};

const HEADER: &str = "file,case,slice,n_slices_in_volume,lesion_px,lung_px,split\n";

fn evaluate(data: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["evaluate", "--data", text(data), "--device", "cpu"];
    arguments.extend(more);
    run(&arguments)
}

/// A grey picture, white where `inside` says so.
fn write_mask(path: &Path, inside: impl Fn(u32, u32) -> bool) {
    let size = image::open(picture()).unwrap().to_luma8();
    let (width, height) = size.dimensions();
    let mask = image::GrayImage::from_fn(width, height, |x, y| image::Luma([255 * u8::from(inside(x, y))]));
    mask.save(path).unwrap();
}

/// The sample with labels of its own making: the left third is lung, a square in it lesion.
fn labelled_sample(name: &str) -> std::path::PathBuf {
    let data = scratch_folder(name).join("slices");
    for part in ["ct", "lesion", "lung"] {
        fs::create_dir_all(data.join(part)).unwrap();
    }
    fs::copy(picture(), data.join("ct/0.png")).unwrap();
    write_mask(&data.join("lesion/0.png"), |x, y| (40..60).contains(&x) && (100..120).contains(&y));
    write_mask(&data.join("lung/0.png"), |x, y| x < 80 && (50..200).contains(&y));
    fs::write(data.join("manifest.csv"), format!("{HEADER}0.png,case_1,3,9,400,12000,val\n")).unwrap();
    data
}

#[test]
fn a_folder_gives_figures_tables_and_plots() {
    let data = labelled_sample("evaluate");
    let out = data.join("../out");
    let done = evaluate(&data, &["--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.starts_with("r50 on slices, val: 1 slices, 1 patients\n"), "{}", done.stdout);
    let files = ["contact_sheet.png", "evaluation.json", "evaluation.md", "involvement.svg", "pr_curve.svg"];
    assert_eq!(files_below(&out), files);

    let read: Value = serde_json::from_slice(&fs::read(out.join("evaluation.json")).unwrap()).unwrap();
    assert_eq!(read["about"]["data"], "slices");
    assert_eq!(read["about"]["model"]["id"], "r50");
    assert_eq!(read["slices"][0]["patient"], "case_1");
    let truth = &read["slices"][0]["lung"]["truth"];
    assert_eq!((&truth["lung_pixels"], &truth["lesion_pixels"]), (&12000.into(), &400.into()));
    assert!((truth["percent"].as_f64().unwrap() - 100.0 * 400.0 / 12000.0).abs() < 1e-6);
    // The program's own report of the slice has the same involvement.
    let report = run(&["segment", text(&picture()), "--device", "cpu", "--json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let predicted = &read["slices"][0]["lung"]["predicted"];
    for field in ["lung_pixels", "lesion_pixels"] {
        assert_eq!(predicted[field], report["assessment"]["lungs"][field], "{field}");
    }
    assert!(predicted["lung_pixels"].as_u64().unwrap() > 0);
    let markdown = fs::read_to_string(out.join("evaluation.md")).unwrap();
    assert!(markdown.contains("| lung Dice | 0."), "{markdown}");
}

#[test]
fn pictures_without_lung_labels_give_lesion_figures_only() {
    let data = scratch_folder("evaluate-turned");
    for part in ["ct", "lesion", "classes"] {
        fs::create_dir_all(data.join(part)).unwrap();
    }
    // As in that data: turned by 90 degrees against the clock.
    let lying = image::open(picture()).unwrap().rotate270();
    lying.to_luma8().save(data.join("ct/7.jpg")).unwrap();
    write_mask(&data.join("lesion/7.png"), |x, _| x < 20);
    let out = data.join("out");
    let done = evaluate(&data, &["--out", text(&out), "--quiet"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{}", done.stderr);
    let read: Value = serde_json::from_slice(&fs::read(out.join("evaluation.json")).unwrap()).unwrap();
    assert_eq!(read["slices"][0]["lung"], Value::Null);
    assert_eq!(read["severity"], Value::Null);
    let metrics = read["metrics"].as_object().unwrap();
    assert!(metrics.contains_key("lesion_pixel_f1") && metrics.contains_key("lesion_mask_ap"));
    assert!(metrics.keys().all(|key| !key.contains("lung") && !key.contains("involvement")));
    assert!(!out.join("involvement.svg").exists());

    let split = evaluate(&data, &["--split", "train"]);
    assert_eq!(split.code, 1);
    assert!(split.stderr.contains("has no splits"), "{}", split.stderr);
}

#[test]
fn wrong_folders_are_told() {
    let told = |data: &Path, expected: &str| {
        let done = evaluate(data, &[]);
        assert_eq!(done.code, 1, "{}", done.stderr);
        assert!(done.stderr.contains(expected), "{} has no {expected}", done.stderr);
        assert_eq!(done.stdout, "");
    };
    let empty = scratch_folder("evaluate-empty");
    told(&empty.join("none"), "is no folder");
    told(&empty, "neither manifest.csv");

    let missing = labelled_sample("evaluate-missing");
    fs::remove_file(missing.join("lung/0.png")).unwrap();
    told(&missing, "is missing");

    let counted = labelled_sample("evaluate-counted");
    fs::write(counted.join("manifest.csv"), format!("{HEADER}0.png,case_1,3,9,400,12001,val\n")).unwrap();
    told(&counted, "12000 pixels inside, manifest.csv says 12001");

    let size = labelled_sample("evaluate-size");
    image::GrayImage::new(8, 9).save(size.join("lesion/0.png")).unwrap();
    told(&size, "has 8 x 9 pixels");
}
