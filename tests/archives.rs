//! Damage, depth and codings of archives.

#![allow(clippy::unwrap_used)]

mod opened;

use lunglens::intake::{IntakeError, NamedSource};
use lunglens::study::Reason;

use opened::{file, find, slices, zipped};

#[test]
fn damage_in_an_entry_that_is_stored_as_it_is_is_noticed() {
    let mut bytes = zipped(&slices());
    let stored = &slices()[1].1;
    let at = bytes.windows(stored.len()).position(|window| window == stored).unwrap();
    // The last pixel.
    bytes[at + stored.len() - 1] ^= 1;
    let found = find(vec![file("ct.zip", bytes)]);
    let told: Vec<String> = found.unreadable().map(|(name, why)| format!("{name}: {why}")).collect();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("ct.zip > 1.dcm: ") && told[0].contains("its checksum does not fit"),
        "{told:?}"
    );
    assert!(matches!(found.open_recommended(), Err(IntakeError::Unreadable { files: 1, of: 6, .. })));
}

#[test]
fn how_an_entry_is_compressed_is_told_by_its_name() {
    for (code, name) in [(9_u8, "by Deflate64;"), (93, "by Zstandard;"), (7, "by method 7;")] {
        let mut bytes = zipped(&slices()[..2]);
        // The method stands 8 bytes behind a local header and 10 behind one of the list.
        for (header, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
            let places: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(header)).collect();
            assert_eq!(places.len(), 2);
            places.into_iter().for_each(|at| bytes[at + method] = code);
        }
        let found = find(vec![file("ct.zip", bytes)]);
        let (_, why) = found.unreadable().next().unwrap();
        let why = why.to_string();
        assert!(why.starts_with("0.dcm: It is compressed") && why.contains(name), "{why}");
        assert!(matches!(found.open_recommended(), Err(IntakeError::Unreadable { files: 2, of: 2, .. })));
    }
}

#[test]
fn an_archive_too_deep_is_named() {
    let inner = zipped(&[("b.zip".into(), zipped(&[("c.zip".into(), zipped(&slices()))]))]);
    let found = find(vec![file("a.zip", inner)]);
    assert_eq!(found.left_over().iter().map(|one| &one.reason).collect::<Vec<_>>(), [&Reason::DeepArchive]);
    let error = found.open_recommended().unwrap_err().to_string();
    assert!(error.contains("1 file: an archive inside of two others"), "{error}");
}

#[test]
fn a_broken_archive_may_hold_slices_of_the_study() {
    let mut files: Vec<NamedSource> = slices().into_iter().map(|(name, bytes)| file(&name, bytes)).collect();
    files.push(file("rest.zip", zipped(&slices())[..300].to_vec()));
    let found = find(files);
    let (name, why) = found.unreadable().next().unwrap();
    assert_eq!(name, "rest.zip");
    assert!(why.to_string().contains("ZIP archive"), "{why}");
    assert!(matches!(found.open_recommended(), Err(IntakeError::Unreadable { files: 1, .. })));
}
