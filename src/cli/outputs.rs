//! Where results go, and how they are written: never over an input, never half.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use lunglens::intake::is_called_an_image;
use lunglens::study::short_hash;

use super::collect::InputFile;

/// The end of an overlay's file name.
pub const OVERLAY_SUFFIX: &str = ".overlay.png";
/// The end of a report's file name.
pub const REPORT_SUFFIX: &str = ".report.json";

/// The two files that one slice gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputPaths {
    /// The overlay picture.
    pub overlay: PathBuf,
    /// The JSON report.
    pub report: PathBuf,
}

/// Chooses the output files of each input, in the same order. `out` must exist. Names that would collide, also on
/// a file system that ignores case, or that would replace an input, get a number.
pub fn plan(files: &[InputFile], out: &Path) -> io::Result<Vec<OutputPaths>> {
    let out = fs::canonicalize(out)?;
    let mut taken: HashSet<String> = HashSet::new();
    for file in files {
        taken.insert(key(&fs::canonicalize(&file.path)?));
        // A link that is an input is kept too, though it is not the file it points to.
        if let (Some(folder), Some(name)) = (file.path.parent(), file.path.file_name()) {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            taken.insert(key(&fs::canonicalize(folder)?.join(name)));
        }
    }
    let mut planned = Vec::with_capacity(files.len());
    for file in files {
        let folder = out.join(&file.subfolder);
        let stem = stem(&file.path);
        let mut number = 1;
        let paths = loop {
            let name = if number == 1 { stem.clone() } else { format!("{stem}-{number}") };
            let paths = OutputPaths {
                overlay: folder.join(format!("{name}{OVERLAY_SUFFIX}")),
                report: folder.join(format!("{name}{REPORT_SUFFIX}")),
            };
            if !taken.contains(&key(&paths.overlay)) && !taken.contains(&key(&paths.report)) {
                break paths;
            }
            number += 1;
        };
        taken.insert(key(&paths.overlay));
        taken.insert(key(&paths.report));
        planned.push(paths);
    }
    Ok(planned)
}

fn key(path: &Path) -> String {
    path.to_string_lossy().to_lowercase()
}

fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    match name.rsplit_once('.') {
        // Another ending (as in a DICOM UID's last number) is part of the name.
        Some((stem, _)) if is_called_an_image(name.trim_start_matches('.')) => stem.to_owned(),
        _ => name,
    }
}

/// The folder of a file.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether two paths are one file, also where it is not there yet.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        fs::canonicalize(path)
            .ok()
            .or_else(|| Some(fs::canonicalize(folder_of(path)).ok()?.join(path.file_name()?)))
    };
    // Below a folder that is not there only the same words are the same file.
    one == other || place(one).is_some_and(|one| place(other) == Some(one))
}

/// Fails if the file `path` that the option `option` writes is one that is read.
pub fn refuse_inputs<'a>(
    option: &str,
    path: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> anyhow::Result<()> {
    if inputs.into_iter().any(|input| is_same_file(path, input)) {
        bail!("{} is read and would be replaced: give another file with {option}", path.display());
    }
    Ok(())
}

/// Writes `bytes` to `path` so that the file is there whole or not at all: to a new file beside it, then renamed.
/// Folders that are missing are made.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file path"));
    };
    fs::create_dir_all(folder)?;
    let temporary = temporary(folder, &name.to_string_lossy());
    let written = fs::File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            // On a network drive it shows only now that there was no room; some file systems know no such call.
            match file.sync_data() {
                Err(error)
                    if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
                {
                    Err(error)
                }
                _ => Ok(()),
            }
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell; a leftover is only untidy.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Fails if no file can be made in `folder`, so that it is known before there is anything to write.
pub fn check_writable(folder: &Path) -> io::Result<()> {
    let probe = temporary(folder, "");
    fs::File::create(&probe)?;
    // Another run may have done it.
    let _ = fs::remove_file(&probe);
    Ok(())
}

/// Where what is to be called `name` is written to at first. Short, since the name may be as long as the disk allows, and of the
/// name, since runs on several computers may have one number.
fn temporary(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!(".{}.{}.part", short_hash(name), std::process::id()))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An empty folder for one test.
    pub fn scratch_folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("lunglens-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::canonicalize(folder).unwrap()
    }

    fn input(path: PathBuf, subfolder: &str) -> InputFile {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "x").unwrap();
        InputFile { path, subfolder: subfolder.into() }
    }

    #[test]
    fn equal_names_get_numbers() {
        let root = scratch_folder("plan-equal");
        let out = root.join("out");
        fs::create_dir(&out).unwrap();
        let files = [
            input(root.join("a/case.png"), ""),
            input(root.join("b/CASE.dcm"), ""),
            input(root.join("c/1.2.840.10"), "c"),
            input(root.join("c/1.2.840.11"), "c"),
        ];
        let planned = plan(&files, &out).unwrap();
        let names: Vec<_> = planned.iter().map(|paths| paths.report.strip_prefix(&out).unwrap()).collect();
        assert_eq!(names[0], Path::new("case.report.json"));
        assert_eq!(names[1], Path::new("CASE-2.report.json"));
        assert_eq!(names[2], Path::new("c/1.2.840.10.report.json"));
        assert_eq!(names[3], Path::new("c/1.2.840.11.report.json"));
    }

    #[test]
    fn an_input_is_never_an_output() {
        let root = scratch_folder("plan-input");
        let files = [input(root.join("case.png"), ""), input(root.join("case.overlay.png"), "")];
        let planned = plan(&files, &root).unwrap();
        assert_eq!(planned[0].overlay, root.join("case-2.overlay.png"));
        assert_eq!(planned[1].overlay, root.join("case.overlay.overlay.png"));
    }

    #[test]
    fn an_input_is_refused_by_whatever_path() {
        let root = scratch_folder("refuse-input");
        fs::create_dir(root.join("deep")).unwrap();
        fs::write(root.join("in.json"), "x").unwrap();
        let refused = |path: &str, input: &str| {
            refuse_inputs("--out", &root.join(path), [root.as_path(), root.join(input).as_path()])
        };
        let told = refused("deep/../in.json", "in.json").unwrap_err().to_string();
        assert!(
            told.ends_with("in.json is read and would be replaced: give another file with --out"),
            "{told}"
        );
        assert!(refused("deep/new", "deep/../deep/new").is_err());
        assert!(refused("none/new", "none/new").is_err());
        assert!(refused("out.json", "in.json").is_ok());
        assert!(refused("deep/in.json", "in.json").is_ok());
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let root = scratch_folder("write-failed");
        fs::create_dir(root.join("busy")).unwrap();
        fs::write(root.join("busy/inside"), "x").unwrap();
        assert!(write_whole(&root.join("busy"), b"new").is_err());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_takes_no_files_is_known_beforehand() {
        let root = scratch_folder("writable");
        assert!(check_writable(&root).is_ok());
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
        // Where not even root may make a file.
        #[cfg(target_os = "linux")]
        assert!(check_writable(Path::new("/proc")).is_err());
        assert!(check_writable(&root.join("none")).is_err());
    }

    #[test]
    fn a_write_makes_folders_and_replaces_an_older_result() {
        let root = scratch_folder("write-again");
        // The longest that most disks allow.
        let path = root.join("deep/er").join("f".repeat(255));
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(root.join("deep/er")).unwrap().count(), 1);
    }
}
