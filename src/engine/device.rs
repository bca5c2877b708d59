//! The choice of the device: the one place that knows adapters and their capabilities.

use std::sync::atomic::{AtomicBool, Ordering};

use async_lock::OnceCell;
use burn::tensor::{Device, FloatDType};
use burn_std::stream::{StreamPolicy, set_policy};
use burn_wgpu::WgpuSetup;

use super::refusal::{Refusal, refuse};
use super::{DeviceChoice, EngineError, platform};
use crate::kernels::{
    ConvKernel, Precision, SUBGROUP_MOST, SUBGROUP_READERS, TILED_WORKGROUP_BYTES, set_conv_kernel,
};
use crate::model::WeightStorage;
use crate::report::{DeviceInfo, DeviceKind};

/// The GPU of this process: Burn can register an adapter only once, so the first caller opens it for all.
static GPU: OnceCell<(Device, DeviceInfo)> = OnceCell::new();

/// Whether the GPU was lost, which is for good: the process has no other.
static IS_LOST: AtomicBool = AtomicBool::new(false);

/// Storage buffers that one kernel binds at most: RoIAlign's four levels, boxes and output, and CubeCL's own two.
const NEEDED_STORAGE_BUFFERS: u32 = 8;
/// The largest buffer: the weights of the box head's first layer, 12544 x 1024 floats.
const NEEDED_BUFFER_BYTES: u64 = 12_544 * 1024 * 4;
/// Invocations of the largest workgroup.
const NEEDED_INVOCATIONS: u32 = 64;

/// What is known of an adapter before it is opened.
pub(super) struct Adapter {
    info: wgpu::AdapterInfo,
    limits: wgpu::Limits,
}

impl Adapter {
    pub(super) fn of(adapter: &wgpu::Adapter) -> Self {
        Self { info: adapter.get_info(), limits: adapter.limits() }
    }

    /// Whether an adapter computes on the CPU, which is slower at it than the CPU's own kernels are. Browsers may offer one on
    /// machines without a GPU, as a fallback adapter.
    fn is_software(&self) -> bool {
        self.info.device_type == wgpu::DeviceType::Cpu
    }
}

/// Opens the wished device.
///
/// `Auto` takes the browser's adapter, or on a desktop the first, that is not a software rasterizer, and else the CPU.
///
/// # Errors
/// [`EngineError::NoAdapter`], [`EngineError::AdapterTooWeak`] or [`EngineError::DeviceLost`] where `Gpu` was wished
/// and cannot be had.
pub async fn open(choice: DeviceChoice) -> Result<(Device, DeviceInfo), EngineError> {
    let wants_gpu = match choice {
        DeviceChoice::Cpu => false,
        DeviceChoice::Gpu => true,
        DeviceChoice::Auto => platform::adapters().await.iter().any(|adapter| !adapter.is_software()),
    };
    if !wants_gpu {
        return Ok((Device::flex(), cpu()));
    }
    match open_gpu().await {
        Err(_) if choice == DeviceChoice::Auto => Ok((Device::flex(), cpu())),
        opened => opened,
    }
}

/// The devices that can run the network, the one that `Auto` takes first.
pub async fn list_devices() -> Vec<DeviceInfo> {
    let mut adapters = platform::adapters().await;
    adapters.retain(|adapter| check_limits(&adapter.limits).is_ok());
    let software = adapters.extract_if(.., |adapter| adapter.is_software()).collect::<Vec<_>>();
    let mut devices: Vec<DeviceInfo> = adapters.iter().map(|adapter| describe(&adapter.info)).collect();
    devices.push(cpu());
    devices.extend(software.iter().map(|adapter| describe(&adapter.info)));
    devices
}

/// What failed a run: memory, where the GPU had too little of it. Else a GPU that failed may be lost, and is not opened again.
pub(super) fn note_failure(info: &DeviceInfo, error: EngineError) -> EngineError {
    let is_of_gpu = matches!(error, EngineError::DeviceLost(_) | EngineError::OutOfMemory(_));
    if info.kind == DeviceKind::Cpu || !is_of_gpu {
        return error;
    }
    match (error, Refusal::take()) {
        (_, Some(Refusal { is_memory: true, words })) => EngineError::OutOfMemory(words),
        (EngineError::DeviceLost(reason), refusal) => {
            IS_LOST.store(true, Ordering::Relaxed);
            EngineError::DeviceLost(refusal.map_or(reason, |refusal| refusal.words))
        }
        (error, _) => error,
    }
}

async fn open_gpu() -> Result<(Device, DeviceInfo), EngineError> {
    if IS_LOST.load(Ordering::Relaxed) {
        return Err(EngineError::DeviceLost("it was lost before".to_owned()));
    }
    // Else each thread has memory of its own for what it computes, and keeps it when it ends.
    set_policy(StreamPolicy::Single);
    let open = async || {
        if platform::adapters().await.is_empty() {
            return Err(EngineError::NoAdapter);
        }
        let (device, setup): (Device, WgpuSetup) = Device::wgpu_options()
            .init_with_setup_async()
            .await
            .map_err(|error| EngineError::DeviceLost(format!("it could not be opened: {error}")))?;
        let (limits, info) = (setup.device.limits(), setup.adapter.get_info());
        check_limits(&limits)?;
        platform::watch(&setup.device, refuse);
        let subgroups = platform::has_subgroups(&setup.device)
            .then_some([info.subgroup_min_size, info.subgroup_max_size]);
        let suited = kernel_for(info.device_type, &limits, subgroups);
        // Subgroups of another size would compute something else.
        let wish = kernel_wish().filter(|&wish| wish != ConvKernel::Subgroups || wish == suited);
        set_conv_kernel(wish.unwrap_or(suited));
        Ok((device, describe(&info)))
    };
    GPU.get_or_try_init(open).await.cloned()
}

/// Refuses an adapter that the kernels would fail on, before anything runs.
fn check_limits(limits: &wgpu::Limits) -> Result<(), EngineError> {
    let buffer_bytes = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
    let needs = [
        (
            "storage buffers a kernel",
            limits.max_storage_buffers_per_shader_stage.into(),
            NEEDED_STORAGE_BUFFERS.into(),
        ),
        ("bytes a buffer", buffer_bytes, NEEDED_BUFFER_BYTES),
        (
            "invocations a workgroup",
            limits.max_compute_invocations_per_workgroup.into(),
            NEEDED_INVOCATIONS.into(),
        ),
    ];
    match needs.into_iter().find(|(_, has, needed)| has < needed) {
        None => Ok(()),
        Some((what, has, needed)) => Err(EngineError::AdapterTooWeak { what, has, needed }),
    }
}

/// The convolution kernel for an adapter whose subgroups, if kernels may use them, have at least and at most so many invocations. A
/// browser calls its software adapter a fallback, which is a CPU here too.
fn kernel_for(
    device_type: wgpu::DeviceType,
    limits: &wgpu::Limits,
    subgroups: Option<[u32; 2]>,
) -> ConvKernel {
    let has_memory = limits.max_compute_workgroup_storage_size >= TILED_WORKGROUP_BYTES;
    if device_type != wgpu::DeviceType::Cpu && has_memory {
        ConvKernel::Tiled
    } else if subgroups.is_some_and(|[least, most]| least >= SUBGROUP_READERS as u32 && most <= SUBGROUP_MOST)
    {
        ConvKernel::Subgroups
    } else {
        ConvKernel::Registers
    }
}

/// For developers: `LUNGLENS_CONV_KERNEL` as `registers`, `subgroups` or `tiled` asks for a kernel (`benches/README.md`).
fn kernel_wish() -> Option<ConvKernel> {
    match std::env::var("LUNGLENS_CONV_KERNEL").ok()?.as_str() {
        "registers" => Some(ConvKernel::Registers),
        "subgroups" => Some(ConvKernel::Subgroups),
        "tiled" => Some(ConvKernel::Tiled),
        _ => None,
    }
}

/// How activations are kept. `LUNGLENS_PRECISION` as `f16` asks for 16 bit, which a device without WebGPU's `shader-f16`
/// and the CPU do not have (`benches/README.md`). Without it they stay in 32 bit, which is no slower (`docs/benchmarks.md`).
pub(super) fn precision(device: &Device, kind: DeviceKind) -> Precision {
    let is_wished = std::env::var("LUNGLENS_PRECISION").is_ok_and(|wish| wish == "f16");
    if is_wished && kind == DeviceKind::Gpu && device.supports_dtype(FloatDType::F16) {
        Precision::F16
    } else {
        Precision::F32
    }
}

/// How weights are kept: a GPU's memory is scarce and its kernels unpack 8 bit, the CPU's read a layout of their own.
pub(super) fn weight_storage(kind: DeviceKind) -> WeightStorage {
    match kind {
        DeviceKind::Gpu => WeightStorage::Packed,
        DeviceKind::Cpu => WeightStorage::Prepared,
    }
}

fn describe(adapter: &wgpu::AdapterInfo) -> DeviceInfo {
    let name = [&adapter.name, &adapter.driver, &adapter.driver_info]
        .into_iter()
        .find(|name| !name.trim().is_empty())
        .map_or_else(|| "unnamed adapter".to_owned(), |name| name.trim().to_owned());
    let backend = match adapter.backend {
        wgpu::Backend::BrowserWebGpu => "WebGPU",
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        wgpu::Backend::Dx12 => "DirectX 12",
        wgpu::Backend::Gl => "OpenGL",
        wgpu::Backend::Noop => "none",
    };
    DeviceInfo { kind: DeviceKind::Gpu, name, backend: backend.to_owned() }
}

fn cpu() -> DeviceInfo {
    DeviceInfo { kind: DeviceKind::Cpu, name: "CPU".to_owned(), backend: "Burn Flex".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_adapters_convolve_in_registers() {
        let limits = wgpu::Limits::default();
        let software = |subgroups| kernel_for(wgpu::DeviceType::Cpu, &limits, subgroups);
        assert_eq!(software(None), ConvKernel::Registers);
        for (sizes, kernel) in [
            ([4, 4], ConvKernel::Subgroups),
            ([8, 8], ConvKernel::Subgroups),
            ([2, 8], ConvKernel::Registers),
            ([8, 16], ConvKernel::Registers),
        ] {
            assert_eq!(software(Some(sizes)), kernel, "{sizes:?}");
        }
        for kind in [wgpu::DeviceType::DiscreteGpu, wgpu::DeviceType::IntegratedGpu, wgpu::DeviceType::Other]
        {
            assert_eq!(kernel_for(kind, &limits, Some([4, 4])), ConvKernel::Tiled);
        }
        let small = wgpu::Limits { max_compute_workgroup_storage_size: 4096, ..limits };
        assert_eq!(kernel_for(wgpu::DeviceType::DiscreteGpu, &small, None), ConvKernel::Registers);
    }

    #[test]
    fn an_adapter_with_low_limits_is_refused_by_name() {
        assert!(check_limits(&wgpu::Limits::default()).is_ok());
        let enough = wgpu::Limits::default;
        let spoiled = [
            ("storage buffers", wgpu::Limits { max_storage_buffers_per_shader_stage: 4, ..enough() }),
            ("bytes", wgpu::Limits { max_buffer_size: 32 << 20, ..enough() }),
            ("bytes", wgpu::Limits { max_storage_buffer_binding_size: 32 << 20, ..enough() }),
            ("invocations", wgpu::Limits { max_compute_invocations_per_workgroup: 0, ..enough() }),
        ];
        for (word, limits) in spoiled {
            let message = check_limits(&limits).expect_err(word).to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
