//! Decoding against values that OpenCV and pydicom wrote (tests/fixtures/imaging/make_fixtures.py).

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use lunglens::imaging::{CtSlice, FileFormat, PictureReading, PixelSpacing, ValueScale, decode};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imaging")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(folder().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn index() -> Value {
    serde_json::from_slice(&read("index.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

fn size(case: &Value) -> (usize, usize) {
    (case["rows"].as_u64().unwrap() as usize, case["columns"].as_u64().unwrap() as usize)
}

fn assert_slice(name: &str, slice: &CtSlice, expected: &[f32], tolerance: f32) {
    assert_eq!(slice.values.len(), expected.len(), "{name}");
    for (at, (found, expected)) in slice.values.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(difference <= tolerance, "{name}, pixel {at}: {found} instead of {expected}");
    }
}

#[test]
fn dicom_values_are_hounsfield_units() {
    let index = index();
    let cases = index["dicom"]["good"].as_array().unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let slice = decode(&read(&format!("dicom/{name}"))).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((slice.rows, slice.columns), size(case), "{name}");
        assert_eq!((slice.format, slice.scale), (FileFormat::Dicom, ValueScale::Hounsfield), "{name}");
        assert_eq!(slice.patient_right_is_image_left, case["right_is_left"].as_bool(), "{name}");
        let spacing = case["spacing"].as_array().map(|_| {
            let mm = numbers(&case["spacing"]);
            PixelSpacing { row_mm: mm[0], column_mm: mm[1] }
        });
        assert_eq!(slice.pixel_spacing, spacing, "{name}");
        let expected = if case["hu"].is_array() {
            numbers(&case["hu"])
        } else {
            let stored = image::load_from_memory(&read("expected/siemens_crop.png")).unwrap().into_luma16();
            stored.as_raw().iter().map(|&v| f32::from(v) - 1024.0).collect()
        };
        assert_slice(name, &slice, &expected, 1e-4);
    }
}

#[test]
fn dicom_files_that_cannot_be_read_say_why() {
    let index = index();
    let cases = index["dicom"]["bad"].as_array().unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let error = decode(&read(&format!("dicom/{name}"))).expect_err(name);
        let (kind, says) = (case["kind"].as_str().unwrap(), case["says"].as_str().unwrap());
        assert!(format!("{error:?}").starts_with(kind), "{name}: {error:?} is not {kind}");
        assert!(error.to_string().contains(says), "{name}: {error} does not say {says:?}");
    }
}

#[test]
fn pictures_keep_their_grey_levels() {
    let index = index();
    for case in index["pictures"].as_array().unwrap() {
        let name = case["file"].as_str().unwrap();
        let slice = decode(&read(&format!("pictures/{name}"))).unwrap_or_else(|e| panic!("{name}: {e}"));
        let format = if name.ends_with("png") { FileFormat::Png } else { FileFormat::Jpeg };
        assert_eq!((slice.rows, slice.columns), size(case), "{name}");
        assert_eq!(slice.format, format, "{name}");
        assert_eq!(slice.scale, ValueScale::Grey { max: case["max"].as_f64().unwrap() as f32 }, "{name}");
        assert_eq!((slice.pixel_spacing, slice.patient_right_is_image_left), (None, None), "{name}");
        let plain = PictureReading {
            coloured: false,
            exif_orientation: 1,
            part: None,
            turned_degrees: 0,
            reduced_by: 1,
        };
        assert_eq!(slice.picture, Some(plain), "{name}");
        assert_slice(name, &slice, &numbers(&case["grey"]), case["tolerance"].as_f64().unwrap() as f32);
    }
}

#[test]
fn coloured_marks_are_read_as_grey_and_said() {
    for name in ["pictures/coloured.png", "pictures/coloured.jpg"] {
        let slice = decode(&read(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(slice.picture.unwrap().coloured, "{name}");
    }
}
