//! The desktop: every adapter can be listed, and nothing else waits for this thread.

/// The adapters of the graphics interfaces that were built in, in the order in which they are preferred.
pub(in crate::engine) async fn adapters() -> Vec<wgpu::AdapterInfo> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    instance.enumerate_adapters(wgpu::Backends::all()).await.iter().map(wgpu::Adapter::get_info).collect()
}

/// Lets other work on this thread run: there is none.
pub(in crate::engine) async fn yield_to_host() {}
