#!/usr/bin/env bash
# Packs what compiling for a GPU and measuring there takes (scripts/gpu), for a machine that has
# neither LLVM nor a network: build/gpu/*.tar.xz, about 45 MB.
#
#   scripts/gpu_pack.sh [FOLDER]      FOLDER: build/gpu
#
# There: for f in FOLDER/*.tar.xz; do tar -xf $f -C ELSEWHERE; done; then scripts/gpu says how to go on.
# Archives whose files have not changed are kept, so that packing again takes 10 to 20 seconds.
set -euo pipefail
source "$(dirname "$0")/common.sh"

build=$ROOT/build
out=${1:-$build/gpu}
graphs=${RAC_GRAPHS:-$ROOT/../shared/models}
mkdir -p "$out"

ninja -C "$build" -j "$JOBS" rac-compile-static rac-run rac_runtime rac_cuda rac_energy_shared >"$out/build.log" ||
  { tail -n 20 "$out/build.log"; fail "building failed"; }

stage=$out/stage
rm -rf "$stage"
trap 'rm -rf "$stage"' EXIT

# FOLDER LEVEL: makes FOLDER.tar.xz of stage/FOLDER unless the one that is there holds just that.
pack() {
  local name=$1 level=$2 sum
  sum=$(cd "$stage/$name" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  if [ -e "$out/$name.tar.xz" ] && [ "$sum" = "$(cat "$out/$name.sum" 2>/dev/null)" ]; then return; fi
  tar -cf - -C "$stage/$name" . | xz "-$level" -T0 >"$out/$name.tar.xz.part"
  mv "$out/$name.tar.xz.part" "$out/$name.tar.xz"
  echo "$sum" >"$out/$name.sum"
}

# The file behind a library that rac-compile or the linker asks for.
library() { ldd "$1" | awk -v name="$2" '$1 == name { print $3 }'; }

# ---- the compiler, LLVM linked in
mkdir -p "$stage/compiler/bin"
cp "$build/bin/rac-compile-static" "$stage/compiler/bin/rac-compile"
pack compiler 1

# ---- what it needs that another distribution may lack, and a linker that needs no LLVM: lld does
linker=$(readlink -f "$(command -v ld.gold)") || fail "ld.gold is missing (package binutils)"
mkdir -p "$stage/libraries/bin" "$stage/libraries/lib"
for name in libprotobuf.so.32 librac_dnnl.so librac_team.so; do
  found=$(library "$build/bin/rac-compile-static" $name)
  if [ -n "$found" ]; then cp -L "$found" "$stage/libraries/lib/$name"; fi
done
for name in libz.so.1 libzstd.so.1 libjansson.so.4; do
  cp -L "$(library "$linker" $name)" "$stage/libraries/lib/$name"
done
cp "$linker" "$stage/libraries/bin/ld.gold"
# Where it is linked without the compiler's own start files, lld defines this symbol, and gold does not.
echo 'void *__dso_handle __attribute__((visibility("hidden"))) = &__dso_handle;' |
  "$LLVM_BIN/clang" -fPIC -x c -c - -o "$stage/libraries/lib/dso_handle.o"
cat >"$stage/libraries/bin/ld.lld" <<'END'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$here/../lib
export LD_LIBRARY_PATH
for word; do
  if [ "$word" = -shared ]; then exec "$here/ld.gold" "$@" "$here/../lib/dso_handle.o"; fi
done
exec "$here/ld.gold" "$@"
END
chmod +x "$stage/libraries/bin/ld.lld"
pack libraries 6

# ---- the rest of rac
mkdir -p "$stage/rac/bin" "$stage/rac/lib" "$stage/rac/python" "$stage/rac/share/rac"
"$LLVM_BIN/llvm-strip" -o "$stage/rac/bin/rac-run" "$build/bin/rac-run"
cp "$build"/lib/librac_*.a "$build/lib/librac_energy.so" "$stage/rac/lib/"
cp -r "$ROOT/python/rac" "$stage/rac/python/"
rm -rf "$stage/rac/python/rac/__pycache__"
cp -r "$ROOT/devices" "$ROOT/sites" "$build/share/rac/report.html" "$stage/rac/share/rac/"
pack rac 6

# ---- models: the small trained ones whole, of the large ones the graphs, whose weights are made there
python "$ROOT/scripts/models.py" >"$out/models.log"
mkdir -p "$stage/models/models"
for name in ch_PP-OCRv4_det_infer ch_ppocr_mobile_v2.0_cls_infer silero_vad_16k_op15; do
  cp "$RAC_CACHE/models/$name.onnx" "$stage/models/models/"
done
if [ -e "$graphs/fill.py" ]; then
  mkdir -p "$stage/models/graphs"
  cp "$graphs"/*.onnx "$graphs/fill.py" "$stage/models/graphs/"
  chmod -R u+w "$stage/models/graphs"
  if [ -e "$RAC_CACHE/models/minilm_l6.onnx" ]; then
    python "$ROOT/scripts/gpu/like_trained.py" "$RAC_CACHE/models/minilm_l6.onnx" "$stage/models/graphs/minilm_l6.onnx"
  fi
else
  say "no graphs at $graphs: only small models are packed (RAC_GRAPHS says where they are)"
fi
pack models 6

say "$(du -ch "$out"/*.tar.xz | tail -n 1 | cut -f 1) in $out"
