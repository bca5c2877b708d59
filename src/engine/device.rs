//! The choice of the device: the one place that knows adapters and their capabilities.

use async_lock::OnceCell;
use burn::tensor::Device;

use super::{DeviceChoice, EngineError, platform};
use crate::report::{DeviceInfo, DeviceKind};

/// The GPU of this process: Burn can register an adapter only once, so the first caller opens it for all.
static GPU: OnceCell<(Device, DeviceInfo)> = OnceCell::new();

/// Opens the wished device.
///
/// `Auto` takes the browser's adapter, or on a desktop the first that is not a software rasterizer, and else the CPU.
///
/// # Errors
/// [`EngineError::NoAdapter`] or [`EngineError::DeviceLost`] where `Gpu` was wished and cannot be had.
pub async fn open(choice: DeviceChoice) -> Result<(Device, DeviceInfo), EngineError> {
    let wants_gpu = match choice {
        DeviceChoice::Cpu => false,
        DeviceChoice::Gpu => true,
        DeviceChoice::Auto => platform::adapters().await.iter().any(|adapter| !is_software(adapter)),
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
    let software = adapters.extract_if(.., |adapter| is_software(adapter)).collect::<Vec<_>>();
    let mut devices: Vec<DeviceInfo> = adapters.iter().map(describe).collect();
    devices.push(cpu());
    devices.extend(software.iter().map(describe));
    devices
}

async fn open_gpu() -> Result<(Device, DeviceInfo), EngineError> {
    let open = async || {
        if platform::adapters().await.is_empty() {
            return Err(EngineError::NoAdapter);
        }
        let (device, setup) = Device::wgpu_options()
            .init_with_setup_async()
            .await
            .map_err(|error| EngineError::DeviceLost(format!("it could not be opened: {error}")))?;
        Ok((device, describe(&setup.adapter.get_info())))
    };
    GPU.get_or_try_init(open).await.cloned()
}

/// Whether an adapter computes on the CPU. A browser hands one out only where the user asked for it.
fn is_software(adapter: &wgpu::AdapterInfo) -> bool {
    adapter.device_type == wgpu::DeviceType::Cpu && adapter.backend != wgpu::Backend::BrowserWebGpu
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
