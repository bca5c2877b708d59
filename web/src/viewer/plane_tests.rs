use super::*;
use crate::volume_view::{Values, pack_slice};

const ROWS: usize = 3;
const COLUMNS: usize = 4;
const LEN: usize = 2;

/// A volume whose value tells the place: 100 * slice + 10 * row + column.
fn volume() -> VolumeView {
    let frame = Frame {
        rows: ROWS,
        columns: COLUMNS,
        len: LEN,
        pixel_spacing_mm: Some([0.5, 0.8]),
        slice_spacing_mm: Some(3.0),
        axes: None,
        values: Values::Hounsfield,
        picture: None,
    };
    let mut volume = VolumeView::new(frame).expect("sound");
    for slice in 0..LEN {
        let place = |i: usize| (100 * slice + 10 * (i / COLUMNS) + i % COLUMNS) as f32;
        let values: Vec<f32> = (0..ROWS * COLUMNS).map(place).collect();
        assert!(volume.put_slice(slice, &pack_slice(&values, Values::Hounsfield)));
    }
    volume
}

/// The grey level of a value is the value.
fn identity() -> Box<Lut> {
    let mut lut = Box::new([0; 65_536]);
    for value in 0..=255u8 {
        lut[usize::from(value)] = value;
    }
    lut
}

fn cut(plane: Plane, at: Voxel) -> Vec<u8> {
    let mut out = Vec::new();
    plane.draw(&volume(), at, &identity(), &mut out);
    assert!(out.iter().all(|p| p[0] == p[1] && p[1] == p[2] && p[3] == 255));
    out.iter().map(|p| p[0]).collect()
}

const AT: Voxel = Voxel { slice: 1, row: 2, column: 3 };

#[test]
fn cuts_are_those_of_numpy() {
    // v = 100*s + 10*r + c as an array [s, r, c]: v[1], v[::-1, 2, :], v[::-1, :, 3]
    assert_eq!(cut(Plane::Axial, AT), [100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123]);
    assert_eq!(cut(Plane::Coronal, AT), [120, 121, 122, 123, 20, 21, 22, 23]);
    assert_eq!(cut(Plane::Sagittal, AT), [103, 113, 123, 3, 13, 23]);
}

#[test]
fn slices_that_are_not_here_are_black() {
    let mut volume = VolumeView::new(volume().frame().clone()).expect("sound");
    assert!(volume.put_slice(0, &pack_slice(&[7.0; ROWS * COLUMNS], Values::Hounsfield)));
    let mut out = Vec::new();
    Plane::Coronal.draw(&volume, AT, &identity(), &mut out);
    assert_eq!(out.iter().map(|p| p[0]).collect::<Vec<_>>(), [0, 0, 0, 0, 7, 7, 7, 7]);
    Plane::Axial.draw(&volume, AT, &identity(), &mut out);
    assert_eq!(out, [[0, 0, 0, 255]; ROWS * COLUMNS]);
}

#[test]
fn a_point_of_a_cut_is_the_voxel_that_is_drawn_there() {
    let volume = volume();
    for plane in PLANES {
        let shown = cut(plane, AT);
        let [width, height] = plane.size(volume.frame());
        for y in 0..height {
            for x in 0..width {
                let point = [x as f64 + 0.5, y as f64 + 0.5];
                let voxel = plane.voxel(volume.frame(), AT, point).expect("inside");
                let value = volume.value(voxel.slice, voxel.row, voxel.column).expect("inside");
                assert_eq!(value, i32::from(shown[y * width + x]), "{plane:?} {x} {y}");
                assert_eq!(plane.point(volume.frame(), voxel), point);
                assert_eq!(plane.position(voxel), plane.position(AT));
            }
        }
        for point in [[-0.1, 0.0], [0.0, -0.1], [width as f64, 0.0], [0.0, height as f64]] {
            assert_eq!(plane.voxel(volume.frame(), AT, point), None);
        }
    }
}

#[test]
fn masks_are_cut_like_values() {
    let mut volume = volume();
    // Inside where the place's number is not divisible by 3.
    for slice in 0..LEN {
        let inside = |i: usize| u8::from(!(100 * slice + 10 * (i / COLUMNS) + i % COLUMNS).is_multiple_of(3));
        let bytes: Vec<u8> = (0..ROWS * COLUMNS).map(inside).collect();
        let lesion = Mask::from_bytes(ROWS, COLUMNS, &bytes).expect("fits");
        assert!(volume.put_masks(slice, &Mask::empty(ROWS, COLUMNS), &lesion));
    }
    for plane in PLANES {
        let mask = plane.mask(&volume, AT, |region| region.kind == Kind::Lesion);
        let [width, height] = plane.size(volume.frame());
        assert_eq!([mask.columns, mask.rows], [width, height]);
        let expected: Vec<u8> = cut(plane, AT).iter().map(|&v| u8::from(v % 3 != 0)).collect();
        assert_eq!(mask.pixels, expected, "{plane:?}");
        assert!(plane.mask(&volume, AT, |region| region.kind == Kind::Lung).pixels.iter().all(|&p| p == 0));
    }
}

/// Kind, whether it is lit, and polygons of a shape.
type Drawn = (Kind, bool, Vec<Vec<[f32; 2]>>);

#[test]
fn the_lit_lesion_is_drawn_last_and_alone() {
    let mut volume = volume();
    let lesion = Mask::from_bytes(ROWS, COLUMNS, &[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).expect("fits");
    let lung = Mask::from_bytes(ROWS, COLUMNS, &[1; ROWS * COLUMNS]).expect("fits");
    assert!(volume.put_masks(1, &lung, &lesion));
    volume.link_lesions();
    let kinds = |lit| -> Vec<Drawn> {
        let shapes = Plane::Axial.shapes(&volume, AT, lit);
        shapes.into_iter().map(|s| (s.kind, s.lit, s.polygons)).collect()
    };
    let large = vec![[2.0, 0.0], [2.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
    let small = vec![[4.0, 2.0], [4.0, 3.0], [3.0, 3.0], [3.0, 2.0]];
    let lung = vec![[4.0, 0.0], [4.0, 3.0], [0.0, 3.0], [0.0, 0.0]];
    assert_eq!(
        kinds(None),
        [(Kind::Lung, false, vec![lung.clone()]), (Kind::Lesion, false, vec![large.clone(), small.clone()])]
    );
    assert_eq!(
        kinds(Some(1)),
        [
            (Kind::Lung, false, vec![lung]),
            (Kind::Lesion, false, vec![large]),
            (Kind::Lesion, true, vec![small])
        ]
    );
}

#[test]
fn lengths_are_in_mm() {
    let volume = volume();
    let frame = volume.frame();
    // 3 columns of 0.8 mm and 4 rows of 0.5 mm; 3 columns and 2 slices of 3 mm; 4 rows and 2 slices.
    let close = |found: Option<f64>, wanted: f64| {
        assert!((found.expect("known") - wanted).abs() < 1e-12, "{found:?}")
    };
    close(length_mm(Plane::Axial, frame, [[1.0, 1.0], [4.0, 5.0]]), (2.4f64 * 2.4 + 4.0).sqrt());
    close(length_mm(Plane::Coronal, frame, [[1.0, 1.0], [4.0, 3.0]]), (2.4f64 * 2.4 + 36.0).sqrt());
    close(length_mm(Plane::Sagittal, frame, [[5.0, 3.0], [1.0, 1.0]]), (4.0f64 + 36.0).sqrt());
    let unknown = Frame { pixel_spacing_mm: None, ..frame.clone() };
    assert_eq!(length_mm(Plane::Axial, &unknown, [[0.0; 2], [1.0; 2]]), None);
    assert!(!Plane::Coronal.is_offered(&unknown) && Plane::Axial.is_offered(&unknown));
    assert!(Plane::Sagittal.is_offered(frame));
}
