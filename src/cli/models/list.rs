//! `lunglens models`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;
use lunglens::manifest::{Backbone, ModelEntry};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::find::{models_folder, read_manifest};
use crate::cli::args::ModelsArgs;
use crate::cli::exit::{CannotRun, Exit};
use crate::cli::table::format_table;

/// What the check of a model's file came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileState {
    Verified,
    WrongHash,
    Missing,
}

impl FileState {
    fn name(self) -> &'static str {
        match self {
            FileState::Verified => "verified",
            FileState::WrongHash => "wrong hash",
            FileState::Missing => "missing",
        }
    }
}

/// Prints the models of the models folder. A file that is missing or damaged gives exit code 1.
pub fn run(options: &ModelsArgs) -> anyhow::Result<Exit> {
    let cannot_run = || CannotRun("cannot list models".to_owned());
    let folder = models_folder(options.models_dir.models_dir.as_deref()).with_context(cannot_run)?;
    let manifest = read_manifest(&folder).with_context(cannot_run)?;
    let mut checked = Vec::with_capacity(manifest.models.len());
    for entry in &manifest.models {
        checked.push((entry, check(entry, &folder)?));
    }
    let mut stdout = io::stdout().lock();
    if options.json {
        let models: Vec<Value> = checked.iter().map(|(entry, state)| to_json(entry, *state)).collect();
        writeln!(stdout, "{}", serde_json::to_string_pretty(&models).context("writing the models as JSON")?)?;
    } else {
        let rows: Vec<[String; 5]> = checked.iter().map(|(entry, state)| to_row(entry, *state)).collect();
        write!(stdout, "{}", format_table(["ID", "BACKBONE", "SIZE", "SHA-256", "ACCURACY"], &rows))?;
    }
    let all_verified = checked.iter().all(|(_, state)| *state == FileState::Verified);
    Ok(if all_verified { Exit::Success } else { Exit::SomeFailed })
}

fn check(entry: &ModelEntry, folder: &Path) -> anyhow::Result<FileState> {
    let path = folder.join(&entry.file);
    if !path.is_file() {
        return Ok(FileState::Missing);
    }
    let hash = hash_file(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(if hash.eq_ignore_ascii_case(&entry.sha256) { FileState::Verified } else { FileState::WrongHash })
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn backbone_name(backbone: Backbone) -> &'static str {
    match backbone {
        Backbone::Resnet50 => "ResNet50-FPN",
        Backbone::Resnet101 => "ResNet101-FPN",
    }
}

fn to_row(entry: &ModelEntry, state: FileState) -> [String; 5] {
    [
        entry.id.clone(),
        backbone_name(entry.backbone).to_owned(),
        format!("{:.1} MB", entry.bytes as f64 / 1e6),
        state.name().to_owned(),
        accuracy_text(&entry.accuracy),
    ]
}

fn to_json(entry: &ModelEntry, state: FileState) -> Value {
    json!({ "file_state": state.name(), "entry": entry })
}

/// The numbers of an accuracy value, as `name value` pairs; nested names are joined by a blank.
fn accuracy_text(accuracy: &Value) -> String {
    let mut parts = Vec::new();
    push_numbers(accuracy, "", &mut parts);
    if parts.is_empty() { "not measured".to_owned() } else { parts.join(", ") }
}

fn push_numbers(value: &Value, name: &str, parts: &mut Vec<String>) {
    match value {
        Value::Number(number) => parts.push(format!("{name} {number}").trim_start().to_owned()),
        Value::Object(fields) => {
            for (key, value) in fields {
                push_numbers(value, format!("{name} {}", key.replace('_', " ")).trim_start(), parts);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_is_flattened_to_names_and_numbers() {
        let accuracy = json!({ "validation": { "instance_f1": 0.48, "note": "text" }, "lung_dice": 0.96 });
        assert_eq!(accuracy_text(&accuracy), "lung dice 0.96, validation instance f1 0.48");
        assert_eq!(accuracy_text(&Value::Null), "not measured");
    }

    #[test]
    fn a_file_hash_is_that_of_its_bytes() {
        let root = crate::cli::outputs::tests::scratch_folder("hash");
        std::fs::write(root.join("abc"), "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_file(&root.join("abc")).unwrap(), expected);
    }
}
