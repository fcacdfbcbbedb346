#!/usr/bin/env bash
# Sets up and builds.
#
#   scripts/build.sh [PRESET]      PRESET: default (build/), asan (build-asan/), debug (build-debug/)
set -euo pipefail
source "$(dirname "$0")/common.sh"

preset=${1:-default}
build=$ROOT/build
[ "$preset" = default ] || build=$ROOT/build-$preset

"$ROOT/scripts/setup.sh"
say "building into $build (4 to 8 minutes on two cores the first time, then what changed)"
cd "$ROOT"
cmake --preset "$preset" >"$RAC_CACHE/configure.log" 2>&1 ||
  { tail -n 40 "$RAC_CACHE/configure.log"; fail "configuring failed"; }
ninja -C "$build" -j "$JOBS"
