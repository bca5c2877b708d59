//! Starts the program, and finds samples and scratch folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a run of the program left.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program, without the caller's environment getting in the way.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lunglens"));
    command.env_remove("LUNGLENS_MODELS").current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Run {
    finished(program().args(arguments).output().unwrap())
}

/// The end of a run as text.
pub fn finished(output: Output) -> Run {
    Run {
        code: output.status.code().expect("the program ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An empty folder for one test.
pub fn scratch_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The sample slice that is a picture.
pub fn picture() -> PathBuf {
    sample("covid-slice.png")
}

/// The sample slice that is a DICOM image.
pub fn dicom() -> PathBuf {
    sample("chest-slice.dcm")
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The names of all files below a folder, sorted, with `/` between folders.
pub fn files_below(folder: &Path) -> Vec<String> {
    fn visit(folder: &Path, root: &Path, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, root, names);
            } else {
                names.push(text(path.strip_prefix(root).unwrap()).replace('\\', "/"));
            }
        }
    }
    let mut names = Vec::new();
    visit(folder, folder, &mut names);
    names.sort();
    names
}
