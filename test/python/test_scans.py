"""Running sums, and where elements are that aren't zero, on GPUs: all kinds, types and shapes, by few kernels; only with
RAC_SIMULATED=1, as scripts/test.sh sets it."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import SIMULATED, compile_once, load, traced

pytestmark = pytest.mark.skipif(not SIMULATED, reason="RAC_SIMULATED is not set")

# Rows of a few lanes, of warps, of several blocks; rows side by side, few and many; one element, one row, none.
SHAPES = [((1,), 0), ((37,), 0), ((5000,), 0), ((0,), 0), ((0, 5), 1), ((5, 0), 1), ((5, 0), 0), ((3, 1), 1), ((300, 7), 1),
          ((100, 31), 1), ((3, 700), 1), ((2, 6000), 1), ((5000, 3), 0), ((4, 6, 1), 1), ((2, 9, 65), 1), ((2, 300, 33), 1),
          ((2, 3, 129), 2), ((40, 500), 0)]
FEW = [((2, 6000), 1), ((300, 7), 1), ((2, 300, 33), 1), ((0, 5), 1)]
TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-14}


def in_any_order(monkeypatch, model, feeds):
    """The answer, which is the same whatever thread runs first."""
    answers = []
    for order in ("forward", "reverse"):
        monkeypatch.setenv("RAC_SIMULATOR_ORDER", order)
        answers.append(next(iter(model.run(feeds).values())))
    np.testing.assert_array_equal(*answers)
    return answers[0]


def compiled(folder, nodes, inputs, output, constants=()):
    """Inputs and output: a name, a type of numpy's, and sizes, known or names."""
    def info(name, dtype, sizes):
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), sizes)

    graph = helper.make_graph(nodes, "g", [info(*each) for each in inputs], [info(*output)], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "m.onnx")
    return load(compile_once(folder / "m.onnx", folder / "m.so"))


def sizes_of(shape, known):
    return [size if known else f"d{dim}" for dim, size in enumerate(shape)]


def cumsum(folder, shape, axis, dtype, known, **flags):
    sizes, at = sizes_of(shape, known), helper.make_tensor("axis", TensorProto.INT64, [], [axis])
    return compiled(folder, [helper.make_node("CumSum", ["x", "axis"], ["y"], **flags)], [("x", dtype, sizes)],
                    ("y", dtype, sizes), [at])


def random(rng, shape, dtype):
    if np.issubdtype(dtype, np.floating):
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def running_sum(x, axis, exclusive, reverse):
    x = np.moveaxis(x, axis, 0)
    x = x[::-1] if reverse else x
    sums = np.cumsum(x, axis=0, dtype=np.float64 if x.dtype.kind == "f" else x.dtype)
    if exclusive:
        sums = np.concatenate([np.zeros_like(sums[:1]), sums[:-1]])
    return np.moveaxis(sums[::-1] if reverse else sums, 0, axis)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int32", "int64", "uint32", "uint64"])
def test_running_sums(compiler, tmp_path, monkeypatch, dtype, known):
    rng = np.random.default_rng(0)
    for number, (shape, axis) in enumerate(SHAPES if dtype in ("float32", "int64") else FEW):
        # Types and neighbouring shapes have different kinds.
        reverse, exclusive = divmod((number + len(dtype) + known) % 4, 2)
        x = random(rng, shape, dtype)
        want = running_sum(x, axis, exclusive, reverse)
        with cumsum(tmp_path, shape, axis, dtype, known, exclusive=exclusive, reverse=reverse) as model:
            got = in_any_order(monkeypatch, model, {"x": x})
        assert got.dtype == x.dtype
        what = f"{shape} axis {axis} exclusive {exclusive} reverse {reverse}"
        if dtype in TOLERANCE:
            # The error of sums is that of their terms.
            np.testing.assert_allclose(got, want, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * 4 * np.sqrt(shape[axis] + 1),
                                       err_msg=what)
        else:
            np.testing.assert_array_equal(got, want, err_msg=what)


def test_infinite_terms(compiler, tmp_path):
    """What is behind a row's end isn't added to it, and nothing before an infinite term."""
    x = np.ones((3, 100), np.float32)
    x[1, 50], x[2, 0], x[0, 99] = np.inf, np.nan, -np.inf
    with cumsum(tmp_path, x.shape, 1, "float32", True) as model:
        np.testing.assert_array_equal(model.run({"x": x})["y"], np.cumsum(x, axis=1))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "bool", "uint8", "int64"])
def test_non_zero(compiler, tmp_path, monkeypatch, dtype, known):
    rng = np.random.default_rng(1)
    shapes = [(1,), (0,), (37,), (6000,), (70, 80), (3, 0, 4), (2, 70, 41), (2, 3, 4, 5, 6)]
    for shape in shapes if dtype == "float32" else shapes[-2:]:
        node = helper.make_node("NonZero", ["x"], ["y"])
        with compiled(tmp_path, [node], [("x", dtype, sizes_of(shape, known))], ("y", "int64", [len(shape), "n"])) as model:
            for share in (0, 0.3, 1):
                x = (rng.random(shape) < share).astype(dtype)
                got = in_any_order(monkeypatch, model, {"x": x})
                np.testing.assert_array_equal(got, np.array(np.nonzero(x)), err_msg=f"{shape} {share}")


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_compress(compiler, tmp_path, monkeypatch, axis):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((30, 20)).astype(np.float32)
    taken = rng.random(x.size if axis is None else x.shape[axis]) < 0.4
    node = helper.make_node("Compress", ["x", "c"], ["y"], **({} if axis is None else {"axis": axis}))
    sizes = ["n"] if axis is None else ["n" if dim == axis else size for dim, size in enumerate(x.shape)]
    with compiled(tmp_path, [node], [("x", "float32", x.shape), ("c", "bool", taken.shape)], ("y", "float32", sizes)) as model:
        got = in_any_order(monkeypatch, model, {"x": x, "c": taken})
        np.testing.assert_array_equal(got, np.compress(taken, x, axis=axis))


def kernels(capfd, monkeypatch, model, feeds):
    """The blocks of each kernel of a run."""
    return [blocks for _, blocks in traced(model, feeds, monkeypatch, capfd)[1]]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("shape, axis, blocks", [
    ((2000, 30), 1, [63]), ((3, 4000), 1, [3]), ((3, 40_000), 1, [117, 120]), ((1, 40_000, 1), 1, [39, 40]),
    ((300, 4100), 1, [300]), ((4000, 100), 0, [124, 128]), ((40, 9000), 0, [282]), ((40_000,), 0, [39, 40])])
@pytest.mark.parametrize("reverse", [0, 1])
def test_kernels_of_running_sums(compiler, tmp_path, capfd, monkeypatch, shape, axis, known, blocks, reverse):
    """One, or two where rows are few and long, however long they are."""
    x = np.ones(shape, np.float32)
    with cumsum(tmp_path, shape, axis, "float32", known, reverse=reverse) as model:
        ran = kernels(capfd, monkeypatch, model, {"x": x})
    if known:
        assert ran == blocks
    assert len(ran) <= 2 and (max(ran) > 1 or max(blocks) == 1)


def test_kernels_of_non_zero(compiler, tmp_path, capfd, monkeypatch):
    """Two for the count, two that find, one that copies the result, of any number of elements."""
    node = helper.make_node("NonZero", ["x"], ["y"])
    with compiled(tmp_path, [node], [("x", "float32", ["n", "m"])], ("y", "int64", [2, "k"])) as model:
        for shape in [(10, 10), (100, 100), (400, 300)]:
            ran = kernels(capfd, monkeypatch, model, {"x": np.ones(shape, np.float32)})
            assert len(ran) <= 5 and ran[-2] >= np.prod(shape) // 4096, f"{shape}: blocks of kernels {ran}"
