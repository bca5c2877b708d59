//! Photos and marked pictures: turned, reduced and read as grey, as OpenCV and numpy do (`fixtures/imaging/make_photos.py`).

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use lunglens::imaging::{
    CtSlice, FileFormat, ImagingError, MAX_PICTURE_SIDE, PICTURE_HEAD, PicturePart, PictureReading,
    Preprocessing, ValueScale, begins_like_a_picture, decode, decode_part, picture_size, prepare,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    file: String,
    rows: usize,
    columns: usize,
    #[serde(flatten)]
    reading: PictureReading,
    tolerance: f32,
    grey: Vec<f32>,
}

fn read(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imaging/photos");
    std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn format_by_name(name: &str) -> FileFormat {
    match name.rsplit_once('.').unwrap().1 {
        "png" => FileFormat::Png,
        "jpg" => FileFormat::Jpeg,
        "webp" => FileFormat::WebP,
        "bmp" => FileFormat::Bmp,
        other => panic!("{other}"),
    }
}

/// A JPEG of a slope with a tint, as large as asked for.
fn photo(columns: u32, rows: u32) -> Vec<u8> {
    let pixel = |i: u32| {
        let grey = (i % columns * 200 / columns) as u8;
        [grey, grey + 10, grey + 25]
    };
    let rgb: Vec<u8> = (0..columns * rows).flat_map(pixel).collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90)
        .write_image(&rgb, columns, rows, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

#[test]
fn photos_are_turned_reduced_and_read_as_grey() {
    let cases: Vec<Case> = serde_json::from_slice(&read("index.json")).unwrap();
    assert!(cases.len() >= 25);
    for Case { file, rows, columns, reading, tolerance, grey } in cases {
        let bytes = read(&file);
        let part = PicturePart { area: reading.part, quarter_turns: (reading.turned_degrees / 90) as u8 };
        let slice = decode_part(&bytes, part).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!([slice.rows, slice.columns], [rows, columns], "{file}");
        assert_eq!(slice.picture, Some(reading), "{file}");
        assert_eq!(slice.format, format_by_name(&file), "{file}");
        if part == PicturePart::default() {
            assert_eq!(decode(&bytes).as_ref(), Ok(&slice), "{file}");
            assert_eq!(picture_size(&bytes), Some([rows, columns]), "{file}");
        }
        for (at, (found, wanted)) in slice.values.iter().zip(&grey).enumerate() {
            assert!((found - wanted).abs() <= tolerance, "{file} at {at}: {found}, not {wanted}");
        }
    }
}

#[derive(Deserialize)]
struct Stretched {
    file: String,
    region: [f32; 4],
    grey: Vec<f32>,
}

#[test]
fn the_part_that_the_network_sees_has_all_grey_levels() {
    let Stretched { file, region, grey } = serde_json::from_slice(&read("stretched.json")).unwrap();
    let slice = decode(&read(&file)).unwrap();
    assert!(slice.has_surroundings());
    let prepared = prepare(&slice, &Preprocessing::default()).unwrap();
    let (width, height) = ((region[2] - region[0]) as usize, (region[3] - region[1]) as usize);
    // As large as it is, so that nothing is resized.
    let input = prepared.network_input(Some(region), width).unwrap();
    for row in 0..height {
        for column in 0..width {
            let (found, wanted) = (input.values[row * width + column] * 255.0, grey[row * width + column]);
            assert!((found - wanted).abs() < 1.01, "row {row}, column {column}: {found}, not {wanted}");
        }
    }
    // What is no photo stays as it is.
    let plain = CtSlice { picture: None, ..slice.clone() };
    let input =
        prepare(&plain, &Preprocessing::default()).unwrap().network_input(Some(region), width).unwrap();
    let first = slice.values[region[1] as usize * slice.columns + region[0] as usize];
    assert!((input.values[0] * 255.0 - first).abs() < 0.01, "{}", input.values[0]);
}

#[test]
fn photos_and_screenshots_have_surroundings() {
    let slice = |columns: usize, rows: usize, coloured| CtSlice {
        rows,
        columns,
        values: vec![0.0; rows * columns],
        scale: ValueScale::Grey { max: 255.0 },
        pixel_spacing: None,
        patient_right_is_image_left: None,
        format: FileFormat::Png,
        picture: Some(PictureReading {
            coloured,
            exif_orientation: 1,
            part: None,
            turned_degrees: 0,
            reduced_by: 1,
        }),
    };
    assert!(slice(512, 512, true).has_surroundings());
    assert!(slice(1600, 900, false).has_surroundings());
    assert!(!slice(512, 512, false).has_surroundings());
    assert!(!slice(1024, 1000, false).has_surroundings());
    assert!(!slice(487, 300, false).has_surroundings(), "a slice cut out of a paper");
}

#[test]
fn a_part_that_is_none_is_refused() {
    let beyond = PicturePart { area: Some([70, 0, 200, 60]), quarter_turns: 0 };
    let error = decode_part(&read("part_1_0.jpg"), beyond).unwrap_err();
    assert!(error.to_string().contains("from 70,0 to 200,60 leaves less than 32 pixels"), "{error}");
    assert_eq!(decode_part(b"", beyond), Err(ImagingError::Empty));
    let dicom = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/imaging/dicom/siemens_crop.dcm");
    assert_eq!(decode_part(&std::fs::read(dicom).unwrap(), beyond), Err(ImagingError::NoPicture));
}

#[test]
fn a_map_in_false_colours_is_no_slice() {
    let error = decode(&read("false_colours.png")).unwrap_err();
    assert!(matches!(error, ImagingError::Coloured { percent: 80..=100, .. }), "{error:?}");
    assert!(error.to_string().contains("strongly coloured"), "{error}");
}

#[test]
fn an_animation_is_no_slice() {
    let bytes = read("animated.webp");
    assert_eq!(decode(&bytes), Err(ImagingError::Animated { format: FileFormat::WebP }));
    assert_eq!(picture_size(&bytes), None);
    // Frames without the flag of an animation are not read either.
    let mut unflagged = bytes.clone();
    unflagged[20] = 0;
    assert_eq!(decode(&unflagged), Err(ImagingError::Animated { format: FileFormat::WebP }));
}

#[test]
fn an_animated_png_is_no_slice() {
    let still = read("false_colours.png");
    // Behind the header, which is 33 bytes long with the signature: two pictures, shown for ever.
    let control =
        [&[0, 0, 0, 8], b"acTL".as_slice(), &[0, 0, 0, 2, 0, 0, 0, 0], &[0xf3, 0x8d, 0x93, 0x70]].concat();
    let animated = [&still[..33], &control, &still[33..]].concat();
    assert_eq!(decode(&animated), Err(ImagingError::Animated { format: FileFormat::Png }));
}

#[test]
fn pictures_are_known_by_their_first_bytes() {
    for name in
        ["marks.png", "screen.jpg", "lossy.webp", "exif_6.webp", "rgb.bmp", "top_down.bmp", "rle8.bmp"]
    {
        assert!(begins_like_a_picture(&read(name)[..PICTURE_HEAD]), "{name}");
    }
    assert!(!begins_like_a_picture(b"BM of the patients, and a text"));
    assert!(!begins_like_a_picture(b"RIFF\x24\0\0\0WAVEfmt "));
    // A part of a WebP does not tell how its Exif data turn it.
    let bytes = read("exif_6.webp");
    assert_eq!(picture_size(&bytes[..bytes.len() - 1]), None);
    assert_eq!(picture_size(&read("rgb.bmp")[..64]), Some([24, 39]));
}

#[test]
fn a_photo_of_a_phone_is_read() {
    // 13 and 12 megapixels, in files smaller than any photo's.
    for ([columns, rows], reduced_by, size) in
        [([4160, 3120], 3, [1040, 1387]), ([4000, 3000], 2, [1500, 2000])]
    {
        let bytes = photo(columns, rows);
        let slice = decode(&bytes).unwrap();
        assert_eq!([slice.rows, slice.columns], size);
        assert_eq!(
            slice.picture,
            Some(PictureReading {
                coloured: true,
                exif_orientation: 1,
                part: None,
                turned_degrees: 0,
                reduced_by
            })
        );
    }
}

#[test]
fn a_picture_larger_than_any_photo_is_refused_before_it_is_decoded() {
    let mut bytes = Vec::new();
    let wide = image::GrayImage::new(MAX_PICTURE_SIDE as u32 + 1, 1);
    wide.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    let error = decode(&bytes).unwrap_err();
    assert!(matches!(error, ImagingError::TooLarge { rows: 1, limit: MAX_PICTURE_SIDE, .. }), "{error:?}");

    // Many pixels of one colour, in a file that no such photo has.
    let mut bytes = Vec::new();
    let black = image::GrayImage::new(9_000, 8_500);
    black.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    let error = decode(&bytes).unwrap_err();
    assert!(matches!(error, ImagingError::TooManyPixels { columns: 9_000, rows: 8_500, .. }), "{error:?}");

    // A small JPEG whose frame header claims 12,000 x 12,000 pixels.
    let mut jpeg = photo(64, 64);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x2E, 0xE0, 0x2E, 0xE0]);
    let error = decode(&jpeg).unwrap_err();
    assert!(error.to_string().contains("claims 12000 x 12000 pixels"), "{error}");

    // The same of a BMP, of a WebP with loss, and of one without.
    let mut bmp = read("rgb.bmp");
    bmp[18..26].copy_from_slice(&[0xE0, 0x2E, 0, 0, 0xE0, 0x2E, 0, 0]);
    let mut lossy = read("lossy.webp");
    lossy[26..30].copy_from_slice(&[0xE0, 0x2E, 0xE0, 0x2E]);
    let mut lossless = read("lossless.webp");
    let sides = (11_999u32 << 14) | 11_999;
    lossless[21..25].copy_from_slice(&sides.to_le_bytes());
    for huge in [bmp, lossy, lossless] {
        let error = decode(&huge).unwrap_err();
        assert!(error.to_string().contains("claims 12000 x 12000 pixels"), "{error}");
    }
}
