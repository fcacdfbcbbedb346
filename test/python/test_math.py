"""Functions of f32 against double precision: errors in units in the last place (ulp), over the whole
range of numbers."""

import math

import numpy as np
import onnx
import pytest
from graphs import SPECIAL, Graph
from support import compile_once, load



LIMIT = 2  # ulp

FUNCTIONS = {
    "Exp": np.exp, "Tanh": np.tanh, "Sinh": np.sinh, "Cosh": np.cosh, "Log": np.log,
    "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh, "Sin": np.sin, "Cos": np.cos,
    "Tan": np.tan, "Asin": np.arcsin, "Acos": np.arccos, "Atan": np.arctan,
    "Erf": np.vectorize(math.erf, otypes=[np.float64]),
    "Sqrt": np.sqrt,
    # These compute more than the function of their name: log1p, expm1.
    "Softplus": lambda x: np.where(x > 30, x, np.log1p(np.exp(np.minimum(x, 30)))),
    "Elu": lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x),
}
# Angles beyond that have no meaning in f32.
LARGEST_ANGLE = 2.0**45
ANGLES = {"Sin", "Cos", "Tan"}


# Where some function was 2 ulp off and more (scripts/check_math.py finds such).
WORST = np.array([float.fromhex("0x1.06c364p+0")], np.float32)


def sample(seed, count):
    """`count` numbers of each exponent and sign, the special ones, and many where functions bend."""
    rng = np.random.default_rng(seed)
    top = np.arange(512, dtype=np.uint32) << 23
    bits = top[:, None] + rng.integers(0, 1 << 23, (512, count), dtype=np.uint32)
    near = rng.uniform(-8, 8, 64 * count).astype(np.float32)
    steep = np.float32(1) + rng.uniform(-1e-3, 1e-3, 8 * count).astype(np.float32)
    return np.concatenate([bits.view(np.float32).ravel(), SPECIAL, near, steep, -steep, WORST])


def ulps(got, want):
    """Per value; infinite where one is NaN or infinite and the other isn't."""
    with np.errstate(all="ignore"):
        rounded = want.astype(np.float32)
        unit = np.spacing(np.abs(rounded)).astype(np.float64)
        error = np.abs(got.astype(np.float64) - want) / unit
    ends = ~np.isfinite(rounded)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    # The largest number instead of infinity is an error like others.
    error[ends] = np.where(same[ends], 0, np.inf)
    return np.where(np.isnan(error), np.inf, error)


def assert_close(name, got, want, *inputs):
    error = ulps(got, want)
    worst = int(error.argmax())
    at = ", ".join(float(x[worst]).hex() for x in inputs)
    assert error[worst] < LIMIT, (
        f"{name}({at}) is {got[worst]!r}, not {want[worst]!r}: {error[worst]:.2f} ulp; "
        f"{int((error >= LIMIT).sum())} of {error.size} are beside {LIMIT} ulp")


@pytest.fixture(scope="module")
def functions(compiler, tmp_path_factory):
    graph = Graph()
    x = graph.input("x", ["n"])
    graph.output(*[graph.op(name, x) for name in FUNCTIONS])
    folder = tmp_path_factory.mktemp("math")
    onnx.save(graph.model(), folder / "m.onnx")
    with load(compile_once(folder / "m.onnx", folder / "m.so", "--threads=1")) as model:
        x = sample(1, 256)
        yield x, dict(zip(FUNCTIONS, model.run({"x": x}).values()))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(functions, name):
    x, results = functions
    with np.errstate(all="ignore"):
        want = FUNCTIONS[name](x.astype(np.float64))
    got = results[name]
    if name in ANGLES:
        kept = ~(np.abs(x) > LARGEST_ANGLE) | np.isinf(x)
        x, got, want = x[kept], got[kept], want[kept]
    assert_close(name, got, want, x)


def test_gelu(compiler, tmp_path):
    """x times a function from 0 to 1 that is off by little beside 1. Of -inf it is no number, as -inf * 0."""
    graph = Graph()
    graph.output(graph.op("Gelu", graph.input("x", ["n"])))
    onnx.save(graph.model(), tmp_path / "m.onnx")
    x = sample(5, 256)
    with load(compile_once(tmp_path / "m.onnx", tmp_path / "m.so", "--threads=1")) as model:
        (got,) = model.run({"x": x}).values()
    finite = np.isfinite(x)
    wide = x[finite].astype(np.float64)
    error = np.abs(got[finite] - wide / 2 * np.vectorize(math.erfc)(-wide / math.sqrt(2)))
    bound = 4 * 2.0**-24 * np.abs(wide) + np.finfo(np.float32).smallest_subnormal
    worst = int((error - bound).argmax())
    assert error[worst] <= bound[worst], f"Gelu({wide[worst].hex()}) is {got[finite][worst]!r}"
    assert (got[x == np.inf] == np.inf).all() and np.isnan(got[np.isnan(x)]).all()
    assert np.isnan(got[x == -np.inf]).all()


def test_pow(compiler, tmp_path):
    """Fractions and whole numbers as exponents, all special values against each other."""
    graph = Graph()
    graph.output(graph.op("Pow", graph.input("x", ["n"]), graph.input("y", ["n"])))
    onnx.save(graph.model(), tmp_path / "m.onnx")
    rng = np.random.default_rng(2)
    ends = np.concatenate([SPECIAL, -SPECIAL, np.float32([3, -3, 2, -2, 1 << 24, 2e9, -0.5, 1 / 3])])
    grid = np.stack(np.meshgrid(ends, ends)).reshape(2, -1)
    bases, exponents = sample(3, 64), sample(4, 64)
    rng.shuffle(exponents)
    mild = np.stack([rng.lognormal(0, 2, 100000), rng.normal(0, 10, 100000)]).astype(np.float32)
    whole = np.stack([rng.normal(0, 3, 20000), rng.integers(-20, 20, 20000)]).astype(np.float32)
    x, y = np.concatenate([grid, [bases, exponents], mild, whole], axis=1)
    with np.errstate(all="ignore"):
        want = np.power(x.astype(np.float64), y.astype(np.float64))
    with load(compile_once(tmp_path / "m.onnx", tmp_path / "m.so", "--threads=1")) as model:
        (got,) = model.run({"x": x, "y": y}).values()
    assert_close("Pow", got, want, x, y)
