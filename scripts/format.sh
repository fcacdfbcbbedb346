#!/usr/bin/env bash
# Formats the C++ sources with clang-format.
#
#   scripts/format.sh            formats them in place
#   scripts/format.sh --check    changes nothing; lists what is not formatted, and fails if any is not
set -euo pipefail
source "$(dirname "$0")/common.sh"

cd "$ROOT"
# New files too, but not what git ignores.
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.cpp' '*.h' '*.c' |
  while read -r f; do [ ! -e "$f" ] || echo "$f"; done)
[ ${#files[@]} -gt 0 ] || exit 0

format=$(command -v "clang-format-$LLVM_MAJOR" || echo "$LLVM_BIN/clang-format")
if [ "${1:-}" = --check ]; then
  check() { "$format" "$1" | cmp -s - "$1" || { echo "not formatted (scripts/format.sh does it): $1"; return 1; }; }
  export -f check
  export format
  printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$JOBS" bash -c 'check "$0"'
else
  printf '%s\0' "${files[@]}" | xargs -0 -n 16 -P "$JOBS" "$format" -i
fi
