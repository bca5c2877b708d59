//! Finds the models folder, its manifest, and one model in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use lunglens::manifest::{ModelEntry, ModelManifest};

use crate::cli::outputs::folder_of;

/// The file that lists the models of a folder.
pub const MANIFEST: &str = "manifest.json";

/// A model's description and the file that holds its weights.
#[derive(Debug)]
pub struct FoundModel {
    /// Its entry in the manifest.
    pub entry: ModelEntry,
    /// Its weights.
    pub path: PathBuf,
}

/// The folder with models: the one asked for; else `models` beside the program, `./models`, or, for a program run
/// where it was built, the source tree's.
pub fn models_folder(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = asked {
        return Ok(folder.to_path_buf());
    }
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).map(|folder| folder.join("models"));
    let candidates =
        [beside, Some("models".into()), Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"))];
    candidates.into_iter().flatten().find(|folder| folder.join(MANIFEST).is_file()).ok_or_else(|| {
        anyhow!(
            "no models/{MANIFEST} beside the program or in this folder; name its folder with --models-dir or in \
             LUNGLENS_MODELS"
        )
    })
}

/// The place of the manifest beside a file.
pub fn manifest_beside(path: &Path) -> PathBuf {
    folder_of(path).join(MANIFEST)
}

/// Reads the manifest of a models folder.
pub fn read_manifest(folder: &Path) -> anyhow::Result<ModelManifest> {
    let path = folder.join(MANIFEST);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    ModelManifest::from_json(&text).with_context(|| path.display().to_string())
}

/// The model that `asked` names: an id in the models folder, or the path of a model file that has a manifest
/// beside it.
pub fn find_model(asked: &str, models_dir: Option<&Path>) -> anyhow::Result<FoundModel> {
    let path = Path::new(asked);
    if path.is_file() {
        return find_beside(path);
    }
    let folder = models_folder(models_dir)?;
    let manifest = read_manifest(&folder)?;
    let ids: Vec<String> = manifest.models.iter().map(|entry| entry.id.clone()).collect();
    match manifest.models.into_iter().find(|entry| entry.id == asked) {
        Some(entry) => Ok(FoundModel { path: folder.join(&entry.file), entry }),
        None => bail!(
            "there is no model '{asked}' in {}; it has {}",
            folder.display(),
            if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
        ),
    }
}

fn find_beside(path: &Path) -> anyhow::Result<FoundModel> {
    let folder = folder_of(path);
    let manifest = read_manifest(folder).context("a model file needs its manifest.json beside it")?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let entry = manifest.models.into_iter().find(|entry| entry.file == name);
    let entry = entry.ok_or_else(|| anyhow!("{} does not list {name}", folder.join(MANIFEST).display()))?;
    Ok(FoundModel { entry, path: path.to_path_buf() })
}
