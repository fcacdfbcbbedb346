#!/usr/bin/env python3
"""Gathers the models that tests and the demo use into one folder.

  models.py [-o DIR] [--graphs DIR] [--list]

DIR is $RAC_CACHE/models (~/.cache/rac/models) unless given. What is there already stays, so a
second run takes no time. Where they come from:

  trained   in wheels that scripts/setup.sh installed: text detection and the text orientation
            classifier of PP-OCR, and silero's voice activity detector
  light     in the onnx wheel: nine classic image classifiers, their weights made up by the graph
  filled    graphs without weights in a folder of their own with a script fill.py that puts them
            back (--graphs or $RAC_GRAPHS, else shared/models beside this checkout). Such a folder
            is optional: tests of these models are skipped where it is missing.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Name of the model in the folder: package and path in it.
TRAINED = {
    "ch_PP-OCRv4_det_infer": ("rapidocr_onnxruntime", "models/ch_PP-OCRv4_det_infer.onnx"),
    "ch_ppocr_mobile_v2.0_cls_infer": ("rapidocr_onnxruntime", "models/ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    "silero_vad_16k_op15": ("silero_vad", "data/silero_vad_16k_op15.onnx"),
}


def package_dir(name):
    """The folder of an installed package, without importing it: these wheels are installed
    without what they depend on."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(list(spec.submodule_search_locations)[0])


def copy(source, target):
    # A file by this name is always whole: copied under another name first.
    part = target.with_name(target.name + ".part")
    shutil.copyfile(source, part)
    part.replace(target)
    print(f"  {target.name}")


def gather_trained(out):
    for name, (package, path) in TRAINED.items():
        target = out / (name + ".onnx")
        if target.exists():
            continue
        root = package_dir(package)
        if root is None or not (root / path).exists():
            print(f"  {name}: the package {package} is not installed (scripts/setup.sh does it)", file=sys.stderr)
            continue
        copy(root / path, target)


def gather_light(out):
    root = package_dir("onnx")
    for source in sorted((root / "backend/test/data/light").glob("light_*.onnx")) if root else []:
        # The answers lie beside the models, as the onnx wheel has them.
        answer = source.with_name(source.stem + "_output_0.pb")
        for file in [source, answer]:
            if file.exists() and not (out / file.name).exists():
                copy(file, out / file.name)


def gather_filled(out, graphs):
    script = graphs / "fill.py"
    if not script.exists():
        print(f"  no graphs to fill at {graphs}: tests of those models will be skipped")
        return
    names = sorted(f.stem for f in graphs.glob("*.onnx"))
    missing = [n for n in names if not (out / (n + ".onnx")).exists()]
    if not missing:
        return
    print(f"  filling {len(missing)} graphs with weights (about {5 * len(missing)} s)", flush=True)
    part = out / "filled.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    done = subprocess.run([sys.executable, str(script), str(part), *missing], stdout=subprocess.DEVNULL)
    for file in sorted(part.iterdir()) if done.returncode == 0 else []:
        file.replace(out / file.name)
        print(f"  {file.name}")
    shutil.rmtree(part)
    if done.returncode:
        print(f"  {script} failed: tests of those models will be skipped", file=sys.stderr)


def main():
    cache = Path(os.environ.get("RAC_CACHE") or Path.home() / ".cache/rac")
    beside = Path(__file__).resolve().parent.parent.parent / "shared/models"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=cache / "models", metavar="DIR")
    parser.add_argument("--graphs", type=Path, default=Path(os.environ.get("RAC_GRAPHS") or beside), metavar="DIR")
    parser.add_argument("--list", action="store_true", help="print the models that are there")
    args = parser.parse_args()
    if not args.list:
        args.output.mkdir(parents=True, exist_ok=True)
        gather_trained(args.output)
        gather_light(args.output)
        gather_filled(args.output, args.graphs)
    for file in sorted(args.output.glob("*.onnx")) if args.list else []:
        print(f"{file.stat().st_size / 2**20:8.1f} MiB  {file}")


if __name__ == "__main__":
    main()
