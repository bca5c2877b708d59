//! The report: order, rounding, determinism, its schema, and the overlay.

#![allow(clippy::unwrap_used)]

use image::Rgb;
use lunglens::imaging::{CtSlice, FileFormat, PictureReading, PixelSpacing, Preprocessing, ValueScale};
use lunglens::masks::{Mask, MaskError, outline};
use lunglens::report::{
    ClassName, DeviceInfo, DeviceKind, InputInfo, Instance, LESION_RGB, LUNG_RGB, ModelInfo, NOTICE,
    OfSeries, OverlayOptions, Report, ReportError, ReportParts, Timings, build, overlay, overlay_png,
    sort_instances,
};
use lunglens::severity::{Finding, SeverityConfig, assess};
use serde_json::{Value, json};

const ROWS: usize = 60;
const COLUMNS: usize = 90;

fn rectangle(top: usize, left: usize, rows: usize, columns: usize) -> Mask {
    let mut mask = Mask::empty(ROWS, COLUMNS);
    for row in top..top + rows {
        for column in left..left + columns {
            mask.pixels[row * COLUMNS + column] = 1;
        }
    }
    mask
}

fn slice(pixel_spacing: Option<PixelSpacing>) -> CtSlice {
    CtSlice {
        rows: ROWS,
        columns: COLUMNS,
        values: (0..ROWS * COLUMNS).map(|i| (i % 251) as f32).collect(),
        scale: ValueScale::Grey { max: 255.0 },
        pixel_spacing,
        patient_right_is_image_left: None,
        format: FileFormat::Png,
        picture: None,
    }
}

/// Lungs and lesions in no order.
fn instances() -> Vec<Instance> {
    let one = |class, score, bbox, mask| Instance { class, score, bbox, mask };
    vec![
        one(ClassName::Lung, 0.998_765_4, [10.0, 5.0, 40.0, 55.0], rectangle(5, 10, 50, 30)),
        one(ClassName::Lesion, 0.51, [12.123_456, 8.0, 22.0, 18.0], rectangle(8, 12, 10, 10)),
        one(ClassName::Lung, 0.999, [-0.000_01, 5.0, 80.0, 55.0], rectangle(5, 50, 50, 30)),
        one(ClassName::Lesion, 0.9, [52.0, 8.0, 62.0, 18.0], rectangle(8, 52, 10, 10)),
    ]
}

fn report_of(slice: &CtSlice, instances: &[Instance]) -> Result<Report, ReportError> {
    let of = |class| -> Vec<Mask> {
        instances.iter().filter(|i| i.class == class).map(|i| i.mask.clone()).collect()
    };
    let assessment = assess(
        &of(ClassName::Lesion),
        &of(ClassName::Lung),
        ROWS,
        COLUMNS,
        slice.pixel_spacing,
        slice.patient_right_is_image_left,
        &SeverityConfig::default(),
    )
    .unwrap();
    build(ReportParts {
        slice,
        input: InputInfo { name: "drawn.png".into(), sha256: "0a".repeat(32), series: None },
        model: ModelInfo {
            id: "r50".into(),
            backbone: "resnet50".into(),
            sha256: "1b".repeat(32),
            input_size: 320,
        },
        device: DeviceInfo { kind: DeviceKind::Cpu, name: "CPU".into(), backend: "flex".into() },
        score_threshold: 0.5,
        mask_threshold: 0.5,
        preprocessing: Preprocessing::default(),
        region: None,
        slices: Vec::new(),
        instances,
        assessment,
        timings: None,
    })
}

fn sample() -> Report {
    report_of(&slice(Some(PixelSpacing { row_mm: 0.7, column_mm: 0.9 })), &instances()).unwrap()
}

#[test]
fn instances_are_ordered_numbered_and_rounded() {
    let report = sample();
    let order: Vec<_> = report.instances.iter().map(|i| (i.id, i.class, i.score)).collect();
    let (lesion, lung) = (ClassName::Lesion, ClassName::Lung);
    assert_eq!(order, [(1, lesion, 0.9), (2, lesion, 0.51), (3, lung, 0.999), (4, lung, 0.998_765)]);
    assert_eq!(report.instances[1].bbox, [12.123, 8.0, 22.0, 18.0]);
    assert!(report.instances[2].bbox[0].is_sign_positive());
    assert_eq!(report.instances[0].area_pixels, 100);
    assert_eq!(report.instances[0].area_mm2, Some(63.0));
    assert_eq!(report.assessment.finding, Finding::Mild);
    assert_eq!(report.assessment.lungs.percent, 6.667);
    assert_eq!(report.thresholds.alarming_from_percent, 25.0);

    let mut sorted = instances();
    sort_instances(&mut sorted);
    for (instance, written) in sorted.iter().zip(&report.instances) {
        assert_eq!(written.segmentation.decode().unwrap(), instance.mask);
        assert_eq!(outline(&instance.mask).len(), 1);
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let json = sample().to_json();
    assert_eq!(json, sample().to_json());
    let pinned = include_str!("fixtures/report/drawn.report.json");
    // The program's version is the one thing that a release changes.
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(json.contains(&version));
    assert_eq!(json.replace(&version, "\"version\": \"VERSION\""), pinned);
}

#[test]
fn a_report_goes_through_json() {
    let mut report = sample();
    assert_eq!(Report::from_json(&report.to_json()).unwrap(), report);
    report.timings = Some(Timings {
        stages: [("boxes".to_owned(), 12.5), ("backbone".to_owned(), 800.25)].into(),
        total: 812.75,
    });
    let line = report.to_json_line();
    assert!(!line.contains('\n'));
    assert!(line.ends_with(r#""timings_ms":{"stages":{"backbone":800.25,"boxes":12.5},"total":812.75}}"#));
    assert_eq!(Report::from_json(&line).unwrap(), report);
    assert!(!sample().to_json().contains("timings_ms"));
}

#[test]
fn other_texts_and_versions_are_errors() {
    assert!(matches!(Report::from_json("{"), Err(ReportError::Json(_))));
    assert!(matches!(Report::from_json("{}"), Err(ReportError::Json(_))));
    let with_version = |version: &str| {
        let mut value: Value = serde_json::from_str(&sample().to_json()).unwrap();
        value["schema_version"] = json!(version);
        value["field_of_a_later_version"] = json!(1);
        Report::from_json(&value.to_string())
    };
    assert!(with_version("1.7").is_ok());
    assert_eq!(with_version("2.0").unwrap_err(), ReportError::Version("2.0".into()));
    assert!(matches!(Report::from_json(r#"{"schema_version":"1.0"}"#), Err(ReportError::Json(_))));
}

#[test]
fn a_mask_of_another_size_is_an_error() {
    let slice = slice(None);
    let mut report = sample();
    report.instances[2].segmentation.size = [COLUMNS, ROWS];
    let error = overlay(&slice, &report, OverlayOptions::default()).unwrap_err();
    assert!(matches!(error, ReportError::Mask { id: 3, source: MaskError::Size { .. } }), "{error}");
    report.instances[0].segmentation.counts = "broken".into();
    let error = overlay(&slice, &report, OverlayOptions::default()).unwrap_err();
    assert!(matches!(error, ReportError::Mask { id: 1, source: MaskError::BadRuns(_) }), "{error}");
    report.input.rows += 1;
    let error = overlay(&slice, &report, OverlayOptions::default()).unwrap_err();
    assert_eq!(error, ReportError::OtherSlice { expected: [61, 90], found: [60, 90] });

    let odd = CtSlice { rows: COLUMNS, columns: ROWS, ..slice };
    assert!(matches!(report_of(&odd, &instances()), Err(ReportError::Mask { id: 1, .. })));
}

/// Checks a value against the parts of JSON Schema that the report's schema uses; the first fault as text.
fn check(schema: &Value, root: &Value, value: &Value, path: &str) -> Result<(), String> {
    if let Some(reference) = schema.get("$ref") {
        let target = reference.as_str().unwrap().strip_prefix('#').unwrap();
        return check(root.pointer(target).unwrap(), root, value, path);
    }
    if let Some(choices) = schema.get("anyOf") {
        let fits = choices.as_array().unwrap().iter().any(|s| check(s, root, value, path).is_ok());
        return if fits { Ok(()) } else { Err(format!("{path} fits no choice")) };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(list) => list.iter().map(|t| t.as_str().unwrap()).collect(),
        one => vec![one.as_str().unwrap()],
    };
    let fits = types.iter().any(|t| match *t {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the check does not know the type {other}"),
    });
    if !fits {
        return Err(format!("{path} is not {types:?}"));
    }
    if schema.get("enum").is_some_and(|list| !list.as_array().unwrap().contains(value)) {
        return Err(format!("{path} is none of the listed values"));
    }
    if let Some(number) = value.as_f64() {
        let low = schema.get("minimum").is_some_and(|m| number < m.as_f64().unwrap());
        let high = schema.get("maximum").is_some_and(|m| number > m.as_f64().unwrap());
        if low || high {
            return Err(format!("{path} is out of range"));
        }
    }
    if let Some(items) = value.as_array() {
        let count = items.len() as u64;
        if schema.get("minItems").is_some_and(|m| count < m.as_u64().unwrap())
            || schema.get("maxItems").is_some_and(|m| count > m.as_u64().unwrap())
        {
            return Err(format!("{path} has {count} items"));
        }
        for (i, item) in items.iter().enumerate() {
            check(&schema["items"], root, item, &format!("{path}/{i}"))?;
        }
    }
    if let Some(object) = value.as_object() {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap()) {
                return Err(format!("{path} lacks {name}"));
            }
        }
        for (name, child) in object {
            let path = format!("{path}/{name}");
            match (schema["properties"].get(name), schema.get("additionalProperties")) {
                (Some(rule), _) => check(rule, root, child, &path)?,
                (None, Some(Value::Bool(false))) => return Err(format!("{path} is not in the schema")),
                (None, Some(rule)) => check(rule, root, child, &path)?,
                (None, None) => {}
            }
        }
    }
    Ok(())
}

#[test]
fn reports_fit_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../docs/report.schema.json")).unwrap();
    let fault = |value: &Value| check(&schema, &schema, value, "").err();

    let mut timed = sample();
    timed.timings = Some(Timings { stages: [("boxes".to_owned(), 1.0)].into(), total: 1.5 });
    let bare = report_of(&slice(None), &[]).unwrap();
    assert_eq!(bare.assessment.finding, Finding::NoLungFound);
    let photo = CtSlice {
        picture: Some(PictureReading {
            coloured: true,
            exif_orientation: 6,
            part: None,
            turned_degrees: 0,
            reduced_by: 2,
        }),
        ..slice(None)
    };
    let photo = report_of(&photo, &instances()).unwrap();
    assert!(photo.to_json().contains("\"reduced_by\": 2"));
    let mut of_series = sample();
    of_series.input.series = OfSeries::new(12, 30);
    assert!(of_series.to_json_line().contains(r#""series":{"slice_index":12,"slices":30}}"#));
    assert_eq!(Report::from_json(&of_series.to_json()).unwrap(), of_series);
    assert_eq!(OfSeries::new(0, 1), None);
    let film = Report { slices: vec![[0.0, 0.0, 1.5, 2.0], [1.5, 0.0, 3.0, 2.0]], ..photo.clone() };
    for report in [&sample(), &timed, &bare, &photo, &of_series, &film] {
        let value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(fault(&value), None);
    }

    // Each of these changes must be noticed.
    let good: Value = serde_json::from_str(&timed.to_json()).unwrap();
    for name in good.as_object().unwrap().keys().filter(|n| *n != "timings_ms") {
        let mut broken = good.clone();
        broken.as_object_mut().unwrap().remove(name);
        assert_eq!(fault(&broken), Some(format!(" lacks \"{name}\"")));
    }
    for (pointer, value) in [
        ("/assessment/finding", json!("severe")),
        ("/assessment/lungs/percent", json!(101)),
        ("/instances/0/bbox", json!([1, 2, 3])),
        ("/instances/0/score", json!("high")),
        ("/device", json!({"kind": "gpu", "name": "a", "backend": "b", "more": 1})),
        ("/timings_ms/stages/boxes", json!("fast")),
        ("/assessment/left", json!(3)),
    ] {
        let mut broken = good.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert!(fault(&broken).is_some(), "{pointer}");
    }
}

#[test]
fn the_notice_is_in_every_report() {
    assert_eq!(sample().notice, NOTICE);
    assert!(sample().to_json().contains("\"notice\": \"Research use only. Not a medical device.\""));
}

#[test]
fn the_overlay_tints_and_outlines() {
    let slice = slice(None);
    let picture = overlay(&slice, &sample(), OverlayOptions { opacity: 0.5 }).unwrap();
    // 60 rows become 540: the least whole factor that reaches 512 is 9.
    assert_eq!(picture.dimensions(), (810, 540));
    let at = |row: usize, column: usize| *picture.get_pixel((column * 9 + 4) as u32, (row * 9 + 4) as u32);
    let grey = |row: usize, column: usize| ((row * COLUMNS + column) % 251) as u8;
    assert_eq!(at(0, 0), Rgb([grey(0, 0); 3]));
    // Inside the lung, no lesion: untouched.
    assert_eq!(at(40, 20), Rgb([grey(40, 20); 3]));
    let tint = LESION_RGB.map(|c| ((f32::from(grey(12, 16)) + f32::from(c)) / 2.0).round() as u8);
    assert_eq!(at(12, 16), Rgb(tint));
    // One pixel of outline along the inner border, and none beside it.
    let across: Vec<_> = (88..92).map(|x| *picture.get_pixel(x, 300)).collect();
    let plain = |column: usize| Rgb([grey(33, column); 3]);
    assert_eq!(across, [plain(9), plain(9), Rgb(LUNG_RGB), plain(10)]);
    assert_eq!(*picture.get_pixel(12 * 9, 12 * 9), Rgb(LESION_RGB));

    // No tint at all, and a nonsensical opacity: the slice itself.
    for opacity in [0.0, f32::NAN, -3.0] {
        let picture = overlay(&slice, &sample(), OverlayOptions { opacity }).unwrap();
        assert_eq!(*picture.get_pixel(16 * 9 + 4, 12 * 9 + 4), Rgb([grey(12, 16); 3]));
    }
}

#[test]
fn the_overlay_is_a_png_and_always_the_same() {
    let slice = slice(None);
    let bytes = overlay_png(&slice, &sample(), OverlayOptions::default()).unwrap();
    assert_eq!(bytes, overlay_png(&slice, &sample(), OverlayOptions::default()).unwrap());
    let back = image::load_from_memory_with_format(&bytes, image::ImageFormat::Png).unwrap().to_rgb8();
    assert_eq!(back, overlay(&slice, &sample(), OverlayOptions::default()).unwrap());
}

#[test]
fn large_and_narrow_slices_are_not_blown_up() {
    for (rows, columns, expected) in [(512, 600, (600, 512)), (2, 3000, (3000, 2)), (300, 511, (1022, 600))] {
        let blank = CtSlice { rows, columns, values: vec![0.0; rows * columns], ..slice(None) };
        let mut report = sample();
        report.instances.clear();
        (report.input.rows, report.input.columns) = (rows, columns);
        let picture = overlay(&blank, &report, OverlayOptions::default()).unwrap();
        assert_eq!(picture.dimensions(), expected);
    }
}

#[test]
fn labels_are_classes() {
    assert_eq!(ClassName::from_label(1), Some(ClassName::Lesion));
    assert_eq!(ClassName::from_label(2), Some(ClassName::Lung));
    assert_eq!((ClassName::from_label(0), ClassName::from_label(3)), (None, None));
    assert_eq!(serde_json::to_string(&ClassName::Lesion).unwrap(), "\"lesion\"");
}
