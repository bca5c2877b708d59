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
use crate::cli::tell::stdout;

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
    let mut stdout = stdout();
    if options.json {
        let models: Vec<Value> = checked.iter().map(|(entry, state)| to_json(entry, *state)).collect();
        writeln!(stdout, "{}", serde_json::to_string_pretty(&models).context("writing the models as JSON")?)?;
    } else {
        let rows: Vec<[String; 5]> = checked.iter().map(|(entry, state)| to_row(entry, *state)).collect();
        write!(stdout, "{}", format_table(["ID", "BACKBONE", "SIZE", "SHA-256", "LICENCE"], &rows))?;
        for entry in &manifest.models {
            writeln!(stdout, "\nAccuracy of {}", entry.id)?;
            for line in accuracy_lines(&entry.accuracy) {
                writeln!(stdout, "  {line}")?;
            }
        }
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
        entry.licence.clone(),
    ]
}

fn to_json(entry: &ModelEntry, state: FileState) -> Value {
    json!({ "file_state": state.name(), "entry": entry })
}

/// An accuracy value for people: its own numbers and texts, then a line a group of numbers.
fn accuracy_lines(accuracy: &Value) -> Vec<String> {
    let Value::Object(fields) = accuracy else {
        return vec!["not measured".to_owned()];
    };
    let mut lines = Vec::new();
    for (name, value) in fields {
        let name = name.replace('_', " ");
        match value {
            Value::Object(group) => {
                let numbers: Vec<String> = group
                    .iter()
                    .map(|(name, value)| format!("{} {}", name.replace('_', " "), plain(value)))
                    .collect();
                lines.push(format!("{name}: {}", numbers.join(", ")));
            }
            value => lines.push(format!("{name}: {}", plain(value))),
        }
    }
    lines
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_has_a_line_a_group() {
        let accuracy = json!({ "validation": { "lung_dice": 0.96, "slices": 38 }, "note": "At score 0.5." });
        assert_eq!(
            accuracy_lines(&accuracy),
            ["note: At score 0.5.", "validation: lung dice 0.96, slices 38"]
        );
        assert_eq!(accuracy_lines(&Value::Null), ["not measured"]);
    }

    #[test]
    fn a_file_hash_is_that_of_its_bytes() {
        let root = crate::cli::outputs::tests::scratch_folder("hash");
        std::fs::write(root.join("abc"), "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_file(&root.join("abc")).unwrap(), expected);
    }
}
