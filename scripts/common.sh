# Sourced by the scripts beside it: paths, versions and how to say what is happening.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$ROOT/scripts/versions.env"

RAC_CACHE=${RAC_CACHE:-$HOME/.cache/rac}
export RAC_CACHE
JOBS=${JOBS:-$(nproc)}
LLVM_BIN=/usr/lib/llvm-$LLVM_MAJOR/bin
ONNX_PREFIX=$RAC_CACHE/onnx-$ONNX_VERSION-$ONNX_RECIPE
ONEDNN_PREFIX=$RAC_CACHE/onednn-wheel-$ONEDNN_WHEEL_VERSION
CUDA_TOOLS_PREFIX=$RAC_CACHE/cuda-tools-$CUDA_TOOLS_VERSION
VEGA_PREFIX=$RAC_CACHE/vega-$VL_CONVERT_VERSION

# cmake, lit and python are the ones that setup.sh pinned, once it has run.
PATH=$ROOT/.venv/bin:$PATH
export PATH

# Several checkouts share compiled objects: paths inside the checkout are hashed relative to it,
# and a precompiled header is known by what went into it.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

say() { printf '== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
