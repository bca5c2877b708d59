//! The anchors with the highest objectness of a level, chosen on the device: only they are read back.

use burn::backend::{Backend, Dispatch, Flex, backend_extension, tensor::FloatTensor};
use burn::tensor::{Tensor, TensorData};
use burn_flex::FlexTensor;
use burn_std::{DType, Shape};
use burn_wgpu::{CubeBackend, CubeTensor};
use cubecl::prelude::*;

use super::cpu::{shape4, values};
use super::gpu::{in_order, output_beside};

/// Numbers of a chosen anchor: its index (row, column, ratio), its logit, then `dx, dy, dw, dh`.
pub const TOP_ROW: usize = 6;
/// Invocations of the one workgroup that chooses.
const UNITS: u32 = 256;
/// The largest index that a 32 bit float holds exactly.
const MAX_ANCHORS: usize = 1 << 24;

/// The backends that choose anchors.
#[backend_extension(Cube, Flex)]
pub trait TopAnchorsOps: Backend {
    /// See [`top_anchors`].
    fn top_anchors_nhwc(output: FloatTensor<Self>, anchors: usize, count: usize) -> FloatTensor<Self>;
}

/// The `count` anchors with the highest logits (all where there are fewer) as rows of [`TOP_ROW`] numbers, in no order.
///
/// `output` is `[1, rows, columns, c]` of 32 bit floats: of each position first one logit an anchor, then four offsets an anchor.
/// Of equal logits the lower index wins. NaN counts as highest, so that it is seen and not sorted away.
///
/// # Panics
/// Where `c` is below `5 * anchors`, or a level has more than 2^24 anchors.
pub fn top_anchors(output: Tensor<4>, anchors: usize, count: usize) -> Tensor<2> {
    let [images, rows, columns, channels] = output.dims();
    let all = images * rows * columns * anchors;
    assert!(channels >= 5 * anchors && all <= MAX_ANCHORS, "sizes of a proposal head's output");
    let count = count.min(all);
    Tensor::from_dispatch(<Dispatch as TopAnchorsOps>::top_anchors_nhwc(
        output.into_dispatch(),
        anchors,
        count,
    ))
}

impl TopAnchorsOps for Flex {
    fn top_anchors_nhwc(output: FloatTensor<Self>, anchors: usize, count: usize) -> FloatTensor<Self> {
        let output: FlexTensor = output;
        let [_, _, _, channels] = shape4(&output);
        let rows = top_anchors_reference(values(&output), channels, anchors, count);
        FlexTensor::from_data(TensorData::new(rows, [count, TOP_ROW]))
    }
}

/// The choice by ranks, in plain Rust; layouts as in [`top_anchors`], best first.
pub fn top_anchors_reference(output: &[f32], channels: usize, anchors: usize, count: usize) -> Vec<f32> {
    let logit = |i: usize| output[i / anchors * channels + i % anchors];
    let rank = |i: usize| if logit(i).is_nan() { f32::INFINITY } else { logit(i) };
    let best_first = |a: &usize, b: &usize| rank(*b).total_cmp(&rank(*a)).then(a.cmp(b));
    let mut order: Vec<usize> = (0..output.len() / channels * anchors).collect();
    // Only those that are chosen are sorted: of a large level they are few.
    if count < order.len() {
        order.select_nth_unstable_by(count, best_first);
        order.truncate(count);
    }
    order.sort_unstable_by(best_first);
    let mut rows = Vec::with_capacity(count * TOP_ROW);
    for i in order {
        let deltas = i / anchors * channels + anchors + i % anchors * 4;
        rows.extend([i as f32, logit(i)]);
        rows.extend_from_slice(&output[deltas..deltas + 4]);
    }
    rows
}

/// A number that orders as the logit does; NaN is highest.
#[cube]
fn sortable_key(logit: f32) -> u32 {
    let bits = u32::reinterpret(logit);
    let mut key = bits | 0x8000_0000u32;
    if bits >= 0x8000_0000u32 {
        key = !bits;
    }
    if (bits & 0x7fff_ffffu32) > 0x7f80_0000u32 {
        key = 0xffff_ffffu32;
    }
    key
}

/// One workgroup: the `count`-th highest key is found bit by bit from the top, then each invocation writes what its
/// stretch of anchors has, at places that a sum over the invocations before it gives.
#[cube(launch_unchecked)]
fn top_anchors_kernel(
    output: &[f32],
    chosen: &mut [f32],
    channels: u32,
    all: u32,
    count: u32,
    #[comptime] anchors: u32,
    #[comptime] units: u32,
) {
    let mut counts = Shared::<[u32]>::new_slice(units as usize);
    let mut ties = Shared::<[u32]>::new_slice(units as usize);
    let stretch = all.div_ceil(units);
    let first = min(UNIT_POS * stretch, all);
    let last = min(first + stretch, all);

    let mut threshold = 0u32;
    for step in 0..32u32 {
        let candidate = threshold | (1u32 << (31u32 - step));
        let mut own = 0u32;
        for i in first..last {
            if sortable_key(output[(i / anchors * channels + i % anchors) as usize]) >= candidate {
                own += 1u32;
            }
        }
        counts[UNIT_POS as usize] = own;
        sync_cube();
        let mut total = 0u32;
        for unit in 0..units {
            total += counts[unit as usize];
        }
        if total >= count {
            threshold = candidate;
        }
        sync_cube();
    }

    let mut above = 0u32;
    let mut equal = 0u32;
    for i in first..last {
        let key = sortable_key(output[(i / anchors * channels + i % anchors) as usize]);
        if key > threshold {
            above += 1u32;
        } else if key == threshold {
            equal += 1u32;
        }
    }
    counts[UNIT_POS as usize] = above;
    ties[UNIT_POS as usize] = equal;
    sync_cube();
    let mut place = 0u32;
    let mut tie_rank = 0u32;
    let mut all_above = 0u32;
    for unit in 0..units {
        if unit < UNIT_POS {
            place += counts[unit as usize];
            tie_rank += ties[unit as usize];
        }
        all_above += counts[unit as usize];
    }
    for i in first..last {
        let position = i / anchors * channels;
        let anchor = i % anchors;
        let logit = output[(position + anchor) as usize];
        let key = sortable_key(logit);
        let mut target = count;
        if key > threshold {
            target = place;
            place += 1u32;
        } else if key == threshold {
            target = all_above + tie_rank;
            tie_rank += 1u32;
        }
        if target < count {
            let row = (target * 6u32) as usize;
            let deltas = (position + anchors + anchor * 4u32) as usize;
            chosen[row] = f32::cast_from(i);
            chosen[row + 1] = logit;
            chosen[row + 2] = output[deltas];
            chosen[row + 3] = output[deltas + 1];
            chosen[row + 4] = output[deltas + 2];
            chosen[row + 5] = output[deltas + 3];
        }
    }
}

impl TopAnchorsOps for CubeBackend {
    fn top_anchors_nhwc(output: FloatTensor<Self>, anchors: usize, count: usize) -> FloatTensor<Self> {
        let output: CubeTensor = in_order(output);
        let [images, rows, columns, channels] = output.meta.shape().dims();
        let all = images * rows * columns * anchors;
        let chosen = output_beside(&output, Shape::new([count, TOP_ROW]), DType::F32);
        let client = output.client.clone();
        let units = UNITS.min(client.properties().hardware.max_units_per_cube);
        // SAFETY: every anchor below `all` lies in `output`, and targets are below `count`.
        #[allow(unsafe_code)]
        unsafe {
            top_anchors_kernel::launch_unchecked(
                &client,
                CubeCount::new_single(),
                CubeDim::new_1d(units),
                output.into_buffer_arg(),
                chosen.clone().into_buffer_arg(),
                channels as u32,
                all as u32,
                count as u32,
                anchors as u32,
                units,
            );
        }
        chosen
    }
}
