//! What the name of a file says of it. It counts only where the content says nothing, as that of an empty file.

use super::stack::folder;

const DICOM_ENDINGS: [&str; 3] = ["dcm", "dicom", "ima"];
const PICTURE_ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "webp", "bmp"];

/// Whether a file is called a picture or a DICOM file, as `slice.PNG` is. Hidden files are called nothing.
pub fn is_called_an_image(name: &str) -> bool {
    is_called_dicom(name) || is_called_a_picture(name)
}

/// Whether a file is called a DICOM file.
pub(super) fn is_called_dicom(name: &str) -> bool {
    has_ending(name, &DICOM_ENDINGS)
}

/// Whether a file is called a picture.
pub(super) fn is_called_a_picture(name: &str) -> bool {
    has_ending(name, &PICTURE_ENDINGS)
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = in_folder(name).rsplit_once('.').filter(|(stem, _)| !stem.is_empty() && !is_hidden(name));
    ending.is_some_and(|(_, ending)| endings.iter().any(|one| ending.eq_ignore_ascii_case(one)))
}

/// A name without its numbers: files of one folder that are numbered alike have the same. None for a hidden file.
pub(super) fn without_numbers(name: &str) -> Option<String> {
    if is_hidden(name) {
        return None;
    }
    let own = in_folder(name);
    let mut text = name[..name.len() - own.len()].to_owned();
    let mut in_number = false;
    for c in own.chars() {
        if !c.is_ascii_digit() {
            text.push(c);
        } else if !in_number {
            text.push('0');
        }
        in_number = c.is_ascii_digit();
    }
    Some(text)
}

/// Also what archives from macOS hold beside each file, as `__MACOSX/._slice.dcm`.
fn is_hidden(name: &str) -> bool {
    in_folder(name).starts_with('.')
}

/// The name of a file in its folder or archive.
fn in_folder(name: &str) -> &str {
    name[folder(name).len()..].trim_start_matches(['/', '\\', '>', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_name_images_and_hidden_files_are_none() {
        for name in ["a.png", "b/c.JPEG", "ct.zip > d/1.dcm", "ct.zip > 2.IMA", "x\\3.Dicom", "two.parts.bmp"]
        {
            assert!(is_called_an_image(name), "{name}");
        }
        for name in
            ["png", ".png", "b/.dcm", "ct.zip > __MACOSX/._1.dcm", "a.png/readme", "1.dcm.bak", "1.2.840"]
        {
            assert!(!is_called_an_image(name), "{name}");
        }
    }

    #[test]
    fn names_are_alike_but_for_their_numbers() {
        let alike = |a: &str, b: &str| without_numbers(a) == without_numbers(b);
        assert!(alike("ct/IM9", "ct/IM0010") && alike("CT.1.2.840.17", "CT.1.3.12.9"));
        assert!(
            !alike("ct/IM9", "mr/IM9")
                && !alike("ct7/IM9", "ct8/IM9")
                && !alike("IM9", "IM")
                && !alike("IM9", "IM9.txt")
        );
        assert_eq!(without_numbers("ct/._IM9"), None);
    }
}
