//! `manifest.json`: the models of a folder.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Backbone, ManifestError, MaskRcnnConfig};
use crate::imaging::Preprocessing;
use crate::weights::Quantization;

/// The version of `manifest.json` that this program reads and writes.
pub const SCHEMA_VERSION: u32 = 1;

/// The models of a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelManifest {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The models, the default one first.
    pub models: Vec<ModelEntry>,
}

/// One model: its file, what it was trained for, and how well it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Short name, used on the command line, such as `r50`.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// The weights' file name, in the manifest's folder.
    pub file: String,
    /// The file's size in bytes.
    pub bytes: u64,
    /// The file's SHA-256 as 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The backbone; the same as in `config`.
    pub backbone: Backbone,
    /// How the matrices are stored.
    pub quantization: Quantization,
    /// Class names by label, background first.
    pub classes: Vec<String>,
    /// The network.
    pub config: MaskRcnnConfig,
    /// What a slice goes through before the network.
    pub preprocessing: Preprocessing,
    /// SPDX identifier of the weights' licence.
    pub licence: String,
    /// What the model was trained on, in a sentence.
    pub data: String,
    /// Measured figures, by name; free in form.
    pub accuracy: Value,
}

impl ModelManifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] if the text is no manifest of this version, or a field has an impossible value.
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        /// Only the version, so that a later format is named as such and not as a missing field.
        #[derive(Deserialize)]
        struct Version {
            schema_version: u32,
        }
        let found = serde_json::from_str::<Version>(text)?.schema_version;
        if found != SCHEMA_VERSION {
            return Err(ManifestError::SchemaVersion { found, expected: SCHEMA_VERSION });
        }
        let manifest: Self = serde_json::from_str(text)?;
        let mut ids = BTreeSet::new();
        for entry in &manifest.models {
            entry.validate()?;
            if !ids.insert(entry.id.as_str()) {
                return Err(ManifestError::DuplicateId(entry.id.clone()));
            }
        }
        Ok(manifest)
    }

    /// The manifest as indented JSON with a final line break.
    ///
    /// # Errors
    /// [`ManifestError::Json`] if `accuracy` cannot be written.
    pub fn to_json(&self) -> Result<String, ManifestError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The model called `id`.
    pub fn find(&self, id: &str) -> Option<&ModelEntry> {
        self.models.iter().find(|entry| entry.id == id)
    }
}

impl ModelEntry {
    /// Checks the fields against each other and against what a file in the manifest's folder can be.
    ///
    /// # Errors
    /// [`ManifestError`] names the first bad field.
    pub fn validate(&self) -> Result<(), ManifestError> {
        let bad = |field, problem: &str| {
            Err(ManifestError::Field { id: self.id.clone(), field, problem: problem.to_owned() })
        };
        if self.id.is_empty() || !self.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return bad("id", "is not made of letters, digits, '-' and '_'");
        }
        if self.file.is_empty() || self.file.starts_with('.') || self.file.contains(['/', '\\', ':', '\0']) {
            return bad("file", "is not a plain file name");
        }
        if self.bytes == 0 {
            return bad("bytes", "is 0");
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
            return bad("sha256", "is not 64 lower-case hexadecimal digits");
        }
        self.config.validate()?;
        if self.backbone != self.config.backbone {
            return bad("backbone", "differs from config.backbone");
        }
        if self.classes.len() != self.config.num_classes() {
            return bad("classes", "has not one name a class");
        }
        if self.preprocessing.input_size != self.config.input_size {
            return bad("preprocessing", "has another input_size than config");
        }
        // As MaskRcnnConfig::validate has it of input_size: else the pyramid's levels do not fit each other.
        if let Some(crop) = self.preprocessing.lung_crop
            && !(crop.search_size.is_multiple_of(32)
                && (32..=self.config.input_size).contains(&crop.search_size))
        {
            return bad(
                "preprocessing",
                "has a lung_crop.search_size that is no multiple of 32 up to input_size",
            );
        }
        if self.licence.is_empty() {
            return bad("licence", "is empty");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::LungCrop;

    type Change = fn(&mut ModelEntry);

    fn entry() -> ModelEntry {
        ModelEntry {
            id: "r50".to_owned(),
            title: "ResNet50-FPN".to_owned(),
            file: "r50.llw".to_owned(),
            bytes: 12,
            sha256: "0f".repeat(32),
            backbone: Backbone::Resnet50,
            quantization: Quantization::Int8,
            classes: ["background", "lesion", "lung"].map(str::to_owned).to_vec(),
            config: MaskRcnnConfig::new(Backbone::Resnet50),
            preprocessing: Preprocessing::default(),
            licence: "CC-BY-NC-SA-4.0".to_owned(),
            data: "slices".to_owned(),
            accuracy: serde_json::json!({ "dice": 0.5 }),
        }
    }

    fn manifest(models: Vec<ModelEntry>) -> String {
        ModelManifest { schema_version: SCHEMA_VERSION, models }.to_json().unwrap()
    }

    #[test]
    fn round_trip() {
        let read = ModelManifest::from_json(&manifest(vec![entry()])).unwrap();
        assert_eq!(read.models, vec![entry()]);
        assert_eq!(read.find("r50").map(|e| e.bytes), Some(12));
        assert!(read.find("r101").is_none());
    }

    #[test]
    fn another_version_is_named_before_its_fields_are_read() {
        let error = ModelManifest::from_json(r#"{"schema_version": 2, "other": []}"#).unwrap_err();
        assert!(matches!(error, ManifestError::SchemaVersion { found: 2, expected: 1 }));
        assert!(matches!(ModelManifest::from_json("{"), Err(ManifestError::Json(_))));
    }

    #[test]
    fn same_id_twice_is_an_error() {
        let error = ModelManifest::from_json(&manifest(vec![entry(), entry()])).unwrap_err();
        assert!(matches!(error, ManifestError::DuplicateId(id) if id == "r50"));
    }

    #[test]
    fn bad_fields_are_named() {
        let spoil: [(&str, Change); 14] = [
            ("id", |e| e.id = "r 50".to_owned()),
            ("file", |e| e.file = "../r50.llw".to_owned()),
            ("file", |e| e.file = "a\\b".to_owned()),
            ("file", |e| e.file = "..".to_owned()),
            ("bytes", |e| e.bytes = 0),
            ("sha256", |e| e.sha256.truncate(63)),
            ("sha256", |e| e.sha256 = "0G".repeat(32)),
            ("backbone", |e| e.backbone = Backbone::Resnet101),
            ("classes", |e| e.classes.truncate(2)),
            ("preprocessing", |e| e.preprocessing.input_size = 64),
            ("preprocessing", |e| {
                e.preprocessing.lung_crop = Some(LungCrop { search_size: 176, margin: 0.05 })
            }),
            ("preprocessing", |e| {
                e.preprocessing.lung_crop = Some(LungCrop { search_size: 0, margin: 0.05 })
            }),
            ("preprocessing", |e| {
                e.preprocessing.lung_crop = Some(LungCrop { search_size: 640, margin: 0.05 })
            }),
            ("licence", |e| e.licence.clear()),
        ];
        for (name, change) in spoil {
            let mut spoilt = entry();
            change(&mut spoilt);
            match ModelManifest::from_json(&manifest(vec![spoilt])) {
                Err(ManifestError::Field { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
