# Where builds and tools go. Sourced by the other scripts, which then stand in the project's root.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LUNGLENS_CACHE="${LUNGLENS_CACHE:-$HOME/.cache/lunglens}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$LUNGLENS_CACHE/target}"
export PATH="$LUNGLENS_CACHE/tools/bin:$HOME/.cargo/bin:$PATH"
# Without a desktop, Mesa's Vulkan layer that picks a device only complains that it finds no Wayland.
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then export NODEVICE_SELECT=1; fi
