#!/usr/bin/env bash
# Builds the page into dist/: the app, the worker, the models and the samples. Works offline once the crates are here.
# LUNGLENS_WASM_OPT=z also runs wasm-opt, which takes minutes and makes the wasm smaller.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

trunk build
# What a browser downloads for the page and its worker, without the model.
for file in dist/*.wasm dist/*.js; do
  printf '%9d bytes gzipped  %s\n' "$(gzip -9 -c "$file" | wc -c)" "$file"
done
