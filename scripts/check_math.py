#!/usr/bin/env python3
"""Checks functions of f32 at all 2^32 arguments against the C library's f64, in units in the last place.

  scripts/check_math.py [--step N] [--sve BYTES] [FUNCTION...]

prints, for each function, the largest error and where it is. Takes about a minute a function on one core; --step=N checks
every N-th argument only. With --sve, the same arguments go through Arm SVE code in an emulator whose vectors are so long,
and the results must be the same bits (5 minutes more). Fails where an error is 2 ulp or more, or bits differ.
"""

import argparse
import ctypes
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "test/python"))

import support  # noqa: E402
from graphs import Graph  # noqa: E402

LIMIT = 2  # ulp
CHUNK = 1 << 24
# Angles beyond that have no meaning in f32.
LARGEST_ANGLE = 2.0**45
# ONNX's name, and what it computes in C.
FUNCTIONS = {
    "Exp": "exp(x)", "Tanh": "tanh(x)", "Erf": "erf(x)", "Log": "log(x)", "Sinh": "sinh(x)", "Cosh": "cosh(x)",
    "Asinh": "asinh(x)", "Acosh": "acosh(x)", "Atanh": "atanh(x)", "Sin": "sin(x)", "Cos": "cos(x)", "Tan": "tan(x)",
    "Asin": "asin(x)", "Acos": "acos(x)", "Atan": "atan(x)", "Sqrt": "sqrt(x)",
    "Softplus": "x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))", "Elu": "x < 0 ? expm1(x) : x",
    "Sigmoid": "1 / (1 + exp(-x))", "Gelu": "0.5 * x * erfc(-x * M_SQRT1_2)",
}
ANGLES = {"Sin", "Cos", "Tan"}
# These are sums or products of what others compute, and not exact to 2 ulp everywhere: checked when named.
COMPOSED = {"Sigmoid", "Gelu"}
REFERENCE = r"""
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 4096 };

static void compute(const float *xs, double *want, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    double x = xs[i];
    want[i] = FUNCTION;
  }
}

/* In units in the last place of what the result should be rounded to. */
static double error_of(float got, double want) {
  float rounded = (float)want;
  uint32_t bits;
  memcpy(&bits, &rounded, sizeof(bits));
  uint32_t exponent = bits >> 23 & 255;
  if (exponent == 255)
    return got == rounded || (rounded != rounded && got != got) ? 0 : INFINITY;
  uint64_t unit_bits = (uint64_t)((exponent ? exponent : 1) + 1023 - 150) << 52;
  double unit;
  memcpy(&unit, &unit_bits, sizeof(unit));
  double error = fabs(got - want) / unit;
  return error == error ? error : INFINITY;
}

/* The largest error of got[i] at xs[i], and i. */
double worst(const float *xs, const float *got, size_t n, size_t *at) {
  double most = -1, want[BLOCK], errors[BLOCK];
  for (size_t first = 0; first < n; first += BLOCK) {
    size_t count = n - first < BLOCK ? n - first : BLOCK;
    compute(xs + first, want, count);
    for (size_t i = 0; i < count; ++i)
      errors[i] = error_of(got[first + i], want[i]);
    for (size_t i = 0; i < count; ++i)
      if (errors[i] > most) {
        most = errors[i];
        *at = first + i;
      }
  }
  return most;
}
"""
# With these, GCC takes glibc's functions of vectors on x86, which are within 4 ulp of f64.
VECTORS = ["-O3", "-march=native", "-D__FAST_MATH__", "-fno-math-errno", "-fno-trapping-math"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--sve", type=int, metavar="BYTES")
    parser.add_argument("functions", nargs="*", metavar="FUNCTION")
    args = parser.parse_args()
    for name in args.functions:
        if name not in FUNCTIONS:
            parser.error(f"no function {name}; there are {', '.join(FUNCTIONS)}")
    return args


def reference(name, folder):
    """The C function that finds the worst of some results."""
    source, library = folder / "reference.c", folder / "reference.so"
    source.write_text(REFERENCE.replace("FUNCTION", FUNCTIONS[name]))
    compiler = ["gcc", *VECTORS] if shutil.which("gcc") else ["cc", "-O2"]
    subprocess.run([*compiler, "-shared", "-fPIC", "-D_GNU_SOURCE", source, "-o", library, "-lm"], check=True)
    worst = ctypes.CDLL(str(library)).worst
    floats = np.ctypeslib.ndpointer(np.float32, flags="C")
    worst.restype, worst.argtypes = ctypes.c_double, [floats, floats, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t)]
    return worst


def load(name, folder, sve):
    import rac

    graph = Graph()
    graph.output(graph.op(name, graph.input("x", ["n"])))
    onnx.save(graph.model(), folder / "m.onnx")
    flags = ["--target=arm-sve"] if sve else []
    library = support.run_compiler(folder / "m.onnx", folder / f"m{sve}.so", "--threads=1", *flags)
    if not sve:
        return rac.load(library)
    return rac.load(library, command=support.emulated(sve))


def chunks(name, step):
    """All arguments, or every `step`-th."""
    for first in range(0, 1 << 32, CHUNK * step):
        bits = np.arange(first, min(first + CHUNK * step, 1 << 32), step, dtype=np.uint32)
        x = bits.view(np.float32)
        if name in ANGLES:
            x = x[~(np.abs(x) > LARGEST_ANGLE) | np.isinf(x)]
        if x.size:
            yield x


def check(name, step, sve):
    """Prints a line; whether all is well."""
    with tempfile.TemporaryDirectory(prefix="rac-math-") as folder, np.errstate(all="ignore"):
        folder = Path(folder)
        worst, here = reference(name, folder), load(name, folder, 0)
        there = load(name, folder, sve) if sve else None
        most, place, count, differ = -1.0, 0.0, 0, 0
        for x in chunks(name, step):
            (got,) = here.run({"x": x}).values()
            at = ctypes.c_size_t()
            error = worst(x, got, x.size, ctypes.byref(at))
            if error > most:
                most, place = error, float(x[at.value])
            count += x.size
            if there:
                (other,) = there.run({"x": x}).values()
                differ += int(((got.view(np.uint32) != other.view(np.uint32)) & ~(np.isnan(got) & np.isnan(other))).sum())
        here.close()
    text = f"{name}: {most:.3f} ulp at {place.hex()}, of {count} arguments"
    if sve:
        text += f"; {differ} results differ at {sve} bytes"
    print(text, flush=True)
    return most < LIMIT and differ == 0


def main():
    args = parse_arguments()
    names = args.functions or [name for name in FUNCTIONS if name not in COMPOSED]
    return 0 if all([check(name, args.step, args.sve) for name in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
