//! The desktop: every adapter can be listed, and nothing else waits for this thread.

use std::sync::Arc;

use crate::engine::device::Adapter;

/// The adapters of the graphics interfaces that were built in, in the order in which they are preferred.
pub(in crate::engine) async fn adapters() -> Vec<Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    instance.enumerate_adapters(wgpu::Backends::all()).await.iter().map(Adapter::of).collect()
}

/// Has `refuse` told what the device refuses, so that it ends what asked for it, which CubeCL does on a thread of its own: results
/// that would have come of it are errors then. CubeCL's handler does the same by a panic, which is printed though the CPU may go on.
pub(in crate::engine) fn watch(device: &wgpu::Device, refuse: fn(wgpu::Error)) {
    device.on_uncaptured_error(Arc::new(refuse));
}

/// Whether the device's kernels may use subgroups.
pub(in crate::engine) fn has_subgroups(device: &wgpu::Device) -> bool {
    device.features().contains(wgpu::Features::SUBGROUP)
}

/// Lets other work on this thread run: there is none.
pub(in crate::engine) async fn yield_to_host() {}
