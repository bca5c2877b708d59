//! `lunglens pack` on the narrow checkpoints of the parity fixtures.

use std::fs;

use lunglens::manifest::{Backbone, MaskRcnnConfig};
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
