//! Which files to segment: the arguments, with folders searched in a stable order.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use lunglens::export::ExportFormat;
use lunglens::imaging::begins_like_a_picture;
use lunglens::intake::is_called_an_image;
use lunglens::report::Software;
use serde::Deserialize;

use super::outputs::OVERLAY_SUFFIX;

/// One file to segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// Where it is, as given or found; also what messages call it.
    pub path: PathBuf,
    /// Its place under the output folder: empty for a file argument, else the folders that lead to it.
    pub subfolder: PathBuf,
}

/// An argument that could not be searched.
#[derive(Debug)]
pub struct Unreadable {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// What the arguments came to.
#[derive(Debug, Default)]
pub struct Collected {
    /// Files, in the order of the arguments and, within a folder, by name.
    pub files: Vec<InputFile>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Folder arguments without any slice.
    pub empty_folders: Vec<PathBuf>,
}

/// Collects the files of `arguments`. A file argument is taken whatever it holds. In a folder, files that neither
/// begin like a picture or a DICOM file nor are called one are passed over, and so are hidden ones, our own overlays and a study's results. Links
/// to folders are not followed, so that a loop of links cannot trap the search: they are told, as links to nothing are. No file is
/// taken twice.
pub fn collect(arguments: &[PathBuf]) -> Collected {
    collect_if(arguments, looks_like_a_slice)
}

/// Collects as [`collect`], but all files of folders, since a study may come in archives and volumes. The argument of a
/// medium's DICOMDIR stands for its folder.
pub fn collect_all(arguments: &[PathBuf]) -> Collected {
    let whole = |argument: &PathBuf| match (argument.file_name(), argument.parent()) {
        (Some(name), Some(parent)) if name.eq_ignore_ascii_case("DICOMDIR") && argument.is_file() => {
            if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_path_buf() }
        }
        _ => argument.clone(),
    };
    collect_if(&arguments.iter().map(whole).collect::<Vec<_>>(), |_| Ok(true))
}

fn collect_if(arguments: &[PathBuf], wanted: fn(&Path) -> io::Result<bool>) -> Collected {
    let mut collected = Collected::default();
    let mut seen = HashSet::new();
    let folders = arguments.iter().filter(|path| path.is_dir()).count();
    for argument in arguments {
        match fs::metadata(argument) {
            Err(error) => collected.unreadable.push(Unreadable { path: argument.clone(), error }),
            Ok(metadata) if metadata.is_dir() => {
                // With several folders each keeps its name, so that equal names below them stay apart.
                let subfolder = match argument.file_name() {
                    Some(name) if folders > 1 => PathBuf::from(name),
                    _ => PathBuf::new(),
                };
                // What another argument gave is not taken again, but here it is.
                if !search(argument, &subfolder, wanted, &mut seen, &mut collected) {
                    collected.empty_folders.push(argument.clone());
                }
            }
            Ok(metadata) if metadata.is_file() => {
                take(argument.clone(), PathBuf::new(), &mut seen, &mut collected);
            }
            Ok(_) => {
                let error =
                    io::Error::other("this is a pipe or a device: save what comes out of it as a file");
                collected.unreadable.push(Unreadable { path: argument.clone(), error });
            }
        }
    }
    collected
}

fn take(path: PathBuf, subfolder: PathBuf, seen: &mut HashSet<PathBuf>, collected: &mut Collected) {
    match fs::canonicalize(&path) {
        Ok(canonical) => {
            if seen.insert(canonical) {
                collected.files.push(InputFile { path, subfolder });
            }
        }
        Err(error) => collected.unreadable.push(Unreadable { path, error }),
    }
}

/// Takes what is wanted of a folder; false where there is nothing, nor anything that cannot be read.
fn search(
    folder: &Path,
    subfolder: &Path,
    wanted: fn(&Path) -> io::Result<bool>,
    seen: &mut HashSet<PathBuf>,
    collected: &mut Collected,
) -> bool {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            collected.unreadable.push(Unreadable { path: folder.to_path_buf(), error });
            return true;
        }
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    let results = names_of_results(folder);
    let mut any = false;
    for entry in entries {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with('.') || text.ends_with(OVERLAY_SUFFIX) || results.contains(&&*text) {
            continue;
        }
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            any |= search(&path, &subfolder.join(&name), wanted, seen, collected);
            continue;
        }
        match file_in_folder(&path).and_then(|is_file| Ok(is_file && wanted(&path)?)) {
            Ok(true) => take(path, subfolder.to_path_buf(), seen, collected),
            Ok(false) => continue,
            Err(error) => collected.unreadable.push(Unreadable { path, error }),
        }
        any = true;
    }
    any
}

/// Whether what lies in a folder, and is no folder itself, is a file. Pipes and devices are none. A link that leads to no file is
/// an error, since a slice may be meant by it.
fn file_in_folder(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(io::Error::other(
            "this is a link to a folder, which is not followed: name the folder itself to have it read",
        )),
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink()) => {
            Err(io::Error::new(error.kind(), format!("this is a link to a file that is not there ({error})")))
        }
        Err(error) => Err(error),
    }
}

/// The names that a study's result has, if `folder` holds one. Whatever else lies there is an input: results may have been
/// written beside the slices.
fn names_of_results(folder: &Path) -> Vec<&'static str> {
    if !holds_our_study(folder) {
        return Vec::new();
    }
    ExportFormat::ALL.iter().flat_map(|format| format.file_names()).copied().collect()
}

/// Whether `folder` holds the result of a study that this program wrote.
pub fn holds_our_study(folder: &Path) -> bool {
    #[derive(Deserialize)]
    struct Study {
        software: Software,
    }
    let path = folder.join("study.json");
    // A pipe of this name would wait for ever.
    let file = path.is_file().then(|| fs::File::open(&path).ok()).flatten();
    let study = file.and_then(|file| serde_json::from_reader::<_, Study>(BufReader::new(file)).ok());
    study.is_some_and(|study| study.software.name == Software::this().name)
}

fn looks_like_a_slice(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(132);
    fs::File::open(path)?.take(132).read_to_end(&mut head)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(begins_like_a_slice(&head) || is_called_an_image(&name))
}

/// Whether `head`, the first 132 bytes of a file, may be a picture or a DICOM file. The decoder has the last word.
fn begins_like_a_slice(head: &[u8]) -> bool {
    let dicom = head.get(128..132) == Some(b"DICM".as_slice());
    // DICOM without its preamble starts with an element of group 0002 or 0008, little endian.
    let bare_dicom = matches!(head, [0x02 | 0x08, 0x00, _, 0x00, ..]) && head.len() == 132;
    begins_like_a_picture(head) || dicom || bare_dicom
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::outputs::tests::scratch_folder;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    fn paths(collected: &Collected, root: &Path) -> Vec<String> {
        let relative = |file: &InputFile| file.path.strip_prefix(root).unwrap().to_path_buf();
        let text = |path: PathBuf| path.to_string_lossy().replace('\\', "/");
        collected.files.iter().map(relative).map(text).collect()
    }

    #[test]
    fn folders_are_searched_by_name_and_by_content() {
        let root = scratch_folder("collect-order");
        fs::create_dir_all(root.join("b/deep")).unwrap();
        for name in ["z.png", "a.txt", "b/2.bin", "b/10.bin", "b/deep/x", ".hidden.png", "z.overlay.png"] {
            fs::write(root.join(name), PNG).unwrap();
        }
        // What cannot be a slice is passed over, but not what is meant to be one, so that it is told.
        fs::write(root.join("notes"), "text").unwrap();
        fs::write(root.join("empty.dcm"), "").unwrap();
        let collected = collect(std::slice::from_ref(&root));
        let expected = ["a.txt", "b/10.bin", "b/2.bin", "b/deep/x", "empty.dcm", "z.png"];
        assert_eq!(paths(&collected, &root), expected);
        assert_eq!(collected.files[3].subfolder, Path::new("b").join("deep"));
    }

    #[test]
    fn a_file_is_taken_once_and_a_missing_one_is_told() {
        let root = scratch_folder("collect-once");
        fs::write(root.join("a.png"), PNG).unwrap();
        let collected = collect(&[root.join("a.png"), root.clone(), root.join("missing.png")]);
        assert_eq!(paths(&collected, &root), ["a.png"]);
        assert_eq!(collected.unreadable.len(), 1);
        assert_eq!(collected.unreadable[0].path, root.join("missing.png"));
        let collected = collect(&[root.clone(), root.clone()]);
        assert_eq!((collected.files.len(), collected.empty_folders.len()), (1, 0));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_files_or_told() {
        use std::os::unix::fs::symlink;
        let root = scratch_folder("collect-links");
        fs::create_dir(root.join("in")).unwrap();
        fs::write(root.join("in/a.png"), PNG).unwrap();
        fs::create_dir(root.join("links")).unwrap();
        for (target, name) in [("../in/a.png", "b.png"), ("../in/gone.png", "c.png"), ("../in", "d")] {
            symlink(target, root.join("links").join(name)).unwrap();
        }
        for collected in [collect(&[root.join("links")]), collect_all(&[root.join("links")])] {
            assert_eq!(paths(&collected, &root), ["links/b.png"]);
            let told: Vec<String> = collected.unreadable.iter().map(|one| one.error.to_string()).collect();
            assert_eq!(told.len(), 2);
            assert!(told[0].starts_with("this is a link to a file that is not there"), "{told:?}");
            assert!(told[1].starts_with("this is a link to a folder, which is not followed"), "{told:?}");
        }
        let device = collect(&["/dev/null".into()]);
        assert!(device.files.is_empty());
        assert!(device.unreadable[0].error.to_string().starts_with("this is a pipe or a device"));
    }

    #[test]
    fn a_folder_without_slices_is_told_and_a_file_argument_is_always_taken() {
        let root = scratch_folder("collect-empty");
        fs::create_dir(root.join("empty")).unwrap();
        fs::write(root.join("notes.txt"), "no slice").unwrap();
        let collected = collect(&[root.join("empty"), root.join("notes.txt")]);
        assert_eq!(collected.empty_folders, [root.join("empty")]);
        assert_eq!(paths(&collected, &root), ["notes.txt"]);
    }

    #[test]
    fn results_of_a_study_are_passed_over_where_its_json_is_ours() {
        let root = scratch_folder("collect-results");
        let json =
            |program: &str| format!(r#"{{"software":{{"name":"{program}","version":"1"}},"slices":[]}}"#);
        for (folder, study) in [("ours", json("LungLens")), ("other", json("Other")), ("text", "text".into())]
        {
            fs::create_dir(root.join(folder)).unwrap();
            fs::write(root.join(folder).join("study.json"), study).unwrap();
            for name in ["1.png", "key-1.overlay.png", "study.labels.nii.gz", "study.seg.dcm"] {
                fs::write(root.join(folder).join(name), PNG).unwrap();
            }
        }
        let all = |folder: &str| paths(&collect_all(&[root.join(folder)]), &root.join(folder));
        assert_eq!(all("ours"), ["1.png"]);
        for folder in ["other", "text"] {
            assert_eq!(all(folder), ["1.png", "study.json", "study.labels.nii.gz", "study.seg.dcm"]);
        }
        let slices = collect(&[root.join("ours")]);
        assert_eq!(paths(&slices, &root), ["ours/1.png"]);
        // What is named itself is taken.
        let named = [root.join("ours/study.seg.dcm")];
        assert_eq!(paths(&collect_all(&named), &root), ["ours/study.seg.dcm"]);
    }

    #[test]
    fn several_folders_keep_their_names() {
        let root = scratch_folder("collect-several");
        for folder in ["monday", "tuesday"] {
            fs::create_dir(root.join(folder)).unwrap();
            fs::write(root.join(folder).join("1.png"), PNG).unwrap();
        }
        let collected = collect(&[root.join("monday"), root.join("tuesday")]);
        let subfolders: Vec<_> = collected.files.iter().map(|file| file.subfolder.clone()).collect();
        assert_eq!(subfolders, [PathBuf::from("monday"), PathBuf::from("tuesday")]);
    }

    #[test]
    fn formats_are_recognised_by_their_first_bytes() {
        assert!(begins_like_a_slice(PNG));
        assert!(begins_like_a_slice(b"\xff\xd8\xff\xe0"));
        assert!(begins_like_a_slice(b"RIFF\x24\0\0\0WEBPVP8L"));
        assert!(begins_like_a_slice(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"));
        assert!(!begins_like_a_slice(b"BMI of the patients, a text"));
        let mut dicom = vec![0; 128];
        dicom.extend_from_slice(b"DICM");
        assert!(begins_like_a_slice(&dicom));
        assert!(!begins_like_a_slice(&[0; 132]));
        assert!(!begins_like_a_slice(b""));
    }
}
