//! `lunglens segment` on the samples, on the CPU, whose results are the same on every machine of a kind.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Run, dicom, files_below, picture, run, scratch_folder, text};

pub fn segment(inputs: &[&Path], more: &[&str]) -> Run {
    let mut arguments = vec!["segment", "--device", "cpu"];
    arguments.extend(inputs.iter().map(|path| text(path)));
    arguments.extend(more);
    run(&arguments)
}

pub fn report(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_picture_gives_a_summary_an_overlay_and_a_report() {
    let out = scratch_folder("picture");
    let input = out.join("case.png");
    fs::copy(picture(), &input).unwrap();
    let results = out.join("results");
    let done = segment(&[&input], &["--out", text(&results)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(done.stderr.matches("Research use only").count(), 1, "{}", done.stderr);
    assert_eq!(files_below(&results), ["case.overlay.png", "case.report.json"]);

    let report = report(&results.join("case.report.json"));
    assert_eq!(report["input"]["name"], "case.png");
    assert_eq!(report["device"]["kind"], "cpu");
    assert_eq!(report["timings_ms"], Value::Null);
    let classes: Vec<&str> =
        report["instances"].as_array().unwrap().iter().map(|one| one["class"].as_str().unwrap()).collect();
    assert!(classes.contains(&"lung") && classes.contains(&"lesion"), "{classes:?}");

    let percent = report["assessment"]["lungs"]["percent"].as_f64().unwrap();
    assert!(percent > 0.0 && percent < 100.0);
    let severity = if percent < 25.0 { "Mild" } else { "Alarming" };
    let lesions = classes.iter().filter(|class| **class == "lesion").count();
    assert_eq!(done.stdout.lines().count(), 1);
    let expected = format!("{}: {severity}, lung involvement {percent:.1} %", text(&input));
    assert!(done.stdout.starts_with(&expected), "{} is not {expected}", done.stdout);
    assert!(done.stdout.contains(&format!("{lesions} lesion")), "{}", done.stdout);

    // Small slices are drawn larger, by a whole factor; the lesion's tint is the only colour in a grey slice.
    let overlay = image::open(results.join("case.overlay.png")).unwrap().to_rgb8();
    let slice = image::open(&input).unwrap();
    let factor = overlay.width() / slice.width();
    assert!(factor >= 1);
    assert_eq!(overlay.dimensions(), (factor * slice.width(), factor * slice.height()));
    assert!(overlay.pixels().any(|pixel| pixel[0] > pixel[2] + 30), "nothing is tinted");
}

/// The sample drawn into the middle of a black picture half as large again is seen as the sample is: the lungs are found and looked at.
#[test]
fn lungs_are_looked_at_closer_wherever_they_lie() {
    let out = scratch_folder("closer");
    let sample = image::open(picture()).unwrap().to_luma8();
    let (columns, rows) = sample.dimensions();
    let mut wide = image::GrayImage::new(columns * 3 / 2, rows * 3 / 2);
    image::imageops::replace(&mut wide, &sample, i64::from(columns / 4), i64::from(rows / 4));
    let path = out.join("wide.png");
    wide.save(&path).unwrap();
    let done = segment(&[&picture(), &path], &["--json"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let reports: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers = |value: &Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let shift = [columns / 4, rows / 4, columns / 4, rows / 4].map(f64::from);
    for (report, shift) in reports.iter().zip([[0.0; 4], shift]) {
        let region = numbers(&report["region"]);
        // The radiologists' lungs lie at columns 42 to 212 and rows 25 to 149.
        for (side, lung) in [42.0, 25.0, 213.0, 150.0].into_iter().enumerate() {
            let inside = (region[side] - shift[side] - lung) * if side < 2 { -1.0 } else { 1.0 };
            assert!((0.0..40.0).contains(&inside), "{region:?}, shifted by {shift:?}");
        }
        for instance in report["instances"].as_array().unwrap() {
            let found = numbers(&instance["bbox"]);
            assert!(found[0] >= region[0] - 0.01 && found[2] <= region[2] + 0.01, "{found:?} in {region:?}");
            assert!(found[1] >= region[1] - 0.01 && found[3] <= region[3] + 0.01, "{found:?} in {region:?}");
        }
    }
    let percent = |report: &Value| report["assessment"]["lungs"]["percent"].as_f64().unwrap();
    assert!((percent(&reports[0]) - percent(&reports[1])).abs() < 1.0, "{reports:?}");
}

#[test]
fn two_runs_give_the_same_bytes() {
    let folder = scratch_folder("twice");
    let runs = ["one", "two"].map(|name| {
        let out = folder.join(name);
        let done = segment(&[&picture()], &["--out", text(&out), "--quiet"]);
        assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (0, "", ""));
        files_below(&out).into_iter().map(|name| fs::read(out.join(name)).unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(runs[0].len(), 2);
    assert!(runs[0] == runs[1]);
}

#[test]
fn any_number_of_slices_at_once_gives_the_same_lines_in_order() {
    let folder = scratch_folder("at-once");
    // Of two kinds, so that lines out of order show.
    for index in 0..5 {
        let source = if index % 2 == 0 { picture() } else { dicom() };
        fs::copy(source, folder.join(format!("{index}.png"))).unwrap();
    }
    fs::write(folder.join("2-cut.png"), &fs::read(picture()).unwrap()[..2000]).unwrap();
    let runs = ["1", "2", "4"].map(|count| segment(&[&folder], &["--json", "--at-once", count]));
    assert_eq!((runs[0].code, runs[0].stdout.lines().count()), (1, 5), "{}", runs[0].stderr);
    let names: Vec<Value> = runs[0]
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["input"]["name"].clone())
        .collect();
    assert_eq!(names, ["0.png", "1.png", "2.png", "3.png", "4.png"]);
    for more in &runs[1..] {
        assert!(more.stdout == runs[0].stdout && more.stderr == runs[0].stderr && more.code == 1);
    }
}

#[test]
fn json_is_one_report_a_line_and_no_files() {
    let folder = scratch_folder("json-lines");
    for name in ["b.png", "a.png"] {
        fs::copy(picture(), folder.join(name)).unwrap();
    }
    let done = segment(&[&folder], &["--json", "--timings"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let reports: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = reports.iter().map(|report| report["input"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.png", "b.png"]);
    assert!(reports.iter().all(|report| report["timings_ms"]["total"].as_f64().unwrap() > 0.0));
    assert_eq!(reports[0]["instances"], reports[1]["instances"]);
    assert_eq!(files_below(&folder), ["a.png", "b.png"]);
}

#[test]
fn a_dicom_image_is_recognised_by_content_and_measured_in_millimetres() {
    let folder = scratch_folder("dicom");
    let input = folder.join("no-ending");
    fs::copy(dicom(), &input).unwrap();
    let done = segment(&[&folder], &["--json"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["input"]["format"], "dicom");
    assert!(report["assessment"]["lungs"]["lung_mm2"].as_f64().unwrap() > 0.0, "{}", report["assessment"]);
}

#[test]
fn what_is_no_axial_slice_is_said_to_be_none() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imaging/dicom");
    let (sagittal, axial) = (fixtures.join("sagittal.dcm"), fixtures.join("explicit_le.dcm"));
    let done = segment(&[&sagittal, &axial], &["--json"]);
    assert_eq!((done.code, done.stdout.lines().count()), (0, 2), "{}", done.stderr);
    let notes: Vec<&str> = done.stderr.lines().filter(|line| line.starts_with("note: ")).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("sagittal.dcm: it says that it is not axial"), "{notes:?}");
    assert_eq!(segment(&[&sagittal], &["--json", "--quiet"]).stderr, "");
}

#[test]
fn a_bad_file_does_not_stop_the_rest() {
    let folder = scratch_folder("bad-among-good");
    let bytes = fs::read(picture()).unwrap();
    fs::write(folder.join("a-cut.png"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(folder.join("b-good.png"), &bytes).unwrap();
    fs::write(folder.join("c-empty.dcm"), "").unwrap();
    fs::write(folder.join("notes.txt"), "not a slice, and not looked at").unwrap();
    let missing = folder.join("missing.png");
    let out = folder.join("out");
    let done = segment(&[&folder, &missing], &["--out", text(&out)]);
    assert_eq!(done.code, 1);
    assert_eq!(done.stderr.matches("error:").count(), 3, "{}", done.stderr);
    for bad in ["a-cut.png", "c-empty.dcm: The file is empty.", "missing.png"] {
        assert!(done.stderr.contains(bad), "{}", done.stderr);
    }
    assert_eq!(files_below(&out), ["b-good.overlay.png", "b-good.report.json"]);
}

#[test]
fn a_folder_without_slices_is_an_error() {
    let folder = scratch_folder("empty");
    let done = segment(&[&folder], &["--json"]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("no PNG, JPEG, WebP, BMP or DICOM file"), "{}", done.stderr);
}

#[test]
fn equal_names_do_not_collide_and_inputs_are_not_replaced() {
    let folder = scratch_folder("collisions");
    for name in ["monday", "tuesday"] {
        fs::create_dir(folder.join(name)).unwrap();
        fs::copy(picture(), folder.join(name).join("case.png")).unwrap();
    }
    let inputs = [folder.join("monday/case.png"), folder.join("tuesday/case.png")];
    // This input has the name of an output.
    let precious = folder.join("case.overlay.png");
    fs::copy(picture(), &precious).unwrap();
    let done = segment(&[&inputs[0], &inputs[1], &precious], &["--out", text(&folder)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(fs::read(&precious).unwrap() == fs::read(picture()).unwrap());
    let reports = files_below(&folder).into_iter().filter(|name| name.ends_with(".report.json")).count();
    assert_eq!(reports, 3);
}

#[test]
fn thresholds_are_obeyed_and_reported() {
    let done = segment(&[&picture()], &["--json", "--score", "0.9", "--alarming-from", "0.01"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert!(report["instances"].as_array().unwrap().iter().all(|one| one["score"].as_f64().unwrap() >= 0.9));
    assert!((report["thresholds"]["score"].as_f64().unwrap() - 0.9).abs() < 1e-6);
    assert!((report["thresholds"]["alarming_from_percent"].as_f64().unwrap() - 0.01).abs() < 1e-6);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_between_stages_and_leaves_no_half_written_file() {
    stops_between_stages("-INT");
}

#[cfg(unix)]
#[test]
fn what_asks_the_program_to_end_stops_it_as_ctrl_c_does() {
    stops_between_stages("-TERM");
}

#[cfg(unix)]
fn stops_between_stages(signal: &str) {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = scratch_folder(&format!("interrupted{signal}"));
    for number in 0..200 {
        fs::copy(picture(), folder.join(format!("{number:03}.png"))).unwrap();
    }
    let out = folder.join("out");
    let mut child = crate::harness::program()
        .args(["segment", "--device", "cpu", text(&folder), "--out", text(&out)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The first result shows that the work is under way.
    let begun = Instant::now();
    while !out.join("000.report.json").exists() {
        assert!(begun.elapsed() < Duration::from_secs(120), "no result");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let files = files_below(&out);
    assert!(files.len() < 400);
    for name in files {
        let path = out.join(&name);
        if name.ends_with(".report.json") {
            report(&path);
        } else {
            assert!(name.ends_with(".overlay.png"), "{name} is left over");
            image::open(path).unwrap();
        }
    }
}

#[test]
fn codings_of_the_same_values_give_the_same_result() {
    let codings = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dicom/codings");
    let names = ["explicit", "deflated", "rle", "jpeg_lossless_sv1_1", "jpeg_ls", "jpeg2000", "htj2k"];
    let files = names.map(|name| codings.join(format!("{name}_u12.dcm")));
    let unread = codings.join("htj2k_lossy_u12.dcm");
    let mut inputs: Vec<&Path> = files.iter().map(|path| path.as_path()).collect();
    inputs.push(&unread);
    let done = segment(&inputs, &["--json", "--quiet"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(
        done.stderr
            .contains("htj2k_lossy_u12.dcm: The DICOM file's pixels, stored as High-Throughput JPEG 2000"),
        "{}",
        done.stderr
    );
    let mut reports: Vec<Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), names.len());
    reports.iter_mut().for_each(|report| report["input"] = Value::Null);
    for (report, name) in reports.iter().zip(names) {
        assert_eq!(report, &reports[0], "{name}");
    }
}
