//! Damaged and hostile files end in an error, never in a panic or a huge allocation.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use lunglens::imaging::{ImagingError, decode};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imaging")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(folder().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every fixture that can be decoded or is refused, by name.
fn all() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for kind in ["dicom", "pictures", "photos"] {
        for entry in std::fs::read_dir(folder().join(kind)).unwrap() {
            let name = format!("{kind}/{}", entry.unwrap().file_name().to_string_lossy());
            if !name.ends_with("index.json") {
                files.push((name.clone(), read(&name)));
            }
        }
    }
    files.sort();
    assert!(files.len() > 50);
    files
}

#[test]
fn files_that_are_no_images_are_named() {
    assert_eq!(decode(b""), Err(ImagingError::Empty));
    for (bytes, says) in [
        (b"Patient: none\nA text, not an image.\n".to_vec(), "a text file"),
        (b"%PDF-1.7\n\xff\xfe".to_vec(), "a PDF document"),
        (b"PK\x03\x04\x14\0".to_vec(), "a ZIP archive"),
        (b"\x1f\x8b\x08\0".to_vec(), "gzip"),
        (vec![0; 4096], "no format that LungLens knows"),
        (vec![0xFF; 100], "no format that LungLens knows"),
        (b"\x89PNG".to_vec(), "a damaged PNG"),
        (vec![7], "no format that LungLens knows"),
        ([vec![0; 344], b"n+1\0".to_vec()].concat(), "a NIfTI volume"),
        (b"NRRD0004\n".to_vec(), "volumes and archives are read as a study"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), "a HEIC photo (share it as JPEG)"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf".to_vec(), "an AVIF picture"),
        (b"\0\0\0\x14ftypisom\0\0\x02\0isom".to_vec(), "a video"),
        (b"BMI of the patients, as a text.\n".to_vec(), "a text file"),
        (b"BM\0\x01\x02\x03".to_vec(), "a damaged BMP picture"),
        (b"RIFF\x24\0\0\0WAVEfmt \x10".to_vec(), "a recording"),
        (b"II*\0\x08\0\0\0".to_vec(), "a TIFF picture"),
        (b"GIF89a\x10\0".to_vec(), "a GIF picture"),
    ] {
        let error = decode(&bytes).unwrap_err();
        assert!(matches!(error, ImagingError::UnknownFormat { .. }), "{error:?}");
        assert!(error.to_string().contains(says), "{error} does not say {says:?}");
    }
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    for (name, bytes) in all() {
        if name == "dicom/siemens_crop.dcm" || name.starts_with("dicom/padded_circle") {
            continue;
        }
        let whole = decode(&bytes);
        for end in 0..bytes.len() {
            if let Ok(slice) = decode(&bytes[..end]) {
                // Only what follows the image may be missing: a PNG's last chunk, a byte of padding.
                assert_eq!(Ok(slice), whole, "{name} cut at {end} of {}", bytes.len());
                assert!(bytes.len() - end <= 16, "{name} cut at {end} of {}", bytes.len());
            }
        }
    }
    for name in ["dicom/siemens_crop.dcm", "dicom/padded_circle.dcm"] {
        let bytes = read(name);
        for end in (0..bytes.len()).step_by(997).chain(bytes.len() - 100..bytes.len()) {
            assert!(decode(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
    }
}

#[test]
fn a_truncated_jpeg_is_not_filled_up_with_grey() {
    for name in ["pictures/grey.jpg", "pictures/progressive.jpg", "pictures/rgb.jpg"] {
        let bytes = read(name);
        let error = decode(&bytes[..bytes.len() * 2 / 3]).unwrap_err();
        assert!(matches!(error, ImagingError::CutShort { .. }), "{name}: {error:?}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for (name, bytes) in all() {
        // Headers lie in the first bytes; the two large files are flipped more sparsely.
        let head = bytes.len().min(900);
        let step = if bytes.len() > 10_000 { 13 } else { 1 };
        let mut errors = 0;
        for at in (0..head).step_by(step) {
            for pattern in [0xFF, 0x81] {
                let mut damaged = bytes.clone();
                damaged[at] ^= pattern;
                match decode(&damaged) {
                    Ok(slice) => {
                        assert_eq!(slice.values.len(), slice.rows * slice.columns, "{name} at {at}");
                        assert!(slice.values.iter().all(|v| v.is_finite()), "{name} at {at}");
                    }
                    Err(error) => {
                        errors += 1;
                        assert!(error.to_string().len() > 10, "{name} at {at}");
                    }
                }
            }
        }
        assert!(errors > 0, "{name}: no flip was noticed");
    }
}

#[test]
fn random_bytes_behind_a_true_start_never_panic() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (name, bytes) in all() {
        for _ in 0..30 {
            let keep = random() as usize % bytes.len();
            let mut damaged = bytes[..keep].to_vec();
            damaged.extend((0..random() % 400).map(|i| (random() >> (i % 50)) as u8));
            if let Ok(slice) = decode(&damaged) {
                assert_eq!(slice.values.len(), slice.rows * slice.columns, "{name} kept {keep}");
            }
        }
    }
}

#[test]
fn a_damaged_png_is_an_error() {
    let bytes = read("pictures/grey8.png");
    let data = bytes.windows(4).position(|w| w == b"IDAT").unwrap() + 4;
    for at in data..bytes.len() - 16 {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let error = decode(&damaged).expect_err("the checksum no longer fits");
        assert!(matches!(error, ImagingError::Picture { .. }), "{error:?}");
    }
}

/// Preamble, magic word and a meta group that only names explicit little endian.
fn explicit_file(data_set: &[u8]) -> Vec<u8> {
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend(b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0");
    file.extend(data_set);
    file
}

#[test]
fn absurd_lengths_are_not_believed() {
    for vr in [b"OB", b"UN", b"UT", b"SQ"] {
        let mut element = b"\x08\0\x05\0".to_vec();
        element.extend(vr);
        element.extend([0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 1, 2, 3]);
        let error = decode(&explicit_file(&element)).unwrap_err();
        assert!(matches!(error, ImagingError::CutShort { .. }), "{error:?}");
        assert!(error.to_string().contains("(0008,0005) SpecificCharacterSet"), "{error}");
    }
    // A meta group whose transfer syntax claims 65535 bytes.
    let mut file = vec![0; 128];
    file.extend(b"DICM\x02\0\x10\0UI\xFF\xFF1.2.840");
    assert!(matches!(decode(&file), Err(ImagingError::CutShort { .. })));
}

#[test]
fn sequences_nested_without_end_are_refused() {
    let level: &[u8] = b"\x40\0\x75\xA1SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF";
    let error = decode(&explicit_file(&level.repeat(200_000))).unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
    // The same as unknown elements, whose content is implicit.
    let start: &[u8] = b"\x40\0\x75\xA1UN\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF";
    let inner: &[u8] = b"\x40\0\x75\xA1\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF";
    let error = decode(&explicit_file(&[start.to_vec(), inner.repeat(1000)].concat())).unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
}

#[test]
fn pixels_in_fragments_are_refused_even_when_called_uncompressed() {
    let mut data = b"\x08\0\x60\0CS\x02\0CT\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF".to_vec();
    data.extend(b"\xFE\xFF\0\xE0\0\0\0\0");
    let error = decode(&explicit_file(&data)).unwrap_err();
    assert!(matches!(error, ImagingError::DicomStructure { .. }), "{error:?}");
    assert!(error.to_string().contains("fragments"), "{error}");
}
