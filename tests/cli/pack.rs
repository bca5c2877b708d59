//! `lunglens pack` and `lunglens quantize` on the narrow checkpoints of the parity fixtures.

use std::fs;
use std::path::{Path, PathBuf};

use lunglens::manifest::{Backbone, MaskRcnnConfig, ModelManifest};
use lunglens::weights::read_packed;
use sha2::{Digest, Sha256};

use crate::harness::{Run, files_below, run, scratch_folder, text};

const CHECKPOINT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parity/weights_r50.safetensors");

/// A folder for one test, and the configuration of the checkpoint in it.
fn with_config(name: &str) -> (PathBuf, PathBuf) {
    let folder = scratch_folder(name);
    let settings = folder.join("config.json");
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    fs::write(&settings, serde_json::to_string(&config).unwrap()).unwrap();
    (folder, settings)
}

fn pack(input: &str, settings: &Path, out: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["pack", input, "--config", text(settings), "--out", text(out)];
    arguments.extend(more);
    run(&arguments)
}

fn read_manifest(models: &Path) -> ModelManifest {
    ModelManifest::from_json(&fs::read_to_string(models.join("manifest.json")).unwrap()).unwrap()
}

/// That a run ended with an error that says `expected`.
fn assert_refused(done: &Run, expected: &str) {
    assert_eq!(done.code, 1, "{}", done.stdout);
    assert!(done.stderr.contains(expected), "{} has no {expected}", done.stderr);
}

#[test]
fn a_checkpoint_becomes_a_small_file_that_reads_back() {
    let folder = scratch_folder("pack");
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    let settings = folder.join("config.json");
    fs::write(&settings, serde_json::to_string(&config).unwrap()).unwrap();
    let out = folder.join("narrow.llw");
    let done = run(&["pack", CHECKPOINT, "--config", text(&settings), "--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);

    let packed = fs::read(&out).unwrap();
    assert!(!read_packed(&packed).unwrap().is_empty());
    assert!(packed.len() < fs::read(CHECKPOINT).unwrap().len());
    let hash: String = Sha256::digest(&packed).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(done.stdout.contains(&hash), "{}", done.stdout);
}

#[test]
fn a_checkpoint_of_other_sizes_is_refused_and_nothing_is_written() {
    let folder = scratch_folder("pack-other");
    let out = folder.join("full.llw");
    let done = run(&["pack", CHECKPOINT, "--backbone", "resnet50", "--out", text(&out)]);
    assert_eq!(done.code, 1);
    assert!(done.stderr.contains("backbone.body"), "{}", done.stderr);
    assert!(files_below(&folder).is_empty());
}

#[test]
fn a_packed_model_is_listed_in_the_manifest_and_replaced_by_its_id() {
    let folder = scratch_folder("pack-manifest");
    let settings = folder.join("config.json");
    fs::write(&settings, serde_json::to_string(&MaskRcnnConfig::narrow(Backbone::Resnet50)).unwrap())
        .unwrap();
    let models = folder.join("models");
    let packed = |file: &str, more: &[&str]| {
        let out = models.join(file);
        let mut arguments = vec!["pack", CHECKPOINT, "--config", text(&settings), "--out", text(&out)];
        arguments.extend(more);
        let done = run(&arguments);
        assert_eq!(done.code, 0, "{}", done.stderr);
    };
    packed("a.llw", &["--manifest", "--trained-on", "slices"]);
    packed("b.llw", &["--manifest", "--id", "half", "--storage", "f16", "--title", "Half"]);
    packed("c.llw", &["--manifest", "--storage", "f32"]);
    let manifest =
        ModelManifest::from_json(&fs::read_to_string(models.join("manifest.json")).unwrap()).unwrap();
    let shown: Vec<_> =
        manifest.models.iter().map(|m| (m.id.as_str(), m.file.as_str(), m.quantization.name())).collect();
    assert_eq!(shown, [("r50", "c.llw", "f32"), ("half", "b.llw", "f16")]);
    assert_eq!(manifest.models[0].preprocessing.input_size, 64);
    let listed = run(&["models", "--models-dir", text(&models)]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert_eq!(listed.stdout.matches("verified").count(), 2, "{}", listed.stdout);
}

#[test]
fn what_is_read_is_not_replaced() {
    let (folder, settings) = with_config("pack-inputs");
    let [input, link, report] =
        ["in.safetensors", "other/../in.safetensors", "layers.csv"].map(|n| folder.join(n));
    fs::create_dir(folder.join("other")).unwrap();
    fs::copy(CHECKPOINT, &input).unwrap();
    let manifest = folder.join("manifest.json");
    let before = files_below(&folder);
    for out in [&input, &link, &settings, &manifest] {
        assert_refused(&pack(text(&input), &settings, out, &[]), "give another file with --out");
    }
    let quantize = |out: &Path, report: &Path| {
        let settings = ["--config", text(&settings), "--report", text(report)];
        run(&[&["quantize", text(&input), "--out", text(out)][..], &settings].concat())
    };
    assert_refused(&quantize(&link, &report), "give another file with --out");
    assert_refused(&quantize(&folder.join("out.llw"), &settings), "give another file with --report");
    assert_refused(&quantize(&report, &report), "are the same file");
    assert_eq!(files_below(&folder), before);
    assert!(fs::read(&input).unwrap() == fs::read(CHECKPOINT).unwrap());
}

#[test]
fn a_refused_model_leaves_the_folder_as_it_is() {
    let (folder, settings) = with_config("pack-refused");
    let models = folder.join("models");
    let out = models.join("a.llw");
    let pack_as =
        |more: &[&str]| pack(CHECKPOINT, &settings, &out, &[&["--storage", "f16"][..], more].concat());
    assert_eq!(pack(CHECKPOINT, &settings, &out, &["--manifest", "--id", "one"]).code, 0);
    assert_refused(&pack_as(&["--manifest", "--id", "a b"]), "is not made of letters");
    assert_refused(&pack_as(&["--manifest", "--id", "two"]), "is the file of the model 'one'");
    assert_refused(&pack_as(&[]), "give --manifest too");
    let listed = run(&["models", "--models-dir", text(&models)]);
    assert_eq!(listed.code, 0, "{}", listed.stdout);
    assert_eq!(read_manifest(&models).models.len(), 1);
    let done = pack_as(&["--manifest", "--id", "one"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(run(&["models", "--models-dir", text(&models)]).code, 0);
}

#[test]
fn a_quantized_model_is_described_as_the_one_it_is_made_of() {
    let (folder, settings) = with_config("quantize-entry");
    let source = folder.join("m/a.llw");
    let about = ["--id", "mine", "--title", "Mine", "--licence", "CC0-1.0", "--trained-on", "own slices"];
    let done =
        pack(CHECKPOINT, &settings, &source, &[&["--manifest", "--storage", "f32"][..], &about].concat());
    assert_eq!(done.code, 0, "{}", done.stderr);
    let mut manifest = read_manifest(&folder.join("m"));
    manifest.models[0].preprocessing.lung_crop = None;
    manifest.models[0].accuracy = serde_json::json!({ "held_out": { "lung_dice": 0.9 } });
    fs::write(folder.join("m/manifest.json"), manifest.to_json().unwrap()).unwrap();
    let source_entry = &manifest.models[0];

    let quantized = |out: &str, more: &[&str]| {
        let out = folder.join(out);
        let arguments = ["quantize", text(&source), "--to", "int8", "--out", text(&out), "--manifest"];
        let done = run(&[&arguments[..], more].concat());
        assert_eq!(done.code, 0, "{}", done.stderr);
        read_manifest(out.parent().unwrap()).models.remove(0)
    };
    let mut plain = quantized("q/b.llw", &[]);
    assert_eq!((plain.file.as_str(), plain.quantization.name()), ("b.llw", "int8"));
    assert_ne!(plain.sha256, source_entry.sha256);
    // The figures are of other weights.
    assert_eq!(plain.accuracy, serde_json::json!({}));
    let changed = quantized("t/b.llw", &["--title", "Smaller", "--config", text(&settings)]);
    assert_eq!((changed.title.as_str(), changed.licence.as_str()), ("Smaller", "CC0-1.0"));
    assert_eq!(changed.preprocessing, source_entry.preprocessing);
    plain.file.clone_from(&source_entry.file);
    plain.sha256.clone_from(&source_entry.sha256);
    plain.accuracy.clone_from(&source_entry.accuracy);
    (plain.bytes, plain.quantization) = (source_entry.bytes, source_entry.quantization);
    assert_eq!(&plain, source_entry);
}
