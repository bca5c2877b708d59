//! Files that begin like nothing that is known, as empty ones: whether a slice may be missed with them.

#![allow(clippy::unwrap_used)]

mod opened;

use std::io::Cursor;

use lunglens::intake::{IntakeError, NamedSource, SeriesKind};
use lunglens::study::Reason;

use opened::{file, find, slices, zipped};

/// The slices of a fixture but the highest, which is the first.
fn but_the_highest() -> Vec<NamedSource> {
    slices().into_iter().skip(1).map(|(name, bytes)| file(&format!("ct/{name}"), bytes)).collect()
}

#[test]
fn a_slice_at_an_end_that_came_to_nothing_is_missed() {
    for content in [Vec::new(), vec![0; 70_000], b"<html>404</html>".to_vec()] {
        for name in ["ct/0.dcm", "ct/17.dcm", "ct/last.DCM", "other/0.dcm"] {
            let files = but_the_highest().into_iter().chain([file(name, content.clone())]).collect();
            let opened = find(files).open_recommended();
            let Err(IntakeError::Unreadable { files: 1, of: 5, name: told, .. }) = &opened else {
                panic!("{name}: {opened:?}")
            };
            assert_eq!(told, name);
        }
    }
}

#[test]
fn names_without_an_ending_are_compared_with_those_beside_them() {
    let unnamed = |more: &str| {
        let all = slices().into_iter().skip(1);
        let named = all.map(|(name, bytes)| file(&format!("CT.1.2.84{}", name.replace(".dcm", "")), bytes));
        find(named.chain([file(more, Vec::new())]).collect())
    };
    let missed = unnamed("CT.1.2.9").open_recommended();
    assert!(matches!(missed, Err(IntakeError::Unreadable { .. })), "{missed:?}");
    for other in ["LICENSE", "CT.1.2.9.txt", "beside/CT.1.2.9", "version 1"] {
        let found = unnamed(other);
        assert_eq!(found.open_recommended().unwrap().len(), 4, "{other}");
        assert_eq!(found.left_over()[0].reason, Reason::Unknown);
    }
}

#[test]
fn what_macos_puts_beside_the_files_of_an_archive_is_no_slice() {
    let mut files = slices();
    let beside: Vec<_> =
        files.iter().map(|(name, _)| (format!("__MACOSX/._{name}"), b"\0\x05\x16\x07".to_vec())).collect();
    files.extend(beside);
    let found = find(vec![file("ct.zip", zipped(&files))]);
    assert_eq!((found.open_recommended().unwrap().len(), found.unreadable().count()), (5, 0));
}

#[test]
fn a_picture_that_came_to_nothing_leaves_its_stack_without_a_result() {
    let picture = |level: u8| {
        let mut bytes = Cursor::new(Vec::new());
        image::GrayImage::from_pixel(64, 64, image::Luma([level]))
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    };
    for third in ["3.png", "3.jpg"] {
        let files =
            [("1.png", picture(1)), ("2.png", picture(2)), (third, Vec::new()), ("4.png", picture(4))];
        let found = find(files.map(|(name, bytes)| file(name, bytes)).into());
        assert_eq!(found.series()[0].kind, SeriesKind::Stack);
        let series = found.open_recommended().unwrap();
        let read = series.slice(2).unwrap_err().to_string();
        assert_eq!((series.len(), read.as_str()), (4, &*format!("{third}: The file is empty.")));
    }
    // What is called otherwise is none of them.
    let files = [("1.png", picture(1)), ("2.png", picture(2)), ("3.txt", Vec::new()), ("4.png", picture(4))];
    let found = find(files.map(|(name, bytes)| file(name, bytes)).into());
    assert_eq!(found.open_recommended().unwrap().len(), 3);
}
