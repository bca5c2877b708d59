//! Masks against torchvision, pycocotools and scipy (`fixtures/masks/make_*.py`).

#![allow(clippy::unwrap_used)]

use lunglens::masks::{
    Mask, MaskError, ProbabilityMap, Rle, connected_components, fill_holes, outline, paste_averaged,
    paste_mask,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Paste {
    rows: usize,
    columns: usize,
    thresholds: Vec<f32>,
    cases: Vec<PasteCase>,
}

#[derive(Deserialize)]
struct PasteCase {
    m: usize,
    #[serde(rename = "box")]
    bbox: [f32; 4],
    probabilities: Vec<f32>,
    map: Option<Map>,
    masks: Vec<String>,
}

#[derive(Deserialize)]
struct Map {
    rows: usize,
    columns: usize,
    place: [f32; 4],
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Shape {
    rows: usize,
    columns: usize,
    mask: String,
    counts: String,
    area: usize,
    components: usize,
    areas: Vec<usize>,
    probes: Vec<[usize; 3]>,
    filled: String,
}

fn from_bits(rows: usize, columns: usize, hex: &str) -> Mask {
    let bits: Vec<u8> = (0..rows * columns)
        .map(|i| u8::from_str_radix(&hex[i / 8 * 2..i / 8 * 2 + 2], 16).unwrap() >> (7 - i % 8) & 1)
        .collect();
    Mask::from_bytes(rows, columns, &bits).unwrap()
}

fn shapes() -> Vec<(Shape, Mask)> {
    let shapes: Vec<Shape> = serde_json::from_str(include_str!("fixtures/masks/shapes.json")).unwrap();
    assert!(shapes.len() >= 12);
    shapes
        .into_iter()
        .map(|s| {
            let mask = from_bits(s.rows, s.columns, &s.mask);
            (s, mask)
        })
        .collect()
}

/// A mask drawn with `#` for inside.
fn drawn(lines: &[&str]) -> Mask {
    let bytes: Vec<u8> = lines.concat().bytes().map(|b| u8::from(b == b'#')).collect();
    Mask::from_bytes(lines.len(), lines[0].len(), &bytes).unwrap()
}

#[test]
fn pasting_equals_torchvision() {
    let fixture: Paste = serde_json::from_str(include_str!("fixtures/masks/paste.json")).unwrap();
    let mut inside = 0;
    for (number, case) in fixture.cases.iter().enumerate() {
        for (&threshold, expected) in fixture.thresholds.iter().zip(&case.masks) {
            let (rows, columns) = (fixture.rows, fixture.columns);
            let found = paste_mask(&case.probabilities, case.m, case.bbox, rows, columns, threshold).unwrap();
            assert_eq!(found, from_bits(rows, columns, expected), "case {number} at {threshold}");
            inside += found.area();
        }
    }
    assert!(inside > 10_000);
}

#[test]
fn pasting_with_a_map_equals_pytorch() {
    let fixture: Paste = serde_json::from_str(include_str!("fixtures/masks/averaged.json")).unwrap();
    let (rows, columns) = (fixture.rows, fixture.columns);
    let mut inside = 0;
    for (number, case) in fixture.cases.into_iter().enumerate() {
        let Map { rows: map_rows, columns: map_columns, place, values } = case.map.unwrap();
        let map = ProbabilityMap::new(values, map_rows, map_columns, place).unwrap();
        for (&threshold, expected) in fixture.thresholds.iter().zip(&case.masks) {
            let found =
                paste_averaged(&case.probabilities, case.m, case.bbox, &map, rows, columns, threshold)
                    .unwrap();
            assert_eq!(found, from_bits(rows, columns, expected), "case {number} at {threshold}");
            inside += found.area();
        }
    }
    assert!(inside > 2_000);
}

#[test]
fn a_map_that_is_none_is_an_error() {
    let place = [0.0, 0.0, 4.0, 4.0];
    assert_eq!(ProbabilityMap::new(vec![0.5], 1, 1, [0.0, 4.0, 4.0, 4.0]), Err(MaskError::NoArea));
    for (values, rows, columns, place) in [
        (vec![], 0, 0, place),
        (vec![0.5; 3], 2, 2, place),
        (vec![0.5], usize::MAX, 2, place),
        (vec![f32::NAN], 1, 1, place),
        (vec![0.5], 1, 1, [0.0, 0.0, 0.0, 4.0]),
        (vec![0.5], 1, 1, [0.0, 0.0, f32::INFINITY, 4.0]),
    ] {
        assert!(
            ProbabilityMap::new(values, rows, columns, place).is_err(),
            "{rows} x {columns} at {place:?}"
        );
    }
}

#[test]
fn the_threshold_itself_is_inside_and_the_frame_is_not() {
    // A box that maps one cell of the padded square to one pixel.
    let bbox = [0.75, 0.75, 2.25, 2.25];
    let found = paste_mask(&[0.5, 0.499, 0.6, 0.0], 2, bbox, 4, 5, 0.5).unwrap();
    assert_eq!(found, drawn(&[".....", ".#...", ".#...", "....."]));
    // Below zero everything in the grown box is inside, and nothing beyond it.
    assert_eq!(paste_mask(&[0.0; 4], 2, bbox, 4, 5, -1.0).unwrap().area(), 16);
}

#[test]
fn pasting_outside_the_slice_or_a_bad_square() {
    for bbox in
        [[-50.0, 2.0, -20.0, 8.0], [50.0, 2.0, 60.0, 8.0], [5.0, 5.0, -5.0, -5.0], [-1e30, -1e30, 1e30, 1e30]]
    {
        let mask = paste_mask(&[0.9; 9], 3, bbox, 10, 12, 0.5).unwrap();
        assert_eq!((mask.rows, mask.columns), (10, 12));
        assert_eq!(mask.area() > 0, bbox[2] > 1e20, "{bbox:?}");
    }
    assert!(matches!(paste_mask(&[0.9; 8], 3, [0.0; 4], 4, 4, 0.5), Err(MaskError::Length { found: 8, .. })));
    assert!(matches!(paste_mask(&[], 0, [0.0; 4], 4, 4, 0.5), Err(MaskError::Length { .. })));
    let not_finite = paste_mask(&[f32::NAN; 4], 2, [0.0, 0.0, 2.0, 2.0], 4, 4, 0.5);
    assert_eq!(not_finite, Err(MaskError::NotFinite("a probability")));
    let not_finite = paste_mask(&[0.5; 4], 2, [0.0, 0.0, f32::INFINITY, 2.0], 4, 4, 0.5);
    assert!(matches!(not_finite, Err(MaskError::NotFinite(_))));
    assert_eq!(paste_mask(&[0.9; 4], 2, [0.0, 0.0, 2.0, 2.0], 0, 0, 0.5).unwrap(), Mask::empty(0, 0));
}

#[test]
fn run_lengths_equal_pycocotools() {
    for (shape, mask) in shapes() {
        let rle = Rle::encode(&mask);
        assert_eq!(rle.counts, shape.counts);
        assert_eq!(rle.size, [shape.rows, shape.columns]);
        assert_eq!(rle.decode().unwrap(), mask);
        assert_eq!(rle.area().unwrap(), shape.area);
        assert_eq!(mask.area(), shape.area);
    }
}

#[test]
fn run_lengths_go_through_json() {
    let rle = Rle::encode(&drawn(&["..#", ".##"]));
    let json = serde_json::to_string(&rle).unwrap();
    assert_eq!(json, r#"{"size":[2,3],"counts":"33"}"#);
    assert_eq!(serde_json::from_str::<Rle>(&json).unwrap(), rle);
}

#[test]
fn malformed_run_lengths_are_errors() {
    let decode = |size, counts: &str| Rle { size, counts: counts.into() }.decode();
    assert_eq!(decode([2, 3], "33").unwrap(), drawn(&["..#", ".##"]));
    for counts in ["3", "34", "", "3 3", "3\u{e9}", "P", "3O", "333ooooooooooooooooooooo"] {
        assert!(matches!(decode([2, 3], counts), Err(MaskError::BadRuns(_))), "{counts:?}");
    }
    assert!(matches!(decode([usize::MAX, 2], "33"), Err(MaskError::TooLarge(..))));
    assert!(matches!(decode([1 << 20, 1 << 20], "33"), Err(MaskError::TooLarge(..))));
    assert_eq!(decode([0, 0], "0").unwrap(), Mask::empty(0, 0));
}

#[test]
fn components_equal_scipy() {
    for (shape, mask) in shapes() {
        let labels = connected_components(&mask);
        assert_eq!(labels.count(), shape.components);
        assert_eq!(labels.areas(), shape.areas);
        for [row, column, label] in shape.probes {
            assert_eq!(labels.labels[row * shape.columns + column] as usize, label);
        }
        if labels.count() > 0 {
            assert_eq!(labels.component(1).area(), shape.areas[0]);
        }
        assert_eq!(labels.component(0).area(), 0);
    }
    assert_eq!(connected_components(&Mask::empty(0, 7)).count(), 0);
}

#[test]
fn filled_holes_equal_scipy() {
    for (shape, mask) in shapes() {
        assert_eq!(fill_holes(&mask), from_bits(shape.rows, shape.columns, &shape.filled));
    }
    assert_eq!(fill_holes(&Mask::empty(0, 0)).area(), 0);
}

/// Whether a pixel's centre is inside by the even-odd rule over all polygons.
fn even_odd(polygons: &[Vec<[f32; 2]>], x: f32, y: f32) -> bool {
    let mut inside = false;
    for polygon in polygons {
        for (i, a) in polygon.iter().enumerate() {
            let b = polygon[(i + 1) % polygon.len()];
            // Borders are upright or level, so an upright one right of the centre is crossed.
            if (a[1] > y) != (b[1] > y) && a[0] > x {
                inside = !inside;
            }
        }
    }
    inside
}

#[test]
fn outlines_give_the_mask_back() {
    for (shape, mask) in shapes().into_iter().filter(|(s, _)| s.rows * s.columns < 8000) {
        let polygons = outline(&mask);
        for row in 0..shape.rows {
            for column in 0..shape.columns {
                let found = even_odd(&polygons, column as f32 + 0.5, row as f32 + 0.5);
                assert_eq!(found, mask.contains(row, column), "{row} {column}");
            }
        }
        // One border around each component, the others around holes (which 4 sides close).
        let turned: Vec<f32> = polygons
            .iter()
            .map(|p| {
                (0..p.len())
                    .map(|i| p[i][0] * p[(i + 1) % p.len()][1] - p[(i + 1) % p.len()][0] * p[i][1])
                    .sum()
            })
            .collect();
        assert_eq!(turned.iter().filter(|&&t| t > 0.0).count(), shape.components);
        assert_eq!(turned.iter().sum::<f32>() / 2.0, shape.area as f32);
        for polygon in &polygons {
            for (i, a) in polygon.iter().enumerate() {
                let (b, c) = (polygon[(i + 1) % polygon.len()], polygon[(i + 2) % polygon.len()]);
                assert!((a[0] == b[0]) != (a[1] == b[1]), "a step that is not along a border");
                assert!((a[0] == b[0]) != (b[0] == c[0]), "a point that is no corner");
            }
        }
    }
}

#[test]
fn an_outline_by_hand() {
    let polygons = outline(&drawn(&["....", ".##.", ".##."]));
    assert_eq!(polygons, [[[3.0, 1.0], [3.0, 3.0], [1.0, 3.0], [1.0, 1.0]]]);
    assert_eq!(outline(&drawn(&["###", "#.#", "###"])).len(), 2);
    assert_eq!(outline(&drawn(&["#.", ".#"])).len(), 1);
    assert!(outline(&Mask::empty(3, 3)).is_empty());
}

#[test]
fn masks_of_other_sizes_do_not_combine() {
    let mut mask = drawn(&["#.", ".#"]);
    mask.add(&drawn(&["..", "#."])).unwrap();
    assert_eq!(mask, drawn(&["#.", "##"]));
    mask.keep(&drawn(&["#.", "#."])).unwrap();
    assert_eq!(mask, drawn(&["#.", "#."]));
    assert!(matches!(mask.add(&Mask::empty(2, 3)), Err(MaskError::Size { found: [2, 3], .. })));
    assert!(matches!(Mask::from_bytes(2, 2, &[0; 3]), Err(MaskError::Length { found: 3, .. })));
}

/// Scattered masks of many sizes, from nearly empty to nearly full.
fn scattered() -> impl Iterator<Item = Mask> {
    let mut state = 1u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..400).map(move |_| {
        let (rows, columns) = (1 + next(23) as usize, 1 + next(40) as usize);
        let share = next(101);
        let bytes: Vec<u8> = (0..rows * columns).map(|_| u8::from(next(100) < share)).collect();
        Mask::from_bytes(rows, columns, &bytes).unwrap()
    })
}

#[test]
fn bounds_hold_all_pixels_and_no_empty_border() {
    assert_eq!(Mask::empty(3, 4).bounds(), None);
    assert_eq!(drawn(&["....", "..#.", ".#..", "...."]).bounds(), Some([1..3, 1..3]));
    for mask in scattered() {
        let inside: Vec<[usize; 2]> = (0..mask.pixels.len())
            .filter(|&i| mask.pixels[i] != 0)
            .map(|i| [i / mask.columns, i % mask.columns])
            .collect();
        let along = |axis: usize| {
            let places = || inside.iter().map(|place| place[axis]);
            places().min().zip(places().max()).map(|(first, last)| first..last + 1)
        };
        assert_eq!(mask.bounds(), along(0).zip(along(1)).map(|(rows, columns)| [rows, columns]));
        assert_eq!(mask.area(), inside.len());
    }
}

#[test]
fn run_lengths_and_holes_of_scattered_masks() {
    for mask in scattered() {
        assert_eq!(Rle::encode(&mask).decode().unwrap(), mask);
        // What spreads from beyond the borders, again and again until nothing is added.
        let mut outside = Mask::empty(mask.rows, mask.columns);
        loop {
            let before = outside.area();
            for row in 0..mask.rows {
                for column in 0..mask.columns {
                    let on_border =
                        row == 0 || column == 0 || row + 1 == mask.rows || column + 1 == mask.columns;
                    let beside = outside.contains(row.wrapping_sub(1), column)
                        || outside.contains(row + 1, column)
                        || outside.contains(row, column.wrapping_sub(1))
                        || outside.contains(row, column + 1);
                    if !mask.contains(row, column) && (on_border || beside) {
                        outside.pixels[row * mask.columns + column] = 1;
                    }
                }
            }
            if outside.area() == before {
                break;
            }
        }
        let filled: Vec<u8> = outside.pixels.iter().map(|p| 1 - p).collect();
        assert_eq!(fill_holes(&mask), Mask::from_bytes(mask.rows, mask.columns, &filled).unwrap());
    }
}
