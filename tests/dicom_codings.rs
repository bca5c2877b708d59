//! Compressed and multi-frame DICOM files against the values that pydicom reads (tests/fixtures/dicom/make_fixtures.py).

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lunglens::imaging::{DicomImage, ImagingError, LossyCompression, decode};
use lunglens::intake::{NamedSource, OpenSeries, catalogue};
use lunglens::source::{BorrowedSource, MemorySource};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dicom/codings")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Each file and the values of all its frames.
fn all() -> Vec<(String, Vec<u8>, Vec<i32>)> {
    let index: BTreeMap<String, String> = serde_json::from_slice(&read("index.json")).unwrap();
    assert!(index.len() >= 50);
    let values = |of: &str| {
        read(&format!("{of}.i32"))
            .chunks_exact(4)
            .map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    };
    index.into_iter().map(|(name, of)| (name.clone(), read(&format!("{name}.dcm")), values(&of))).collect()
}

/// The largest difference from pydicom's values, and how many differ.
fn difference(name: &str, found: &[f32], expected: &[i32]) -> (f32, usize) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let differences: Vec<f32> = found.iter().zip(expected).map(|(a, &b)| (a - b as f32).abs()).collect();
    let worst = differences.iter().copied().fold(0.0, f32::max);
    (worst, differences.iter().filter(|&&d| d > 0.0).count())
}

#[test]
fn values_of_every_coding_equal_pydicoms() {
    let mut differ = Vec::new();
    for (name, bytes, expected) in all() {
        let source = BorrowedSource(&bytes);
        let image = DicomImage::open(&source).unwrap().unwrap();
        let mut found = Vec::new();
        for frame in 0..image.frames() {
            found.extend(image.slice(&source, frame).unwrap_or_else(|e| panic!("{name}: {e}")).values);
        }
        let (worst, count) = difference(&name, &found, &expected);
        // JPEG 2000 with loss is computed in floating point, and no two decoders round alike.
        let allowed = match name.as_str() {
            "jpeg2000_lossy_u12" => 1.0,
            "jpeg2000_lossy_s16" => 2.0,
            _ => 0.0,
        };
        if worst > allowed {
            differ.push((name, worst, count));
        }
    }
    assert!(differ.is_empty(), "{differ:?}");
}

#[test]
fn frames_are_slices_in_the_order_of_their_places() {
    for name in [
        "enhanced",
        "enhanced_implicit_own_rescale",
        "enhanced_deflated",
        "enhanced_rle",
        "enhanced_jpeg2000_fragments",
    ] {
        let series = open(name);
        assert_eq!(series.len(), 5, "{name}");
        let plan = series.plan().unwrap();
        let frames: Vec<u32> = plan.slices.iter().map(|slice| slice.frame).collect();
        // Stored as 3, 0, 4, 1, 2 from the feet.
        assert_eq!(frames, [1, 3, 4, 0, 2], "{name}");
        let heights: Vec<f64> = plan.slices.iter().filter_map(|slice| slice.height_mm).collect();
        assert_eq!(heights, [100.0, 102.5, 105.0, 107.5, 110.0], "{name}");
        assert_eq!(plan.geometry.as_ref().unwrap().pixel_spacing_mm, [0.75, 0.5]);
        assert_eq!(
            (plan.geometry.as_ref().unwrap().slice_spacing_mm, plan.slice_thickness_mm),
            (2.5, Some(3.0))
        );
        let numbers: Vec<Option<u32>> = series.instances().iter().map(|one| one.frame).collect();
        assert_eq!(numbers, [Some(2), Some(4), Some(5), Some(1), Some(3)], "{name}");
        let (_, _, expected) = all().into_iter().find(|(other, ..)| other == name).unwrap();
        for (index, &frame) in frames.iter().enumerate() {
            let slice = series.slice(index).unwrap();
            let frame = frame as usize * 320;
            assert_eq!(difference(name, &slice.values, &expected[frame..frame + 320]), (0.0, 0), "{name}");
            assert_eq!(slice.patient_right_is_image_left, Some(true));
        }
    }
}

#[test]
fn the_patient_is_known_for_results_that_refer_to_the_series() {
    let series = open("explicit_u12");
    let identity = series.identity().unwrap().unwrap();
    assert_eq!(
        (identity.patient_name.as_slice(), identity.patient_id.as_slice()),
        (&b"nobody"[..], &b"0"[..])
    );
    let [instance] = series.instances() else { panic!("one slice") };
    assert_eq!(
        (instance.sop_instance_uid.as_str(), instance.frame),
        ("1.2.826.0.1.3680043.10.999.200.1", None)
    );
}

fn lossy(bytes: &[u8]) -> Option<LossyCompression> {
    DicomImage::open(&BorrowedSource(bytes)).unwrap().unwrap().lossy_compression().unwrap()
}

#[test]
fn a_coding_that_always_has_loss_tells_its_method() {
    for (name, bytes, _) in all() {
        let cosine = name.starts_with("jpeg_baseline") || name.starts_with("jpeg_extended");
        let method = cosine.then(|| LossyCompression { ratio: None, method: Some("ISO_10918_1".into()) });
        assert_eq!(lossy(&bytes), method, "{name}");
    }
}

#[test]
fn a_loss_is_one_whatever_the_coding_is_now() {
    let with = |name: &str, elements: &[(u16, &str, &str)]| {
        let mut bytes = read(&format!("{name}.dcm"));
        let at = bytes.windows(4).position(|part| part == [0xE0, 0x7F, 0x10, 0]).unwrap();
        let new = elements.iter().flat_map(|(tag, vr, value)| {
            let length = u16::try_from(value.len()).unwrap();
            let head = [0x28u16.to_le_bytes(), tag.to_le_bytes()].concat();
            [head, vr.as_bytes().into(), length.to_le_bytes().into(), value.as_bytes().into()].concat()
        });
        let new: Vec<u8> = new.collect();
        bytes.splice(at..at, new);
        bytes
    };
    let known = |ratio: Option<&str>, method: Option<&str>| {
        Some(LossyCompression { ratio: ratio.map(str::to_owned), method: method.map(str::to_owned) })
    };
    let lost = (0x2110, "CS", "01");
    let (ratio, method) = ((0x2112, "DS", "10 \\4.5 "), (0x2114, "CS", "ISO_14495_1\\ISO_15444_1"));
    let told = known(Some("10\\4.5"), Some("ISO_14495_1\\ISO_15444_1"));
    assert_eq!(lossy(&with("explicit_u12", &[lost, ratio, method])), told);
    assert_eq!(lossy(&with("jpeg_baseline_u8", &[lost, ratio, method])), told);
    assert_eq!(lossy(&with("jpeg_lossless_sv1_1_u12", &[lost])), known(None, None));
    assert_eq!(lossy(&with("jpeg2000_lossy_u12", &[lost])), known(None, Some("ISO_15444_1")));
    assert_eq!(lossy(&with("jpeg_ls_near_u12", &[lost])), known(None, Some("ISO_14495_1")));
    assert_eq!(lossy(&with("jpeg_ls_near_u12", &[(0x2110, "CS", "00"), ratio])), None);
    // No numbers are no ratio.
    assert_eq!(lossy(&with("explicit_u12", &[lost, (0x2112, "DS", "ten ")])), known(None, None));
}

#[test]
fn a_coding_that_is_not_read_is_named() {
    let mut bytes = read("htj2k_u12.dcm");
    let uid = b"1.2.840.10008.1.2.4.201";
    let at = bytes.windows(uid.len()).position(|part| part == uid).unwrap();
    bytes[at..at + uid.len()].copy_from_slice(b"1.2.840.10008.1.2.4.110");
    let error = decode(&bytes).unwrap_err();
    assert!(matches!(error, ImagingError::TransferSyntax { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("JPEG XL") && text.contains("1.2.840.10008.1.2.4.110"), "{text}");
    let lossy = decode(&read("htj2k_lossy_u12.dcm")).unwrap_err().to_string();
    assert!(lossy.contains("High-Throughput JPEG 2000") && lossy.contains("with loss"), "{lossy}");
}

/// The file in which its one compressed frame was rewritten.
fn rewritten(name: &str, rewrite: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = read(&format!("{name}.dcm"));
    let item = [0xFE, 0xFF, 0x00, 0xE0];
    let at = 8 + bytes.windows(4).rposition(|part| part == item).unwrap();
    let length = u32::from_le_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
    let mut frame = bytes[at..at + length].to_vec();
    rewrite(&mut frame);
    frame.resize(frame.len().next_multiple_of(2), 0);
    bytes[at - 4..at].copy_from_slice(&(frame.len() as u32).to_le_bytes());
    bytes.splice(at..at + length, frame);
    bytes
}

#[test]
fn what_encoders_may_write_changes_no_value() {
    let place = |frame: &[u8], marker: [u8; 2]| frame.windows(2).rposition(|pair| pair == marker).unwrap();
    let values = |name: &str, bytes: &[u8]| decode(bytes).unwrap_or_else(|e| panic!("{name}: {e}")).values;
    let mut rewritten_files = 0;
    for (name, bytes, expected) in all() {
        let in_fragments = name.contains("fragment") || name.contains("enhanced");
        if in_fragments || expected.len() > 1610 {
            continue;
        }
        let rewritten = if name.starts_with("jpeg_ls") {
            // A byte that fills up, as of the reference encoder where the last bits fill one (JPEG-LS).
            rewritten(&name, |frame| frame.insert(place(frame, [0xFF, 0xD9]), 0))
        } else if name.starts_with("jpeg2000") || name.starts_with("htj2k") {
            // The last tile part reaches to the end (ISO 15444-1, A.4.2).
            rewritten(&name, |frame| {
                let at = place(frame, [0xFF, 0x90]);
                frame[at + 6..at + 10].fill(0);
            })
        } else {
            continue;
        };
        assert_ne!(rewritten, bytes, "{name}");
        assert_eq!(values(&name, &rewritten), values(&name, &bytes), "{name}");
        rewritten_files += 1;
    }
    assert!(rewritten_files >= 8, "{rewritten_files}");
}

#[test]
fn a_compressed_file_cut_short_anywhere_is_an_error() {
    for (name, bytes, expected) in all() {
        for end in (0..bytes.len()).step_by(if expected.len() > 1610 { 7 } else { 3 }) {
            let source = BorrowedSource(&bytes[..end]);
            let Ok(Some(image)) = DicomImage::open(&source) else { continue };
            let last = image.frames() - 1;
            if let Ok(slice) = image.slice(&source, last) {
                let start = expected.len() - slice.values.len();
                let (worst, _) = difference(&name, &slice.values, &expected[start..]);
                assert!(worst <= 2.0 && bytes.len() - end <= 16, "{name} cut at {end} of {}", bytes.len());
            }
        }
    }
}

#[test]
fn damaged_compressed_files_never_panic() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (name, bytes, _) in all() {
        for _ in 0..40 {
            let mut damaged = bytes.clone();
            for _ in 0..1 + random() % 4 {
                // Most of a file's structure lies before its pixels and at their start.
                let at = 300 + random() as usize % (bytes.len() - 300);
                damaged[at] = random() as u8;
            }
            let source = BorrowedSource(&damaged);
            if let Ok(Some(image)) = DicomImage::open(&source) {
                for frame in 0..image.frames().min(2) {
                    if let Ok(slice) = image.slice(&source, frame) {
                        assert_eq!(slice.values.len(), slice.rows * slice.columns, "{name}");
                        assert!(slice.values.iter().all(|v| v.is_finite()), "{name}");
                    }
                }
            }
        }
    }
}

fn open(name: &str) -> OpenSeries {
    let file = NamedSource::new(name, MemorySource::new(read(&format!("{name}.dcm"))));
    catalogue(vec![file], &mut |_| {}, &|| false).unwrap().open_recommended().unwrap()
}
