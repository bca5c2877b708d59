//! Everything but segmenting: help, completions, devices, models, and wrong usage.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{finished, picture, program, run, scratch_folder, text};

#[test]
fn help_has_examples_and_exit_codes() {
    for arguments in [&["--help"][..], &["segment", "--help"]] {
        let help = run(arguments);
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains("Examples:"), "{}", help.stdout);
        assert!(help.stdout.contains("Exit codes:"), "{}", help.stdout);
    }
}

#[test]
fn every_option_of_segment_is_in_its_help() {
    let help = run(&["segment", "--help"]).stdout;
    let options = "model models-dir device at-once score alarming-from clahe out json timings quiet";
    for option in options.split(' ') {
        assert!(help.contains(&format!("--{option}")), "--{option} is missing");
    }
}

#[test]
fn completions_exist_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let completions = run(&["completions", shell]);
        assert_eq!(completions.code, 0);
        assert!(completions.stdout.contains("alarming-from"), "{shell}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    let wrong = [
        &[][..],
        &["segment"],
        &["segment", "a.png", "--score", "1.5"],
        &["segment", "a.png", "--alarming-from", "many"],
        &["segment", "a.png", "--device", "abacus"],
        &["study", "a", "--at-once", "65"],
        &["study", "a", "--at-once", "18446744073709551615", "--time-budget", "5"],
        &["study", "a", "--list", "--json"],
        &["completions", "cobol"],
    ];
    for arguments in wrong {
        assert_eq!(run(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn devices_name_the_cpu() {
    let devices = run(&["devices", "--json"]);
    assert_eq!(devices.code, 0, "{}", devices.stderr);
    let devices: Vec<Value> = serde_json::from_str(&devices.stdout).unwrap();
    assert_eq!(devices.iter().filter(|device| device["kind"] == "cpu").count(), 1);
    assert!(run(&["devices"]).stdout.starts_with("KIND"));
}

#[test]
fn models_are_here_and_verified() {
    let models = run(&["models", "--json"]);
    assert_eq!(models.code, 0, "{}", models.stderr);
    let models: Vec<Value> = serde_json::from_str(&models.stdout).unwrap();
    assert!(models.iter().any(|model| model["entry"]["id"] == "r50"));
    assert!(models.iter().all(|model| model["file_state"] == "verified"));
    assert!(run(&["models"]).stdout.contains("verified"));
}

#[test]
fn a_damaged_model_is_told_and_does_not_run() {
    let folder = scratch_folder("damaged-model");
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/models");
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(format!("{models}/manifest.json")).unwrap()).unwrap();
    fs::copy(format!("{models}/manifest.json"), folder.join("manifest.json")).unwrap();
    for model in manifest["models"].as_array().unwrap() {
        fs::write(folder.join(model["file"].as_str().unwrap()), "damaged").unwrap();
    }
    let listed = run(&["models", "--models-dir", text(&folder)]);
    assert_eq!(listed.code, 1);
    assert!(listed.stdout.contains("wrong hash"), "{}", listed.stdout);

    let picture = crate::harness::picture();
    let segmented = run(&["segment", text(&picture), "--json", "--models-dir", text(&folder)]);
    assert_eq!(segmented.code, 3, "{}", segmented.stderr);
    assert_eq!(segmented.stdout, "");
}

#[test]
fn without_a_model_nothing_runs() {
    let picture = crate::harness::picture();
    let unknown = run(&["segment", text(&picture), "--json", "--model", "r7"]);
    assert_eq!(unknown.code, 3);
    assert!(unknown.stderr.contains("r7"), "{}", unknown.stderr);
    let folder = scratch_folder("no-models");
    let missing = run(&["models", "--models-dir", text(&folder)]);
    assert_eq!(missing.code, 3);
    assert!(missing.stderr.contains("manifest.json"), "{}", missing.stderr);

    fs::write(folder.join("manifest.json"), "{").unwrap();
    let damaged = run(&["models", "--models-dir", text(&folder)]);
    assert_eq!(damaged.code, 3);
    assert_eq!(damaged.stderr.matches("EOF while parsing").count(), 1, "{}", damaged.stderr);
}

/// A pipe that nobody reads.
fn closed_pipe() -> std::io::PipeWriter {
    std::io::pipe().unwrap().1
}

#[test]
fn a_closed_standard_error_stops_nothing() {
    let folder = scratch_folder("closed-stderr");
    let (missing, picture) = (folder.join("missing.png"), picture());
    let arguments = ["segment", text(&missing), text(&picture), "--device", "cpu", "--json"];
    let done =
        finished(program().args(arguments).stdout(Stdio::piped()).stderr(closed_pipe()).output().unwrap());
    assert_eq!((done.code, done.stdout.lines().count()), (1, 1));
}

#[test]
fn a_closed_standard_output_is_no_error_to_tell() {
    let models = program().arg("models").stdout(closed_pipe()).output().unwrap();
    assert_eq!((models.status.code(), models.stderr.as_slice()), (Some(1), b"".as_slice()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_told() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let models = program().arg("models").stdout(full).output().unwrap();
    let told = String::from_utf8(models.stderr).unwrap();
    assert_eq!(models.status.code(), Some(1));
    assert!(told.starts_with("error: standard output could not be written"), "{told}");
}
