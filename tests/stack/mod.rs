//! Stacks of masks measured as a study, without files.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use lunglens::imaging::{CtSlice, DicomHeader, FileFormat, Geometry, ValueScale};
use lunglens::report::Instance;
use lunglens::study::{Measured, SeriesPlan, SlicePlace, StudyBuilder, StudyError};
use serde_json::Value;

/// A file under `tests/fixtures`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

/// Values from a list of value and length by turns.
pub fn unpacked(runs: &Value) -> Vec<u8> {
    let runs: Vec<usize> = serde_json::from_value(runs.clone()).unwrap();
    runs.chunks(2).flat_map(|run| vec![u8::try_from(run[0]).unwrap(); run[1]]).collect()
}

/// Measures every `every`-th of slices of voxels of 1 mm, `[slices, rows, columns]`, of which `found` tells what was found.
pub fn measure(
    [slices, rows, columns]: [usize; 3],
    right_first: bool,
    every: usize,
    found: impl Fn(usize) -> Vec<Instance>,
) -> Measured {
    let place = |index: usize| SlicePlace {
        file: index,
        frame: 0,
        height_mm: Some(index as f64),
        instance_number: None,
    };
    let plan = SeriesPlan {
        slices: (0..slices).map(place).collect(),
        rows,
        columns,
        oriented: true,
        geometry: Some(Geometry {
            slices,
            rows,
            columns,
            pixel_spacing_mm: [1.0; 2],
            slice_spacing_mm: 1.0,
            origin_mm: [0.0; 3],
            row_direction: [if right_first { 1.0 } else { -1.0 }, 0.0, 0.0],
            column_direction: [0.0, 1.0, 0.0],
            slice_step_mm: [0.0, 0.0, 1.0],
        }),
        slice_thickness_mm: None,
        header: DicomHeader::default(),
    };
    let slice = CtSlice {
        rows,
        columns,
        values: vec![-800.0; rows * columns],
        scale: ValueScale::Hounsfield,
        pixel_spacing: None,
        patient_right_is_image_left: Some(right_first),
        format: FileFormat::Dicom,
        picture: None,
    };
    let mut builder = StudyBuilder::new(&plan, every, 25.0).unwrap();
    for (index, _) in builder.to_read().to_vec() {
        builder.add(&slice, &found(index), false).unwrap();
    }
    builder.finish(|_| Ok::<_, StudyError>(slice.clone())).unwrap()
}
