//! DICOM files made to crash readers or fill memory, of the kinds that dicom-rs's issue 828 lists: each is an error, at once.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use lunglens::imaging::{DicomImage, ImagingError};
use lunglens::source::BorrowedSource;

fn read(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dicom/codings");
    std::fs::read(path.join(format!("{name}.dcm"))).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// All frames of a file, or the first error; never for long.
fn frames(bytes: &[u8]) -> Result<usize, ImagingError> {
    let begun = Instant::now();
    let source = BorrowedSource(bytes);
    let result = DicomImage::open(&source).and_then(|image| {
        let image = image.expect("it is recognised");
        (0..image.frames()).try_fold(0, |sum, frame| Ok(sum + image.slice(&source, frame)?.values.len()))
    });
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    result
}

/// Where an explicit little endian element of a 16-bit length begins.
fn find(bytes: &[u8], tag: [u8; 4]) -> usize {
    bytes.windows(4).skip(132).position(|window| window == tag).unwrap() + 132
}

fn with_u16(mut bytes: Vec<u8>, tag: [u8; 4], value: u16) -> Vec<u8> {
    let at = find(&bytes, tag) + 8;
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    bytes
}

const ROWS: [u8; 4] = [0x28, 0, 0x10, 0];
const COLUMNS: [u8; 4] = [0x28, 0, 0x11, 0];
const FRAMES: [u8; 4] = [0x28, 0, 0x08, 0];
const PIXELS: [u8; 4] = [0xE0, 0x7F, 0x10, 0];

#[test]
fn sizes_of_rows_and_columns_are_not_believed() {
    let codings = [
        "rle_u12",
        "jpeg_lossless_sv1_1_u12",
        "jpeg_extended_u12",
        "jpeg_ls_u12",
        "jpeg2000_u12",
        "deflated_u12",
    ];
    for name in codings {
        if name == "deflated_u12" {
            continue;
        }
        for [rows, columns] in [[4096, 4096], [65_535, 65_535], [0, 46], [34, 46], [35, 47]] {
            let bytes = with_u16(with_u16(read(name), ROWS, rows), COLUMNS, columns);
            // Run lengths state no size: of too many bytes the rest is padding.
            if name == "rle_u12" && rows == 34 {
                continue;
            }
            assert!(frames(&bytes).is_err(), "{name} {rows} {columns}");
        }
    }
    // The codestream claims them too.
    let mut bytes = with_u16(with_u16(read("jpeg2000_u12"), ROWS, 4096), COLUMNS, 4096);
    let at = find(&bytes, [0xFF, 0x4F, 0xFF, 0x51]) + 8;
    for place in [at, at + 4, at + 16, at + 20] {
        bytes[place..place + 4].copy_from_slice(&4096_u32.to_be_bytes());
    }
    let error = frames(&bytes).unwrap_err();
    assert!(error.to_string().contains("cannot hold 4096 x 4096 pixels"), "{error}");
    // Tiles of one pixel.
    let mut bytes = read("jpeg2000_u12");
    let at = find(&bytes, [0xFF, 0x4F, 0xFF, 0x51]) + 24;
    bytes[at..at + 8].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 1]);
    assert!(frames(&bytes).is_err());
}

#[test]
fn numbers_of_frames_are_not_believed() {
    // "5 " in the fixtures.
    for name in ["enhanced", "enhanced_rle", "enhanced_jpeg2000_fragments"] {
        assert_eq!(frames(&read(name)), Ok(1600), "{name}");
        for text in [b"4 ", b"6 ", b"99", b"-1", b"0 ", b"x "] {
            let mut bytes = read(name);
            let at = find(&bytes, FRAMES) + 8;
            bytes[at..at + 2].copy_from_slice(text);
            assert!(frames(&bytes).is_err(), "{name} {text:?}");
        }
    }
}

#[test]
fn offsets_that_reach_no_fragment_are_refused() {
    let bytes = read("enhanced_jpeg2000_fragments");
    let table = find(&bytes, PIXELS) + 12 + 8;
    for entry in 0..5 {
        for value in [3_u32, 0xFFFF_FFFF, 0] {
            let mut bytes = bytes.clone();
            let at = table + 4 * entry;
            if bytes[at..at + 4] == value.to_le_bytes() {
                continue;
            }
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            let error = frames(&bytes).unwrap_err();
            assert!(error.to_string().contains("cannot be told which"), "{error}");
        }
    }
}

#[test]
fn fragments_do_not_reach_beyond_the_file() {
    let bytes = read("rle_u12");
    let table = find(&bytes, PIXELS) + 12;
    let item = table + 8 + usize::from(bytes[table + 4]);
    assert_eq!(bytes[item..item + 4], [0xFE, 0xFF, 0, 0xE0]);
    for length in [0xFFFF_FFFE_u32, 0x7FFF_FFFF, 0xFFFF_FFFF, 0] {
        let mut bytes = bytes.clone();
        bytes[item + 4..item + 8].copy_from_slice(&length.to_le_bytes());
        assert!(frames(&bytes).is_err(), "{length:x}");
    }
    // Segments of RLE that begin beyond the frame, or overlap backwards.
    for offset in [0xFFFF_FFFF_u32, 0, 63, 5_000] {
        let mut bytes = bytes.clone();
        bytes[item + 8 + 8..item + 8 + 12].copy_from_slice(&offset.to_le_bytes());
        assert!(frames(&bytes).is_err(), "{offset}");
    }
    // Very many empty fragments.
    let mut bytes = bytes[..item].to_vec();
    bytes.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0].repeat(300_000));
    assert!(frames(&bytes).unwrap_err().to_string().contains("too many fragments"));
}

#[test]
fn stray_items_and_delimiters_are_refused_or_passed_over() {
    let bytes = read("explicit_u12");
    let at = find(&bytes, ROWS);
    let item = [0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF];
    let end = [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0];
    for stray in [[end, item].concat(), [item, end].concat(), item.to_vec()] {
        let bytes = [&bytes[..at], &stray, &bytes[at..]].concat();
        assert!(frames(&bytes).is_err());
    }
    let bytes = [&bytes[..at], &end, &bytes[at..]].concat();
    assert_eq!(frames(&bytes), Ok(35 * 46));
}

#[test]
fn a_bomb_of_zeros_is_not_inflated() {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    // An element of bytes that nobody reads, without end.
    packed.write_all(b"\x08\0\x08\0OB\0\0\0\0\0\x7F").unwrap();
    for _ in 0..80 {
        packed.write_all(&[0; 1 << 20]).unwrap();
    }
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM\x02\0\x10\0UI\x18\x001.2.840.10008.1.2.1.99\0\0");
    bytes.extend(packed.finish().unwrap());
    assert!(bytes.len() < 200_000);
    let source = BorrowedSource(&bytes);
    let error = DicomImage::open(&source).unwrap_err();
    assert!(error.to_string().contains("inflates to more than"), "{error}");
}

#[test]
fn very_many_described_frames_are_refused_at_once() {
    let bytes = read("enhanced");
    let at = find(&bytes, [0, 0x52, 0x30, 0x92]);
    // The sequence of functional groups, of undefined length, with empty items.
    let mut many = bytes[..at].to_vec();
    many.extend(b"\0\x52\x30\x92SQ\0\0\xFF\xFF\xFF\xFF");
    many.extend([0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0].repeat(500_000));
    many.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let error = frames(&many).unwrap_err();
    assert!(error.to_string().contains("describes 500000 images"), "{error}");
}

/// A DICOMDIR in explicit little endian whose records are made, one after the other, by the offset at which each stands.
fn directory(records: impl Iterator<Item = fn(u32) -> Vec<u8>>) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0");
    bytes.extend(b"\x04\0\x20\x12SQ\0\0\xFF\xFF\xFF\xFF");
    for record in records {
        let record = record(u32::try_from(bytes.len()).unwrap());
        bytes.extend([0xFE, 0xFF, 0, 0xE0]);
        bytes.extend(u32::try_from(record.len()).unwrap().to_le_bytes());
        bytes.extend(record);
    }
    bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    bytes
}

fn record(next: u32, lower: u32, kind: &[u8; 6], uid: Vec<u8>) -> Vec<u8> {
    let offset = |element: u8, value: u32| {
        [&[4, 0, element, 0x14], b"UL\x04\0".as_slice(), &value.to_le_bytes()].concat()
    };
    [offset(0, next), offset(0x20, lower), b"\x04\0\x30\x14CS\x06\0".to_vec(), kind.to_vec(), uid].concat()
}

#[test]
fn a_record_of_a_directory_is_of_one_series_and_read_once() {
    /// Where the records begin: here stands the image, which all series list and which is the next of itself.
    const FIRST: u32 = 172;
    let image: fn(u32) -> Vec<u8> = |at| {
        assert_eq!(at, FIRST);
        record(at, 0, b"IMAGE ", b"\x04\0\x11\x15UI\x06\x001.2.3\0".to_vec())
    };
    let series: fn(u32) -> Vec<u8> = |at| {
        let uid = format!("1.{at:08}");
        record(0, FIRST, b"SERIES", [b"\x20\0\x0E\0UI\x0A\0", uid.as_bytes()].concat())
    };
    let listed = |bytes: &[u8]| {
        let image = DicomImage::open(&BorrowedSource(bytes)).unwrap().unwrap();
        image.listed_images().unwrap().unwrap()
    };
    let one = listed(&directory([image, series].into_iter()));
    assert_eq!((one.len(), one[0].sop_uid.as_str()), (1, "1.2.3"));
    let begun = Instant::now();
    let bytes = directory(std::iter::once(image).chain(std::iter::repeat_n(series, 1000)));
    assert_eq!(listed(&bytes), one, "the first series has it");
    let many = directory(std::iter::once(image).chain(std::iter::repeat_n(series, 50_000)));
    assert_eq!(listed(&many), one);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
