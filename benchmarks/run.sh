#!/usr/bin/env bash
# Builds, installs the peers, gathers the models, and runs a benchmark.
#
#   benchmarks/run.sh models [OPTION]...      whole models, side by side (about 20 minutes)
#   benchmarks/run.sh kernels [OPTION]...     single operators (about 2 minutes)
#   benchmarks/run.sh groups [OPTION]...      predictions against the clock (about 2 minutes)
#   benchmarks/run.sh picks [OPTION]...       the planner's choices against others (about 15 minutes)
#   benchmarks/run.sh generated [OPTION]...   generated kernels beside the library's (about 4 minutes)
#   benchmarks/run.sh precision [OPTION]...   narrower types, at their measured errors (about 10 minutes)
#   benchmarks/run.sh weights [OPTION]...     products of one row with weights in few bits (about 3 minutes)
#   benchmarks/run.sh models --help
#
# docs/Benchmarks.md says how to write what is measured into the docs. Let nothing else run meanwhile.
set -euo pipefail
source "$(dirname "$0")/../scripts/common.sh"

case ${1:-} in
  models | kernels | groups | picks | generated | precision | weights) ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
esac
"$ROOT/scripts/build.sh"
python "$ROOT/scripts/models.py"
PYTHONPATH=$("$ROOT/benchmarks/setup.sh" "$1")
export PYTHONPATH
exec python "$ROOT/benchmarks/$1.py" "${@:2}"
