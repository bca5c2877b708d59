//! CLAHE, resizing and the whole preprocessing against OpenCV and PyTorch
//! (tests/fixtures/imaging/make_fixtures.py).

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use lunglens::imaging::{
    CtSlice, FileFormat, ImagingError, Preprocessing, ValueScale, clahe, decode, prepare, preprocess,
    resize_bilinear, resize_cubic,
};
use serde_json::Value;

fn read(path: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imaging").join(path);
    std::fs::read(&file).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn index() -> Value {
    serde_json::from_slice(&read("index.json")).unwrap()
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

#[test]
fn clahe_is_opencvs_within_one_level() {
    let index = index();
    let cases = index["clahe"].as_array().unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let source = image::load_from_memory(&read(&format!("clahe/{name}.png"))).unwrap().into_luma8();
        let expected =
            image::load_from_memory(&read(&format!("clahe/{name}_expected.png"))).unwrap().into_luma8();
        let (rows, columns) = (source.height() as usize, source.width() as usize);
        let clip = case["clip"].as_f64().unwrap();
        let found = clahe(source.as_raw(), rows, columns, clip, number(&case["tiles"])).unwrap();
        let worst = found.iter().zip(expected.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        let differing = found.iter().zip(expected.as_raw()).filter(|(a, b)| a != b).count();
        println!("{name} {rows}x{columns}: at most {worst} apart, {differing} of {} differ", found.len());
        assert!(worst <= 1, "{name}: {worst} grey levels apart");
        assert!(differing * 1000 <= found.len(), "{name}: {differing} of {} pixels differ", found.len());
    }
}

#[test]
fn resizing_is_opencvs_and_pytorchs() {
    let index = index();
    let blob: Vec<f32> =
        read("resize.f32").chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    for case in index["resize"].as_array().unwrap() {
        let pair = |key: &str| (number(&case[key][0]), number(&case[key][1]));
        let ((rows, columns), (out_rows, out_columns)) = (pair("from"), pair("to"));
        let part = |key: &str, count: usize| &blob[number(&case[key])..][..count];
        let input = part("input", rows * columns);
        for (key, found) in [
            ("cubic", resize_cubic(input, rows, columns, out_rows, out_columns).unwrap()),
            ("bilinear", resize_bilinear(input, rows, columns, out_rows, out_columns).unwrap()),
        ] {
            let expected = part(key, out_rows * out_columns);
            let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            println!("{key} {rows}x{columns} to {out_rows}x{out_columns}: at most {worst} apart");
            // The values are some 1000 HU: float sums may differ by a few parts in ten million.
            assert!(worst < 2e-3, "{key} {rows}x{columns} to {out_rows}x{out_columns}: {worst} apart");
        }
    }
}

#[test]
fn the_whole_preprocessing_equals_the_reference() {
    let index = index();
    let cases = index["preprocess"].as_array().unwrap();
    assert!(cases.len() >= 8);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let slice = decode(&read(case["file"].as_str().unwrap())).unwrap();
        let settings: Preprocessing = serde_json::from_value(case["settings"].clone()).unwrap();
        let region: Option<[f32; 4]> = serde_json::from_value(case["region"].clone()).unwrap();
        let input = match region {
            None => preprocess(&slice, &settings).unwrap(),
            some => prepare(&slice, &settings).unwrap().network_input(some, settings.input_size).unwrap(),
        };
        if let Some(region) = region {
            let apart = region.iter().zip(input.letterbox.region).map(|(a, b)| (a - b).abs());
            assert!(apart.fold(0.0, f32::max) < 0.02, "{name}: {:?}", input.letterbox.region);
        }
        let expected = image::load_from_memory(&read(&format!("expected/{name}.png"))).unwrap().into_luma16();
        assert_eq!(input.size, number(&case["size"]), "{name}");
        assert_eq!(input.values.len(), expected.as_raw().len(), "{name}");
        let levels = |(a, &b): (&f32, &u16)| (a - f32::from(b) / 65535.0).abs() * 255.0;
        let worst = input.values.iter().zip(expected.as_raw()).map(levels).fold(0.0, f32::max);
        // The fixtures hold 1/257 of a level.
        let apart = input.values.iter().zip(expected.as_raw()).map(levels).filter(|&d| d > 0.01).count();
        println!("{name}: at most {worst} of 255 levels apart, {apart} of {} differ", input.values.len());
        // A pixel whose float sum rounds to the other 8-bit level is one level off, which CLAHE may widen.
        assert!(worst <= 7.0, "{name}: {worst} levels apart");
        assert!(apart * 500 <= input.values.len(), "{name}: {apart} values differ");
    }
}

#[test]
fn the_slice_lies_top_left_and_the_rest_is_zero() {
    let slice = decode(&read("dicom/siemens_crop.dcm")).unwrap();
    let settings = Preprocessing { input_size: 128, ..Preprocessing::default() };
    let input = preprocess(&slice, &settings).unwrap();
    let boxed = input.letterbox;
    assert_eq!(boxed.region, [0.0, 0.0, 184.0, 150.0]);
    assert_eq!((boxed.content_rows, boxed.content_columns), (104, 128));
    let content = &input.values[..104 * 128];
    assert!(content.iter().filter(|&&v| v > 0.0).count() > content.len() / 2);
    assert!(content.iter().all(|v| (0.0..=1.0).contains(v)));
    assert!(input.values[104 * 128..].iter().all(|&v| v == 0.0));
}

#[test]
fn padding_outside_the_field_of_view_does_not_stretch_the_grey_levels() {
    let mut slice = hounsfield(64, 64);
    let settings = Preprocessing { clahe: lunglens::imaging::ClaheMode::Off, ..Preprocessing::default() };
    for row in 0..8 {
        slice.values[row * 64..][..64].fill(-1250.0);
    }
    let padded = preprocess(&slice, &settings).unwrap();
    for row in 0..8 {
        slice.values[row * 64..][..64].fill(-900.0);
    }
    // -900 is the lowest value inside, so air in its place gives the same picture.
    assert_eq!(preprocess(&slice, &settings).unwrap(), padded);
}

#[test]
fn the_same_slice_gives_the_same_bits() {
    let slice = decode(&read("dicom/siemens_crop.dcm")).unwrap();
    let settings = Preprocessing::default();
    assert_eq!(preprocess(&slice, &settings).unwrap(), preprocess(&slice, &settings).unwrap());
}

#[test]
fn the_settings_survive_the_manifest() {
    let settings = Preprocessing { input_size: 512, ..Preprocessing::default() };
    let json = serde_json::to_value(&settings).unwrap();
    assert_eq!(json["clahe"], "auto");
    assert_eq!(json["hu_window"], serde_json::json!([-1250.0, 250.0]));
    assert_eq!(serde_json::from_value::<Preprocessing>(json).unwrap(), settings);
    assert_eq!(
        serde_json::from_str::<Preprocessing>("{\"input_size\": 320}").unwrap(),
        Preprocessing::default()
    );
    assert!(serde_json::from_str::<Preprocessing>("{\"inputsize\": 320}").is_err());
}

#[test]
fn slices_and_settings_that_do_not_fit_are_errors() {
    let good = hounsfield(20, 30);
    let settings = Preprocessing::default();
    assert!(preprocess(&good, &settings).is_ok());
    let slices = [
        CtSlice { rows: 21, ..good.clone() },
        CtSlice { rows: 0, values: vec![], ..good.clone() },
        CtSlice { rows: usize::MAX, ..good.clone() },
        CtSlice { values: vec![f32::NAN; 600], ..good.clone() },
        CtSlice { scale: ValueScale::Grey { max: 0.0 }, ..good.clone() },
    ];
    for slice in slices {
        assert!(preprocess(&slice, &settings).is_err(), "{:?} of {}", slice.scale, slice.rows);
    }
    let wrong = [
        Preprocessing { input_size: 0, ..settings.clone() },
        Preprocessing { input_size: 1 << 40, ..settings.clone() },
        Preprocessing { working_size: 0, ..settings.clone() },
        Preprocessing { hu_window: [250.0, -1250.0], ..settings.clone() },
        Preprocessing { hu_window: [f32::NAN, 0.0], ..settings.clone() },
        Preprocessing { clahe_tiles: 0, ..settings.clone() },
        Preprocessing { clahe_clip_limit: f64::INFINITY, ..settings },
    ];
    for settings in wrong {
        let error = preprocess(&good, &settings).expect_err("a setting out of range");
        assert!(matches!(error, ImagingError::BadSetting { .. }), "{settings:?}: {error}");
    }
}

#[test]
fn any_shape_can_be_prepared() {
    let settings = Preprocessing { input_size: 64, ..Preprocessing::default() };
    for (rows, columns) in [(1, 1), (1, 300), (300, 1), (2, 3), (7, 511), (33, 65), (257, 255)] {
        let input = preprocess(&hounsfield(rows, columns), &settings).unwrap();
        assert_eq!(input.values.len(), 64 * 64);
        assert!(input.values.iter().all(|v| (0.0..=1.0).contains(v)), "{rows}x{columns}");
        let whole = [0.0, 0.0, input.letterbox.content_columns as f32, input.letterbox.content_rows as f32];
        let back = input.letterbox.to_source(whole);
        assert!((back[2] - columns as f32).abs() < 1e-3 && (back[3] - rows as f32).abs() < 1e-3, "{back:?}");
    }
}

/// A slice of soft waves from -900 to 100 HU, the lowest value in every row of eight.
fn hounsfield(rows: usize, columns: usize) -> CtSlice {
    let value = |at: usize| {
        let (row, column) = (at / columns, at % columns);
        if row % 8 == 7 { -900.0 } else { -400.0 + 500.0 * ((row * 3 + column * 5) as f32 / 17.0).sin() }
    };
    CtSlice {
        rows,
        columns,
        values: (0..rows * columns).map(value).collect(),
        scale: ValueScale::Hounsfield,
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format: FileFormat::Dicom,
        picture: None,
    }
}
