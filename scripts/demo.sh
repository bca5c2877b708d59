#!/usr/bin/env bash
# Segments the sample: prints its lung involvement and severity, writes the overlay and the report to out/.
# Arguments go to `lunglens segment`: scripts/demo.sh --device cpu
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
scripts/setup.sh demo
cargo run --locked --release -- segment samples/covid-slice.png --out out "$@"
ls -l out/*.overlay.png out/*.report.json
