#!/usr/bin/env bash
# Native CPU, browser and kernels, one after the other, on a machine that does nothing else:
#   benches/run.sh CHECKPOINT OUT > tables.md
# Needs what benches/README.md lists. About half an hour on two cores without a GPU.
set -euo pipefail
checkpoint="$(realpath "$1")" out="$(realpath -m "$2")"
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/env.sh"
python="${LUNGLENS_PYTHON:-$LUNGLENS_CACHE/venv/bin/python}"

cargo build --locked --release >&2
cargo bench --locked --bench kernels --bench segment --no-run >&2
scripts/build-web.sh >&2
npm ci --prefix benches/browser --ignore-scripts >&2
if [ ! -e "$out/r101-512-full.onnx" ]; then
  "$python" -W ignore benches/peers/export_onnx.py "$checkpoint" "$out" \
    --lunglens "$CARGO_TARGET_DIR/release/lunglens" >&2
fi

echo "## Native CPU"
"$python" -W ignore benches/native_cpu.py "$out" --models r50-320 r50-512 --scores 0 0.5
"$python" -W ignore benches/native_cpu.py "$out" --models r101-320 r101-512 --scores 0 --threads 2
echo "## Browser"
node benches/browser/bench.mjs "$out" --model r50-320
node benches/browser/bench.mjs "$out" --model r101-320
node benches/browser/bench.mjs "$out" --model r50-512 --only 'LungLens CPU,LungLens WebGPU,onnxruntime-web WASM'
echo "## Kernels"
for device in cpu gpu; do
  cargo bench --locked --quiet --bench kernels -- "$device" all
done
