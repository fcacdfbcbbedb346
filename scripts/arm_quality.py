#!/usr/bin/env python3
"""What can be said of code for Arm SVE without an Arm machine.

  scripts/arm_quality.py [loops] [instructions]

loops: for the innermost loops of a product and a convolution, what share of the multipliers' rate llvm-mca gives them on
each core. instructions: how many a run takes in an emulator at each length of vectors, and how much less than at half the
length. Without arguments, both; a minute. docs/ArmSVE.md has the results, test/Target/ArmSVE asserts them.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("RAC_BUILD", ROOT / "build"))
INPUTS = ROOT / "test/Target/ArmSVE/Inputs"
LLVM = "/usr/lib/llvm-22/bin"
CHIPS = {"neoverse-v1": 0.9, "neoverse-v2": 0.9, "a64fx": 0.9}


def save(folder, name, kind, x, weights, **attributes):
    """A model of one op, of an input of shape `x` and a constant."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)]
    constants, operands = [], ["x"]
    if weights:
        values = np.random.default_rng(1).standard_normal(weights).astype(np.float32)
        constants, operands = [numpy_helper.from_array(values, "w")], ["x", "w"]
    graph = helper.make_graph([helper.make_node(kind, operands, ["y"], **attributes)], name, inputs,
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(onnx.shape_inference.infer_shapes(model), folder / f"{name}.onnx")


def compile_model(folder, name, suffix, *flags):
    output = folder / f"{name}.{suffix}"
    subprocess.run([BUILD / "bin/rac-compile", folder / f"{name}.onnx", "--target=arm-sve", "-o", output, *flags],
                   check=True)
    return output


def python(script, *arguments):
    subprocess.run([sys.executable, INPUTS / script, *map(str, arguments)], check=True,
                   env={**os.environ, "PATH": f"{LLVM}:{os.environ['PATH']}"})


def loops():
    with tempfile.TemporaryDirectory(prefix="rac-arm-") as folder:
        folder = Path(folder)
        save(folder, "product", "MatMul", [512, 1024], [1024, 1024])
        save(folder, "convolution", "Conv", [1, 128, 28, 28], [256, 128, 3, 3], pads=[1, 1, 1, 1])
        for name in ["product", "convolution"]:
            for chip, least in CHIPS.items():
                print(f"{name}: ", end="", flush=True)
                python("inner_loop.py", chip, compile_model(folder, name, "s", f"--chip={chip}", "--emit=asm"), least)


def instructions():
    with tempfile.TemporaryDirectory(prefix="rac-arm-") as folder:
        folder = Path(folder)
        save(folder, "product", "MatMul", [24, 128], [128, 1024])
        save(folder, "convolution", "Conv", [1, 64, 10, 10], [256, 64, 3, 3])
        save(folder, "depthwise", "Conv", [1, 256, 18, 18], [256, 1, 3, 3], group=256)
        save(folder, "elementwise", "Erf", [1, 32768], None)
        save(folder, "softmax", "Softmax", [16, 2048], None)
        out = folder / "out"
        out.mkdir()
        for model in folder.glob("*.onnx"):
            compile_model(folder, model.stem, "so", "--threads=1").rename(out / f"{model.stem}.so")
        subprocess.run([f"{LLVM}/clang", "-shared", "-fPIC", "-O1", INPUTS / "count.c", "-o", folder / "count.so"],
                       check=True)
        python("instructions.py", out, BUILD / "aarch64/bin/rac-run", folder / "count.so")


def main():
    wanted = sys.argv[1:] or ["loops", "instructions"]
    for name in wanted:
        if name not in ("loops", "instructions"):
            sys.exit(__doc__)
    if "loops" in wanted:
        loops()
    if "instructions" in wanted:
        if not (BUILD / "aarch64/bin/rac-run").exists():
            sys.exit("instructions: skipped, there was no cross compiler to build rac-run with")
        instructions()


if __name__ == "__main__":
    main()
