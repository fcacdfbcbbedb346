#!/usr/bin/env bash
# Checks the C++ sources with clang-tidy; .clang-tidy says which checks. Needs a built build/.
#
#   scripts/tidy.sh              every source that is built
#   scripts/tidy.sh FILE...      these
#
# Takes about 5 s a file; what was found clean before, with all it includes, is not looked at again.
set -euo pipefail
source "$(dirname "$0")/common.sh"

tidy=$(command -v "clang-tidy-$LLVM_MAJOR" || echo "$LLVM_BIN/clang-tidy")
exec python "$ROOT/scripts/tidy.py" --tidy "$tidy" --root "$ROOT" --jobs "$JOBS" \
  --clean "$RAC_CACHE/tidy" "$@"
