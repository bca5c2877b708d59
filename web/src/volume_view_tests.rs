use super::*;

fn frame(rows: usize, columns: usize, len: usize) -> Frame {
    Frame {
        rows,
        columns,
        len,
        pixel_spacing_mm: Some([0.5, 0.7]),
        slice_spacing_mm: Some(2.0),
        axes: Some([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        values: Values::Hounsfield,
        picture: None,
    }
}

fn mask(rows: usize, columns: usize, inside: &[(usize, usize)]) -> Mask {
    let mut mask = Mask::empty(rows, columns);
    for &(row, column) in inside {
        mask.pixels[row * columns + column] = 1;
    }
    mask
}

#[test]
fn values_come_back() {
    let mut volume = VolumeView::new(frame(2, 3, 2)).expect("sound");
    let bytes = pack_slice(&[-1024.0, -0.6, 0.4, f32::NAN, 1e9, 3071.0], Values::Hounsfield);
    assert!(volume.put_slice(1, &bytes));
    let all: Vec<Option<i32>> =
        (0..2).flat_map(|r| (0..3).map(move |c| (r, c))).map(|(r, c)| volume.value(1, r, c)).collect();
    assert_eq!(all, [-1024, -1, 0, -32768, 32767, 3071].map(Some));
    assert_eq!((volume.value(0, 0, 0), volume.value(1, 2, 0), volume.value(1, 0, 3)), (None, None, None));
    assert_eq!(volume.counts(), (1, 0));
}

#[test]
fn wide_pictures_keep_their_levels() {
    let values = Values::Grey { offset: 32_768, lowest: 0, highest: 65_535 };
    let mut volume = VolumeView::new(Frame { values, ..frame(1, 3, 1) }).expect("sound");
    assert!(volume.put_slice(0, &pack_slice(&[0.0, 40_000.0, 65_535.0], values)));
    let all: Vec<Option<i32>> = (0..3).map(|c| volume.value(0, 0, c)).collect();
    assert_eq!(all, [0, 40_000, 65_535].map(Some));
}

#[test]
fn what_does_not_fit_is_refused() {
    assert!(VolumeView::new(frame(0, 3, 1)).is_none());
    assert!(VolumeView::new(frame(3, 70_000, 1)).is_none());
    let mut volume = VolumeView::new(frame(2, 3, 2)).expect("sound");
    let revision = volume.revision();
    assert!(!volume.put_slice(2, &[0; 12]));
    assert!(!volume.put_slice(0, &[0; 11]));
    assert!(!volume.put_masks(0, &Mask::empty(2, 3), &Mask::empty(3, 2)));
    assert!(!volume.put_masks(2, &Mask::empty(2, 3), &Mask::empty(2, 3)));
    assert!(!volume.put_instances(0, &[(Kind::Lung, Mask::empty(9, 9))], Some(1.0)));
    assert_eq!((volume.revision(), volume.counts()), (revision, (0, 0)));
}

#[test]
fn findings_of_a_study_are_numbered_and_found() {
    let mut volume = VolumeView::new(frame(4, 6, 3)).expect("sound");
    let lung: Vec<(usize, usize)> = (0..4).flat_map(|r| (0..6).map(move |c| (r, c))).collect();
    let lung = mask(4, 6, &lung);
    // A large lesion through slices 0 and 1, its areas 2 and 4, and a small one on slice 1 apart from it.
    assert!(volume.put_masks(0, &lung, &mask(4, 6, &[(0, 0), (0, 1)])));
    assert!(volume.put_masks(1, &lung, &mask(4, 6, &[(0, 0), (0, 1), (1, 0), (1, 1), (3, 5)])));
    assert!(volume.put_masks(2, &Mask::empty(4, 6), &Mask::empty(4, 6)));
    let involvement: Vec<f32> = volume.involvement().iter().flatten().copied().collect();
    assert_eq!(involvement, [200.0 / 24.0, 500.0 / 24.0, 0.0]);
    assert_eq!(volume.number_at(1, 3, 5), None);
    volume.link_lesions();
    assert_eq!(
        (volume.number_at(1, 1, 1), volume.number_at(1, 3, 5), volume.number_at(1, 2, 2)),
        (Some(0), Some(1), None)
    );
    assert_eq!(volume.best_view(0), Some(BestView { slice: 1, middle: [1.0, 1.0] }));
    assert_eq!(volume.best_view(1), Some(BestView { slice: 1, middle: [3.5, 5.5] }));
    assert_eq!((volume.best_view(2), volume.key_slice()), (None, 1));
    assert_eq!(volume.counts(), (0, 3));
    volume.clear_findings();
    assert_eq!((volume.counts(), volume.key_slice()), ((0, 0), 1));
}

#[test]
fn of_instances_the_smallest_lesion_is_hit() {
    let mut volume = VolumeView::new(frame(2, 4, 1)).expect("sound");
    let lung = mask(2, 4, &[(0, 0), (0, 1)]);
    let large = mask(2, 4, &[(0, 0), (0, 1), (0, 2)]);
    let small = mask(2, 4, &[(0, 1)]);
    let instances = [(Kind::Lung, lung), (Kind::Lesion, large), (Kind::Lesion, small)];
    assert!(volume.put_instances(0, &instances, Some(100.0)));
    let hits: Vec<Option<usize>> = (0..4).map(|c| volume.number_at(0, 0, c)).collect();
    assert_eq!(hits, [Some(1), Some(2), Some(1), None]);
}

#[test]
fn a_volume_is_whole_once_each_slice_has_come_or_failed() {
    let mut volume = VolumeView::new(frame(1, 1, 2)).expect("sound");
    assert!(volume.put_slice(1, &[0; 2]) && !volume.is_whole());
    volume.put_failure(0);
    assert!(volume.is_whole() && volume.has_failed(0) && !volume.has_failed(1));
}
