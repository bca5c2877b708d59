//! The desktop: every adapter can be listed, and nothing else waits for this thread.

use crate::engine::device::Adapter;

/// The adapters of the graphics interfaces that were built in, in the order in which they are preferred.
pub(in crate::engine) async fn adapters() -> Vec<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    instance.enumerate_adapters(wgpu::Backends::all()).await.iter().map(Adapter::of).collect()
}

/// Whether the device's kernels may use subgroups.
pub(in crate::engine) fn has_subgroups(device: &wgpu::Device) -> bool {
    device.features().contains(wgpu::Features::SUBGROUP)
}

/// Lets other work on this thread run: there is none.
pub(in crate::engine) async fn yield_to_host() {}
