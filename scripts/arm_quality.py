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

import ml_dtypes  # noqa: F401, numpy's bfloat16
import numpy as np
import onnx
from onnx import helper

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("RAC_BUILD", ROOT / "build"))
INPUTS = ROOT / "test/Target/ArmSVE/Inputs"
LLVM = "/usr/lib/llvm-22/bin"
CHIPS = {"neoverse-v1": 0.9, "neoverse-v2": 0.9, "a64fx": 0.9}
# Of instructions for blocks of matrices: one of nine slots brings rows together. On neoverse-v2 four multiply in a clock
# in which six instructions start, loads and addresses among them.
BLOCK_CHIPS = {"neoverse-v1": 0.85, "neoverse-v2": 0.65}


def save(folder, name, kind, x, weights, types=("float32",) * 3, **attributes):
    """A model of one op, of an input of shape `x` and a constant; types of both and of the result."""
    left, right, result = (helper.np_dtype_to_tensor_dtype(np.dtype(name)) for name in types)
    inputs = [helper.make_tensor_value_info("x", left, x)]
    constants, operands = [], ["x"]
    if weights:
        values = (50 * np.random.default_rng(1).standard_normal(weights)).clip(-100, 100).astype(types[1])
        constants, operands = [helper.make_tensor("w", right, weights, values.tobytes(), raw=True)], ["x", "w"]
    graph = helper.make_graph([helper.make_node(kind, operands, ["y"], **attributes)], name, inputs,
                              [helper.make_tensor_value_info("y", result, None)], constants)
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
        save(folder, "product of bf16", "MatMul", [512, 960], [960, 1024], ["bfloat16"] * 3)
        save(folder, "product of bytes", "MatMulInteger", [512, 960], [960, 1024], ["uint8", "int8", "int32"])
        for names, chips in [(["product", "convolution"], CHIPS), (["product of bf16", "product of bytes"], BLOCK_CHIPS)]:
            for name in names:
                for chip, least in chips.items():
                    print(f"{name}: ", end="", flush=True)
                    code = compile_model(folder, name, "s", f"--chip={chip}", "--emit=asm")
                    python("inner_loop.py", chip, code, least)


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
