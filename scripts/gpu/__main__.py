"""Checks and measures compiled models on a GPU. Needs rac (scripts/gpu_pack.sh packs it), numpy, onnx
and onnxruntime; torch for tensors on the device and for what is compared with it.

  python3 scripts/gpu models      whole models: right by 1e-3 of onnxruntime's answers, and their times
  python3 scripts/gpu together    two contexts of each model, run by two threads at once
  python3 scripts/gpu node-tests  ONNX's backend tests
  python3 scripts/gpu kernels     operators beside torch's and the GPU's limits
  python3 scripts/gpu torch       networks beside torch, eager and compiled
  python3 scripts/gpu energy      joules of a run, by NVML, of plans for latency and for energy, and of torch
  python3 scripts/gpu calibrate   times of kernels and joules of the GPU's parts, to fit a device file to
  python3 scripts/gpu reset       forgets what was compiled

Each prints a table last and writes $OUT/NAME.json and logs (OUT: build/gpu-results). What it compiles
stays in $RAC_GPU_WORK (/tmp/rac-gpu). docs/NVPTX.md says how to run it on another machine.
"""

import argparse
import importlib
import os
import shutil
import sys
import time

import common

# What a worker does: {name: (module, function)}.
TASKS = {
    "model-prepare": ("models", "prepare"), "model-measure": ("models", "measure"),
    "node-test": ("node_tests", "run"), "together-measure": ("together", "measure"),
    "kernel-prepare": ("kernels", "prepare"), "kernel-measure": ("kernels", "measure"),
    "calibrate-prepare": ("calibrate", "prepare"), "calibrate-measure": ("calibrate", "measure"),
    "network-prepare": ("networks", "prepare"), "network-measure": ("networks", "measure"),
}
COMMANDS = {"models": "models", "together": "together", "node-tests": "node_tests", "kernels": "kernels", "torch": "networks",
            "energy": "networks", "calibrate": "calibrate"}
NETWORKS = ["resnet50", "mobilenet_v3_large", "vit_b_16", "swin_t", "minilm_l6", "gpt2_step"]


def parse():
    parser = argparse.ArgumentParser(prog="scripts/gpu", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=[*COMMANDS, "reset"])
    parser.add_argument("--target", default="nvptx", help="another one than nvptx: to try this script")
    parser.add_argument("--chip", help="default: this machine's, or sm_90a")
    parser.add_argument("--device", help="rac-compile's; default: what it takes for the target and chip")
    parser.add_argument("--limit", type=float, default=540, help="of all, s (default %(default)s)")
    parser.add_argument("--seconds", type=float, help="of one thing (default: 20 of a node test, 60 of a kernel, else 180)")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="processes that compile")
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="things whose names have one of these")
    parser.add_argument("--every", type=int, default=1, help="node-tests, calibrate: one of so many")
    parser.add_argument("--networks", nargs="*", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 32])
    parser.add_argument("--dtype", default="f32", choices=["f32", "f16", "bf16"], help="of networks")
    parser.add_argument("--window", type=float, default=5.0, help="energy, calibrate: a window, s")
    parser.add_argument("--no-torch-compile", action="store_true")
    parser.add_argument("--prepare-only", action="store_true", help="compile, run nothing")
    parser.add_argument("--trace", action="store_true", help="print the longest kernels")
    parser.add_argument("--tiles", nargs="*", default=[], metavar="ROWSxCOLUMNSxSTAGES",
                        help="kernels: attention with each of these instead of the plan's")
    parser.add_argument("--clusters", nargs="*", default=[], metavar="ROWSxCOLUMNS",
                        help="kernels: products of 16 bits and of bytes in each of these clusters instead of the plan's; 1x1: in none")
    parser.add_argument("--top", type=int, default=6, help="how many of them")
    return parser.parse_args()


def main():
    if sys.argv[1:2] == ["--worker"]:
        module, function = TASKS[sys.argv[2]]
        common.serve(getattr(importlib.import_module(module), function))
        return
    args = parse()
    if args.command == "reset":
        shutil.rmtree(common.WORK, ignore_errors=True)
        return
    import device

    args.chip = args.chip or device.default_chip()
    args.seconds = args.seconds or {"node-tests": 20, "kernels": 60}.get(args.command, 180)
    about = {"command": sys.argv[1:], "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "target": args.target,
             "chip": args.chip, **device.describe()}
    print(f"{args.command}: {about['target']} {args.chip}, {about['device']}, {about['date']}", flush=True)
    common.LOG = f"{args.command}.log"
    started = time.monotonic()
    importlib.import_module(COMMANDS[args.command]).main(args, about)
    print(f"{args.command}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
