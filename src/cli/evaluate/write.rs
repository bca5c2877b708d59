//! The files of an evaluation.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use crate::cli::outputs::write_whole;

/// Every file that an evaluation may have. What `--fold` writes is none of them: it is an input of `--merge`.
const NAMES: [&str; 5] =
    ["evaluation.json", "evaluation.md", "pr_curve.svg", "involvement.svg", "contact_sheet.png"];

/// Writes `files`, by name, to `out`, and removes those of an older evaluation that this one does not have, since they would
/// show other slices.
pub fn write_files(out: &Path, files: &[(&str, Vec<u8>)]) -> anyhow::Result<()> {
    for (name, bytes) in files {
        let path = out.join(name);
        write_whole(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    }
    for name in NAMES.iter().filter(|name| files.iter().all(|(written, _)| written != *name)) {
        match fs::remove_file(out.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing the older {name}"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outputs::tests::scratch_folder;

    #[test]
    fn what_an_older_evaluation_has_more_is_removed_and_nothing_else() {
        let out = scratch_folder("evaluation-files");
        for name in NAMES.into_iter().chain(["predictions.json", "notes.svg"]) {
            fs::write(out.join(name), "old").unwrap();
        }
        write_files(&out, &[("evaluation.json", b"new".to_vec()), ("evaluation.md", Vec::new())]).unwrap();
        let mut names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["evaluation.json", "evaluation.md", "notes.svg", "predictions.json"]);
        assert_eq!(fs::read(out.join("evaluation.json")).unwrap(), b"new");
    }
}
