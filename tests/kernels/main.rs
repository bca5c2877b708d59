//! The kernels against their plain-Rust references and torchvision, on the CPU and the GPU.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod convolution;
mod regions;
#[path = "../support/mod.rs"]
mod support;

use std::sync::{Mutex, OnceLock};

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use lunglens::kernels::{
    ConvGeometry, ConvKernel, Precision, conv_kernel, max_pool2d, max_pool2d_reference, set_conv_kernel,
};
use lunglens::manifest::{Backbone, MaskRcnnConfig};
use lunglens::model::{ModelError, Observer, Silent, Stage, warm_up};
use support::{Random, devices, precisions};

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
