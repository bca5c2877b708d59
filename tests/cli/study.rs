//! `lunglens study` on drawn series, on the CPU. The drawings are no lungs, so little is said of what is found.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Run, files_below, run, scratch_folder, text};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/study").join(name)
}

fn study(input: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["study", "--device", "cpu", text(input)];
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn a_folder_gives_a_summary_and_files_without_names() {
    let out = scratch_folder("study-whole");
    let done = study(&fixture("chest"), &["--every", "4", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(done.stdout.lines().count(), 1, "{}", done.stdout);
    assert!(done.stdout.contains("3 of 12 slices (1 in 4 read)"), "{}", done.stdout);
    assert!(done.stderr.contains("1 file set aside: a localiser"), "{}", done.stderr);
    assert!(done.stderr.contains("Research use only"), "{}", done.stderr);

    let json = fs::read_to_string(out.join("study.json")).unwrap();
    assert!(!json.contains("1.2.826") && !json.contains("Thorax") && !json.contains("nobody"), "{json}");
    let result: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(result["series"]["slices_read"], 3);
    assert_eq!(result["series"]["step_mm"], 20.0);
    assert_eq!(result["ids"]["study"].as_str().unwrap().len(), 16);
    assert_eq!(result["devices"][0]["kind"], "cpu");
    assert_eq!(result["assessment"]["zones"].as_array().unwrap().len(), 6);
    let indices: Vec<u64> =
        result["slices"].as_array().unwrap().iter().map(|slice| slice["index"].as_u64().unwrap()).collect();
    assert_eq!(indices, [0, 4, 8]);

    let table = fs::read_to_string(out.join("slices.csv")).unwrap();
    assert_eq!(table.lines().count(), 4);
    assert!(table.lines().nth(2).unwrap().starts_with("4,8,-80,"), "{table}");
    let keys = result["key_slices"].as_array().unwrap().len();
    assert_eq!(files_below(&out).len(), 2 + keys, "{:?}", files_below(&out));
}

#[test]
fn json_goes_to_standard_output_with_ids_where_asked() {
    let done = study(&fixture("chest"), &["--every", "4", "--json", "--keep-ids", "--quiet"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    let result: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(result["ids"]["series"], "1.2.826.0.1.3680043.10.999.100.1");
    assert_eq!(result["ids"]["series_description"], "Thorax weich");
}

#[test]
fn any_number_of_slices_at_once_gives_the_same_study() {
    let one = study(&fixture("chest"), &["--json", "--quiet", "--at-once", "1"]);
    let three = study(&fixture("chest"), &["--json", "--quiet", "--at-once", "3"]);
    assert_eq!((one.code, three.code), (0, 0), "{}{}", one.stderr, three.stderr);
    assert!(one.stdout == three.stdout);
    assert_eq!(study(&fixture("chest"), &["--at-once", "0"]).code, 2);
}

#[test]
fn a_series_that_cannot_be_measured_has_no_result() {
    for (name, reason) in [("gap", "Slices are missing"), ("duplicate", "more than one slice")] {
        let out = scratch_folder(&format!("study-{name}"));
        let done = study(&fixture(name), &["--out", text(&out)]);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{name}");
        assert!(done.stderr.contains(reason), "{}", done.stderr);
        assert!(files_below(&out).is_empty());
    }
    assert_eq!(study(&fixture("gap"), &["--every", "0"]).code, 2);
}

#[test]
fn one_bad_slice_is_no_result_for_all() {
    let folder = scratch_folder("study-bad-slice");
    let (input, out) = (folder.join("in"), folder.join("out"));
    fs::create_dir(&input).unwrap();
    for k in 0..5 {
        fs::copy(fixture(&format!("reversed/{k}.dcm")), input.join(format!("{k}.dcm"))).unwrap();
    }
    // The lowest slice; its header is whole.
    let bytes = fs::read(input.join("4.dcm")).unwrap();
    fs::write(input.join("4.dcm"), &bytes[..bytes.len() - 100]).unwrap();
    let done = study(&input, &["--out", text(&out)]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("no result") && done.stderr.contains("4.dcm"), "{}", done.stderr);
    assert!(files_below(&out).is_empty());

    let meta_end = 144 + u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    for end in [0, 200, meta_end] {
        fs::write(input.join("4.dcm"), &bytes[..end]).unwrap();
        let done = study(&input, &["--out", text(&out)]);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "cut at {end}");
        assert!(done.stderr.contains("1 of 5 files could not be read"), "{}", done.stderr);
        assert!(files_below(&out).is_empty());
    }
}

#[test]
fn series_are_listed_and_another_one_can_be_measured() {
    let listed = run(&["study", text(&fixture("chest")), "--list"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert!(lines[0].starts_with("SERIES  SLICES"), "{}", listed.stdout);
    let recommended: Vec<&&str> = lines.iter().filter(|line| line.ends_with("recommended")).collect();
    assert!(recommended.len() == 1 && recommended[0].contains("12"), "{}", listed.stdout);
    assert!(
        listed.stdout.contains("localiser") && listed.stdout.contains("modality MR"),
        "{}",
        listed.stdout
    );

    let other = lines.iter().find(|line| line.contains("no more slices")).unwrap();
    let number = other.split_whitespace().next().unwrap();
    let done = study(&fixture("chest"), &["--series", number, "--json", "--quiet"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let result: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(result["series"]["slices"], 3);
    let missing = study(&fixture("chest"), &["--series", "99"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.contains("no series 99"), "{}", missing.stderr);
}

#[test]
fn an_archive_gives_the_result_of_its_folder() {
    let folder = scratch_folder("study-archive");
    let path = folder.join("chest.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    for name in files_below(&fixture("chest")) {
        archive.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&fs::read(fixture("chest").join(&name)).unwrap()).unwrap();
    }
    archive.finish().unwrap();
    let result = |input: &Path| {
        let done = study(input, &["--every", "4", "--json", "--quiet"]);
        assert_eq!(done.code, 0, "{}", done.stderr);
        done.stdout
    };
    assert_eq!(result(&path), result(&fixture("chest")));
}

#[test]
fn what_other_systems_read_is_written_when_asked_for() {
    let out = scratch_folder("study-exports");
    let asked = ["--seg", "--sr", "--nifti", "--pdf", "--overlays", "--every", "5", "--out", text(&out)];
    let done = study(&fixture("chest"), &asked);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let starts = [
        ("study.seg.dcm", 128, b"DICM".as_slice()),
        ("study.sr.dcm", 128, b"DICM"),
        ("study.labels.nii.gz", 0, &[0x1f, 0x8b]),
        ("study.pdf", 0, b"%PDF-1."),
        ("slice-0000.overlay.png", 1, b"PNG"),
        ("slice-0005.overlay.png", 1, b"PNG"),
        ("slice-0010.overlay.png", 1, b"PNG"),
    ];
    for (name, at, expected) in starts {
        assert!(fs::read(out.join(name)).unwrap()[at..].starts_with(expected), "{name}");
    }
    // What an older result has more would show another study.
    let done = study(&fixture("reversed"), &["--seg", "--deidentify", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let names = files_below(&out);
    assert!(names.contains(&"study.seg.dcm".to_owned()), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("slice-") || name.contains("sr.dcm")), "{names:?}");
    let bytes = fs::read(out.join("study.seg.dcm")).unwrap();
    assert!(!bytes.windows(6).any(|part| part == b"nobody"));
}

#[test]
fn results_among_the_slices_are_not_taken_for_input() {
    let folder = scratch_folder("study-again");
    for name in files_below(&fixture("reversed")) {
        fs::copy(fixture("reversed").join(&name), folder.join(&name)).unwrap();
    }
    let inside = folder.join("lunglens-out");
    // Below the slices, then beside them.
    let results = [&inside, &inside, &folder, &folder].map(|out| {
        let done = study(&folder, &["--nifti", "--seg", "--out", text(out), "--quiet"]);
        assert_eq!((done.code, done.stderr.as_str()), (0, ""));
        fs::read(out.join("study.json")).unwrap()
    });
    assert!(results.iter().all(|result| *result == results[0]));
    assert_eq!(files_below(&folder).iter().filter(|name| name.ends_with("study.seg.dcm")).count(), 2);
}

#[test]
fn a_study_that_cannot_be_written_leaves_an_older_result_as_it_is() {
    let folder = scratch_folder("study-without-frame");
    let (input, out) = (folder.join("in"), folder.join("out"));
    let done = study(&fixture("reversed"), &["--overlays", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let files = || files_below(&out).into_iter().map(|name| fs::read(out.join(name)).unwrap());
    let before: Vec<Vec<u8>> = files().collect();

    fs::create_dir(&input).unwrap();
    for k in 0..5 {
        let name = format!("{k}.dcm");
        let mut bytes = fs::read(fixture("reversed").join(&name)).unwrap();
        // FrameOfReferenceUID becomes an element that nobody reads.
        let at = bytes.windows(4).position(|part| part == b"\x20\x00\x52\x00").unwrap();
        bytes[at + 2] = 0x53;
        fs::write(input.join(name), bytes).unwrap();
    }
    let done = study(&input, &["--seg", "--overlays", "--out", text(&out)]);
    assert_eq!((done.code, done.stdout.as_str()), (1, ""));
    assert!(done.stderr.contains("they have no FrameOfReferenceUID"), "{}", done.stderr);
    assert!(files().eq(before), "{:?}", files_below(&out));
    let done = study(&input, &["--sr", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(!files_below(&out).iter().any(|name| name.starts_with("slice-")), "{:?}", files_below(&out));
}

#[test]
fn dicom_results_want_dicom_input() {
    let volume = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/volume/nifti/LPS.nii");
    let out = scratch_folder("study-volume");
    let done = study(&volume, &["--sr", "--out", text(&out)]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("did not come as DICOM"), "{}", done.stderr);
    let done = study(&volume, &["--nifti", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(out.join("study.labels.nii.gz").is_file());
}

#[test]
fn a_time_budget_says_how_many_slices_it_reads() {
    let done = study(&fixture("chest"), &["--time-budget", "0.000001", "--json"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.contains("1 slice in 5 is read, 3 of 12"), "{}", done.stderr);
    let result: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(result["series"]["every"], 5);
    assert_eq!(study(&fixture("chest"), &["--time-budget", "9", "--every", "2"]).code, 2);
}

#[test]
fn pictures_are_measured_without_figures_in_ml_or_hu() {
    let folder = scratch_folder("study-pictures");
    let (input, out) = (folder.join("in"), folder.join("out"));
    fs::create_dir(&input).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/covid-slice.png");
    for name in ["10.png", "2.png", "1.png"] {
        fs::copy(&sample, input.join(name)).unwrap();
    }
    let done = study(&input, &["--nifti", "--pdf", "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("lung involvement") && !done.stdout.contains(" ml"), "{}", done.stdout);
    for reason in
        ["not measured: volumes in ml. The pictures", "not measured: mean HU", "not measured: zones"]
    {
        assert!(done.stderr.contains(reason), "{}", done.stderr);
    }
    let result: Value = serde_json::from_str(&fs::read_to_string(out.join("study.json")).unwrap()).unwrap();
    assert!(result["assessment"]["lungs"]["percent"].as_f64().unwrap() > 0.0);
    assert!(result["assessment"]["lungs"]["lung_ml"].is_null() && result["lesions"][0]["mean_hu"].is_null());
    assert_eq!(result["not_measured"].as_array().unwrap().len(), 3);
    assert!(out.join("study.labels.nii.gz").is_file() && out.join("study.pdf").is_file());

    let refused = study(&input, &["--seg", "--out", text(&folder.join("seg"))]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("did not come as DICOM"), "{}", refused.stderr);
}

#[test]
fn a_list_tells_what_belongs_to_no_series() {
    let folder = scratch_folder("study-left-over");
    fs::write(folder.join("notes.txt"), "no slice").unwrap();
    fs::copy(fixture("reversed/0.dcm"), folder.join("0.dcm")).unwrap();
    let listed = study(&folder, &["--list"]);
    assert_eq!((listed.code, listed.stdout.lines().count()), (0, 2), "{}", listed.stderr);
    assert!(
        listed.stderr.contains("note: 1 file set aside: no format that LungLens reads"),
        "{}",
        listed.stderr
    );
    assert_eq!(study(&folder, &["--list", "--quiet"]).stderr, "");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_no_result_for_the_rest() {
    let folder = scratch_folder("study-links");
    for slice in 0..4 {
        let name = format!("{slice}.dcm");
        fs::copy(fixture("reversed").join(&name), folder.join(&name)).unwrap();
    }
    std::os::unix::fs::symlink("gone.dcm", folder.join("4.dcm")).unwrap();
    let refused = study(&folder, &["--json"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    assert!(
        refused.stderr.contains("4.dcm: this is a link to a file that is not there"),
        "{}",
        refused.stderr
    );
}
