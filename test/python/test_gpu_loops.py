"""Loops that kernels run, by the simulator: how many launches they take, and their answers against onnxruntime's; only
with RAC_SIMULATED=1."""

import numpy as np
import onnx
import pytest
from graphs import F32
from onnx import TensorProto
from support import SIMULATED, Reference, assert_same, traced
from test_simulator import HOPPER, compiled, parsed

pytestmark = pytest.mark.skipif(not SIMULATED, reason="RAC_SIMULATED is not set")


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize("reduction", ["none", "add"])
def test_scattered_rows(compiler, tmp_path, monkeypatch, capfd, rows, reduction):
    """However many rows there are, the loop over them is a thread's."""
    model = parsed(f"g (float[64, 20] x, int64[{rows}, 1] i, float[{rows}, 20] u) => (float[64, 20] y) "
                   f"{{ y = ScatterND<reduction = \"{reduction}\">(x, i, u) }}")
    rng = np.random.default_rng(1)
    feeds = {"x": rng.standard_normal((64, 20)).astype(F32), "i": rng.integers(-64, 64, (rows, 1)),
             "u": rng.standard_normal((rows, 20)).astype(F32)}
    want = feeds["x"].copy()
    for (at,), row in zip(feeds["i"], feeds["u"]):
        want[at] = row + (want[at] if reduction == "add" else 0)
    with compiled(model, tmp_path) as mine:
        answers, kernels = traced(mine, feeds, monkeypatch, capfd)
    np.testing.assert_allclose(answers["y"], want, rtol=1e-5, atol=1e-5)
    assert len(kernels) <= 6, kernels


# ---- recurrent nets

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(kind, steps, batch, width=24, hidden=32, direction="forward", lengths=False, **attributes):
    """A model with random weights, and one of its inputs."""
    rng = np.random.default_rng(5)
    directions = 2 if direction == "bidirectional" else 1
    rows = GATES[kind] * hidden
    weights = {"w": (directions, rows, width), "r": (directions, rows, hidden), "b": (directions, 2 * rows)}
    names = ["x", *weights, "l" if lengths else ""]
    results = ["y", "yh", "yc"] if kind == "LSTM" else ["y", "yh"]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, names, results, hidden_size=hidden, direction=direction, **attributes)], "g",
        [onnx.helper.make_tensor_value_info("x", TensorProto.FLOAT, [steps, batch, width])]
        + [onnx.helper.make_tensor_value_info("l", TensorProto.INT32, [batch])] * lengths,
        [onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in results],
        [onnx.numpy_helper.from_array((rng.standard_normal(shape) * 0.3).astype(F32), name)
         for name, shape in weights.items()])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)

    def feeds(steps, batch):
        x = {"x": rng.standard_normal((steps, batch, width)).astype(F32)}
        return {**x, "l": rng.integers(1, steps + 1, batch).astype(np.int32)} if lengths else x
    return model, feeds


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("batch", [1, 5, 32])
@pytest.mark.parametrize("kind, per_step, attributes", [
    ("LSTM", 2, {}), ("GRU", 3, {}), ("GRU", 3, {"linear_before_reset": 1}), ("RNN", 1, {})])
def test_recurrent(compiler, tmp_path, monkeypatch, capfd, kind, per_step, attributes, batch, direction):
    """A step is one kernel a product, and one for what an LSTM does with its gates: no copies."""
    steps = 6
    model, feeds = recurrent(kind, steps, batch, direction=direction, **attributes)
    inputs = feeds(steps, batch)
    with compiled(model, tmp_path, *HOPPER) as mine:
        answers, kernels = traced(mine, inputs, monkeypatch, capfd)
    assert_same(Reference(model).run(inputs), answers)
    directions = 2 if direction == "bidirectional" else 1
    # Before and after the loop: the inputs' share, first and last states, and their places in the output.
    assert len(kernels) <= directions * (steps * per_step + 12), kernels


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("kind, per_step", [("LSTM", 2), ("GRU", 3), ("RNN", 1)])
def test_recurrent_sizes(compiler, tmp_path, monkeypatch, capfd, kind, per_step, direction):
    """Steps and batches that only the run knows."""
    model, feeds = recurrent(kind, "t", "n", direction=direction)
    reference = Reference(model)
    directions = 2 if direction == "bidirectional" else 1
    with compiled(model, tmp_path) as mine:
        for steps, batch in [(1, 1), (5, 3), (9, 1), (2, 33)]:
            inputs = feeds(steps, batch)
            answers, kernels = traced(mine, inputs, monkeypatch, capfd)
            assert_same(reference.run(inputs), answers, where=f"{steps} steps, batch {batch}")
            assert len(kernels) <= directions * (steps * per_step + 12), kernels


@pytest.mark.parametrize("kind", GATES)
def test_recurrent_lengths(compiler, tmp_path, kind):
    """Sequences that end before others."""
    model, feeds = recurrent(kind, 6, 5, direction="bidirectional", lengths=True)
    inputs = feeds(6, 5)
    with compiled(model, tmp_path) as mine:
        assert_same(Reference(model).run(inputs), mine.run(inputs))
