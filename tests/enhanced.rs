//! What an Enhanced CT says of its images.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use lunglens::imaging::{ImagingError, decode};
use lunglens::intake::{NamedSource, catalogue};
use lunglens::source::MemorySource;
use lunglens::study::Reason;

fn read(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

/// A slice of the fixture `reversed`, in implicit little endian, with elements added.
fn slice_with(slice: usize, added: &[u8]) -> Vec<u8> {
    let mut bytes = read(&format!("study/reversed/{slice}.dcm"));
    let at = bytes.windows(4).position(|window| window == b"\x10\0\x20\0").unwrap();
    bytes.splice(at..at, added.iter().copied());
    bytes
}

/// An element in implicit little endian.
fn element(group: u16, number: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    [&group.to_le_bytes(), &number.to_le_bytes(), length.as_slice(), value].concat()
}

#[test]
fn kinds_of_images_are_told_as_enhanced_ct_states_them() {
    let frame_type = |kind: &[u8]| {
        let frame = element(0xFFFE, 0xE000, &element(0x0008, 0x9007, kind));
        let group = element(0xFFFE, 0xE000, &element(0x0018, 0x9329, &frame));
        element(0x5200, 0x9229, &group)
    };
    for (added, expected) in [
        (element(0x0008, 0x9207, b"MAX_IP"), Some(Reason::Projection)),
        (element(0x0008, 0x9207, b"CURVED_MPR "), Some(Reason::Reformat)),
        (element(0x0008, 0x9207, b"NONE"), None),
        (frame_type(b"ORIGINAL\\PRIMARY\\LOCALIZER "), Some(Reason::Localiser)),
        (frame_type(b"ORIGINAL\\PRIMARY\\VOLUME"), None),
    ] {
        let changed = (0..5).map(|slice| slice_with(slice, &added));
        let others = (0..4).map(|k| read(&format!("dicom/acquisitions/{k}.dcm")));
        let files = changed.chain(others).map(|bytes| NamedSource::new("slice", MemorySource::new(bytes)));
        let found = catalogue(files.collect(), &mut |_| {}, &|| false).unwrap();
        assert_eq!(found.series()[0].reason, expected);
    }
}

#[test]
fn several_images_of_another_modality_are_no_study_either() {
    let frames = element(0x0028, 0x0008, b"3 ");
    assert_eq!(decode(&slice_with(0, &frames)), Err(ImagingError::MultiFrame { frames: 3 }));
    let mut ultrasound = slice_with(0, &frames);
    let at = ultrasound.windows(10).position(|bytes| bytes == b"\x08\0\x60\0\x02\0\0\0CT").unwrap();
    ultrasound[at + 8..at + 10].copy_from_slice(b"US");
    assert_eq!(decode(&ultrasound), Err(ImagingError::NotCt { modality: "US".into() }));
}
