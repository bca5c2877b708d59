//! The kernels against their plain-Rust references and torchvision, on the CPU and the GPU.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Mutex, OnceLock};

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use lunglens::detect::level_of_box;
use lunglens::kernels::{
    ConvGeometry, ConvKernel, ConvWeight, Precision, ROI_ROW, RoiAlignConfig, TOP_ROW, conv_kernel, conv2d,
    conv2d_reference, max_pool2d, max_pool2d_reference, roi_align, set_conv_kernel, top_anchors,
    top_anchors_reference,
};
use lunglens::manifest::{Backbone, MaskRcnnConfig};
use lunglens::model::{ModelError, Observer, Silent, Stage, warm_up};
use support::{Random, devices, fixture, precisions, relative_error, tensor, tensors};

fn upload<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn download(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The values on the device and as it keeps them.
fn upload_as<const D: usize>(
    values: &[f32],
    shape: [usize; D],
    device: &Device,
    precision: Precision,
) -> (Tensor<D>, Vec<f32>) {
    let tensor = upload(values, shape, device);
    if precision == Precision::F32 {
        return (tensor, values.to_vec());
    }
    let kept = tensor.cast(FloatDType::F16);
    let values = kept.clone().into_data().iter::<f32>().collect();
    (kept, values)
}

/// Bound on the relative error of a kernel, of which the output's rounding is most in 16 bit.
fn bound(precision: Precision) -> f32 {
    match precision {
        Precision::F32 => 1e-5,
        Precision::F16 => 6e-4,
    }
}

/// Runs `work` on the CPU, and on the GPU with each of its convolution kernels: the choice is the process's.
fn on_each_kernel(work: impl Fn(&str, &Device)) {
    static CHOICE: Mutex<()> = Mutex::new(());
    // What the adapter gets by itself: not every one can run the kernel for subgroups.
    static OWN: OnceLock<ConvKernel> = OnceLock::new();
    let _held = CHOICE.lock();
    let devices = devices();
    let own = *OWN.get_or_init(conv_kernel);
    let subgroups = (own == ConvKernel::Subgroups).then_some(own);
    for (name, device) in devices {
        for kernel in [ConvKernel::Tiled, ConvKernel::Registers].into_iter().chain(subgroups) {
            set_conv_kernel(kernel);
            work(&format!("{name}, {kernel:?}"), &device);
        }
    }
}

/// The device of a name that [`on_each_kernel`] gives.
fn kind(name: &str) -> &str {
    name.split(',').next().unwrap_or(name)
}

/// Sizes of a convolution and what is added to it.
struct Case {
    input: [usize; 4],
    outputs: usize,
    geometry: ConvGeometry,
    residual: Option<[usize; 2]>,
}

/// Checks in each precision that the device has.
fn check(case: &Case, random: &mut Random, device: &Device, name: &str) {
    for precision in precisions(kind(name), device) {
        check_in(case, precision, random, device, name);
    }
}

fn check_in(case: &Case, precision: Precision, random: &mut Random, device: &Device, name: &str) {
    let Case { input: [images, rows, columns, inputs], outputs, geometry, residual } = *case;
    let k = geometry.kernel_size;
    let x = random.values(images * rows * columns * inputs);
    let w = random.values(k * k * inputs * outputs);
    let b = random.values(outputs);
    let (on_device, x) = upload_as(&x, case.input, device, precision);
    let (added, values): (Option<Tensor<4>>, Option<Vec<f32>>) = residual
        .map(|[r, c]| {
            let values = random.values(images * r * c * outputs);
            upload_as(&values, [images, r, c, outputs], device, precision)
        })
        .unzip();
    let expected =
        conv2d_reference(&x, case.input, &w, outputs, &b, values.as_deref().zip(residual), geometry);
    let found = conv2d(
        on_device,
        &ConvWeight::Dense(upload(&w, [k, k, inputs, outputs], device)),
        upload(&b, [outputs], device),
        added,
        geometry,
        precision,
    );
    let [output_rows, output_columns] = geometry.output_size(rows, columns);
    assert_eq!(found.dims(), [images, output_rows, output_columns, outputs]);
    let error = relative_error(&download(found), &expected);
    // Rounding grows with the length of the sums, slower than it.
    let longer = ((k * k * inputs) as f32 / 1024.0).max(1.0);
    assert!(
        error < bound(precision) * longer.sqrt(),
        "{name}, {precision:?}: {:?} to {outputs}, {geometry:?}, {residual:?}: {error}",
        case.input
    );
}

#[test]
fn convolution_equals_its_reference_on_random_shapes() {
    on_each_kernel(|name, device| {
        let mut random = Random::new(7);
        for (kernel_size, stride, padding) in
            [(1, 1, 0), (1, 2, 0), (3, 1, 1), (3, 2, 1), (7, 2, 3), (3, 1, 0), (7, 1, 3), (2, 2, 0)]
        {
            for round in 0..4 {
                let rows = random.range(kernel_size, 21);
                let columns = random.range(kernel_size, 21);
                let geometry = ConvGeometry { kernel_size, stride, padding, relu: round % 2 == 0 };
                let [r, c] = geometry.output_size(rows, columns);
                let case = Case {
                    input: [random.range(1, 3), rows, columns, 4 * random.range(1, 9)],
                    outputs: 8 * random.range(1, 9),
                    geometry,
                    residual: [None, Some([r, c]), Some([r.div_ceil(2), c.div_ceil(2)]), None][round],
                };
                check(&case, &mut random, device, name);
            }
        }
    });
}

#[test]
fn convolution_handles_one_pixel_and_long_rows() {
    on_each_kernel(|name, device| {
        let mut random = Random::new(11);
        for input in [[1, 1, 1, 4], [1, 1, 300, 64], [5, 1, 1, 8], [1, 37, 1, 12]] {
            for geometry in [ConvGeometry::POINTWISE, ConvGeometry::SAME_3X3.relu()] {
                check(&Case { input, outputs: 24, geometry, residual: None }, &mut random, device, name);
            }
        }
    });
}

#[test]
fn convolution_fills_large_tiles() {
    // As many pixels as give each workgroup 64 of them by 64 channels, with ends on both sides.
    on_each_kernel(|name, device| {
        let mut random = Random::new(17);
        let relu = ConvGeometry::POINTWISE.relu();
        for (input, outputs, geometry, residual) in [
            ([1, 131, 127, 36], 72, relu, Some([131, 127])),
            ([2, 65, 129, 4], 72, ConvGeometry { kernel_size: 7, stride: 1, padding: 3, relu: false }, None),
            ([1, 91, 93, 20], 72, ConvGeometry::SAME_3X3.relu(), None),
        ] {
            check(&Case { input, outputs, geometry, residual }, &mut random, device, name);
        }
    });
}

#[test]
fn convolution_divides_what_winograd_would_hold() {
    // The first has more tiles, the second more channels than are transformed at once.
    on_each_kernel(|name, device| {
        let mut random = Random::new(19);
        for (input, outputs) in [([2, 37, 61, 512], 16), ([1, 14, 14, 1024], 200)] {
            let case = Case { input, outputs, geometry: ConvGeometry::SAME_3X3.relu(), residual: None };
            check(&case, &mut random, device, name);
        }
    });
}

#[test]
fn packed_weights_compute_as_their_values() {
    on_each_kernel(|name, device| {
        let mut random = Random::new(13);
        // With few and with enough channels that a subgroup reads for all of its invocations.
        for (geometry, outputs) in [
            (ConvGeometry::POINTWISE, 24),
            (ConvGeometry::SAME_3X3.relu(), 24),
            (ConvGeometry::POINTWISE, 72),
            (ConvGeometry::SAME_3X3.stride(2), 72),
        ] {
            let k = geometry.kernel_size;
            let input = [1, random.range(3, 17), random.range(3, 17), 12];
            let bytes: Vec<i8> =
                (0..k * k * 12 * outputs).map(|_| random.range(1, 255) as u8 as i8).collect();
            let scales: Vec<f32> = random.values(outputs).iter().map(|v| 0.01 + v.abs()).collect();
            let x = random.values(input.iter().product());
            let b = random.values(outputs);
            let w: Vec<f32> =
                bytes.iter().enumerate().map(|(i, v)| f32::from(*v) * scales[i % outputs]).collect();
            let words: Vec<i32> =
                bytes.as_chunks::<4>().0.iter().map(|c| i32::from_le_bytes(c.map(|v| v as u8))).collect();
            let words = TensorData::new(words, [k, k, 12, outputs / 4]);
            let weight = ConvWeight::Packed(Tensor::from_data(words, device));
            let expected = conv2d_reference(&x, input, &w, outputs, &b, None, geometry);
            let found = conv2d(
                upload(&x, input, device),
                &weight,
                upload(&[&b[..], &scales].concat(), [2 * outputs], device),
                None,
                geometry,
                Precision::F32,
            );
            let error = relative_error(&download(found), &expected);
            // The CPU rounds pixels to 16 bit beside such weights.
            let most = if name.starts_with("cpu") { 1e-3 } else { 1e-5 };
            assert!(error < most, "{name}: {geometry:?} to {outputs}: {error}");
        }
    });
}

#[test]
fn pooling_equals_its_reference() {
    for (name, device) in devices() {
        let mut random = Random::new(3);
        for (kernel_size, stride, padding) in [(3, 2, 1), (1, 2, 0), (2, 1, 0)] {
            for _ in 0..4 {
                let shape = [2, random.range(3, 19), random.range(3, 19), 4 * random.range(1, 5)];
                let geometry = ConvGeometry { kernel_size, stride, padding, relu: false };
                // Below zero, so that a padding of zeros would win.
                let x: Vec<f32> = random.values(shape.iter().product()).iter().map(|v| v - 2.0).collect();
                for precision in precisions(name, &device) {
                    let (input, x) = upload_as(&x, shape, &device, precision);
                    let found = download(max_pool2d(input, geometry));
                    let expected = max_pool2d_reference(&x, shape, geometry);
                    assert_eq!(found, expected, "{name}, {precision:?}: {shape:?} {geometry:?}");
                }
            }
        }
    }
}

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
            let found = support::to_nchw(&download(found), [count, bins, bins, 4]);
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

/// Ends a run at its `left`-th pause.
struct Patience {
    left: usize,
}

impl Observer for Patience {
    fn stage(&mut self, _: Stage) {}

    async fn pause(&mut self) -> Result<(), ModelError> {
        self.left = self.left.checked_sub(1).ok_or(ModelError::Cancelled)?;
        Ok(())
    }
}

#[test]
fn kernels_are_made_without_weights_until_it_is_enough() {
    let config = MaskRcnnConfig::narrow(Backbone::Resnet50);
    on_each_kernel(|name, device| {
        // The CPU has nothing to make; there the same convolutions run all the same.
        for precision in precisions(kind(name), device) {
            for keeps_steps in [true, false] {
                let made = pollster::block_on(warm_up(
                    &config,
                    Some(32),
                    keeps_steps,
                    precision,
                    device,
                    &mut Silent,
                ));
                assert!(made.is_ok(), "{name}, {precision:?}: {made:?}");
            }
        }
        let mut patience = Patience { left: 3 };
        let stopped = pollster::block_on(warm_up(&config, None, true, Precision::F32, device, &mut patience));
        assert!(matches!(stopped, Err(ModelError::Cancelled)), "{name}: {stopped:?}");
    });
}
