"""Unique against numpy: with and without an axis, sorted and in the order of the first ones, all types, sizes known and
not, nothing at all. NaN is equal to NaN and comes last, as numpy has it of whole tensors; onnxruntime, whose answer
hangs on the order of a tree's keys, is no reference there, and numpy isn't for slices with NaN, which it takes all apart."""

import numpy as np
import onnx
import pytest
from onnx import helper
from support import SIMULATED, compile_once, load

OUTPUTS = ["y", "indices", "inverse", "counts"]
TYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]
# Single elements, slices of 1, 2, 5 and 12, more of them than a group of the sort, no slices, slices of nothing.
SHAPES = [((1,), 0), ((1,), None), ((700,), 0), ((40, 30), None), ((), None), ((60, 1), 0), ((2, 90), 1), ((300, 5), 0),
          ((3, 50, 4), 1), ((3, 4, 50), -1), ((0,), None), ((0, 3), 0), ((0, 3), 1), ((3, 0), None)]
FEW = [((40, 30), None), ((300, 5), 0), ((3, 50, 4), 1)]


def unique(x, axis, in_order):
    """numpy's, except that NaN is equal to NaN in slices, too."""
    if axis is None:
        keys, axis, x = x.reshape(-1), 0, x.reshape(-1)
    else:
        slices = np.moveaxis(x, axis, 0).reshape(x.shape[axis], int(np.prod(x.shape)) // max(x.shape[axis], 1))
        # Numbers of the elements, which compare as they do.
        keys = np.unique(slices, return_inverse=True)[1].reshape(slices.shape)
    if keys.ndim == 2 and 0 in keys.shape:
        keys = np.zeros(len(keys))
    _, indices, inverse, counts = np.unique(keys, True, True, True, axis=0 if keys.ndim > 1 else None)
    inverse = inverse.reshape(-1)
    if not in_order:
        order = np.argsort(indices)
        indices, counts, inverse = indices[order], counts[order], np.argsort(order)[inverse]
    return np.take(x, indices, axis), indices, inverse, counts


def values(rng, shape, dtype):
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind == "f":
        return rng.choice(np.array([-np.inf, -2, -0.0, 0.0, 0.5, 3, np.inf, np.nan, -np.nan], dtype), shape)
    ends = np.iinfo(dtype)
    return rng.choice(np.array([ends.min, ends.min + 1, 0, 1, 2, ends.max - 1, ends.max], dtype), shape)


def compiled(folder, dtype, sizes, axis, in_order, outputs=OUTPUTS):
    def info(name, of, shape):
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(of)), shape)

    rank = 1 if axis is None else len(sizes)
    node = helper.make_node("Unique", ["x"], outputs, sorted=in_order, **({} if axis is None else {"axis": axis}))
    results = [info(name, "int64" if name != "y" else dtype, [None] * (rank if name == "y" else 1)) for name in outputs if name]
    graph = helper.make_graph([node], "g", [info("x", dtype, sizes)], results)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8), folder / "m.onnx")
    return load(compile_once(folder / "m.onnx", folder / "m.so"))


def check(model, x, axis, in_order, outputs=OUTPUTS):
    got = model.run({"x": x})
    for name, want in zip(OUTPUTS, unique(x, axis, in_order), strict=True):
        if name in outputs:
            assert got[name].dtype == want.dtype
            np.testing.assert_array_equal(got[name], want, err_msg=f"{name} of {x.dtype} {x.shape}, axis {axis}, sorted {in_order}")
            if name == "y" and x.dtype.kind == "f":
                np.testing.assert_array_equal(np.signbit(got[name])[want == 0], np.signbit(want)[want == 0])


@pytest.mark.parametrize("in_order", [1, 0])
def test_known_sizes(compiler, tmp_path, in_order):
    rng = np.random.default_rng(0)
    for shape, axis in SHAPES:
        with compiled(tmp_path, "float32", list(shape), axis, in_order) as model:
            check(model, values(rng, shape, "float32"), axis, in_order)


@pytest.mark.parametrize("in_order", [1, 0])
def test_sizes_of_the_run(compiler, tmp_path, in_order):
    """One library for all shapes of a rank."""
    rng = np.random.default_rng(0)
    for rank, axis in sorted({(len(shape), axis) for shape, axis in SHAPES}, key=str):
        with compiled(tmp_path, "float32", [f"d{i}" for i in range(rank)], axis, in_order) as model:
            for shape in [shape for shape, of in SHAPES if (len(shape), of) == (rank, axis)]:
                check(model, values(rng, shape, "float32"), axis, in_order)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(compiler, tmp_path, dtype):
    rng = np.random.default_rng(1)
    for number, (shape, axis) in enumerate(FEW):
        in_order = (number + len(dtype)) % 2
        with compiled(tmp_path, dtype, list(shape), axis, in_order) as model:
            check(model, values(rng, shape, dtype), axis, in_order)


@pytest.mark.parametrize("outputs", [["y"], ["y", "", "inverse"], ["y", "indices"], ["y", "", "", "counts"]])
@pytest.mark.parametrize("in_order", [1, 0])
def test_outputs_left_out(compiler, tmp_path, outputs, in_order):
    rng = np.random.default_rng(2)
    with compiled(tmp_path, "int64", ["n", 3], 0, in_order, outputs) as model:
        for count in (0, 1, 50):
            check(model, rng.integers(0, 3, (count, 3)), 0, in_order, outputs)


def test_one_library_for_all_sizes(compiler, tmp_path):
    """Slices of a size that the run says, too, are compared by halves."""
    rng = np.random.default_rng(3)
    with compiled(tmp_path, "int32", ["n", "m"], 0, 1) as model:
        for shape in [(7, 1), (200, 2), (200, 3), (40, 17), (0, 4), (4, 0), (1, 1), (0, 0)]:
            check(model, rng.integers(0, 2, shape, dtype=np.int32), 0, 1)


@pytest.mark.skipif(SIMULATED, reason="many elements, one by one")
def test_many(compiler, tmp_path):
    rng = np.random.default_rng(4)
    with compiled(tmp_path, "int64", ["n"], None, 1) as model:
        for different in (3, 20_000, 1 << 40):
            check(model, rng.integers(0, different, 100_000), None, 1)
