#!/usr/bin/env bash
# Builds the page into dist/: the app, its two workers, the models and the samples. Works offline once set up.
# LUNGLENS_WASM_OPT=z also runs wasm-opt, which takes minutes and makes the wasm smaller.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# Unless it was done since the last change, as serve.sh and test.sh do before.
if ! command -v trunk >/dev/null ||
  [ -n "$(find scripts/setup.sh Cargo.lock package-lock.json -newer node_modules/.set-up 2>&1)" ]; then
  scripts/setup.sh serve
fi
trunk build
# What a browser downloads for the page and its workers, without the model.
for file in dist/*.wasm dist/*.js; do
  printf '%9d bytes gzipped  %s\n' "$(gzip -9 -c "$file" | wc -c)" "$file"
done
