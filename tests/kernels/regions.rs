//! What the network does with regions, RoIAlign and the choice of the best anchors, against torchvision and a sort.

use lunglens::detect::level_of_box;
use lunglens::kernels::{
    Precision, ROI_ROW, RoiAlignConfig, TOP_ROW, roi_align, top_anchors, top_anchors_reference,
};

use super::support::{Random, devices, fixture, precisions, relative_error, tensor, tensors, to_nchw};
use super::{bound, download, upload, upload_as};

/// `[1, c, rows, columns]` of a fixture as `[1, rows, columns, padded]`, zeros in the padding.
fn to_padded_nhwc(values: &[f32], shape: &[usize], padded: usize) -> (Vec<f32>, [usize; 4]) {
    let [_, channels, rows, columns] = shape.try_into().unwrap();
    let mut out = vec![0.0; rows * columns * padded];
    for channel in 0..channels {
        for pixel in 0..rows * columns {
            out[pixel * padded + channel] = values[channel * rows * columns + pixel];
        }
    }
    (out, [1, rows, columns, padded])
}

/// Pools the fixture's boxes and compares with torchvision's values `[n, c, bins, bins]`.
fn check_roi_align(
    levels: &[(Vec<f32>, [usize; 4]); 4],
    rois: &[f32],
    expected: &(Vec<f32>, Vec<usize>),
    strides: [usize; 4],
) {
    let (count, channels, bins) = (expected.1[0], expected.1[1], expected.1[2]);
    for (name, device) in devices() {
        for precision in precisions(name, &device) {
            let config = RoiAlignConfig { output_size: bins, sampling_ratio: 2, strides };
            let levels =
                levels.each_ref().map(|(values, shape)| upload_as(values, *shape, &device, precision).0);
            let found = roi_align(&levels, upload(rois, [count, ROI_ROW], &device), config);
            let found = to_nchw(&download(found), [count, bins, bins, 4]);
            let kept: Vec<f32> = found
                .chunks_exact(4 * bins * bins)
                .flat_map(|roi| roi[..channels * bins * bins].to_vec())
                .collect();
            let error = relative_error(&kept, &expected.0);
            // In 16 bit both what is sampled and the result are rounded.
            let most = if precision == Precision::F32 { 1.0 } else { 2.0 } * bound(precision);
            assert!(error < most, "{name}, {precision:?}, {bins} bins: {error}");
        }
    }
}

#[test]
fn roi_align_equals_torchvision_on_one_level() {
    let all = tensors(&fixture("parity/roi_align.safetensors"));
    let (feature, shape) = tensor(&all, "feature");
    let level = to_padded_nhwc(&feature, &shape, 4);
    let levels = [level.clone(), level.clone(), level.clone(), level];
    let boxes = tensor(&all, "boxes").0;
    let rois: Vec<f32> = boxes
        .chunks_exact(4)
        .enumerate()
        .flat_map(|(i, b)| [(i % 4) as f32, b[0], b[1], b[2], b[3]])
        .collect();
    for name in ["aligned_7", "aligned_14"] {
        check_roi_align(&levels, &rois, &tensor(&all, name), [4; 4]);
    }
}

#[test]
fn roi_align_equals_torchvision_over_the_pyramid() {
    let all = tensors(&fixture("parity/roi_align.safetensors"));
    let levels = ["p2", "p3", "p4", "p5"].map(|level| {
        let (values, shape) = tensor(&all, &format!("pyramid_{level}"));
        to_padded_nhwc(&values, &shape, 4)
    });
    let chosen = tensor(&all, "pyramid_levels").0;
    let boxes = tensor(&all, "pyramid_boxes").0;
    // The fixture names the levels 2 to 5.
    let rois: Vec<f32> = boxes
        .as_chunks::<4>()
        .0
        .iter()
        .zip(chosen)
        .flat_map(|(b, level)| {
            assert_eq!(level_of_box(b, 2, 5) as f32, level - 2.0, "level of {b:?}");
            [level - 2.0, b[0], b[1], b[2], b[3]]
        })
        .collect();
    check_roi_align(&levels, &rois, &tensor(&all, "pyramid_7"), [4, 8, 16, 32]);
}

/// The chosen rows in the order of their anchors.
fn by_anchor(rows: &[f32]) -> Vec<[f32; TOP_ROW]> {
    let mut rows = rows.as_chunks::<TOP_ROW>().0.to_vec();
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    rows
}

#[test]
fn top_anchors_equal_a_sort() {
    for (name, device) in devices() {
        let mut random = Random::new(5);
        for (rows, columns, anchors, channels, count) in [
            (80, 80, 3, 16, 300),
            (13, 9, 3, 16, 100),
            (5, 5, 3, 16, 300),
            (1, 1, 2, 12, 1),
            (40, 31, 1, 8, 1000),
        ] {
            let shape = [1, rows, columns, channels];
            let mut output = random.values(shape.iter().product());
            // Many ties, as in the black border of a slice.
            for value in output.chunks_exact_mut(channels).take(rows * columns / 3) {
                value[0] = 0.25;
            }
            let all = rows * columns * anchors;
            let expected = top_anchors_reference(&output, channels, anchors, count.min(all));
            let found = top_anchors(upload(&output, shape, &device), anchors, count);
            assert_eq!(found.dims(), [count.min(all), TOP_ROW]);
            let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
            assert_eq!(by_anchor(&found), by_anchor(&expected), "{name}: {shape:?}, {anchors}, {count}");
        }
    }
}

#[test]
fn top_anchors_show_what_is_not_a_number() {
    for (name, device) in devices() {
        for nan in [f32::NAN, -f32::NAN] {
            let mut output = Random::new(9).values(20 * 20 * 16);
            output[16 * 77 + 1] = nan;
            let found = top_anchors(upload(&output, [1, 20, 20, 16], &device), 3, 10);
            let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
            assert!(found.chunks_exact(TOP_ROW).any(|row| row[1].is_nan()), "{name}");
        }
    }
}
