//! The models in the repository are what their manifest says.

use std::path::PathBuf;

use lunglens::manifest::ModelManifest;
use lunglens::weights::{check, read_packed};
use sha2::{Digest, Sha256};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models")
}

#[test]
fn every_model_and_its_card_have_its_size_its_hash_and_its_tensors() {
    let manifest =
        ModelManifest::from_json(&std::fs::read_to_string(folder().join("manifest.json")).unwrap()).unwrap();
    assert!(manifest.find("r50").is_some());
    for entry in &manifest.models {
        let bytes = std::fs::read(folder().join(&entry.file)).unwrap();
        assert_eq!(bytes.len() as u64, entry.bytes, "{}", entry.file);
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, entry.sha256, "{}", entry.file);
        check(&read_packed(&bytes).unwrap(), &entry.config).unwrap();
        let card = std::fs::read_to_string(folder().join(&entry.file).with_extension("md")).unwrap();
        assert!(card.contains(&format!("SHA-256 `{hash}`")), "the card of {}", entry.file);
        let digits = card.replace(',', "");
        assert!(digits.contains(&format!("{} bytes", entry.bytes)), "the card of {}", entry.file);
    }
}

#[test]
fn the_manifest_is_as_the_program_writes_it() {
    let text = std::fs::read_to_string(folder().join("manifest.json")).unwrap();
    assert_eq!(ModelManifest::from_json(&text).unwrap().to_json().unwrap(), text);
}
