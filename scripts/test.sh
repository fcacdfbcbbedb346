#!/usr/bin/env bash
# Sets up, builds, and runs every test. Its last line counts them over all layers.
#
#   scripts/test.sh [PRESET]       PRESET: default, or asan for the sanitizers
set -euo pipefail
source "$(dirname "$0")/common.sh"

preset=${1:-default}
build=$ROOT/build
[ "$preset" = default ] || build=$ROOT/build-$preset
results=$build/test-results

# Models are loaded into Python, which needs the sanitizers' library before all others. Why these
# options: test/lit.cfg.py.
preload=
if [ "$preset" = asan ]; then
  preload=$("$LLVM_BIN/clang++" -print-file-name="libclang_rt.asan-$(uname -m).so")
  export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:allow_user_poisoning=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
fi

# Whatever stops the script before the tests have been counted is one failure.
counted=
trap '[ -n "$counted" ] || echo "0 passed, 1 failed, 0 skipped"' EXIT
exec </dev/null

"$ROOT/scripts/build.sh" "$preset"
rm -rf "$results"
mkdir -p "$results"

say "gathering the test models (seconds; a minute where there are graphs to fill)"
python "$ROOT/scripts/models.py"

# Each layer runs whatever the ones before found. $1: its name, then the command; it writes
# $results/NAME.xml, from which tests are counted, and its own exit status is kept beside it.
# One that hangs is stopped, which counts as a failure.
layer() {
  local name=$1 started=$SECONDS status=0
  shift
  timeout 40m "$@" || status=$?
  echo "$status" >"$results/$name.status"
  say "$name took $((SECONDS - started)) s"
}

say "passes and tools, with lit (about 1 minute)"
layer lit lit -s -vv -j "$JOBS" --xunit-xml-output "$results/lit.xml" "$build/test"

say "unit tests, with GoogleTest (seconds)"
layer unittests ctest --test-dir "$build" -j "$JOBS" --output-on-failure --no-tests=ignore \
  --output-junit "$results/unittests.xml" --quiet

pytest=(env ${preload:+LD_PRELOAD="$preload"} PYTHONPATH="$build/python" RAC_BUILD="$build" RAC_MODELS="$RAC_CACHE/models"
  pytest -q -n "$JOBS" -p no:cacheprovider)

if [ -d "$ROOT/test/python" ]; then
  say "models against onnxruntime and ONNX's backend tests, with pytest (some minutes)"
  layer pytest "${pytest[@]}" --junitxml "$results/pytest.xml" "$ROOT/test/python"

  # Rows of 1100 take half of the time, and test the CPU's stack.
  say "kernels for NVIDIA GPUs in the simulator, with pytest (about 3 minutes)"
  layer simulator env RAC_SIMULATED=1 RAC_ONNX_SHARE=0/10 "${pytest[@]}" --junitxml "$results/simulator.xml" \
    -k "not 1100" "$ROOT"/test/python/test_{simulator,byte_products,conversions,gpu_loops,matmul_nbits,narrow_gpu,random_ops,scans,zero_points,backend}.py

  # The emulator knows nothing of sanitizers.
  if [ "$preset" = default ]; then
    say "models and operators for Arm SVE in an emulator, at five lengths of vectors (about 4 minutes)"
    RAC_BUILD=$build timeout 40m python "$ROOT/scripts/test_arm.py" -n "$JOBS" --xml "$results" || true
  else
    say "models and operators for Arm SVE: skipped under sanitizers"
  fi
fi

counted=yes
python "$ROOT/scripts/count_tests.py" "$results"
