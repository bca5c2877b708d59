//! What is found in files, archives and folders, and which series is recommended.

#![allow(clippy::unwrap_used)]

mod opened;

use std::path::{Path, PathBuf};

use lunglens::imaging::ValueScale;
use lunglens::intake::{IntakeError, NamedSource, PartKind, Scan, SeriesKind, SeriesPart, catalogue};
use lunglens::study::{Differing, Reason, StudyError};

use opened::{file, find, slices, zipped};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn an_archive_holds_the_same_slices_as_the_folder() {
    let loose = find(slices().into_iter().map(|(name, bytes)| file(&name, bytes)).collect());
    let inner = zipped(&slices());
    let nested = zipped(&[("readme.txt".into(), b"words".to_vec()), ("ct/inner.zip".into(), inner.clone())]);
    for (name, bytes) in [("ct.zip", inner), ("outer.zip", nested)] {
        let packed = find(vec![file(name, bytes)]);
        assert_eq!(packed.series().len(), 1, "{name}");
        let (a, b) = (loose.open_recommended().unwrap(), packed.open_recommended().unwrap());
        assert_eq!((a.len(), a.geometry()), (5, b.geometry()));
        for index in 0..5 {
            assert_eq!(a.slice(index).unwrap(), b.slice(index).unwrap(), "{name}");
        }
        assert!(b.file_name(0).starts_with(name) && b.file_name(0).ends_with("4.dcm"), "{}", b.file_name(0));
    }
}

#[test]
fn files_of_a_viewer_beside_the_slices_do_not_stop_the_study() {
    // Numbers with which a DICOM file without its preamble may begin, too.
    for start in [[2, 7], [8, 12], [8, 4]].map(|numbers: [u32; 2]| numbers.map(u32::to_le_bytes).concat()) {
        let foreign = [start, (0..=255).cycle().take(4000).collect()].concat();
        let mut files: Vec<NamedSource> =
            slices().iter().map(|(name, bytes)| file(name, bytes.clone())).collect();
        files.push(file("viewer.dat", foreign));
        let found = find(files);
        assert_eq!(found.open_recommended().unwrap().len(), 5);
        assert_eq!(found.left_over().iter().map(|one| &one.reason).collect::<Vec<_>>(), [&Reason::Unknown]);
    }
}

#[test]
fn a_damaged_file_of_another_series_does_not_matter() {
    let chest = || (5..9).map(|k| file(&format!("{k}"), read(&format!("dicom/parts/{k}.dcm"))));
    let damaged = |name: &str| {
        let mut bytes = read(name);
        // Cut inside of Rows.
        let at = bytes.windows(4).position(|window| window == b"\x28\0\x10\0").unwrap();
        bytes.truncate(at + 6);
        file("damaged", bytes)
    };
    let found = find(chest().chain([damaged("dicom/parts/0.dcm")]).collect());
    assert_eq!(found.unreadable().count(), 1);
    assert_eq!(found.open_recommended().unwrap().len(), 4);
    let found = find(chest().chain([damaged("dicom/parts/5.dcm")]).collect());
    assert!(matches!(found.open_recommended(), Err(IntakeError::Unreadable { files: 1, of: 5, .. })));
}

#[test]
fn a_slice_that_is_cut_anywhere_before_its_pixels_is_missed() {
    let (whole, rest) = (read("study/reversed/4.dcm"), slices());
    let find_of = |last: Vec<u8>| {
        let others = rest.iter().take(4).map(|(name, bytes)| file(name, bytes.clone()));
        find(others.chain([file("4.dcm", last)]).collect())
    };
    let meta_end = 144 + u32::from_le_bytes(whole[140..144].try_into().unwrap()) as usize;
    let pixels = whole.windows(4).position(|window| window == b"\xE0\x7F\x10\0").unwrap();
    assert_eq!(whole[meta_end..meta_end + 2], [8, 0], "the data set begins there");
    for end in meta_end..=pixels {
        let found = find_of(whole[..end].to_vec());
        assert_eq!(found.unreadable().count(), 1, "cut at {end}");
        let opened = found.open_recommended();
        assert!(matches!(opened, Err(IntakeError::Unreadable { files: 1, of: 5, .. })), "cut at {end}");
    }
    let found = find_of(whole[..meta_end].to_vec());
    let (name, why) = found.unreadable().map(|(name, why)| (name, why.to_string())).next().unwrap();
    assert!(name == "4.dcm" && why.contains("cut short") && why.contains("file meta information"), "{why}");

    // Other kinds need no image: raw data, here without more than its names.
    let mut raw = whole;
    for at in 0..raw.len() - 26 {
        if raw[at..].starts_with(b"1.2.840.10008.5.1.4.1.1.2\0") {
            raw[at..at + 26].copy_from_slice(b"1.2.840.10008.5.1.4.1.1.66");
        }
    }
    let modality = raw.windows(4).position(|window| window == b"\x08\0\x60\0").unwrap();
    raw.truncate(modality);
    let found = find_of(raw);
    assert_eq!(found.open_recommended().unwrap().len(), 4);
    let aside = found.set_aside(found.recommended().unwrap());
    assert_eq!(aside.iter().map(|one| &one.reason).collect::<Vec<_>>(), [&Reason::NoImage]);
}

#[test]
fn copies_count_once_also_where_other_attributes_were_changed() {
    let mut files: Vec<NamedSource> = slices().into_iter().map(|(name, bytes)| file(&name, bytes)).collect();
    files.push(file("same.dcm", read("study/reversed/2.dcm")));
    // The patient's name in capitals: the same image, other bytes.
    let mut bytes = read("study/reversed/3.dcm");
    let at = bytes.windows(6).position(|window| window == b"Nobody").unwrap();
    bytes[at..at + 6].copy_from_slice(b"NOBODY");
    files.push(file("renamed.dcm", bytes));
    let found = find(files);
    assert_eq!(found.open_recommended().unwrap().len(), 5);
    let aside = found.set_aside(found.recommended().unwrap());
    assert_eq!(aside.iter().map(|one| (&one.reason, one.files)).collect::<Vec<_>>(), [(&Reason::Copy, 2)]);
}

#[test]
fn images_without_a_series_are_taken_where_there_is_no_other() {
    let nameless: Vec<Vec<u8>> = slices()
        .into_iter()
        .map(|(_, mut bytes)| {
            // The element (0020,000E) under a tag that nobody reads.
            let at = bytes.windows(4).position(|window| window == b"\x20\0\x0E\0").unwrap();
            bytes[at + 2] = 0x0F;
            bytes
        })
        .collect();
    let files = || nameless.iter().enumerate().map(|(k, bytes)| file(&format!("{k}"), bytes.clone()));
    let found = find(files().collect());
    assert_eq!(found.open_recommended().unwrap().len(), 5);
    let parts = (5..9).map(|k| file(&format!("chest{k}"), read(&format!("dicom/parts/{k}.dcm"))));
    let found = find(files().chain(parts).collect());
    let chosen = found.recommended().unwrap();
    assert_eq!(found.series()[chosen].slices, 4);
    assert_eq!(found.set_aside(chosen)[0].reason, Reason::NoSeries);
}

#[test]
fn a_reformat_is_taken_only_where_there_are_no_other_slices() {
    let reformatted = || {
        (0..4).map(|k| {
            let mut bytes = read(&format!("dicom/acquisitions/{k}.dcm"));
            let at = bytes.windows(5).position(|window| window == b"AXIAL").unwrap();
            bytes[at..at + 5].copy_from_slice(b"MPR\\A");
            file(&format!("mpr{k}"), bytes)
        })
    };
    assert_eq!(find(reformatted().collect()).open_recommended().unwrap().len(), 4);
    let originals = slices().into_iter().take(3).map(|(name, bytes)| file(&name, bytes));
    let found = find(reformatted().chain(originals).collect());
    let chosen = found.recommended().unwrap();
    assert_eq!((chosen, found.series()[chosen].slices), (1, 3));
    assert_eq!(found.set_aside(chosen)[0].reason, Reason::Reformat);
    assert_eq!(found.open(0).unwrap().len(), 4);
}

#[test]
fn a_directory_tells_what_is_missing() {
    // It lists the first three.
    let with = |numbers: std::ops::Range<usize>| {
        let images = numbers.map(|k| file(&format!("{k}"), read(&format!("dicom/acquisitions/{k}.dcm"))));
        find(images.chain([file("DICOMDIR", read("dicom/DICOMDIR"))]).collect())
    };
    let found = with(0..4);
    let aside = found.set_aside(found.recommended().unwrap());
    assert_eq!(aside.iter().map(|one| &one.reason).collect::<Vec<_>>(), [&Reason::Directory]);
    assert_eq!(found.open_recommended().unwrap().len(), 4);
    let error = with(1..4).open_recommended().unwrap_err();
    assert!(error.to_string().starts_with("The DICOMDIR lists 1 more image of the CT series"), "{error}");
    assert_eq!(error, IntakeError::Study(StudyError::Missing { missing: 1 }));
    let loose = slices().into_iter().map(|(name, bytes)| file(&name, bytes));
    let found = find(loose.chain([file("DICOMDIR", read("dicom/DICOMDIR"))]).collect());
    assert_eq!(found.open_recommended().unwrap().len(), 5);
}

#[test]
fn acquisitions_at_the_same_places_are_series_of_their_own() {
    let files = (0..8).map(|k| file(&format!("{k}"), read(&format!("dicom/acquisitions/{k}.dcm"))));
    let found = find(files.collect());
    assert_eq!(found.series().iter().map(|one| one.slices).collect::<Vec<_>>(), [4, 4]);
    assert_eq!(found.recommended(), Some(0));
    let second = &found.series()[1];
    let part = SeriesPart { kind: PartKind::Acquisition, value: "2".into() };
    assert_eq!(
        (second.label.as_str(), &second.part, second.name().as_str()),
        ("", &Some(part), "(acquisition 2)")
    );
    let slices: Vec<f32> =
        (0..2).map(|series| found.open(series).unwrap().slice(0).unwrap().values[0]).collect();
    assert_eq!(slices, [10.0, 60.0]);
}

/// A slice of an acquisition at a height in mm.
fn acquired(acquisition: u8, height: u8) -> NamedSource {
    let mut bytes = read("dicom/acquisitions/0.dcm");
    let mut put = |before: &[u8], value: String| {
        let at = bytes.windows(before.len()).rposition(|window| window == before).unwrap() + before.len();
        bytes[at..at + value.len()].copy_from_slice(value.as_bytes());
    };
    put(b"999.200.12.", format!("{acquisition}{height}"));
    put(b"\x20\0\x12\0IS\x02\0", acquisition.to_string());
    put(b"\x20\0\x32\0DS\x0c\0", format!("{:<12}", format!("0\\0\\{height}")));
    file(&format!("{acquisition}-{height}"), bytes)
}

#[test]
fn acquisitions_that_adjoin_are_not_taken_for_whole_series() {
    let upper = (4..9).map(|height| acquired(1, height));
    let lower = (0..5).map(|height| acquired(2, height));
    let found = find(upper.chain(lower).collect());
    assert_eq!(found.series().iter().map(|one| one.slices).collect::<Vec<_>>(), [10]);
    let refused = found.open_recommended().unwrap_err();
    assert_eq!(refused, IntakeError::Study(StudyError::Duplicate { height_mm: 4.0, places: 1 }));
}

#[test]
fn a_scan_of_a_part_is_passed_over_however_many_slices_it_has() {
    let detail = (3..8).map(|height| acquired(1, height));
    let whole = (0..4).map(|slice| acquired(2, 3 * slice));
    let found = find(detail.chain(whole).collect());
    assert_eq!(found.series().iter().map(|one| one.slices).collect::<Vec<_>>(), [5, 4]);
    assert_eq!(found.recommended(), Some(1));
    assert_eq!(found.set_aside(1)[0].reason, Reason::PartOfScan);
    assert_eq!(found.open(0).unwrap().len(), 5);
}

/// A slice of the fixture `reversed` with another PatientID; without one for none.
fn of_patient(slice: usize, number: Option<&[u8]>) -> NamedSource {
    let (name, mut bytes) = slices().swap_remove(slice);
    let at = bytes.windows(8).position(|window| window == b"\x10\0\x20\0\x06\0\0\0").unwrap();
    let element = number.map(|number| {
        let length = u32::try_from(number.len()).unwrap().to_le_bytes();
        [b"\x10\0\x20\0".as_slice(), &length, number].concat()
    });
    bytes.splice(at..at + 14, element.unwrap_or_default());
    file(&name, bytes)
}

#[test]
fn slices_of_two_patients_are_refused_without_naming_them() {
    let with = |last: Option<&[u8]>, others: Option<&[u8]>| {
        let others = (0..4).map(|slice| of_patient(slice, others));
        find(others.chain([of_patient(4, last)]).collect()).open_recommended()
    };
    let refused = |last: Option<&[u8]>, others: Option<&[u8]>| {
        let error = with(last, others).unwrap_err();
        assert!(
            matches!(error, IntakeError::Study(StudyError::Mixed { what: Differing::Patient, .. })),
            "{error}"
        );
        assert!(!error.to_string().contains("470011"), "{error}");
    };
    refused(Some(b"470011"), Some(b"470012"));
    // Beyond ASCII and the backslash, which part no values here.
    refused(Some(b"470011\\1"), Some(b"470011\\2"));
    refused(Some(b"470011\xE4"), Some(b"470011\xF6"));
    refused(Some(b"470011"), None);
    refused(None, Some(b"470011"));
    refused(Some(b"  "), Some(b"470011"));
    let fit = |last: Option<&[u8]>, others: Option<&[u8]>| assert_eq!(with(last, others).unwrap().len(), 5);
    fit(None, None);
    fit(None, Some(b"  "));
    fit(Some(b"47 "), Some(b" 47\0"));
    // However long: it only informs.
    let long = [b'0'; 4000];
    assert_eq!(with(Some(&long), Some(&long)).unwrap().len(), 5);
}

#[test]
fn copies_that_name_two_patients_are_no_copies() {
    let mut files: Vec<NamedSource> = slices().into_iter().map(|(name, bytes)| file(&name, bytes)).collect();
    files.push(of_patient(3, Some(b"NOBODY")));
    let refused = find(files).open_recommended().unwrap_err();
    assert!(
        matches!(refused, IntakeError::Study(StudyError::Mixed { what: Differing::Patient, .. })),
        "{refused}"
    );
}

/// A screen that was saved: filed under CT, in a series of its own, without an orientation and a part of the body.
fn doses() -> Vec<u8> {
    let mut bytes = read("dicom/parts/0.dcm");
    let mut replace = |from: &[u8], to: &[u8]| {
        let places: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
        assert!(!places.is_empty(), "{from:?}");
        places.iter().for_each(|&at| bytes[at..at + to.len()].copy_from_slice(to));
    };
    replace(b"1.2.840.10008.5.1.4.1.1.2", b"1.2.840.10008.5.1.4.1.1.7");
    // ImageOrientationPatient becomes an element that nobody reads.
    replace(b"\x20\0\x37\0DS", b"\x20\0\x36\0DS");
    replace(b"HEAD", b"    ");
    // The series, and the image.
    replace(b".999.200.31", b".999.200.39");
    replace(b".999.200.5.0", b".999.200.5.9");
    bytes
}

#[test]
fn another_part_of_the_body_is_passed_over() {
    let files = (0..9).map(|k| file(&format!("{k}"), read(&format!("dicom/parts/{k}.dcm"))));
    let found = find(files.collect());
    let chosen = found.recommended().unwrap();
    assert_eq!(found.series()[chosen].slices, 4);
    assert_eq!(found.set_aside(chosen)[0].reason, Reason::OtherPart("HEAD"));
    // Where there is nothing else it is taken: many a chest is filed under another part.
    let heads =
        (0..9).map(|k| read(&format!("dicom/parts/{k}.dcm"))).filter(|b| b.windows(4).any(|w| w == b"HEAD"));
    let mut heads: Vec<NamedSource> =
        heads.enumerate().map(|(k, bytes)| file(&format!("{k}"), bytes)).collect();
    assert_eq!(find(heads.clone()).open_recommended().unwrap().len(), 5);
    // As with a list of doses beside it, which is no slice.
    heads.push(file("doses", doses()));
    let found = find(heads);
    assert_eq!((found.series().len(), found.open_recommended().unwrap().len()), (2, 5));
}

#[test]
fn a_series_of_another_study_is_said_to_be_one() {
    let chest = (0..5).map(|k| file(&format!("a{k}"), read(&format!("study/reversed/{k}.dcm"))));
    let other = (5..9).map(|k| file(&format!("b{k}"), read(&format!("dicom/parts/{k}.dcm"))));
    let found = find(chest.chain(other).collect());
    let aside = found.set_aside(found.recommended().unwrap());
    assert_eq!(
        aside.iter().map(|one| (&one.reason, one.files)).collect::<Vec<_>>(),
        [(&Reason::OtherStudy, 4)]
    );
    assert!(aside[0].reason.to_string().contains("another patient"));
}

#[test]
fn volumes_and_pictures_are_series_too() {
    let volume = read("volume/nifti/RAS.nii");
    let found = find(vec![file("ct.nii", volume.clone())]);
    assert!(matches!(found.series()[0].kind, SeriesKind::Volume(_)));
    let series = found.open_recommended().unwrap();
    assert_eq!((series.len(), series.plan().unwrap().slices.len()), (found.series()[0].slices, series.len()));
    assert!(series.grid().is_some() && series.slice(0).is_ok());
    let heights: Vec<f64> =
        series.plan().unwrap().slices.iter().filter_map(|slice| slice.height_mm).collect();
    assert!(heights.is_sorted(), "{heights:?}");

    let picture = read("imaging/pictures/grey8.png");
    let stack = |names: [&str; 4]| names.map(|name| file(name, picture.clone()));
    let found = find(stack(["s/10.png", "s/9.png", "s/1.png", "t/1.png"]).into());
    let kinds: Vec<(SeriesKind, usize)> = found.series().iter().map(|one| (one.kind, one.slices)).collect();
    assert_eq!(kinds, [(SeriesKind::Stack, 3), (SeriesKind::Picture, 1)]);
    let series = found.open(0).unwrap();
    assert_eq!([0, 1, 2].map(|index| series.file_name(index)), ["s/1.png", "s/9.png", "s/10.png"]);
    assert!(matches!(series.slice(0).unwrap().scale, ValueScale::Grey { .. }) && series.geometry().is_none());

    // DICOM comes first.
    let mut files: Vec<NamedSource> = slices().into_iter().map(|(name, bytes)| file(&name, bytes)).collect();
    files.insert(0, file("a.nii", volume));
    let found = find(files);
    assert_eq!(found.series()[found.recommended().unwrap()].kind, SeriesKind::Dicom);
}

#[test]
fn a_scan_can_be_stopped_and_nothing_is_found_in_nothing() {
    let files = || slices().into_iter().map(|(name, bytes)| file(&name, bytes)).collect::<Vec<_>>();
    let stopped = catalogue(files(), &mut |_| {}, &|| true).unwrap_err();
    assert_eq!(stopped, IntakeError::Cancelled);
    let mut scan = Scan::new(files());
    assert_eq!(scan.step().map(|scanned| (scanned.done, scanned.of)), Some((1, 5)));
    assert_eq!(scan.finish().unwrap().open_recommended().unwrap().len(), 5);
    let error = find(Vec::new()).open_recommended().unwrap_err();
    assert!(error.to_string().contains("no files"), "{error}");
}

#[test]
fn what_cannot_be_measured_can_be_looked_at() {
    let with_gap = slices().into_iter().enumerate().filter(|(index, _)| *index != 1);
    let found = find(with_gap.map(|(_, (name, bytes))| file(&name, bytes)).collect());
    assert!(found.open(0).is_err(), "a slice is missing");
    let open = found.open_to_look(0).unwrap();
    assert!((open.len(), open.plan().is_none()) == (4, true));
    // `reversed` has its highest slice first.
    assert_eq!([0, 1, 2, 3].map(|index| open.file_name(index)), ["4.dcm", "3.dcm", "2.dcm", "0.dcm"]);
    let whole = find(slices().into_iter().map(|(name, bytes)| file(&name, bytes)).collect());
    assert_eq!(open.slice(3).unwrap(), whole.open(0).unwrap().slice(4).unwrap());
    assert_eq!(found.open_to_look(1).unwrap_err(), found.open(1).unwrap_err());
}

#[test]
fn a_volume_that_cannot_be_read_is_named_and_told_with_one_full_stop() {
    let bytes = read("volume/nifti/AIL.nii");
    let found = find(vec![file("scan.nii", bytes[..bytes.len() - 1].to_vec())]);
    let told = found.open_recommended().unwrap_err().to_string();
    assert!(told.contains("cut short") && told.ends_with('.') && !told.contains(".."), "{told}");
    let reason = &found.left_over()[0].reason;
    assert!(reason.to_string().contains(": scan.nii: ") && told.contains(&reason.to_string()), "{reason}");
    let refused = IntakeError::Unfit { reason: reason.clone() }.to_string();
    assert!(refused.ends_with('.') && !refused.contains(".."), "{refused}");
}
