#!/usr/bin/env python3
"""Runs the benchmarks' models for Arm SVE in an emulator, at every length of vectors from one library each, and compares
with onnxruntime. Prints the table of docs/ArmSVE.md; takes half an hour.

  scripts/arm_models.py [--bytes 16,32,64,128,256] [--only NAME]... [--limit SECONDS] [--results FILE.json]

A run that takes longer than the limit is stopped, and the table says so. With --results, what FILE has is not run again.
Needs what scripts/test_arm.py needs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path += [str(ROOT / "benchmarks"), str(ROOT / "test/python")]

import measure  # noqa: E402
import support  # noqa: E402

LENGTHS = [16, 32, 64, 128, 256]  # bytes
RAC_RUN = support.BUILD / "aarch64/bin/rac-run"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bytes", type=lambda text: [int(word) for word in text.split(",")], default=LENGTHS)
    parser.add_argument("--only", action="append", metavar="NAME", help="models whose names have this in them")
    parser.add_argument("--limit", type=int, default=1800, metavar="SECONDS", help="of one run (%(default)s)")
    parser.add_argument("--results", type=Path, metavar="FILE")
    return parser.parse_args()


def run_once(library, files, length, limit, folder):
    """The outputs, in order, and the seconds that took."""
    command = [*support.emulated(length), library, "--warmup=0", "--repeat=0", f"--output={folder}"]
    command += [f"--input={name}={file}" for name, file in files.items()]
    start = time.monotonic()
    done = subprocess.run(command, timeout=limit, check=False, text=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-300:] or f"ended with status {done.returncode}")
    return time.monotonic() - start


def verdict(library, files, want, length, limit):
    """What the table says of one run."""
    with tempfile.TemporaryDirectory(prefix="rac-arm-") as folder:
        try:
            seconds = run_once(library, files, length, limit, folder)
        except subprocess.TimeoutExpired:
            return f"not in {limit} s"
        except RuntimeError as error:
            return f"fails: {error}"
        wrong, worst = [], 0.0
        for name, expected in want.items():
            got = np.load(Path(folder) / f"{name}.npy")
            problem = support.difference(expected, got)
            if problem:
                wrong.append(f"{name}: {problem}")
            elif expected.dtype.kind == "f":
                worst = max(worst, float(np.abs(expected - got).max() / max(np.abs(expected).max(), 1e-30)))
        return f"wrong: {'; '.join(wrong)}" if wrong else f"{worst:.0e}, {seconds:.0f} s"


def main():
    args = parse_arguments()
    if not RAC_RUN.exists():
        sys.exit(f"{RAC_RUN} is not built: there was no cross compiler")
    manifest = json.loads((ROOT / "benchmarks/models.json").read_text())["models"]
    results = json.loads(args.results.read_text()) if args.results and args.results.exists() else {}
    for model in manifest:
        name, path = model["name"], support.MODELS / model["file"]
        if args.only and not any(word.lower() in name.lower() for word in args.only):
            continue
        row = results.setdefault(name, {})
        left = [length for length in args.bytes if str(length) not in row]
        if not path.exists():
            print(f"{name}: skipped, {path} is not there", file=sys.stderr)
            continue
        if not left:
            continue
        with tempfile.TemporaryDirectory(prefix="rac-arm-") as folder:
            library = support.run_compiler(path, Path(folder) / "m.so", "--target=arm-sve", time_limit=600)
            files = measure.write_inputs(model["inputs"], Path(folder))
            want = support.Reference(path).run({name: np.load(file) for name, file in files.items()})
            for length in left:
                row[str(length)] = verdict(library, files, want, length, args.limit)
                print(f"{name}, {length} bytes: {row[str(length)]}", file=sys.stderr, flush=True)
                if args.results:
                    args.results.write_text(json.dumps(results, indent=1) + "\n")
    print("| | " + " | ".join(f"{length} B" for length in args.bytes) + " |")
    print("|---|" + "---|" * len(args.bytes))
    for name, row in results.items():
        print(f"| {name} | " + " | ".join(row.get(str(length), "not run") for length in args.bytes) + " |")
    bad = sum(text.startswith(("wrong", "fails")) for row in results.values() for text in row.values())
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
