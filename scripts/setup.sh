#!/usr/bin/env bash
# Installs what a job needs and does not find: scripts/setup.sh [demo|test|serve]. Quick when all is there.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

readonly TRUNK_VERSION=0.21.14
readonly WASM_BINDGEN_VERSION=0.2.130 # the same as in Cargo.lock
job="${1:-test}"

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Debian packages; on another system they are the user's matter.
install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "No apt-get here. Install yourself what is missing of: $*"
    return
  fi
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
  fi
}

# A cargo program at a version: NAME VERSION CARGO-INSTALL-ARGUMENTS...
install_tool() {
  local name="$1" version="$2"
  shift 2
  [ "$("$name" --version 2>/dev/null | awk '{ print $2 }')" = "$version" ] && return
  CARGO_TARGET_DIR="$LUNGLENS_CACHE/tools-target" cargo install --root "$LUNGLENS_CACHE/tools" "$@"
}

# Before anything is installed, since Node.js is the user's matter.
need_node() {
  local major
  major="$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')" || true
  if [ "${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
    echo "Install Node.js 20 or later with npm first: https://nodejs.org (Debian 12's own is 18)." >&2
    exit 1
  fi
}

install_web_tools() {
  rustup target list --installed | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
  # Trunk compiles only with its own lock file; wasm-bindgen-cli only without.
  install_tool wasm-bindgen "$WASM_BINDGEN_VERSION" wasm-bindgen-cli --version "$WASM_BINDGEN_VERSION"
  install_tool trunk "$TRUNK_VERSION" "trunk@$TRUNK_VERSION" --locked --no-default-features --features rustls
  rm -rf "$LUNGLENS_CACHE/tools-target"
  # Trunk builds offline.
  cargo fetch --locked --quiet
  # npm ci removes and fetches everything, so it runs only when the lock file is newer.
  if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then npm ci; fi
  touch node_modules/.set-up # build-web.sh looks for it
}

command -v cargo >/dev/null || { echo "Install Rust first: https://rustup.rs" >&2; exit 1; }
vulkan=(libvulkan1 mesa-vulkan-drivers)
case "$job" in
  demo) install_packages gcc libc6-dev "${vulkan[@]}" ;;
  serve)
    need_node
    install_packages gcc libc6-dev
    install_web_tools
    ;;
  test)
    need_node
    install_packages gcc g++ libc6-dev "${vulkan[@]}" chromium # g++: libFuzzer
    for part in rustfmt clippy; do
      "cargo-${part/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$part"
    done
    install_web_tools
    ;;
  *)
    echo "usage: scripts/setup.sh [demo|test|serve]" >&2
    exit 2
    ;;
esac
