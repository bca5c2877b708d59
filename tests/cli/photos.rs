//! `lunglens segment` on photos and films: the slice is looked for in the picture first.

use serde_json::Value;

use crate::harness::{dicom, picture, scratch_folder, text};
use crate::segment::{report, segment};

/// A film with four slices, as a JPEG of it would be but without loss: the sample in one corner, turned, and mirrored or empty beside it.
#[test]
fn one_slice_of_a_film_is_read_as_it_is_alone() {
    let out = scratch_folder("film");
    let slice = image::open(picture()).unwrap().to_luma8();
    let (width, height) = slice.dimensions();
    let mut film = image::GrayImage::new(2 * width + 60, 2 * height + 60);
    for (x, y) in [(10, 15), (width + 40, 15), (10, height + 40), (width + 40, height + 40)] {
        image::imageops::replace(&mut film, &slice, x.into(), y.into());
    }
    let film = image::imageops::rotate270(&film);
    let input = out.join("film.png");
    film.save(&input).unwrap();

    let alone = segment(&[&picture()], &["--out", text(&out.join("alone"))]);
    assert_eq!((alone.code, alone.stderr.contains("note:")), (0, false), "{}", alone.stderr);
    let all = segment(&[&input], &["--turn", "90", "--out", text(&out.join("all"))]);
    assert_eq!(all.code, 0, "{}", all.stderr);
    assert!(all.stderr.contains("film.png: the picture seems to show several slices"), "{}", all.stderr);
    assert!(all.stdout.contains("Several slices, lung involvement"), "{}", all.stdout);
    assert!(!all.stdout.contains("(left"), "{}", all.stdout);

    // The second of the upper row, whose right border is the upper one of the turned film.
    let left = film.height() - (width + 40) - width;
    let part = format!("15,{left},{},{}", 15 + height, left + width);
    let done = segment(&[&input], &["--part", &part, "--turn", "90", "--out", text(&out.join("part"))]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let stem = picture().file_stem().unwrap().to_string_lossy().into_owned();
    let (part, alone) =
        (report(&out.join("part/film.report.json")), report(&out.join(format!("alone/{stem}.report.json"))));
    assert_eq!(part["instances"], alone["instances"]);
    assert_eq!(part["assessment"], alone["assessment"]);
    assert_eq!(part["input"]["picture"]["turned_degrees"], 90);
}

/// A picture of 1600 x 1200 pixels with the sample at places, each given by left, upper and side in pixels.
fn screen(places: &[[u32; 3]]) -> image::GrayImage {
    let slice = image::open(picture()).unwrap().to_luma8();
    let mut screen = image::GrayImage::new(1600, 1200);
    for &[left, upper, side] in places {
        let small = image::imageops::resize(&slice, side, side, image::imageops::FilterType::CatmullRom);
        image::imageops::replace(&mut screen, &small, left.into(), upper.into());
    }
    screen
}

#[test]
fn slices_that_are_seen_only_from_near_are_found() {
    let out = scratch_folder("afar");
    let (one, six) = (out.join("one.png"), out.join("six.png"));
    screen(&[[150, 640, 420]]).save(&one).unwrap();
    let places = [0, 1, 2].map(|column| [0, 1].map(|row| [60 + 520 * column, 150 + 480 * row, 400]));
    screen(places.as_flattened()).save(&six).unwrap();
    let done = segment(&[&one, &six], &["--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);

    let found = report(&out.join("one.report.json"));
    let region: Vec<f64> = serde_json::from_value(found["region"].clone()).unwrap();
    assert!(
        region[0] >= 100.0 && region[1] >= 600.0 && region[2] <= 620.0 && region[3] <= 1110.0,
        "{region:?}"
    );
    assert!(found["assessment"]["left"].is_object() && found["assessment"]["right"].is_object());
    assert!(done.stderr.contains("six.png: the picture seems to show several slices"), "{}", done.stderr);
    assert!(!done.stderr.contains("one.png: the picture seems"), "{}", done.stderr);
    assert_eq!(report(&out.join("six.report.json"))["assessment"]["several_slices"], true);
}

/// A grey picture with two slices beside each other and nothing else, each cropped a little.
#[test]
fn two_slices_side_by_side_are_told_apart() {
    let out = scratch_folder("two");
    let slice = image::open(picture()).unwrap().to_luma8();
    let cropped = image::imageops::crop_imm(&slice, 20, 0, 216, 256).to_image();
    let mut two = image::GrayImage::new(432, 256);
    for left in [0, 216] {
        image::imageops::replace(&mut two, &cropped, left, 0);
    }
    let input = out.join("two.png");
    two.save(&input).unwrap();
    let done = segment(&[&input], &["--out", text(&out)]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("Several slices"), "{}", done.stdout);
    assert_eq!(report(&out.join("two.report.json"))["slices"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_photo_with_a_tint_is_read_like_the_slice_and_says_so() {
    let out = scratch_folder("photo");
    let slice = image::open(picture()).unwrap().to_luma8();
    let tint = |[level]: [u8; 1]| {
        let level = 12.0 + 0.9 * f32::from(level);
        image::Rgb([(0.82 * level) as u8, (0.92 * level) as u8, level as u8])
    };
    let photo = image::RgbImage::from_fn(slice.width(), slice.height(), |x, y| tint(slice.get_pixel(x, y).0));
    let input = out.join("photo.jpg");
    photo.save(&input).unwrap();
    let done = segment(&[&input, &picture()], &["--json"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stderr.contains("photo.jpg: the picture has colours"), "{}", done.stderr);
    let percents: Vec<f64> = done
        .stdout
        .lines()
        .map(|line| {
            let report: Value = serde_json::from_str(line).unwrap();
            report["assessment"]["lungs"]["percent"].as_f64().unwrap()
        })
        .collect();
    assert!((percents[0] - percents[1]).abs() < 2.0, "{percents:?}");
}

#[test]
fn only_a_picture_has_parts() {
    let done = segment(&[&dicom()], &["--turn", "180"]);
    assert_eq!(done.code, 1, "{}", done.stderr);
    assert!(
        done.stderr.contains("Only of a PNG, JPEG, WebP or BMP picture can a part be read"),
        "{}",
        done.stderr
    );
    let done = segment(&[&picture()], &["--part", "1,2,3"]);
    assert_eq!(done.code, 2, "{}", done.stderr);
    assert!(done.stderr.contains("give left, top, right and lower border"), "{}", done.stderr);
}

/// Where a slice is a small part of a photo, it is looked for first, and the lungs then in it.
#[test]
fn a_small_slice_in_a_photo_is_found_and_looked_at() {
    let out = scratch_folder("small");
    let slice = image::open(picture()).unwrap().to_luma8();
    let slice = image::imageops::resize(&slice, 400, 400, image::imageops::FilterType::Triangle);
    // A dark room around a screen.
    let mut photo = image::RgbImage::from_fn(1200, 900, |x, y| {
        let level = 20 + ((x / 40 + y / 40) % 2) as u8 * 4;
        image::Rgb([level, level, level + 12])
    });
    for (x, y, pixel) in slice.enumerate_pixels() {
        let level = 15.0 + 0.8 * f32::from(pixel.0[0]);
        photo.put_pixel(x + 300, y + 250, image::Rgb([(0.9 * level) as u8, level as u8, level as u8]));
    }
    let input = out.join("photo.png");
    photo.save(&input).unwrap();
    let done = segment(&[&input, &picture()], &["--json"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let reports: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let region: Vec<f64> =
        reports[0]["region"].as_array().unwrap().iter().map(|side| side.as_f64().unwrap()).collect();
    assert!(region[0] >= 290.0 && region[1] >= 240.0, "{region:?}");
    assert!(region[2] <= 710.0 && region[3] <= 660.0 && region[2] - region[0] < 400.0, "{region:?}");
    for side in ["lungs", "left", "right"] {
        let [photo, slice] = [0, 1].map(|i| reports[i]["assessment"][side]["percent"].as_f64().unwrap());
        assert!((photo - slice).abs() < 3.0, "{side}: {photo}, not {slice}");
    }
}
