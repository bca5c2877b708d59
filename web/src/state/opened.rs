//! The opened files: what the page calls them, and what saved files begin with.

use super::State;
use crate::format;
use crate::strings::Strings;

/// The most characters that saved files begin with: as many as a UID has.
const MOST_CHARACTERS: usize = 64;

/// The opened files.
#[derive(Debug, Clone, PartialEq)]
pub struct Files {
    /// The name of their folder, or of the only or first one.
    pub name: String,
    /// How many more there are, if not all are of that name.
    pub more: usize,
    /// The same name without an ending.
    pub stem: String,
    /// How many.
    pub count: usize,
}

impl Files {
    /// Files by their names, which begin with their folders where those were opened; nothing if there are none.
    pub fn of(names: &[&str]) -> Option<Self> {
        let first = *names.first()?;
        let count = names.len();
        let folder = first.split_once('/').map(|(folder, _)| folder);
        let is_of_all = |folder: &&str| names.iter().all(|name| name.split('/').next() == Some(*folder));
        if let Some(folder) = folder.filter(is_of_all) {
            return Some(Self { name: folder.to_owned(), more: 0, stem: folder.to_owned(), count });
        }
        Some(Self { name: first.to_owned(), more: count - 1, stem: stem_of(first), count })
    }

    /// What they are called in a language: by their name, and how many more there are.
    pub fn called(&self, t: &Strings) -> String {
        let words = if self.more == 0 { t.one_name } else { t.and_more };
        words.replace("{count}", &self.more.to_string()).replace("{name}", &self.name)
    }
}

/// What a pasted file is called, the `count`-th of the page: every browser calls a picture that is no file `image`.
pub fn pasted_name(name: &str, count: u32) -> String {
    match name.strip_prefix("image.") {
        Some(ending) => format!("pasted-{count}.{ending}"),
        None => name.to_owned(),
    }
}

/// The name of a file without folders and ending.
fn stem_of(path: &str) -> String {
    format::stem(path.rsplit('/').next().unwrap_or_default()).to_owned()
}

impl State {
    /// What the opened files are called; empty without any.
    pub fn called(&self, t: &Strings) -> String {
        self.files.as_ref().map(|files| files.called(t)).unwrap_or_default()
    }

    /// What saved files begin with: of a single slice's result the name of its file, and its number where it is one of
    /// several, which may all be in that file; else the name of what was opened.
    pub fn saved_name(&self) -> String {
        match self.slice_outcome() {
            Some(slice) if self.shows_several() => {
                format!("{}.slice-{}", plain(&stem_of(&slice.report.input.name)), slice.index + 1)
            }
            Some(slice) => plain(&stem_of(&slice.report.input.name)),
            None => self.opened_name(),
        }
    }

    /// What pictures of the slices in front begin with: of one of several slices the name of what was opened, since a
    /// result on the page may be another one's.
    pub fn picture_name(&self) -> String {
        if self.shows_several() { self.opened_name() } else { self.saved_name() }
    }

    fn opened_name(&self) -> String {
        plain(self.files.as_ref().map(|files| files.stem.as_str()).unwrap_or_default())
    }

    fn shows_several(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.frame.len > 1)
    }
}

/// A name as any file system takes it.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = name.chars().take(MOST_CHARACTERS).map(plain).collect();
    if name.is_empty() { "study".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strings::Language;

    fn saved(names: &[&str]) -> String {
        State { files: Files::of(names), ..State::default() }.saved_name()
    }

    #[test]
    fn files_are_called_by_their_folder_or_the_first_one() {
        let t = Language::English.table();
        let name = |names: &[&str]| Files::of(names).map(|files| (files.called(t), files.count));
        assert_eq!(name(&[]), None);
        assert_eq!(name(&["a.dcm"]), Some(("a.dcm".into(), 1)));
        assert_eq!(name(&["a.dcm", "b.dcm", "c.dcm"]), Some(("a.dcm and 2 more".into(), 3)));
        assert_eq!(name(&["study/1/a", "study/2/b"]), Some(("study".into(), 2)));
        assert_eq!(name(&["study/a", "other/b"]), Some(("study/a and 1 more".into(), 2)));
    }

    #[test]
    fn how_many_more_is_told_in_any_language() {
        let files = Files::of(&["{count}.dcm", "b.dcm", "c.dcm"]).expect("are some");
        assert_eq!(files.called(Language::English.table()), "{count}.dcm and 2 more");
        assert_eq!(files.called(Language::French.table()), "{count}.dcm et 2 de plus");
    }

    #[test]
    fn only_the_name_is_set_apart_from_words_that_run_the_other_way() {
        let arabic = Language::Arabic.table();
        let called = |names: &[&str]| Files::of(names).map(|files| files.called(arabic));
        assert_eq!(called(&["a.dcm"]).as_deref(), Some("\u{2068}a.dcm\u{2069}"));
        let several = called(&["a.dcm", "b.dcm"]).expect("are some");
        assert!(
            several.starts_with("\u{2068}a.dcm\u{2069} ") && several.matches('\u{2069}').count() == 1,
            "{several}"
        );
        assert!(!arabic.replace_title.contains('\u{2068}'), "the name brings its own");
    }

    #[test]
    fn a_pasted_picture_has_a_name_of_its_own_and_a_pasted_file_keeps_its_own() {
        assert_eq!(pasted_name("image.png", 2), "pasted-2.png");
        assert_eq!(pasted_name("image.jpeg", 3), "pasted-3.jpeg");
        assert_eq!(pasted_name("images.zip", 2), "images.zip");
        assert_eq!(pasted_name("chest/image.png", 2), "chest/image.png");
    }

    #[test]
    fn saved_files_begin_with_a_name_and_no_words() {
        assert_eq!(saved(&["IM0001", "IM0002", "IM0003"]), "IM0001");
        assert_eq!(saved(&["IM0001.dcm", "IM0002.dcm"]), "IM0001");
        assert_eq!(saved(&["chest.nii.gz"]), "chest");
        assert_eq!(saved(&["a/IM1", "b/IM1"]), "IM1");
        assert_eq!(saved(&["Chest CT 2024.05/IM1", "Chest CT 2024.05/IM2"]), "Chest-CT-2024.05");
        assert_eq!(saved(&[]), "study");
        // The end of a UID tells it from others.
        let uid = format!("1.2.840.{}", "5".repeat(56));
        assert_eq!(saved(&[&uid, "1.2.841"]), uid);
    }
}
