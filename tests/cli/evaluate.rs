//! `lunglens evaluate` on folders of one slice, on the CPU.

use std::fs;
use std::path::Path;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use lunglens::manifest::{Backbone, MaskRcnnConfig};
use lunglens::masks::Rle;
use serde_json::Value;

use crate::harness::{Run, dicom, files_below, picture, run, scratch_folder, text};

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
    assert!(done.stdout.starts_with("r50 on slices, val: 1 slice, 1 patient\n"), "{}", done.stdout);
    let files = ["contact_sheet.png", "evaluation.json", "evaluation.md", "involvement.svg", "pr_curve.svg"];
    assert_eq!(files_below(&out), files);

    let read: Value = serde_json::from_slice(&fs::read(out.join("evaluation.json")).unwrap()).unwrap();
    assert_eq!(read["about"]["data"], "slices");
    assert_eq!(read["about"]["models"][0]["id"], "r50");
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

/// Two slices of two patients, and two models: one held out by each, small networks of random weights.
fn two_folds(name: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    let data = labelled_sample(name);
    for part in ["ct", "lesion", "lung"] {
        fs::copy(data.join(part).join("0.png"), data.join(part).join("1.png")).unwrap();
    }
    let lines = "0.png,case_1,3,9,400,12000,val\n1.png,case_2,3,9,400,12000,train\n";
    fs::write(data.join("manifest.csv"), format!("{HEADER}{lines}")).unwrap();
    let work = data.parent().unwrap().to_path_buf();
    let config = work.join("config.json");
    let narrow = MaskRcnnConfig::narrow(Backbone::Resnet50);
    fs::write(&config, serde_json::to_string(&narrow).unwrap()).unwrap();
    for storage in ["int8", "f32"] {
        let out = work.join(storage).join("r50.llw");
        let checkpoint =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity/weights_r50.safetensors");
        let done = run(&[
            "pack",
            text(&checkpoint),
            "--config",
            text(&config),
            "--storage",
            storage,
            "--out",
            text(&out),
            "--manifest",
            "--trained-on",
            "nothing",
        ]);
        assert_eq!(done.code, 0, "{}", done.stderr);
    }
    let folds = work.join("folds.json");
    let text = r#"{"folds":[{"model":"int8/r50.llw","held_out":["case_2"]},{"model":"r50","models_dir":"int8","held_out":["case_1"]}]}"#;
    fs::write(&folds, text).unwrap();
    (data, folds)
}

#[test]
fn folds_side_by_side_and_merged_give_the_bytes_of_one_run() {
    let (data, folds) = two_folds("evaluate-folds");
    let work = folds.parent().unwrap();
    let [whole, merged, first, second] = ["whole", "merged", "first", "second"].map(|name| work.join(name));
    let done = evaluate(&data, &["--folds", text(&folds), "--out", text(&whole)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    for (fold, out) in [("0", &first), ("1", &second)] {
        let done = evaluate(&data, &["--folds", text(&folds), "--fold", fold, "--out", text(out)]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert_eq!(files_below(out), ["predictions.json"]);
    }
    let merge = |parts: &[&Path]| {
        let mut arguments = vec!["evaluate", "--data", text(&data), "--out", text(&merged), "--merge"];
        arguments.extend(parts.iter().map(|part| text(part)));
        run(&arguments)
    };
    let alone = merge(&[&second]);
    assert_eq!(alone.code, 1);
    assert!(alone.stderr.contains("the part of fold 0 is missing"), "{}", alone.stderr);
    assert!(!merged.exists());
    let done = merge(&[&second, &first]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(files_below(&merged), files_below(&whole));
    for name in files_below(&whole) {
        assert_eq!(fs::read(merged.join(&name)).unwrap(), fs::read(whole.join(&name)).unwrap(), "{name}");
    }
    let read: Value = serde_json::from_slice(&fs::read(merged.join("evaluation.json")).unwrap()).unwrap();
    assert_eq!(read["about"]["split"], "all");
    assert_eq!(read["about"]["models"].as_array().unwrap().len(), 2);
    assert_eq!(read["slices"].as_array().unwrap().len(), 2);

    // Other bytes of the same pixels are the same slice.
    let again = data.join("ct/1.png");
    let before = fs::read(&again).unwrap();
    let pixels = image::load_from_memory(&before).unwrap();
    let encoder = PngEncoder::new_with_quality(
        fs::File::create(&again).unwrap(),
        CompressionType::Fast,
        FilterType::NoFilter,
    );
    pixels.write_with_encoder(encoder).unwrap();
    assert_ne!(fs::read(&again).unwrap(), before);
    let done = merge(&[&second, &first]);
    assert_eq!(done.code, 0, "{}", done.stderr);

    // Another picture or label under the name of one that was segmented.
    for part in ["ct", "lung"] {
        let path = data.join(part).join("1.png");
        let before = fs::read(&path).unwrap();
        write_mask(&path, |x, y| (40..160).contains(&x) && (50..150).contains(&y));
        let changed = merge(&[&second, &first]);
        assert!(changed.stderr.contains("1.png: the slice or its labels have changed"), "{}", changed.stderr);
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn folds_that_leave_a_slice_out_or_mix_kinds_of_models_are_refused() {
    let (data, folds) = two_folds("evaluate-bad-folds");
    let told = |json: &str, expected: &str| {
        fs::write(&folds, json).unwrap();
        let done = evaluate(&data, &["--folds", text(&folds), "--quiet"]);
        assert_eq!(done.code, 1, "{}", done.stderr);
        assert!(done.stderr.contains(expected), "{} has no {expected}", done.stderr);
    };
    told(
        r#"{"folds":[{"model":"int8/r50.llw","held_out":["case_2"]}]}"#,
        "0.png (case case_1) is held out by no fold",
    );
    told(
        r#"{"folds":[{"model":"int8/r50.llw","held_out":["case_2"]},{"model":"f32/r50.llw","held_out":["case_1"]}]}"#,
        "are of two kinds",
    );
}

#[test]
fn slices_without_lesions_give_false_alarms() {
    let folder = scratch_folder("evaluate-negatives");
    let data = folder.join("series/deep");
    fs::create_dir_all(&data).unwrap();
    fs::copy(dicom(), data.join("1.dcm")).unwrap();
    fs::copy(picture(), data.join("2.png")).unwrap();
    let out = folder.join("out");
    let done = evaluate(&folder.join("series"), &["--negatives", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.starts_with("r50 on series: 2 slices without lesions\n"), "{}", done.stdout);
    assert_eq!(files_below(&out), ["contact_sheet.png", "evaluation.json", "evaluation.md"]);
    let read: Value = serde_json::from_slice(&fs::read(out.join("evaluation.json")).unwrap()).unwrap();
    // The sample picture has lesions, which count as false here; the report names the same.
    let report = run(&["segment", text(&picture()), "--device", "cpu", "--json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let instances = report["instances"].as_array().unwrap();
    let lesions = instances.iter().filter(|i| i["class"] == "lesion").count();
    assert_eq!(read["slices"][1]["name"], "deep/2.png");
    assert_eq!(read["slices"][1]["false_lesions"], lesions);
    assert_eq!(read["slices"][1]["finding"], report["assessment"]["finding"]);
    assert!(read["false_alarms"]["slices_with_false_lesion"].as_f64().unwrap() >= 0.5);
}

#[test]
fn lungs_that_reports_leave_out_are_left_out() {
    let folder = scratch_folder("evaluate-air");
    let data = folder.join("air");
    fs::create_dir(&data).unwrap();
    let report = |path: &Path| -> Value {
        let done = run(&["segment", text(path), "--device", "cpu", "--json"]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap()
    };
    // The lungs of the sample filled with air of -950 HU, without vessels. The pixels end the file: 16 bit, -1024 HU is 0.
    let mut bytes = fs::read(dicom()).unwrap();
    let instances = report(&dicom())["instances"].clone();
    assert!(!instances.as_array().unwrap().is_empty());
    for instance in instances.as_array().unwrap() {
        let mask = serde_json::from_value::<Rle>(instance["segmentation"].clone()).unwrap().decode().unwrap();
        let begin = bytes.len() - 2 * mask.pixels.len();
        for at in (0..mask.pixels.len()).filter(|&at| mask.pixels[at] != 0) {
            bytes[begin + 2 * at..][..2].copy_from_slice(&74i16.to_le_bytes());
        }
    }
    fs::write(data.join("air.dcm"), bytes).unwrap();
    assert_eq!(report(&data.join("air.dcm"))["assessment"]["finding"], "no_lung_found");

    let out = folder.join("out");
    // Of an evaluation of labelled slices.
    fs::create_dir(&out).unwrap();
    fs::write(out.join("pr_curve.svg"), "old").unwrap();
    let done = evaluate(&data, &["--negatives", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let read: Value = serde_json::from_slice(&fs::read(out.join("evaluation.json")).unwrap()).unwrap();
    assert_eq!(read["slices"][0]["finding"], "no_lung_found");
    assert_eq!(read["false_alarms"]["slices_with_lung"], 0.0);
    assert_eq!(files_below(&out), ["contact_sheet.png", "evaluation.json", "evaluation.md"]);
}
