#!/usr/bin/env bash
# Sets up, builds, compiles two trained models, runs them on an image, and shows the answers, the
# time they took and what they cost.
#
#   scripts/demo.sh
#
# The image is a page of text lines, one of them upside down. PP-OCR's detector finds the lines;
# its orientation classifier says which way up each is. Everything is left in build/demo.
set -euo pipefail
source "$(dirname "$0")/common.sh"

"$ROOT/scripts/build.sh"
python "$ROOT/scripts/models.py" --graphs /nonexistent >/dev/null

build=$ROOT/build
models=$RAC_CACHE/models
demo=$build/demo
steps=$ROOT/scripts/demo.py
export PYTHONPATH=$build/python
rm -rf "$demo"
mkdir -p "$demo"

say "compiling the text detector (seconds)"
time "$build/bin/rac-compile" "$models/ch_PP-OCRv4_det_infer.onnx" -o "$demo/detector.so"

say "compiling the orientation classifier (seconds)"
time "$build/bin/rac-compile" "$models/ch_ppocr_mobile_v2.0_cls_infer.onnx" -o "$demo/classifier.so"

python "$steps" page "$demo"

say "finding lines of text in $demo/page.png"
"$build/bin/rac-run" "$demo/detector.so" --input "x=$demo/page.npy" --output "$demo/detected" \
  --warmup 2 --repeat 10
python "$steps" lines "$demo"

say "telling which way up they are"
"$build/bin/rac-run" "$demo/classifier.so" --input "x=$demo/lines.npy" --output "$demo/classified" \
  --warmup 2 --repeat 10
python "$steps" answer "$demo"

# The libraries above serve all shapes. What a run costs depends on the shape: that of the page, and
# of its lines.
say "what one run of each costs, as the compiler predicts it"
"$build/bin/rac-compile" "$models/ch_PP-OCRv4_det_infer.onnx" -o "$demo/detector-page.so" \
  --shape="x=$(python "$steps" shape "$demo/page.npy")" --report="$demo/detector.json"
python -m rac.report "$demo/detector.json" >/dev/null
"$build/bin/rac-compile" "$models/ch_ppocr_mobile_v2.0_cls_infer.onnx" -o "$demo/classifier-lines.so" \
  --shape="x=$(python "$steps" shape "$demo/lines.npy")" --report="$demo/classifier.json"
python -m rac.report "$demo/classifier.json" >/dev/null
python "$steps" cost "$demo"
say "the same as pages, with charts and words: open $demo/detector.html and classifier.html in a browser"
