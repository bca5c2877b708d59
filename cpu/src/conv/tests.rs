//! Every level of this processor against the definition of the convolution.

use super::layer::PreparedWeight;
use super::{ConvGeometry, conv2d_reference};
use crate::simd::{COUNTS, Level};

/// Random numbers (xorshift), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn range(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() >> 33) as usize % (high - low + 1)
    }

    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0).collect()
    }
}

/// Largest difference over the largest expected magnitude; a value that was not written is infinitely far off.
fn error(found: &[f32], expected: &[f32]) -> f32 {
    let scale = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let worst = found
        .iter()
        .zip(expected)
        .fold(0.0f32, |most, (a, b)| if (a - b).is_nan() { f32::INFINITY } else { most.max((a - b).abs()) });
    worst / scale
}

fn check(
    random: &mut Random,
    geometry: ConvGeometry,
    shape: [usize; 4],
    outputs: usize,
    shrink: Option<usize>,
) {
    let k = geometry.kernel_size;
    let size = geometry.output_size(shape[1], shape[2]);
    let residual_size = shrink.map(|by| size.map(|n| n.div_ceil(by)));
    let input = random.values(shape.iter().product());
    let weight = random.values(k * k * shape[3] * outputs);
    let bias = random.values(outputs);
    let residual = residual_size.map(|[rows, columns]| random.values(shape[0] * rows * columns * outputs));
    let residual = residual.as_deref().zip(residual_size);
    // The same weights as steps of 8 bit, all of the range, and their values.
    let steps: Vec<i8> = weight.iter().map(|value| (value * 128.0).floor() as i8).collect();
    let scales: Vec<f32> = random.values(outputs).iter().map(|value| value.abs() / 64.0).collect();
    let stepped: Vec<f32> = steps
        .chunks(outputs)
        .flat_map(|row| row.iter().zip(&scales).map(|(&v, s)| f32::from(v) * s))
        .collect();
    let weight_shape = [k, k, shape[3], outputs];
    let expected = [&weight, &stepped]
        .map(|weight| conv2d_reference(&input, shape, weight, outputs, &bias, residual, geometry));
    for level in Level::all() {
        let floats = PreparedWeight::for_level(level, &weight, vec![1.0; outputs], weight_shape, geometry);
        let bytes = PreparedWeight::for_level(level, &steps, scales.clone(), weight_shape, geometry);
        // Counted pixels are rounded.
        let counted = if COUNTS { 1e-3 } else { 1e-5 };
        for (prepared, expected, most) in [(floats, &expected[0], 1e-5), (bytes, &expected[1], counted)] {
            let mut found = vec![f32::NAN; prepared.output_shape(shape).iter().product()];
            prepared.forward(&input, shape, &bias, residual, &mut found);
            let error = error(&found, expected);
            assert!(
                error < most,
                "{level:?}: {shape:?} to {outputs}, {geometry:?}, {residual_size:?}: {error}"
            );
        }
    }
}

#[test]
fn every_level_computes_the_convolution() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for (kernel_size, stride, padding) in
        [(1, 1, 0), (1, 2, 0), (1, 1, 1), (3, 1, 1), (3, 2, 1), (7, 2, 3), (3, 1, 0), (7, 1, 3), (2, 2, 0)]
    {
        for round in 0..6 {
            let geometry = ConvGeometry { kernel_size, stride, padding, relu: round % 2 == 0 };
            let shape = [
                random.range(1, 3),
                random.range(kernel_size, 21),
                random.range(kernel_size, 21),
                4 * random.range(1, 9),
            ];
            let outputs = 8 * random.range(1, 9);
            check(&mut random, geometry, shape, outputs, [None, Some(1), Some(2)][round % 3]);
        }
    }
}

#[test]
fn deep_products_and_wide_maps_are_cut_right() {
    let mut random = Random(77);
    let plain = ConvGeometry::POINTWISE;
    check(&mut random, plain.relu(), [1, 1, 101, 2048 + 64], 40, Some(1));
    check(&mut random, plain, [1, 1, 3, 4 * 1031], 8, None);
    check(&mut random, ConvGeometry::SAME_3X3.stride(2), [1, 9, 9, 512], 24, None);
    check(&mut random, ConvGeometry::SAME_3X3, [3, 70, 33, 8], 16, None);
    check(&mut random, ConvGeometry::SAME_3X3.relu(), [1, 6, 5, 512], 512, Some(1));
    // Odd counts of channels, which Winograd's way and whole numbers do not take.
    check(&mut random, ConvGeometry::SAME_3X3, [1, 9, 5, 7], 13, None);
    check(&mut random, plain, [2, 3, 4, 9], 5, Some(1));
}

/// Input channels whose scales differ a thousandfold, and as many pixels that are that much larger where scales are small.
#[test]
fn scales_of_input_channels_go_to_the_pixels() {
    let mut random = Random(1234);
    for (inputs, outputs, stride) in [(256, 72, 1), (40, 8, 2), (3, 16, 1)] {
        let (shape, weight_shape) = ([2, 9, 7, inputs], [1, 1, inputs, outputs]);
        let geometry = ConvGeometry::POINTWISE.relu().stride(stride);
        let mut input = random.values(shape.iter().product());
        let steps: Vec<i8> =
            random.values(inputs * outputs).iter().map(|value| (value * 127.0) as i8).collect();
        let scales: Vec<f32> =
            random.values(inputs).iter().map(|value| 10f32.powf(-3.0 * value.abs())).collect();
        input.chunks_mut(inputs).flat_map(|pixel| pixel.iter_mut().zip(&scales)).for_each(|(v, s)| *v /= s);
        let bias = random.values(outputs);
        let weight: Vec<f32> =
            steps.iter().enumerate().map(|(at, &step)| f32::from(step) * scales[at / outputs]).collect();
        let expected = conv2d_reference(&input, shape, &weight, outputs, &bias, None, geometry);
        for level in Level::all() {
            let prepared =
                PreparedWeight::by_input_for_level(level, &steps, scales.clone(), weight_shape, geometry);
            let mut found = vec![f32::NAN; prepared.output_shape(shape).iter().product()];
            prepared.forward(&input, shape, &bias, None, &mut found);
            let error = error(&found, &expected);
            assert!(error < 1e-4, "{level:?}: {inputs} to {outputs}: {error}");
        }
    }
}

#[test]
fn what_is_not_a_number_is_not_hidden_by_relu() {
    for level in Level::all() {
        let geometry = ConvGeometry::POINTWISE.relu();
        let weight = [f32::NAN; 64];
        let prepared = PreparedWeight::for_level(level, &weight, vec![1.0; 16], [1, 1, 4, 16], geometry);
        let mut found = vec![0.0; 16];
        prepared.forward(&[1.0; 4], [1, 1, 1, 4], &[0.0; 16], None, &mut found);
        assert!(found.iter().all(|value| value.is_nan()), "{level:?}: {found:?}");
    }
}

/// Weights of 8 bit that are all the largest, pixels that are all the same.
fn largest(shape: [usize; 4], geometry: ConvGeometry) -> Vec<(Level, Vec<f32>)> {
    let k = geometry.kernel_size;
    let steps = vec![i8::MIN; k * k * shape[3] * 8];
    let input = vec![3.0; shape.iter().product()];
    let convolve = |level| {
        let weight_shape = [k, k, shape[3], 8];
        let prepared = PreparedWeight::for_level(level, &steps, vec![1.0; 8], weight_shape, geometry);
        let mut found = vec![f32::NAN; prepared.output_shape(shape).iter().product()];
        prepared.forward(&input, shape, &[0.0; 8], None, &mut found);
        (level, found)
    };
    Level::all().into_iter().map(convolve).collect()
}

#[test]
fn the_largest_sums_of_whole_numbers_fit() {
    for (shape, geometry, taps) in [
        ([1, 1, 3, 16_384], ConvGeometry::POINTWISE, 16_384),
        ([1, 3, 3, 2048], ConvGeometry { padding: 0, ..ConvGeometry::SAME_3X3 }.stride(2), 9 * 2048),
    ] {
        for (level, found) in largest(shape, geometry) {
            let expected = -128.0 * 3.0 * taps as f32;
            assert!(found.iter().all(|sum| (sum / expected - 1.0).abs() < 1e-4), "{level:?}: {found:?}");
        }
    }
    // Winograd's way; the middle pixel of 3x3 sees all nine.
    for (level, found) in largest([1, 3, 3, 2048], ConvGeometry::SAME_3X3) {
        let middle = found[4 * 8] / (-128.0 * 3.0 * 9.0 * 2048.0);
        assert!((middle - 1.0).abs() < 1e-3, "{level:?}: {middle}");
    }
}

#[test]
fn what_is_not_finite_is_not_hidden_by_counting() {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    for (level, value) in Level::all().into_iter().flat_map(|level| odd.map(|value| (level, value))) {
        for geometry in [ConvGeometry::POINTWISE, ConvGeometry::SAME_3X3, ConvGeometry::SAME_3X3.stride(2)] {
            let k = geometry.kernel_size;
            let prepared = PreparedWeight::for_level(
                level,
                &vec![1i8; k * k * 64],
                vec![1.0; 8],
                [k, k, 8, 8],
                geometry,
            );
            let mut input = [0.5; 5 * 5 * 8];
            input[12 * 8] = value;
            let size = prepared.output_shape([1, 5, 5, 8]);
            let mut found = vec![0.0; size.iter().product()];
            prepared.forward(&input, [1, 5, 5, 8], &[0.0; 8], None, &mut found);
            let middle = (size[1] / 2 * size[2] + size[2] / 2) * 8;
            assert!(!found[middle].is_finite(), "{level:?}, {geometry:?}, {value}: {}", found[middle]);
        }
    }
}

#[test]
fn an_image_does_not_depend_on_those_beside_it() {
    let mut random = Random(4711);
    for geometry in [ConvGeometry::POINTWISE, ConvGeometry::SAME_3X3, ConvGeometry::SAME_3X3.stride(2)] {
        let k = geometry.kernel_size;
        let steps: Vec<i8> = random.values(k * k * 12 * 16).iter().map(|v| (v * 127.0) as i8).collect();
        let image_len = 9 * 7 * 12;
        let mut images = random.values(3 * image_len);
        images[image_len..2 * image_len].iter_mut().for_each(|value| *value *= 1000.0);
        for level in Level::all() {
            let prepared = PreparedWeight::for_level(level, &steps, vec![0.1; 16], [k, k, 12, 16], geometry);
            let convolve = |input: &[f32]| {
                let shape = [input.len() / image_len, 9, 7, 12];
                let mut found = vec![f32::NAN; prepared.output_shape(shape).iter().product()];
                prepared.forward(input, shape, &[0.0; 16], None, &mut found);
                found
            };
            let alone: Vec<f32> = images.chunks(image_len).flat_map(convolve).collect();
            assert_eq!(convolve(&images), alone, "{level:?}, {geometry:?}");
        }
    }
}
