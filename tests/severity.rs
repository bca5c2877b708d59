//! Involvement, sides and the grade on drawn lungs.

#![allow(clippy::unwrap_used)]

use lunglens::imaging::PixelSpacing;
use lunglens::masks::{Mask, MaskError};
use lunglens::severity::{Assessment, Finding, SeverityConfig, SeverityError, assess, split_sides};

const ROWS: usize = 200;
const COLUMNS: usize = 300;

/// A mask of rectangles `[row, column, rows, columns]`.
fn rectangles(list: &[[usize; 4]]) -> Mask {
    let mut mask = Mask::empty(ROWS, COLUMNS);
    for [top, left, rows, columns] in list {
        for row in *top..top + rows {
            for column in *left..left + columns {
                mask.pixels[row * COLUMNS + column] = 1;
            }
        }
    }
    mask
}

/// A lung of 100 x 50 pixels on each side of the image.
fn two_lungs() -> [Mask; 2] {
    [rectangles(&[[40, 60, 100, 50]]), rectangles(&[[40, 190, 100, 50]])]
}

fn graded(lesions: &[Mask], lungs: &[Mask]) -> Assessment {
    assess(lesions, lungs, ROWS, COLUMNS, None, Some(true), &SeverityConfig::default()).unwrap()
}

#[test]
fn the_boundary_is_alarming() {
    // Of 10,000 lung pixels: 49 rows of 50, and some of the next.
    for (last, finding, percent) in
        [(49, Finding::Mild, 24.99), (50, Finding::Alarming, 25.0), (51, Finding::Alarming, 25.01)]
    {
        let lesion =
            rectangles(&[[40, 60, 49, 50], [89, 60, 1, last.min(50)], [90, 60, 1, last - last.min(50)]]);
        let result = graded(&[lesion], &two_lungs());
        assert_eq!(result.finding, finding, "{percent}");
        assert!((result.lungs.percent - percent).abs() < 1e-4);
        assert_eq!((result.lungs.lung_pixels, result.lungs.lesion_pixels), (10_000, 2450 + last));
    }
}

#[test]
fn the_boundary_can_be_set() {
    let lesion = [rectangles(&[[40, 60, 20, 50]])];
    let at = |alarming_from_percent| {
        let config = SeverityConfig { alarming_from_percent };
        assess(&lesion, &two_lungs(), ROWS, COLUMNS, None, None, &config)
    };
    assert_eq!(at(10.0).unwrap().finding, Finding::Alarming);
    assert_eq!(at(10.001).unwrap().finding, Finding::Mild);
    assert_eq!(at(10.0).unwrap().alarming_from_percent, 10.0);
    // A tenth that no binary number is: 1010 of 10,000 pixels.
    let lesion = [rectangles(&[[40, 60, 20, 50], [60, 60, 1, 10]])];
    let config = SeverityConfig { alarming_from_percent: 10.1 };
    let result = assess(&lesion, &two_lungs(), ROWS, COLUMNS, None, None, &config).unwrap();
    assert_eq!((result.lungs.lesion_pixels, result.finding), (1010, Finding::Alarming));
    for bad in [f64::NAN, -0.1, 100.5, f64::INFINITY] {
        assert!(matches!(at(bad), Err(SeverityError::Boundary(_))), "{bad}");
    }
}

#[test]
fn nothing_found_is_a_result_of_its_own() {
    let lesion = rectangles(&[[50, 70, 10, 10]]);
    let no_lung = graded(std::slice::from_ref(&lesion), &[]);
    assert_eq!(no_lung.finding, Finding::NoLungFound);
    assert_eq!((no_lung.left, no_lung.right), (None, None));
    assert_eq!((no_lung.lungs.percent, no_lung.lesion_pixels_outside_lungs), (0.0, 100));
    assert_eq!(graded(&[], &[Mask::empty(ROWS, COLUMNS)]).finding, Finding::NoLungFound);

    let no_lesion = graded(&[], &two_lungs());
    assert_eq!(no_lesion.finding, Finding::NoLesionFound);
    assert_eq!(no_lesion.lungs.percent, 0.0);
    assert_eq!(no_lesion.left.unwrap().lung_pixels, 5000);

    let outside = graded(&[rectangles(&[[0, 0, 20, 20]])], &two_lungs());
    assert_eq!(outside.finding, Finding::NoLesionFound);
    assert_eq!((outside.lungs.lesion_pixels, outside.lesion_pixels_outside_lungs), (0, 400));
    assert_eq!(Finding::NoLesionFound.to_string(), "No lesion found");
}

#[test]
fn a_lesion_counts_once_and_only_inside_the_lung() {
    // Two lesions that overlap, half of the first beyond the lung's edge.
    let lesions = [rectangles(&[[40, 50, 10, 20]]), rectangles(&[[40, 60, 10, 5]])];
    let result = graded(&lesions, &two_lungs());
    assert_eq!(result.lungs.lesion_pixels, 100);
    assert_eq!(result.lesion_pixels_outside_lungs, 100);
    assert_eq!(result.finding, Finding::Mild);
    assert_eq!(result.lungs.percent, 1.0);
}

#[test]
fn a_hole_in_a_lung_is_lung() {
    let mut lungs = two_lungs();
    for row in 60..70 {
        for column in 70..90 {
            lungs[0].pixels[row * COLUMNS + column] = 0;
        }
    }
    let result = graded(&[rectangles(&[[60, 70, 10, 20]])], &lungs);
    assert_eq!((result.lungs.lung_pixels, result.lungs.lesion_pixels), (10_000, 200));

    // What both lungs only enclose together is not lung.
    let around = [
        rectangles(&[[40, 60, 100, 50], [40, 110, 10, 40], [130, 110, 10, 40]]),
        rectangles(&[[40, 190, 100, 50], [40, 150, 10, 40], [130, 150, 10, 40]]),
    ];
    assert_eq!(graded(&[], &around).lungs.lung_pixels, around[0].area() + around[1].area());
}

#[test]
fn left_and_right_are_the_patients() {
    let lesions = [rectangles(&[[40, 60, 10, 50]]), rectangles(&[[40, 190, 40, 50]])];
    let side = |stated| {
        let config = SeverityConfig::default();
        assess(&lesions, &two_lungs(), ROWS, COLUMNS, None, stated, &config).unwrap()
    };
    // The usual view: the image's left is the patient's right.
    let usual = side(Some(true));
    assert_eq!(usual.right.unwrap().percent, 10.0);
    assert_eq!(usual.left.unwrap().percent, 40.0);
    assert!(!usual.side_assumed);
    let assumed = side(None);
    assert_eq!((assumed.left, assumed.right, assumed.side_assumed), (usual.left, usual.right, true));
    let turned = side(Some(false));
    assert_eq!((turned.left, turned.right, turned.side_assumed), (usual.right, usual.left, false));
}

#[test]
fn a_picture_of_several_slices_has_no_left_and_right() {
    let small = [[5, 5, 20, 12], [5, 25, 18, 12], [40, 5, 20, 12]];
    let lungs = |more: &[[usize; 4]]| [rectangles(&[&small, more].concat())];
    let config = SeverityConfig::default();
    let assessed = |lungs: &[Mask], spacing| {
        assess(&[] as &[Mask], lungs, ROWS, COLUMNS, spacing, None, &config).unwrap()
    };
    // Three lungs, with a fragment that is no lung.
    let one = assessed(&lungs(&[[40, 25, 5, 9]]), None);
    assert!(!one.several_slices && one.left.is_some() && one.right.is_some());
    let four = lungs(&[[40, 25, 10, 9]]);
    let several = assessed(&four, None);
    assert!(several.several_slices && several.side_assumed);
    assert_eq!((several.left, several.right), (None, None));
    assert_eq!(several.lungs, assessed(&four, None).lungs);
    // A file that knows the size of its pixels is of one slice.
    let spacing = PixelSpacing { row_mm: 0.7, column_mm: 0.7 };
    assert!(!assessed(&four, Some(spacing)).several_slices);
}

#[test]
fn one_mask_of_both_lungs_is_split_by_its_components() {
    let [a, b] = two_lungs();
    let mut both = a.clone();
    both.add(&b).unwrap();
    // A fragment near the right lung goes with it.
    both.add(&rectangles(&[[30, 200, 5, 5]])).unwrap();
    let sides = split_sides(&both, None);
    assert_eq!(sides.image_left.unwrap(), a);
    assert_eq!(sides.image_right.unwrap().area(), 5025);
}

#[test]
fn fused_lungs_are_cut_where_they_touch() {
    // The bridge lies off the middle, at columns 140 to 149.
    let fused = rectangles(&[[40, 50, 100, 90], [80, 140, 4, 10], [40, 150, 100, 80]]);
    let sides = split_sides(&fused, None);
    let (left, right) = (sides.image_left.unwrap(), sides.image_right.unwrap());
    assert_eq!(left.area() + right.area(), fused.area());
    // The least column nearest the middle (139.5) is 140.
    assert_eq!(left.area(), 9000);
    assert_eq!(right.area(), 8040);
    // Tall pixels make the same drawing as high as wide: one lung.
    let tall = Some(PixelSpacing { row_mm: 2.0, column_mm: 1.0 });
    assert_eq!(split_sides(&fused, tall).image_right, None);
}

#[test]
fn one_lung_leaves_the_other_side_open() {
    let [a, b] = two_lungs();
    let left_only = split_sides(&a, None);
    assert_eq!(left_only.image_left, Some(a.clone()));
    assert_eq!(left_only.image_right, None);
    assert_eq!(split_sides(&b, None).image_left, None);
    // A lung in two pieces, one above the other, is still one lung.
    let pieces = rectangles(&[[20, 60, 60, 50], [100, 65, 50, 50]]);
    let sides = split_sides(&pieces, None);
    assert_eq!((sides.image_left, sides.image_right), (Some(pieces), None));
    let result = graded(&[], &[a]);
    assert_eq!((result.right.unwrap().lung_pixels, result.left), (5000, None));
    let nothing = split_sides(&Mask::empty(0, 0), None);
    assert_eq!((nothing.image_left, nothing.image_right), (None, None));
}

#[test]
fn areas_come_in_square_millimetres_where_known() {
    let spacing = Some(PixelSpacing { row_mm: 0.8, column_mm: 0.5 });
    let lesion = [rectangles(&[[40, 60, 10, 50]])];
    let config = SeverityConfig::default();
    let result = assess(&lesion, &two_lungs(), ROWS, COLUMNS, spacing, None, &config).unwrap();
    assert!((result.lungs.lung_mm2.unwrap() - 4000.0).abs() < 1e-2);
    assert!((result.lungs.lesion_mm2.unwrap() - 200.0).abs() < 1e-3);
    assert!((result.left.unwrap().lung_mm2.unwrap() - 2000.0).abs() < 1e-2);
    assert_eq!(graded(&lesion, &two_lungs()).lungs.lung_mm2, None);
}

#[test]
fn a_mask_of_another_size_is_an_error() {
    let other = [Mask::empty(ROWS, COLUMNS + 1)];
    let config = SeverityConfig::default();
    for (lesions, lungs) in [(&other[..], &two_lungs()[..]), (&[], &other)] {
        let error = assess(lesions, lungs, ROWS, COLUMNS, None, None, &config).unwrap_err();
        assert!(matches!(error, SeverityError::Mask(MaskError::Size { .. })), "{error}");
    }
}

#[test]
fn the_assessment_goes_through_json() {
    let result = graded(&[rectangles(&[[40, 60, 10, 50]])], &two_lungs());
    let json = serde_json::to_string(&result).unwrap();
    assert!(
        json.starts_with(
            r#"{"finding":"mild","lungs":{"lung_pixels":10000,"lesion_pixels":500,"percent":5.0"#
        )
    );
    assert_eq!(serde_json::from_str::<Assessment>(&json).unwrap(), result);
}
