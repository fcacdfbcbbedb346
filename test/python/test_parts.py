"""Slices that are read where they are and operands of concatenations that are written where they
belong (rac-copies-in-place): against numpy, with sizes that only the run knows."""

import numpy as np
import onnx.parser
import pytest
import rac

HEADER = '<ir_version: 9, opset_import: ["" : 17]>\n'


def load(tmp_path, text, **flags):
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(HEADER + text), path)
    return rac.load(rac.compile(path, **flags), threads=2)


def values(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def check(model, inputs, expected):
    answers = model.run(inputs)
    for name, value in expected.items():
        assert answers[name].shape == value.shape
        np.testing.assert_allclose(answers[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("past", [0, 1, 7, 64])
def test_cache(tmp_path, past):
    """Two layers take their part of a cache, add a row to it, use it, and give it back."""
    model = load(tmp_path, """step (float[2,3,past,4] cache, float[3,1,4] x) => (float[2,3,next,4] grown, float[3,4] y)
    <int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}> {
      a = Slice(cache, zero, one, zero)
      b = Slice(cache, one, two, zero)
      a3 = Squeeze(a, zero)
      b3 = Squeeze(b, zero)
      f = Exp(x)
      a4 = Concat<axis=1>(a3, f)
      s = ReduceMax<axes=[1, 2], keepdims=1>(a4)
      g = Mul(x, s)
      b4 = Concat<axis=1>(b3, g)
      y = ReduceMax<axes=[1], keepdims=0>(b4)
      a5 = Unsqueeze(a4, zero)
      b5 = Unsqueeze(b4, zero)
      grown = Concat<axis=0>(a5, b5)
    }""")
    cache, x = values(2, 3, past, 4), values(3, 1, 4)
    a = np.concatenate([cache[0], np.exp(x)], 1)
    b = np.concatenate([cache[1], x * a.max((1, 2), keepdims=True)], 1)
    check(model, {"cache": cache, "x": x}, {"grown": np.stack([a, b]), "y": b.max(1)})


@pytest.mark.parametrize("n, m", [(0, 3), (2, 5), (4, 0), (0, 0), (17, 1)])
def test_lengths(tmp_path, n, m):
    """Parts of lengths that nobody knows before the run; one of them has other users, before and after."""
    model = load(tmp_path, """parts (float[n,4] a, float[m,4] b) => (float[k,4] y, float[n,4] z) {
      e = Exp(a)
      f = Neg(b)
      y = Concat<axis=0>(e, f, e)
      z = Sqrt(e)
    }""")
    a, b = values(n, 4), values(m, 4)
    e = np.exp(a)
    check(model, {"a": a, "b": b}, {"y": np.concatenate([e, -b, e]), "z": np.sqrt(e)})


def test_several_outputs(tmp_path):
    """A buffer is an output and part of two others; inputs are given back, whole and in part."""
    model = load(tmp_path, """outputs (float[3,4] a) => (float[3,4] e, float[6,4] y, float[1,3,4] r, float[2,4] p, float[3,4] i)
    <int64[1] zero = {0}, int64[1] one = {1}, int64[1] three = {3}> {
      e = Exp(a)
      y = Concat<axis=0>(a, e)
      r = Unsqueeze(e, zero)
      p = Slice(a, one, three, zero)
      i = Identity(a)
    }""")
    a = values(3, 4)
    e = np.exp(a)
    check(model, {"a": a}, {"e": e, "y": np.concatenate([a, e]), "r": e[None], "p": a[1:], "i": a})


def test_contradiction(tmp_path):
    """Sizes that must agree don't: no part is written past the end."""
    model = load(tmp_path, """wrong (float[1,n] a, float[1,m] b) => (float[2,k] y) {
      e = Exp(a)
      f = Neg(b)
      y = Concat<axis=0>(e, f)
    }""")
    a, b = values(1, 4), values(1, 4)
    check(model, {"a": a, "b": b}, {"y": np.concatenate([np.exp(a), -b])})
    with pytest.raises(rac.RunError):
        model.run({"a": values(1, 4096), "b": values(1, 3)})
    with pytest.raises(rac.RunError):
        model.run({"a": values(1, 3), "b": values(1, 4096)})


def test_chosen_row(tmp_path):
    """A slice whose place is data."""
    model = load(tmp_path, """row (float[n,4] x, int64[1] at) => (float[1,4] y, float[1,4] z) <int64[1] one = {1}, int64[1] zero = {0}> {
      to = Add(at, one)
      y = Slice(x, at, to, zero)
      z = Exp(y)
    }""")
    x = values(5, 4)
    for at in (0, 2, 4):
        check(model, {"x": x, "at": np.array([at])}, {"y": x[at:at + 1], "z": np.exp(x[at:at + 1])})
