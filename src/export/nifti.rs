//! The label map as NIfTI-1 (<https://nifti.nimh.nih.gov/nifti-1>), gzipped.

use std::io::Write;

use flate2::{Compression, GzBuilder};

use super::{Along, ExportError, ExportStudy, SourceGrid};
use crate::report::NOTICE;
use crate::study::{Lacking, SliceRecord};

/// What the voxels of the label map mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Label {
    /// Neither lung nor lesion.
    Background = 0,
    /// Lesion inside a lung.
    Lesion = 1,
    /// The patient's right lung, without its lesions.
    RightLung = 2,
    /// The patient's left lung, without its lesions.
    LeftLung = 3,
    /// On a slice that was not read: nothing is known.
    NotRead = 255,
}

const HEADER_BYTES: usize = 352;
/// NIfTI-1 stores sizes as signed 16-bit numbers.
const LONGEST_AXIS: usize = i16::MAX as usize;

/// A gzipped NIfTI-1 file, one byte a voxel ([`Label`]), on the source's grid and with its affine. Of pictures it has
/// columns, rows and pictures as its axes, and says that sizes and orientation are unknown.
pub fn label_map(study: &ExportStudy<'_>) -> Result<Vec<u8>, ExportError> {
    let series = &study.report.series;
    let shape = [series.columns, series.rows, series.slices];
    let of_series = || study.geometry.map_or_else(|| SourceGrid::of_voxels(shape), SourceGrid::of_series);
    let grid = study.grid.cloned().unwrap_or_else(of_series);
    let voxels = labels(study, &grid)?;
    let mut file = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let parts = [header(study, &grid), voxels];
    // Writing to memory does not fail.
    parts
        .iter()
        .try_for_each(|part| file.write_all(part))
        .and_then(|()| file.finish())
        .map_err(|e| unfit(format!("it cannot be compressed ({e})")))
}

fn unfit(problem: String) -> ExportError {
    ExportError::Unfit { what: "the label map", problem }
}

/// The labels in the order of the source's voxels.
fn labels(study: &ExportStudy<'_>, grid: &SourceGrid) -> Result<Vec<u8>, ExportError> {
    let size = match (study.geometry, &study.report.series) {
        (Some(grid), _) => [grid.columns, grid.rows, grid.slices],
        (None, series) => [series.columns, series.rows, series.slices],
    };
    let [columns, rows, slices] = size;
    let length = |along| match along {
        Along::Columns => columns,
        Along::Rows => rows,
        Along::Slices => slices,
    };
    let lengths = grid.axes.map(|axis| length(axis.along));
    let mut each = grid.axes.map(|axis| axis.along as usize);
    each.sort_unstable();
    if lengths != grid.shape || each != [0, 1, 2] {
        return Err(unfit(format!("the slices do not lie on the source's {:?} voxels", grid.shape)));
    }
    if grid.shape.iter().any(|&n| n > LONGEST_AXIS) {
        return Err(unfit(format!("NIfTI-1 has no room for {:?} voxels", grid.shape)));
    }
    let mut strides = [0isize; 3];
    let mut first = 0usize;
    let mut step = 1usize;
    for (axis, length) in grid.axes.iter().zip(lengths) {
        strides[axis.along as usize] = if axis.reversed { -(step as isize) } else { step as isize };
        first += if axis.reversed { step * (length.max(1) - 1) } else { 0 };
        step *= length;
    }
    let [across, down, up] = strides;
    let mut voxels = vec![Label::NotRead as u8; step];
    for record in &study.measured.slices {
        let slice = slice_labels(record, rows, columns)?;
        if record.index >= slices {
            return Err(unfit(format!("slice {} is beyond the series", record.index)));
        }
        let start = first as isize + record.index as isize * up;
        for (row, line) in slice.chunks_exact(columns.max(1)).enumerate() {
            for (column, &label) in line.iter().enumerate() {
                voxels[(start + row as isize * down + column as isize * across) as usize] = label;
            }
        }
    }
    Ok(voxels)
}

/// The labels of a slice, row-major.
fn slice_labels(record: &SliceRecord, rows: usize, columns: usize) -> Result<Vec<u8>, ExportError> {
    let masks = super::masks::decode(record, rows, columns)?;
    let label = |at: usize| match (masks.lesion.pixels[at], masks.left.pixels[at], masks.right.pixels[at]) {
        (1.., ..) => Label::Lesion,
        (_, 1.., _) => Label::LeftLung,
        (_, _, 1..) => Label::RightLung,
        _ => Label::Background,
    };
    Ok((0..rows * columns).map(|at| label(at) as u8).collect())
}

/// The header, with an empty extension flag after it.
fn header(study: &ExportStudy<'_>, grid: &SourceGrid) -> Vec<u8> {
    let every = study.report.series.every;
    let mut header = vec![0u8; HEADER_BYTES];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348i32.to_le_bytes());
    put(40, &3i16.to_le_bytes());
    for axis in 0..7 {
        let length = grid.shape.get(axis).map_or(1, |&n| n as i16);
        put(42 + 2 * axis, &length.to_le_bytes());
    }
    // Intent: labels.
    put(68, &1002i16.to_le_bytes());
    put(70, &2i16.to_le_bytes()); // unsigned bytes
    put(72, &8i16.to_le_bytes());
    put(76, &1f32.to_le_bytes());
    for axis in 0..3 {
        let length: f64 = grid.affine_ras.iter().map(|row| row[axis] * row[axis]).sum::<f64>().sqrt();
        put(80 + 4 * axis, &(length as f32).to_le_bytes());
    }
    put(108, &(HEADER_BYTES as f32).to_le_bytes());
    put(112, &1f32.to_le_bytes());
    let sized = study.report.lacks(Lacking::Volumes).is_none();
    put(123, &[if sized { 2 } else { 0 }]); // millimetres, or unknown
    let read = if every > 1 { format!(" 1 slice in {every} read, 255 elsewhere.") } else { String::new() };
    let size = if sized { "" } else { " Size of voxels unknown." };
    let text = format!("{NOTICE}{size}{read}");
    put(148, &text.as_bytes()[..text.len().min(79)]);
    // The affine stands as sform, "scanner"; a tilted one has no qform. Without orientation there is none of the two.
    put(328, b"lung and lesion");
    put(344, b"n+1\0");
    if study.report.lacks(Lacking::Zones).is_some() {
        return header;
    }
    put(254, &1i16.to_le_bytes());
    for (row, values) in grid.affine_ras.iter().enumerate() {
        for (column, &value) in values.iter().enumerate() {
            put(280 + 16 * row + 4 * column, &(value as f32).to_le_bytes());
        }
    }
    header
}
