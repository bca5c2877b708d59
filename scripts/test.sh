#!/usr/bin/env bash
# Sets up and runs every check, cheap ones first, and prints how many tests passed. Cold: under an hour on 2 cores.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

log="$(mktemp)"
trap 'rm -f "$log"' EXIT

# Runs a step under a title, says how long it took, and keeps its output for the counts.
step() {
  local title="$1" begun=$SECONDS
  shift
  echo "== $title"
  "$@" 2>&1 | tee -a "$log"
  echo "== $title: $((SECONDS - begun)) s"
}

# The pure modules without Burn, in a target folder of their own so that the large build stays as it is.
pure() {
  CARGO_TARGET_DIR="$LUNGLENS_CACHE/pure" cargo "$1" --locked --release --no-default-features -p lunglens "${@:2}"
}

# A workspace of its own, which the other steps do not see.
fuzz_targets() {
  CARGO_TARGET_DIR="$LUNGLENS_CACHE/pure" cargo check --locked --manifest-path fuzz/Cargo.toml
}

pure_modules_stay_pure() {
  ! grep -rnE '\b(burn|burn_[a-z]+|cubecl|wgpu|web_sys|yew|gloo)(_[a-z]+)?::' src/{source,intake,container,volume,imaging,detect,masks,severity,report,study,export,manifest,weights,evaluate} src/words.rs
}

sample_report() {
  "$CARGO_TARGET_DIR/release/lunglens" segment samples/covid-slice.png --out out/test "$@"
}

count() { awk -v pattern="$1" -v field="$2" '$0 ~ pattern { sum += $field } END { print sum + 0 }' "$log"; }

step 'setup' scripts/setup.sh test
step 'formatting' cargo fmt --all --check
step 'pure modules import no platform' pure_modules_stay_pure
step 'fuzz targets: check' fuzz_targets
step 'pure modules: tests' pure test
step 'lints' cargo clippy --locked --workspace --all-targets --release -- -D warnings
step 'lints of the page' cargo clippy --locked -p lunglens-web --target wasm32-unknown-unknown --release -- -D warnings
# The image has a software adapter, so the GPU kernels are tested too.
export LUNGLENS_REQUIRE_GPU=1
step 'tests' cargo test --locked --workspace --release
step 'sample, natively' sample_report
step 'page: build' scripts/build-web.sh
export LUNGLENS_CLI_REPORT="$PWD/out/test/covid-slice.report.json"
export LUNGLENS_CLI="$CARGO_TARGET_DIR/release/lunglens"
step 'page: tests' npm test

rust_passed=$(count '^test result: ok' 4)
page_passed=$(count '^(ℹ|#) pass ' 3)
echo "All checks passed in $((SECONDS / 60)) min: $rust_passed Rust tests, $page_passed page tests."
