#!/usr/bin/env bash
# Both backbones: four folds each for the figures, and the models that ship, trained on all slices.
#   train/all.sh OUT WORKERS ARGUMENTS-OF-train.py...
# WORKERS processes share the jobs (and one GPU). Run it again to go on.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
out="$1" workers="$2"
shift 2
mkdir -p "$out"
# A job that was cut off is free again.
find "$out" -name taken -exec sh -c 'test -e "$(dirname "$1")/model.safetensors" || rm "$1"' _ {} \;
# One short job first, to see that all is well; then the long ones, so that the workers end together.
jobs=(r50:0 r101:final r50:final r101:0 r101:1 r101:2 r101:3 r50:1 r50:2 r50:3)
for worker in $(seq "$workers"); do
  "${PYTHON:-python3}" "$here/train.py" "${jobs[@]}" --out "$out" "$@" > "$out/worker-$worker.log" 2>&1 &
done
wait
