#!/usr/bin/env bash
# scripts/fuzz.sh TARGET [SECONDS]: feeds changed files to a parser (dicom, nifti, nrrd, zip, model) and stops at the
# first that it does not survive, which then lies in fuzz/artifacts and belongs into tests/corpus.
#
# Works with the stable compiler and without cargo-fuzz: coverage by LLVM's own pass, no address sanitizer (the code is
# safe Rust). Needs a C++ compiler for libFuzzer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${1:?dicom, nifti, nrrd, zip or model}"
seconds="${2:-1200}"

export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
export CARGO_TARGET_DIR="${LUNGLENS_FUZZ_TARGET_DIR:-$PWD/fuzz/target}"
# A target triple keeps the flags away from build scripts.
triple="$(rustc -vV | sed -n 's/^host: //p')"
nice -n 19 cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$triple" --bin "$target"

# Small seeds: what the parsers do depends on headers, and long files slow it down.
seeds="fuzz/corpus/$target"
mkdir -p "$seeds" fuzz/artifacts
case "$target" in
  dicom) from=(tests/fixtures/imaging/dicom tests/corpus/dicom) ;;
  nifti) from=(tests/fixtures/volume/nifti tests/corpus/nifti) ;;
  nrrd) from=(tests/fixtures/volume/nrrd tests/corpus/nrrd) ;;
  zip) from=(tests/corpus/zip) ;;
  model) from=(tests/corpus/model) ;;
  *) echo "no target $target" >&2; exit 2 ;;
esac
find "${from[@]}" -type f -size -8k -exec cp {} "$seeds" \;

# Nothing in a file of a few KB may take 512 MB, or ten seconds beside other work.
exec nice -n 19 "$CARGO_TARGET_DIR/$triple/release/$target" "$seeds" -artifact_prefix=fuzz/artifacts/ \
  -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=256 -max_len=8192 -print_final_stats=1
