//! The drawn chest as pictures and as a volume of grey levels.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{GrayImage, ImageFormat};
use lunglens::imaging::Preprocessing;
use lunglens::intake::{Catalogue, NamedSource, OpenSeries, catalogue};
use lunglens::report::{DeviceInfo, DeviceKind, ModelInfo, Thresholds};
use lunglens::source::MemorySource;
use lunglens::study::{Measured, SetAside, StudyBuilder, StudyParts, StudyReport, build_report};
use serde_json::Value;

use super::drawn::instances;

pub const SIDE: usize = 64;
pub const COUNT: usize = 12;

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn masks() -> Vec<u8> {
    fs::read(fixture("study/masks.bin")).unwrap()
}

/// Grey levels of a slice: dark lung, brighter lesion, bright rest, with a ramp so that they are no labels.
fn grey(index: usize) -> Vec<u8> {
    let level = |(at, &bits): (usize, &u8)| match (bits & 3, bits & 4) {
        (0, _) => 180 + (at % SIDE / 4) as u8,
        (_, 0) => 30 + (at % SIDE / 4) as u8,
        _ => 100,
    };
    masks()[index * SIDE * SIDE..(index + 1) * SIDE * SIDE].iter().enumerate().map(level).collect()
}

pub fn picture(index: usize, format: ImageFormat) -> Vec<u8> {
    let drawn = GrayImage::from_raw(SIDE as u32, SIDE as u32, grey(index)).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    drawn.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn file(name: &str, bytes: Vec<u8>) -> NamedSource {
    NamedSource::new(name, MemorySource::new(bytes))
}

pub fn find(files: Vec<NamedSource>) -> Catalogue {
    catalogue(files, &mut |_| {}, &|| false).unwrap()
}

/// The chest as pictures, numbered from 1 without leading zeros, in the order in which a computer sorts the names.
pub fn stack(format: ImageFormat) -> Vec<NamedSource> {
    let ending = format.extensions_str()[0];
    let mut files: Vec<NamedSource> = (0..COUNT)
        .map(|index| file(&format!("case/slice {}.{ending}", index + 1), picture(index, format)))
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

pub fn measure(series: &OpenSeries) -> Measured {
    let mut builder = StudyBuilder::new(series.plan().unwrap(), 1, 25.0).unwrap();
    for (index, _) in builder.to_read().to_vec() {
        builder.add(&series.slice(index).unwrap(), &instances(index), false).unwrap();
    }
    builder.finish(|index| series.slice(index)).unwrap()
}

pub fn report(series: &OpenSeries, measured: &Measured) -> StudyReport {
    report_beside(series, measured, &[])
}

pub fn report_beside(series: &OpenSeries, measured: &Measured, set_aside: &[SetAside]) -> StudyReport {
    let text = fs::read_to_string(fixture("report/drawn.report.json")).unwrap();
    let drawn: Value = serde_json::from_str(&text).unwrap();
    let preprocessing: Preprocessing = serde_json::from_value(drawn["preprocessing"].clone()).unwrap();
    build_report(StudyParts {
        plan: series.plan().unwrap(),
        set_aside,
        continued_by: 0,
        every: 1,
        keep_ids: false,
        measured,
        model: ModelInfo {
            id: "r50".into(),
            backbone: "resnet50".into(),
            sha256: "0".repeat(64),
            input_size: 320,
        },
        devices: vec![DeviceInfo { kind: DeviceKind::Cpu, name: "CPU".into(), backend: "flex".into() }],
        thresholds: Thresholds { score: 0.5, mask: 0.5, alarming_from_percent: 25.0 },
        preprocessing,
    })
}

pub fn expected() -> Value {
    let all: Value =
        serde_json::from_str(&fs::read_to_string(fixture("study/expected.json")).unwrap()).unwrap();
    all["1"].clone()
}

/// A NIfTI-1 file of the grey chest, 0.75 x 0.8 x 5 mm. With a code the affine says that rows run to the patient's left and
/// columns to the back.
pub fn nifti(code: i16) -> Vec<u8> {
    let mut bytes = vec![0u8; 352];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &348i32.to_le_bytes());
    for (at, value) in [3i16, SIDE as i16, SIDE as i16, COUNT as i16, 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * at, &value.to_le_bytes());
    }
    put(70, &2i16.to_le_bytes());
    put(72, &8i16.to_le_bytes());
    for (at, value) in [1.0f32, 0.75, 0.8, 5.0].into_iter().enumerate() {
        put(76 + 4 * at, &value.to_le_bytes());
    }
    put(108, &352f32.to_le_bytes());
    put(123, &[2]);
    put(254, &code.to_le_bytes());
    for (row, values) in
        [[-0.75f32, 0.0, 0.0, 24.0], [0.0, -0.8, 0.0, 25.6], [0.0, 0.0, 5.0, -100.0]].iter().enumerate()
    {
        for (column, value) in values.iter().enumerate() {
            put(280 + 16 * row + 4 * column, &value.to_le_bytes());
        }
    }
    put(344, b"n+1\0");
    (0..COUNT).for_each(|index| bytes.extend(grey(index)));
    bytes
}
