#!/usr/bin/env python3
"""Compiles damaged models: cut off at places spread over the file, and with bytes flipped.

  fuzz_models.py [--only NAME,…] [--cuts 20] [--flips N] [--libraries N] [--run] [--jobs N] [--seed N]

Each must end with a message and status 1, or in a library; a crash, a hang, silence or a file left
behind is printed, its model kept in build/fuzz, and the status is 1. Without --flips: 200 for models
below 10 MB, 20 for others. One of --libraries N (20) is compiled to a library, the others to a plan,
which takes a tenth of the time. --run also runs the libraries, which must not end by a signal. Flips
fall on the graph rather than on weights' bytes, where they would only make other numbers.

test/python/test_bad_models.py does this to the models below 10 MB. For all others, in 10 minutes:
  fuzz_models.py --only gpt2_step,vit_b_16,swin_t,resnet50,minilm_l6,mobilenet_v3_large
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "test/python"))
from support import BUILD, MODELS, Misbehaved, Refused, run_compiler  # noqa: E402

SMALL = 10 << 20
# Runs of so many bytes that hold few letters and few zeros are taken to be weights.
WINDOW = 64


def graph_bytes(content):
    """Offsets of bytes that are likely to be structure: near text, since names are everywhere in
    a graph and nowhere in weights."""
    whole = np.frombuffer(content, np.uint8, len(content) // WINDOW * WINDOW).reshape(-1, WINDOW)
    letters = ((whole >= 48) & (whole < 123)).sum(axis=1)
    starts = np.flatnonzero(letters > WINDOW // 2) * WINDOW
    offsets = (starts[:, None] + np.arange(WINDOW)).ravel()
    return offsets if len(offsets) else range(len(content))


def damaged(content, cuts, flips, seed):
    """(what was done, the file) of each."""
    for i in range(cuts):
        at = len(content) * i // cuts + i
        yield f"cut at {at}", content[:at]
    rng = random.Random(seed)
    offsets = graph_bytes(content)
    for i in range(flips):
        made, done = bytearray(content), []
        for _ in range(rng.choice([1, 1, 2, 4])):
            at, bit = rng.choice(offsets), 1 << rng.randrange(8)
            made[at] ^= bit
            done.append(f"{at}^{bit}")
        yield "flip " + ",".join(done), bytes(made)


def try_one(name, what, content, library, run):
    """None, or what went wrong; and how it ended."""
    with tempfile.TemporaryDirectory(prefix="rac-fuzz-") as folder:
        model, output = Path(folder) / "model.onnx", Path(folder) / "output"
        model.write_bytes(content)
        try:
            run_compiler(model, output, "--threads=1", "--emit=" + ("lib" if library else "plan"))
            if library and run:
                done = subprocess.run([BUILD / "bin/rac-run", output], capture_output=True,
                                      timeout=120, check=False)
                if done.returncode not in (0, 1):
                    raise Misbehaved(f"a run ended with status {done.returncode}")
        except Refused:
            return None, "refused"
        except (Misbehaved, subprocess.TimeoutExpired) as error:
            keep = BUILD / "fuzz"
            keep.mkdir(exist_ok=True)
            kept = keep / f"{name}-{what.replace(' ', '-').replace(',', '+')[:60]}.onnx"
            shutil.copy(model, kept)
            return f"{name}, {what}: {error}\n    {kept}", "wrong"
        return None, "compiled"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--flips", type=int)
    parser.add_argument("--libraries", type=int, default=20)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    only = [name for name in args.only.split(",") if name]
    failed = 0
    for path in sorted(MODELS.glob("*.onnx"), key=lambda path: path.stat().st_size):
        if only and path.stem not in only:
            continue
        content = path.read_bytes()
        flips = args.flips if args.flips is not None else 200 if len(content) < SMALL else 20
        # Of a compiler that refuses everything nothing would be learnt.
        wrong, ending = try_one(path.stem, "undamaged", content, False, False)
        if ending != "compiled":
            print(wrong or f"{path.stem}: refused before it is damaged", flush=True)
            failed += 1
            continue
        counts = {"refused": 0, "compiled": 0, "wrong": 0}
        with ThreadPoolExecutor(args.jobs) as pool:
            work = enumerate(damaged(content, args.cuts, flips, args.seed))
            for wrong, ending in pool.map(
                    lambda w: try_one(path.stem, *w[1], w[0] % args.libraries == 0, args.run), work):
                counts[ending] += 1
                if wrong:
                    print(wrong, flush=True)
        failed += counts["wrong"]
        print(f"{path.stem}: " + ", ".join(f"{n} {what}" for what, n in counts.items()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
