#!/usr/bin/env bash
# Both backbones: four folds each for the figures, and the models that ship, trained on all slices.
#   train/all.sh "slices.bin..." body.npz OUT [WORKERS]
# FOLD_STEPS and FINAL_STEPS set the lengths; PYTHON the interpreter; LUNGLENS a built program, which then measures each fold's
# 8-bit model through LungLens's own pipeline (DATA: the folder with covid-ct-slices and medseg-50). Run it again to go on.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export DATA_FILE="$1" BODY="$2" OUT_DIR="$3" HERE="$here" PYTHON="${PYTHON:-python3}"
export FOLD_STEPS="${FOLD_STEPS:-1200}" FINAL_STEPS="${FINAL_STEPS:-2400}"
mkdir -p "$OUT_DIR"

one() {
  local backbone="$1" fold="$2" out="$OUT_DIR/$1-$2" steps="$FOLD_STEPS" hold=()
  if [ "$fold" = final ]; then steps="$FINAL_STEPS"; else hold=(--fold "$fold"); fi
  if [ ! -e "$out/done" ]; then
    "$PYTHON" "$HERE/train.py" "$HERE/configs/$backbone.toml" --data $DATA_FILE --body "$BODY" --out "$out" --set steps="$steps" "${hold[@]}" \
      > "$out.log" 2>&1 || { echo "$backbone $fold failed: $out.log"; return 0; }
    touch "$out/done"
  fi
  echo "$backbone $fold done"
}
export -f one
# The models that ship come after the first fold, so that a run cut short has the most useful part.
printf '%s\n' 'r50 0' 'r101 0' 'r50 final' 'r101 final' 'r50 1' 'r101 1' 'r50 2' 'r101 2' 'r50 3' 'r101 3' \
  | xargs -P "${4:-1}" -L 1 bash -c 'one "$1" "$2"' one
