"""Runs what rac-lower-to-linalg makes of an op, through upstream's plain lowerings, and compares with numpy.

expect(...) and expect_abort(...) collect cases, each the body of a function; run() compiles them all as
one library and runs them.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PIPELINE = """builtin.module(
    rac-lower-to-linalg{LOWERING}, canonicalize, cse, rac-separate-empties,
    one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map},
    func.func(scf-forall-to-for, rac-copies-to-linalg, convert-linalg-to-loops), canonicalize, expand-strided-metadata, lower-affine,
    convert-math-to-funcs, func.func(math-expand-ops{ops=roundeven}), convert-scf-to-cf,
    func.func(arith-expand{include-bf16=true}), convert-math-to-llvm, convert-math-to-libm, convert-arith-to-llvm,
    finalize-memref-to-llvm, convert-index-to-llvm, convert-func-to-llvm, convert-cf-to-llvm,
    reconcile-unrealized-casts, canonicalize)"""

ELEMENTS = {
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "ui8": np.uint8,
    "ui16": np.uint16,
    "ui32": np.uint32,
    "ui64": np.uint64,
}

# What an update makes of what was there.
SCATTERS = {
    "replace": lambda old, new: new,
    "add": np.add,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}

cases = []


def tensor(shape, element="f32"):
    """A tensor type, of sizes or "?"."""
    return "tensor<" + "".join(f"{size}x" for size in shape) + element + ">"


def dynamic(array, element="f32"):
    """The type of a tensor like `array` of unknown sizes."""
    return tensor(["?"] * np.ndim(array), element)


def fixed(array, element="f32"):
    """The type of a tensor like `array` of known sizes."""
    return tensor(np.shape(array), element)


def parse(text):
    *shape, element = text[len("tensor<") : -1].split("x")
    return ELEMENTS[element], len(shape)


def expect(ops, inputs, results, tolerance=1e-5):
    """`ops` reads %a0, ... and defines %r0, ...; inputs and results are pairs of a type and an array or number."""
    cases.append((ops, inputs, results, tolerance))


def expect_abort(ops, inputs, types):
    """The same for inputs that contradict each other: the run stops."""
    cases.append((ops, inputs, [(t, None) for t in types], None))


def function_text(number, ops, inputs, results):
    arguments = ", ".join(f"%a{i}: {t}" for i, (t, _) in enumerate(inputs))
    types = ", ".join(t for t, _ in results)
    values = ", ".join(f"%r{i}" for i in range(len(results)))
    return (
        f"func.func @case{number}({arguments}) -> ({types}) attributes {{llvm.emit_c_interface}} {{\n"
        f"  {ops}\n  return {values} : {types}\n}}\n"
    )


def compile_all(directory, lowering):
    module, llvm, library = (directory / name for name in ("cases.mlir", "cases.ll", "cases.so"))
    module.write_text("".join(function_text(i, *case[:3]) for i, case in enumerate(cases)))
    pipeline = PIPELINE.replace("LOWERING", lowering)
    lowered = subprocess.run(["rac-opt", module, f"--pass-pipeline={pipeline}"], check=True, stdout=subprocess.PIPE)
    translated = subprocess.run(
        ["mlir-translate", "--mlir-to-llvmir"], input=lowered.stdout, check=True, stdout=subprocess.PIPE
    )
    llvm.write_bytes(translated.stdout)
    subprocess.run(["clang", "-O1", "-w", "-shared", "-fPIC", llvm, "-o", library, "-lm"], check=True)
    return ctypes.CDLL(str(library))


def descriptor(rank):
    fields = [("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64)]
    if rank:
        fields += [("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]
    return type("Descriptor", (ctypes.Structure,), {"_fields_": fields})


def describe(array):
    result = descriptor(array.ndim)()
    result.allocated = result.aligned = array.ctypes.data
    for i in range(array.ndim):
        result.sizes[i] = array.shape[i]
        result.strides[i] = array.strides[i] // array.itemsize
    return result


def read(described, element, rank):
    shape = tuple(described.sizes) if rank else ()
    if 0 in shape:
        return np.zeros(shape, element)
    width = np.dtype(element).itemsize
    strides = tuple(stride * width for stride in described.strides) if rank else ()
    extent = sum((size - 1) * stride for size, stride in zip(shape, strides)) + width
    data = (ctypes.c_char * extent).from_address(described.aligned + described.offset * width)
    return np.lib.stride_tricks.as_strided(np.frombuffer(data, element), shape, strides).copy()


def call(library, number):
    _, inputs, results, _ = cases[number]
    kept, arguments = [], []
    for text, value in inputs:
        if text == "index":
            arguments.append(ctypes.c_int64(value))
            continue
        array = np.array(value, dtype=parse(text)[0], order="C")
        kept += [array, describe(array)]
        arguments.append(ctypes.byref(kept[-1]))
    fields = [(f"r{i}", descriptor(parse(text)[1])) for i, (text, _) in enumerate(results)]
    returned = type("Results", (ctypes.Structure,), {"_fields_": fields})()
    run_case = getattr(library, f"_mlir_ciface_case{number}")
    run_case.restype = None
    run_case(ctypes.byref(returned), *arguments)
    return [read(getattr(returned, f"r{i}"), *parse(text)) for i, (text, _) in enumerate(results)]


def difference(library, number):
    """What is wrong with a case's results, if anything."""
    _, _, results, tolerance = cases[number]
    for got, (text, wanted) in zip(call(library, number), results):
        wanted = np.asarray(wanted)
        if got.shape != wanted.shape:
            return f"has shape {got.shape}, not {wanted.shape}"
        exact = got.dtype.kind != "f" and wanted.dtype.kind != "f"
        same = got == wanted if exact else np.isclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
        if not np.all(same):
            return f"{text} differs:\n{got}\nnot\n{wanted}"
    return None


def stops(library, number):
    """Whether a case aborts, seen from outside."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        call(library, number)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT


def run(lowering=""):
    """`lowering`: options of rac-lower-to-linalg."""
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        library = compile_all(Path(directory), lowering)
        for number, (ops, inputs, _, tolerance) in enumerate(cases):
            if tolerance is None:
                problem = None if stops(library, number) else "runs through"
            else:
                problem = difference(library, number)
            if problem:
                failures += 1
                print(f"{ops}\non {[value for _, value in inputs]}\n{problem}\n")
    print(f"{len(cases) - failures} of {len(cases)} cases are right")
    sys.exit(failures != 0)
