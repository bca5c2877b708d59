//! Volumes equal nibabel's and pynrrd's, value by value and place by place.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::rc::Rc;

use lunglens::imaging::{FileFormat, ValueScale};
use lunglens::source::{ByteSource, MemorySource};
use lunglens::volume::{Along, VolumeReader, read_volume_header};
use serde::Deserialize;

#[derive(Deserialize)]
struct Index {
    volumes: Vec<Expected>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Expected {
    file: String,
    format: String,
    scale: String,
    oriented: bool,
    values: String,
    shape: [usize; 3],
    affine_ras: [[f64; 4]; 3],
    size: [usize; 3],
    pixel_spacing_mm: [f64; 2],
    slice_spacing_mm: f64,
    origin_mm: [f64; 3],
    row_direction: [f64; 3],
    column_direction: [f64; 3],
    slice_step_mm: [f64; 3],
}

#[derive(Deserialize)]
struct Refused {
    file: String,
    says: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/volume")
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(folder().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn index() -> Index {
    serde_json::from_slice(&read("index.json")).unwrap()
}

fn source(bytes: Vec<u8>) -> Rc<dyn ByteSource> {
    Rc::new(MemorySource::new(bytes))
}

fn open(bytes: Vec<u8>) -> Result<VolumeReader, String> {
    let source = source(bytes);
    let header = read_volume_header(&source).map_err(|e| e.to_string())?.ok_or("no volume")?;
    VolumeReader::open(source, header).map_err(|e| e.to_string())
}

/// All slices, in the order of `indices`.
fn slices(volume: &VolumeReader, indices: impl Iterator<Item = usize>) -> Result<Vec<Vec<f32>>, String> {
    indices.map(|i| volume.slice(i).map(|slice| slice.values).map_err(|e| e.to_string())).collect()
}

fn near(found: &[f64], expected: &[f64], what: &str) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{what}: {found:?} instead of {expected:?}");
    }
}

#[test]
fn values_equal_those_of_nibabel_and_pynrrd() {
    let all = index().volumes;
    assert!(all.len() >= 100, "{}", all.len());
    for expected in all {
        let file = &expected.file;
        let volume = open(read(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let values: Vec<f32> = read(&expected.values)
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        let [count, rows, columns] = expected.size;
        let found = slices(&volume, 0..count).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(found.concat(), values, "{file}");
        // In the other direction the same, from another start in the file.
        let mut backwards = slices(&volume, (0..count).rev()).unwrap();
        backwards.reverse();
        assert_eq!(backwards, found, "{file}");
        assert!(volume.slice(count).is_err());

        let slice = volume.slice(0).unwrap();
        assert_eq!((slice.rows, slice.columns), (rows, columns), "{file}");
        let is_grey = matches!(slice.scale, ValueScale::Grey { max: 255.0 });
        assert_eq!(if is_grey { "grey" } else { "hounsfield" }, expected.scale, "{file}");
        assert_eq!(slice.patient_right_is_image_left, expected.oriented.then_some(true), "{file}");
        let is_nrrd = expected.format == "NRRD";
        assert_eq!(slice.format, if is_nrrd { FileFormat::Nrrd } else { FileFormat::Nifti });
        let spacing = slice.pixel_spacing.unwrap();
        assert_eq!([spacing.row_mm, spacing.column_mm], expected.pixel_spacing_mm.map(|mm| mm as f32));
    }
}

#[test]
fn places_equal_those_of_nibabel_and_pynrrd() {
    for expected in index().volumes {
        let file = &expected.file;
        let header = read_volume_header(&source(read(file))).unwrap().unwrap();
        let geometry = &header.geometry;
        assert_eq!(header.format.to_string(), expected.format, "{file}");
        assert_eq!([geometry.slices, geometry.rows, geometry.columns], expected.size, "{file}");
        near(&geometry.pixel_spacing_mm, &expected.pixel_spacing_mm, file);
        near(&[geometry.slice_spacing_mm], &[expected.slice_spacing_mm], file);
        near(&geometry.origin_mm, &expected.origin_mm, file);
        near(&geometry.row_direction, &expected.row_direction, file);
        near(&geometry.column_direction, &expected.column_direction, file);
        near(&geometry.slice_step_mm, &expected.slice_step_mm, file);
    }
}

#[test]
fn the_way_back_leads_to_the_voxels_of_the_file() {
    for expected in index().volumes {
        let file = &expected.file;
        let header = read_volume_header(&source(read(file))).unwrap().unwrap();
        let (grid, geometry) = (&header.grid, &header.geometry);
        assert_eq!(grid.shape, expected.shape, "{file}");
        grid.affine_ras.iter().zip(&expected.affine_ras).for_each(|(a, b)| near(a, b, file));
        for (slice, row, column) in
            [(0, 0, 0), (geometry.slices - 1, geometry.rows - 1, geometry.columns - 1), (1, 2, 3)]
        {
            let voxel: [f64; 3] = std::array::from_fn(|axis| {
                let index = match grid.axes[axis].along {
                    Along::Columns => column,
                    Along::Rows => row,
                    Along::Slices => slice,
                };
                let last = grid.shape[axis] - 1;
                (if grid.axes[axis].reversed { last - index } else { index }) as f64
            });
            let ras = grid.affine_ras.map(|a| a[0] * voxel[0] + a[1] * voxel[1] + a[2] * voxel[2] + a[3]);
            let place = geometry.position_mm(slice as f64, row as f64, column as f64);
            near(&[-ras[0], -ras[1], ras[2]], &place, file);
        }
    }
}

#[test]
fn files_that_hold_no_ct_volume_are_refused_with_the_reason() {
    let all = index().refused;
    assert!(all.len() >= 40, "{}", all.len());
    for refused in all {
        let file = &refused.file;
        let result = open(read(file)).and_then(|volume| {
            let count = volume.header().geometry.slices;
            slices(&volume, 0..count)
        });
        let error = result.err().unwrap_or_else(|| panic!("{file} was read"));
        assert!(error.contains(&refused.says), "{file}: {error:?} does not say {:?}", refused.says);
    }
}

#[test]
fn an_encoding_that_is_not_read_is_told_before_the_byte_order_that_it_has_not() {
    let header = "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 2 2 2\n\
                  space directions: (1,0,0) (0,1,0) (0,0,1)\nencoding: ascii\n\n1 2 3 4 5 6 7 8\n";
    let told = open(header.as_bytes().to_vec()).err().unwrap();
    assert!(told.contains("encoded as \"ascii\""), "{told}");
}

#[test]
fn other_files_are_no_volumes() {
    for bytes in [
        b"".to_vec(),
        b"text".to_vec(),
        vec![0; 1000],
        vec![0x1F, 0x8B],
        b"NRRX0004".to_vec(),
        b"DICM".repeat(200),
    ] {
        assert_eq!(read_volume_header(&source(bytes)), Ok(None));
    }
}

#[test]
fn a_volume_cut_short_anywhere_is_refused() {
    for file in
        ["nifti/RAS.nii", "nifti/LAS.nii.gz", "nrrd/big_endian.nrrd", "nrrd/oblique.nrrd", "nifti/SPR.nii.gz"]
    {
        let bytes = read(file);
        assert!(open(bytes.clone()).is_ok(), "{file}");
        for end in 0..bytes.len() {
            assert!(open(bytes[..end].to_vec()).is_err(), "{file} cut at {end} of {}", bytes.len());
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for expected in index().volumes.iter().step_by(7) {
        let bytes = read(&expected.file);
        for at in 0..bytes.len().min(700) {
            for pattern in [0xFF, 0x80, 0x01] {
                let mut damaged = bytes.clone();
                damaged[at] ^= pattern;
                if let Ok(volume) = open(damaged) {
                    let geometry = &volume.header().geometry;
                    for slice in (0..geometry.slices).filter_map(|i| volume.slice(i).ok()) {
                        assert_eq!(slice.values.len(), geometry.rows * geometry.columns);
                        assert!(slice.values.iter().all(|v| v.is_finite()), "{} at {at}", expected.file);
                    }
                }
            }
        }
    }
}
