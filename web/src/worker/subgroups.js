// Put before the engine's script by scripts/finish-page.mjs. wgpu cannot ask a browser for subgroups yet; a software adapter,
// which computes on the CPU, is quicker with them (src/kernels/conv/registers.rs).
if (self.GPUAdapter) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (wish = {}) {
    if (!this.info?.isFallbackAdapter || !this.features.has('subgroups')) return requestDevice.call(this, wish);
    const device = await requestDevice.call(this, { ...wish, requiredFeatures: [...(wish.requiredFeatures ?? []), 'subgroups'] });
    self.hasSubgroups = true;
    return device;
  };
}
