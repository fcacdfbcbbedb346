#!/usr/bin/env python3
"""Tests of Arm SVE in an emulator: one library for all lengths of vectors.

  scripts/test_arm.py [--all] [--bytes 16,32,64,128,256] [-n JOBS] [--xml DIR] [pytest's arguments]

Without --all it takes a few minutes: at each length, every generated kernel at some random sizes, functions and a share of
ONNX's node tests (a tenth and a twentieth at two of them); small models at some. With --all (hours), every kernel at all
sizes, the benchmarks' models, and all of ONNX's tests at 16 and 64 bytes. Needs build/aarch64 and qemu-aarch64, which
scripts/setup.sh brings where the distribution has them; without them it runs nothing, and says so.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "test/python"
LENGTHS = [16, 32, 64, 128, 256]  # bytes

# The share that runs, as 1 in so many: of the sizes that each kernel runs at, of ONNX's tests. Each length begins elsewhere,
# so that together they run more.
SHARES = {16: (4, 20), 32: (4, 100), 64: (4, 10), 128: (4, 200), 256: (4, 100)}
WHOLE_SUITE = (16, 64)
NARROW_TYPES = (32, 128) # where plans in bf16 and bytes run; their products run at all lengths
# Ten times as slow as the rest in an emulator; --all runs them.
LARGE = "1100"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--bytes", type=lambda text: [int(word) for word in text.split(",")], default=LENGTHS)
    parser.add_argument("-n", default="2", metavar="JOBS")
    parser.add_argument("--xml", type=Path, metavar="DIR", help="where the results go, arm-<bytes>.xml")
    return parser.parse_known_args()


def environment(length, libraries, sizes, onnx):
    build = os.environ.get("RAC_BUILD", str(ROOT / "build"))
    cache = os.environ.get("RAC_CACHE", str(Path.home() / ".cache/rac"))
    return {
        "RAC_MODELS": f"{cache}/models",
        **os.environ,
        "RAC_BUILD": build,
        "PYTHONPATH": f"{build}/python",
        "RAC_VECTOR_BYTES": str(length),
        "RAC_LIBRARIES": libraries,
        "RAC_SIZES_SHARE": f"{LENGTHS.index(length) % sizes}/{sizes}",
        "RAC_ONNX_SHARE": f"{LENGTHS.index(length) % onnx}/{onnx}",
    }


def main():
    args, rest = parse_arguments()
    status = 0
    build = Path(os.environ.get("RAC_BUILD", ROOT / "build"))
    lacking = [what for what, there in [("qemu-aarch64 is not installed", shutil.which("qemu-aarch64")),
                                        ("there was no cross compiler", (build / "aarch64/bin/rac-run").exists())]
               if not there]
    if lacking:
        print(f"skipped, at all lengths of vectors: {', '.join(lacking)}")
        return 0
    if args.xml: # whatever does not come to run has failed
        for length in args.bytes:
            (args.xml / f"arm-{length}.status").write_text("1\n")
    with tempfile.TemporaryDirectory(prefix="rac-arm-") as libraries:
        for length in args.bytes:
            sizes, onnx = SHARES[length]
            if args.all:
                sizes, onnx = 1, 1 if length in WHOLE_SUITE else 40
            names = ["arm", "conversions", "math", "narrow", "random_ops", "backend"]
            if args.all or length in NARROW_TYPES:
                names.append("precision")
            tests = [f"{TESTS}/test_{name}.py" for name in names]
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", args.n, *tests, *rest]
            if not args.all:
                command += ["-m", "not whole", "-k", f"not {LARGE}"]
            if args.xml:
                command.append(f"--junitxml={args.xml}/arm-{length}.xml")
            print(f"== vectors of {length} bytes", flush=True)
            done = subprocess.run(command, check=False, env=environment(length, libraries, sizes, onnx))
            status = status or done.returncode
            if args.xml:
                (args.xml / f"arm-{length}.status").write_text(f"{done.returncode}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
