//! What images say of their patient and of themselves, and what the files made of them say then.

use lunglens::export::{DicomSource, ExportError, ExportFormat, ExportOptions, ExportStudy, export};
use lunglens::imaging::LossyCompression;

use super::chest::{CHEST, Drawn, draw, draw_of, read};
use super::drawn::instances;

/// Tag and value representation.
type Name = (u16, u16, &'static [u8; 2]);
const CHARACTER_SET: Name = (0x0008, 0x0005, b"CS");
const PATIENT_NAME: Name = (0x0010, 0x0010, b"PN");
const FRAME_OF_REFERENCE: Name = (0x0020, 0x0052, b"UI");
const LOSSY: Name = (0x0028, 0x2110, b"CS");
const LOSSY_RATIO: Name = (0x0028, 0x2112, b"DS");
const LOSSY_METHOD: Name = (0x0028, 0x2114, b"CS");

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The value of the first element of this name, which has a short one; none where it is not there.
fn value(bytes: &[u8], (group, element, vr): Name) -> Option<&[u8]> {
    let head = [&group.to_le_bytes()[..], &element.to_le_bytes(), vr].concat();
    let at = bytes.windows(head.len()).position(|part| part == head)?;
    Some(&bytes[at + 8..][..usize::from(u16_at(bytes, at + 6))])
}

/// Puts an element into an image, or takes it away. All before it have short values, as in the drawn ones.
fn put(bytes: &mut Vec<u8>, (group, element, vr): Name, value: Option<&[u8]>) {
    let meta = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    let mut at = 144 + meta;
    let end = |at| at + 8 + usize::from(u16_at(bytes, at + 6));
    let tag = |at| (u16_at(bytes, at), u16_at(bytes, at + 2));
    while tag(at) < (group, element) {
        at = end(at);
    }
    let end = if tag(at) == (group, element) { end(at) } else { at };
    let new = value.map(|value| {
        let value = padded(value);
        let length = (value.len() as u16).to_le_bytes();
        [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &length, &value].concat()
    });
    bytes.splice(at..end, new.unwrap_or_default());
}

fn padded(text: &[u8]) -> Vec<u8> {
    [text, if text.len() % 2 == 1 { b" " } else { b"" }].concat()
}

/// The files of the drawn chest's own slices, changed.
fn changed(change: impl Fn(&str, &mut Vec<u8>)) -> Vec<(String, Vec<u8>)> {
    let mut files = read(CHEST);
    files.retain(|(name, _)| name.contains("chest/a/") || name.contains("chest/b/"));
    assert_eq!(files.len(), 12);
    files.iter_mut().for_each(|(name, bytes)| change(name, bytes));
    files
}

#[test]
fn a_patient_is_named_in_the_bytes_of_the_images() {
    let japanese = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
    let korean =
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf";
    let cases: [(Option<&[u8]>, &[u8]); 9] = [
        (Some(b"\\ISO 2022 IR 87"), japanese),
        (Some(b"\\ISO 2022 IR 149"), korean),
        (Some(b"ISO_IR 148"), b"\xdeahin^Y\xfdld\xfdz"),
        // A backslash is half of a character.
        (Some(b"GB18030"), b"Wang^XiaoDong=\xcd\xf5^\xd5\x5c\xb6\xab"),
        (Some(b"ISO_IR 192"), "王^小東".as_bytes()),
        // What is wrong stays as wrong as it was.
        (Some(b"ISO_IR 192"), b"M\xfcller^Hans"),
        (Some(b"ISO_IR 999"), b"M\xfcller"),
        (None, b"M\xfcller"),
        (None, b"Drawn^Nobody"),
    ];
    for (set, name) in cases {
        let drawn = draw_of(
            changed(|_, bytes| {
                put(bytes, CHARACTER_SET, set);
                put(bytes, PATIENT_NAME, Some(name));
            }),
            1,
            |_| Vec::new(),
        );
        for format in [ExportFormat::Seg, ExportFormat::Sr] {
            let bytes = &drawn.write(format, false)[0].bytes;
            assert_eq!(value(bytes, CHARACTER_SET), set.map(padded).as_deref(), "{set:?}");
            assert_eq!(value(bytes, PATIENT_NAME), Some(padded(name).as_slice()), "{set:?}");
            let bytes = &drawn.write(format, true)[0].bytes;
            assert_eq!((value(bytes, CHARACTER_SET), value(bytes, PATIENT_NAME)), (None, Some(&b""[..])));
        }
    }
}

#[test]
fn a_segmentation_of_images_with_loss_says_so() {
    let lossy = |bytes: &[u8]| {
        [LOSSY, LOSSY_RATIO, LOSSY_METHOD]
            .map(|tag| value(bytes, tag).map(|value| String::from_utf8(value.into()).unwrap()))
    };
    let one_of_them = || {
        changed(|name, bytes| {
            if name.ends_with("05.dcm") {
                put(bytes, LOSSY, Some(b"01"));
                put(bytes, LOSSY_RATIO, Some(b"12.5"));
                put(bytes, LOSSY_METHOD, Some(b"ISO_15444_1"));
            } else {
                put(bytes, LOSSY, Some(b"00"));
            }
        })
    };
    let told = |values: [&str; 3]| values.map(|value| Some(value.to_owned()));
    let drawn = draw_of(one_of_them(), 1, instances);
    assert_eq!(drawn.dicom.lossy.len(), 1);
    let index = *drawn.dicom.lossy.keys().next().unwrap();
    let seg = |drawn: &Drawn| lossy(&drawn.write(ExportFormat::Seg, false)[0].bytes);
    assert_eq!(seg(&drawn), told(["01", "12.5", "ISO_15444_1 "]));
    // Only what was read counts.
    assert_eq!(index % 2, 1);
    assert_eq!(seg(&draw_of(one_of_them(), 2, instances)), [Some("00".to_owned()), None, None]);

    // The one that tells most speaks for all; what nobody tells is left out.
    let mut drawn = draw(CHEST, 1, instances);
    assert_eq!(seg(&drawn), [Some("00".to_owned()), None, None]);
    drawn.dicom.lossy.insert(2, LossyCompression::default());
    assert_eq!(seg(&drawn), [Some("01".to_owned()), None, None]);
    let loss =
        |ratio: &str| LossyCompression { ratio: Some(ratio.into()), method: Some("ISO_10918_1".into()) };
    drawn.dicom.lossy.extend([(4, loss("20")), (5, loss("30"))]);
    assert_eq!(seg(&drawn), told(["01", "20", "ISO_10918_1 "]));
}

#[test]
fn images_without_uids_have_no_dicom_results() {
    let files = changed(|_, bytes| put(bytes, FRAME_OF_REFERENCE, None));
    let drawn = draw_of(files, 1, |_| Vec::new());
    let no = |format, uid| Some(ExportError::NoUid { format, uid });
    let frame = no(ExportFormat::Seg, "FrameOfReferenceUID");
    assert_eq!(ExportFormat::Seg.unavailable(Some(&drawn.dicom)), frame);
    assert!(frame.unwrap().to_string().contains("they have no FrameOfReferenceUID"));
    assert_eq!(ExportFormat::Sr.unavailable(Some(&drawn.dicom)), None);
    assert_eq!(drawn.write(ExportFormat::Sr, false).len(), 1);

    let whole = draw(CHEST, 1, |_| Vec::new());
    type Clear = fn(&mut DicomSource);
    let without: [(&str, Clear); 4] = [
        ("StudyInstanceUID", |dicom| dicom.study_uid.clear()),
        ("SeriesInstanceUID", |dicom| dicom.series_uid.clear()),
        ("SOPClassUID", |dicom| dicom.instances[7].sop_class_uid.clear()),
        ("SOPInstanceUID", |dicom| dicom.instances[11].sop_instance_uid.clear()),
    ];
    let options = ExportOptions { deidentify_dicom: true, created_unix_s: 0 };
    for (uid, clear) in without {
        let mut dicom = whole.dicom.clone();
        clear(&mut dicom);
        let study = ExportStudy { dicom: Some(&dicom), ..whole.study() };
        for format in ExportFormat::ALL {
            let expected =
                matches!(format, ExportFormat::Seg | ExportFormat::Sr).then(|| no(format, uid).unwrap());
            assert_eq!(format.unavailable(Some(&dicom)), expected);
            assert_eq!(export(format, &study, &options).err(), expected);
        }
    }
}
