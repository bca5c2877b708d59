//! Scans and media of which only a part may be here.

#![allow(clippy::unwrap_used)]

use std::ops::Range;
use std::path::Path;

use lunglens::intake::{Catalogue, NamedSource, catalogue};
use lunglens::source::MemorySource;

fn read(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)).unwrap()
}

fn find(files: impl Iterator<Item = Vec<u8>>) -> Catalogue {
    let files = files.map(|bytes| NamedSource::new("file", MemorySource::new(bytes)));
    catalogue(files.collect(), &mut |_| {}, &|| false).unwrap()
}

/// Where the value of an element begins, and its length, in explicit little endian.
fn place(bytes: &[u8], header: &[u8]) -> Range<usize> {
    let at = bytes.windows(header.len()).position(|window| window == header).unwrap() + header.len();
    at + 2..at + 2 + usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

/// A slice at a height in mm, of a series and a frame of reference with this last digit.
fn slice(series: u8, frame: u8, height: usize) -> Vec<u8> {
    let mut bytes = read("dicom/acquisitions/0.dcm");
    let mut put = |header: &[u8], value: String| {
        let place = place(&bytes, header);
        let (length, rest) = (place.len(), place.end - value.len());
        assert!(value.len() <= length, "{value}");
        bytes[rest..place.end].copy_from_slice(value.as_bytes());
    };
    put(b"\x20\0\x0e\0UI", format!("{series}"));
    put(b"\x20\0\x52\0UI", format!("{frame}"));
    put(b"\x08\0\x18\0UI", format!("{series}{height:02}"));
    let position = place(&bytes, b"\x20\0\x32\0DS");
    let text = format!("{:<1$}", format!("0\\0\\{height}"), position.len());
    bytes[position].copy_from_slice(text.as_bytes());
    bytes
}

fn two(lower: Range<usize>, upper: Range<usize>, frame: u8) -> Catalogue {
    let found = find(lower.map(|z| slice(1, 3, z)).chain(upper.map(|z| slice(2, frame, z))));
    assert_eq!(found.series().len(), 2);
    assert!(found.series().iter().all(|one| one.problem.is_none()));
    found
}

#[test]
fn a_series_that_goes_on_in_another_is_known() {
    let found = two(0..5, 5..9, 3);
    assert_eq!(found.recommended(), Some(0));
    assert_eq!((found.continued_by(0), found.continued_by(1)), (vec![1], vec![0]));
    // Two steps away, overlapping, and in other coordinates.
    for others in [two(0..5, 6..9, 3), two(0..5, 4..9, 3), two(0..5, 5..9, 4)] {
        assert_eq!((others.continued_by(0), others.continued_by(1)), (vec![], vec![]));
    }
    assert!(found.continued_by(7).is_empty());
}

#[test]
fn series_that_a_directory_lists_and_that_are_not_here_are_counted() {
    // It lists three images of another series.
    let listed = |files: usize| {
        let slices = (0..5).map(|k| read(&format!("study/reversed/{k}.dcm")));
        let others = (0..files).map(|k| read(&format!("dicom/acquisitions/{k}.dcm")));
        find(slices.chain(others).chain([read("dicom/DICOMDIR")])).listed_elsewhere()
    };
    // Where some are here, the series is refused.
    assert_eq!((listed(0), listed(1), listed(3)), (3, 0, 0));
}
