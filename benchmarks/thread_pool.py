"""What waiting costs: CPU time of a model's threads while it runs and between runs, for each spin
time, against OpenMP's threads.

    python benchmarks/thread_pool.py MODEL.onnx [--openmp BUILD] [--threads 2] [--runs 40]
        [--pause 20] [--rounds 10] [--percentile 50] [--shape NAME=1x3x224x224]

--openmp takes the build folder of a checkout of rac 77b8b20, the last one whose models that call
oneDNN ran in GNU's OpenMP; without it there are no such rows.

A child process for each row runs the model with pauses (ms) between runs, as a camera would have
it, and tells, of each run, how long it took, the CPU time of all its threads in it (busy), and the
CPU time of the whole process in the pause after it (idle). Rows take turns, `--rounds` times; the
medians are printed as a Markdown table, or another percentile: 25 on a machine that has other work
in between. Energy is not measured: docs/Energy.md has how to.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "build"
# The pool; the spin time given to it, us; and what is in the environment.
ROWS = [("own", spin, {}) for spin in (0, 5, 40, 300, 1000)]
OPENMP_ROWS = [
    ("OpenMP", 300, {"GOMP_SPINCOUNT": "300000"}),  # its default
    ("OpenMP", 5, {"GOMP_SPINCOUNT": "300000"}),  # its threads end after a run
    ("OpenMP", 300, {"GOMP_SPINCOUNT": "2000"}),
    ("OpenMP", 300, {"OMP_WAIT_POLICY": "passive"}),
]


def child(path, threads, spin, runs, pause):
    """Prints [[latency, busy, idle], …], s."""
    import numpy as np
    import rac

    with rac.load(path, threads=threads, spin_us=spin) as model:
        random = np.random.default_rng(1)
        inputs = {}
        for info in model.inputs:
            shape = [size if isinstance(size, int) else 1 for size in info.shape]
            inputs[info.name] = random.random(shape).astype(info.dtype)
        for _ in range(3):
            model.run(inputs)
        measured = []
        for _ in range(runs):
            cpu, begin = time.process_time(), time.perf_counter()
            model.run(inputs)
            ran, end = time.process_time(), time.perf_counter()
            time.sleep(pause)
            measured.append((end - begin, ran - cpu, time.process_time() - ran))
    json.dump(measured, sys.stdout)


def measure(path, row, args):
    pool, spin, environment = row
    command = [sys.executable, __file__, args.model, "--child", path, "--threads", str(args.threads),
               "--runs", str(args.runs), "--pause", str(args.pause), "--spin", str(spin)]
    unset = {name: value for name, value in os.environ.items()
             if not name.startswith(("OMP_", "GOMP_"))}
    unset["PYTHONPATH"] = str(args.builds[pool] / "python")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**unset, **environment})
    return json.loads(done.stdout)


def cpu_name():
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--openmp", type=Path, metavar="BUILD")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--pause", type=float, default=20, help="ms")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--percentile", type=int, default=50)
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--spin", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return child(args.child, args.threads, args.spin, args.runs, args.pause / 1e3)

    args.builds = {"own": HERE, **({"OpenMP": args.openmp.resolve()} if args.openmp else {})}
    rows = ROWS + (OPENMP_ROWS if args.openmp else [])
    with tempfile.TemporaryDirectory() as folder:
        paths = {pool: f"{folder}/{pool}.so" for pool in args.builds}
        for pool, path in paths.items():
            subprocess.run([args.builds[pool] / "bin/rac-compile", args.model, "-o", path, f"--threads={args.threads}",
                            *(f"--shape={shape}" for shape in args.shape)], check=True, stdout=subprocess.DEVNULL)
        results = [[] for _ in rows]
        for turn in range(args.rounds):
            for i, row in enumerate(rows):
                if sys.stderr.isatty():
                    print(f"\rround {turn + 1} of {args.rounds}, row {i + 1} of {len(rows)}",
                          end="", file=sys.stderr)
                results[i] += measure(paths[row[0]], row, args)
    print(f"\n{Path(args.model).name}, {args.threads} threads, {args.runs * args.rounds} runs with "
          f"pauses of {args.pause:g} ms, percentile {args.percentile}, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of "
          f"{cpu_name()}, load {os.getloadavg()[1]:.1f}\n")
    print("| pool | spin_us | environment | latency, ms | busy CPU, ms a run | "
          "idle CPU, ms a pause |")
    print("|---|---|---|---|---|---|")
    for (pool, spin, environment), measured in zip(rows, results):
        latency, busy, idle = (
            1e3 * statistics.quantiles(column, n=100, method="inclusive")[args.percentile - 1]
            for column in zip(*measured)
        )
        flags = " ".join(f"{name}={value}" for name, value in environment.items())
        print(f"| {pool} | {spin} | {flags} | {latency:.2f} | "
              f"{busy:.2f} | {idle:.3f} |")
    return None


if __name__ == "__main__":
    sys.exit(main())
