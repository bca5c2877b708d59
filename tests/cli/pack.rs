//! `lunglens pack` on the narrow checkpoints of the parity fixtures.

use std::fs;

use lunglens::manifest::{Backbone, MaskRcnnConfig, ModelManifest};
use lunglens::weights::read_packed;
use sha2::{Digest, Sha256};

use crate::harness::{files_below, run, scratch_folder, text};

const CHECKPOINT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parity/weights_r50.safetensors");

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
