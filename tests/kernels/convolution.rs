//! The convolution against its reference, in every kernel that the device has.

use burn::tensor::{Device, Tensor, TensorData};
use lunglens::kernels::{ConvGeometry, ConvWeight, Precision, conv2d, conv2d_reference};

use super::support::{Random, precisions, relative_error};
use super::{bound, download, kind, on_each_kernel, upload, upload_as};

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
