//! Which files are a series of pictures, which are refused, and what is told of those beside it.

use std::fs;
use std::io::Cursor;

use image::{GrayImage, ImageFormat};
use lunglens::imaging::picture_size;
use lunglens::intake::{IntakeError, NamedSource, SeriesKind};
use lunglens::study::{Differing, Reason, StudyBuilder, StudyError};

use super::chest::{
    COUNT, SIDE, expected, file, find, fixture, measure, nifti, picture, report_beside, stack,
};

#[test]
fn pictures_of_different_sizes_are_refused_by_name() {
    let mut files = stack(ImageFormat::Png);
    let wide = GrayImage::new(80, 64);
    let mut bytes = Cursor::new(Vec::new());
    wide.write_to(&mut bytes, ImageFormat::Png).unwrap();
    files.push(file("case/slice 5 copy.png", bytes.into_inner()));
    let found = find(files);
    assert!(
        found.series()[0]
            .problem
            .as_ref()
            .unwrap()
            .to_string()
            .contains("80 x 64 pixels in slice 5 copy.png")
    );
    let error = found.open_recommended().unwrap_err();
    assert!(matches!(error, IntakeError::Study(StudyError::Mixed { what: Differing::Size, .. })), "{error}");
    // They can be looked at.
    assert!(found.open_to_look(0).unwrap().plan().is_none());
}

#[test]
fn pictures_beside_dicom_are_another_series() {
    let slices = (0..5).map(|k| {
        file(&format!("case/{k}.dcm"), fs::read(fixture(&format!("study/reversed/{k}.dcm"))).unwrap())
    });
    let found = find(stack(ImageFormat::Png).into_iter().chain(slices).collect());
    let kinds: Vec<(SeriesKind, usize)> = found.series().iter().map(|one| (one.kind, one.slices)).collect();
    assert_eq!(kinds, [(SeriesKind::Dicom, 5), (SeriesKind::Stack, COUNT)]);
    assert_eq!(found.recommended(), Some(0));
    assert_eq!(
        measure(&found.open(1).unwrap()).lesions.len(),
        expected()["lesions"].as_array().unwrap().len()
    );
}

#[test]
fn of_several_stacks_none_is_taken_unasked() {
    let other = stack(ImageFormat::Png)
        .into_iter()
        .map(|one| NamedSource { name: one.name.replace("case/", "masks.zip > "), source: one.source });
    let found = find(stack(ImageFormat::Png).into_iter().chain(other).collect());
    let labels: Vec<&str> = found.series().iter().map(|one| one.label.as_str()).collect();
    assert_eq!((labels, found.recommended()), (vec!["case", "masks.zip"], None));
    assert_eq!(found.open_recommended().unwrap_err(), IntakeError::Several { stacks: 2 });
    assert_eq!(found.open(1).unwrap().len(), COUNT);

    // One beside a single picture is taken; single pictures are no series.
    let single = file("cover.png", picture(0, ImageFormat::Png));
    let found = find(stack(ImageFormat::Png).into_iter().chain([single.clone()]).collect());
    assert_eq!(found.recommended(), Some(0));
    assert_eq!(found.series()[1].reason, Some(Reason::SinglePicture));
    let found = find(vec![single.clone(), file("back.png", picture(1, ImageFormat::Png))]);
    let error = found.open_recommended().unwrap_err().to_string();
    assert!(error.contains("2 files: a single picture"), "{error}");
    let alone = find(vec![single]).open_recommended().unwrap();
    let error = StudyBuilder::new(alone.plan().unwrap(), 1, 25.0).unwrap_err();
    assert!(error.to_string().contains("has 1 slice to read"), "{error}");
}

#[test]
fn photos_that_are_not_read_are_named() {
    let heic = file("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and more".to_vec());
    let error = find(vec![heic]).open_recommended().unwrap_err().to_string();
    let says = "1 file: a HEIC photo (share it as JPEG), which LungLens does not read";
    assert!(error.contains(says), "{error}");
}

#[test]
fn sizes_of_pictures_are_read_from_their_headers() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp] {
        let bytes = picture(0, format);
        assert_eq!(picture_size(&bytes), Some([SIDE, SIDE]));
        for end in 0..bytes.len().min(700) {
            let _ = picture_size(&bytes[..end]);
        }
    }
    let progressive = fs::read(fixture("imaging/pictures/grey8.png")).unwrap();
    let slice = lunglens::imaging::decode(&progressive).unwrap();
    assert_eq!(picture_size(&progressive), Some([slice.rows, slice.columns]));
    assert_eq!(picture_size(b"no picture"), None);
}

#[test]
fn no_name_of_a_file_reaches_the_report() {
    // Pictures of two sizes, headers whose voxels are elsewhere, or whose values are free texts.
    let small = picture(0, ImageFormat::Png);
    let mut large = Cursor::new(Vec::new());
    GrayImage::new(SIDE as u32, 80).write_to(&mut large, ImageFormat::Png).unwrap();
    let mut files: Vec<NamedSource> = [small.clone(), small, large.into_inner()]
        .into_iter()
        .enumerate()
        .map(|(index, bytes)| file(&format!("shots/MUELLER_{index}.png"), bytes))
        .collect();
    for text in
        ["data file: MUELLER.raw\n", "MUELLER\n", "sizes: MUELLER\n", "sizes: 4 4 4\ndimension: MUELLER\n"]
    {
        files.push(file("MUELLER.nhdr", format!("NRRD0004\n{text}\n").into_bytes()));
    }
    let mut other = fs::read(fixture("study/reversed/0.dcm")).unwrap();
    let modality = other.windows(10).position(|window| window == b"\x08\0\x60\0\x02\0\0\0CT").unwrap();
    other.splice(modality + 4..modality + 10, *b"\x08\0\0\0MUELLER ");
    files.push(file("other.dcm", other));
    files.push(file("chest.nii", nifti(1)));
    let found = find(files);
    let chosen = found.recommended().unwrap();
    let series = found.open(chosen).unwrap();
    assert_eq!(series.file_name(0), "chest.nii");
    let set_aside = found.set_aside(chosen);
    let told = set_aside.iter().filter(|one| one.reason.to_string().contains("MUELLER")).count();
    assert_eq!((told, set_aside.len()), (6, 6), "at the screen all is told");
    let report = report_beside(&series, &measure(&series), &set_aside);
    assert!(!report.to_json().contains("MUELLER"), "{:?}", report.set_aside);
    let mut reasons: Vec<&str> = report.set_aside.iter().map(|one| one.reason.as_str()).collect();
    reasons.dedup();
    assert_eq!(reasons, ["a series that cannot be measured", "another modality, not CT"]);
}
