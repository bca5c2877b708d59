#!/usr/bin/env bash
# Builds the page and serves it at http://127.0.0.1:8080 until Ctrl-C; PORT=9000 scripts/serve.sh takes another port.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
scripts/setup.sh serve
scripts/build-web.sh
exec node tests/page/serve.mjs dist "${PORT:-8080}"
