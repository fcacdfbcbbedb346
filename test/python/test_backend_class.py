"""rac.backend: ONNX's backend interface."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

backend = pytest.importorskip("rac.backend")


@pytest.fixture(autouse=True)
def compiler(build, monkeypatch):
    path = build / "bin" / "rac-compile"
    if not path.exists():
        pytest.skip("rac-compile is not built")
    monkeypatch.setenv("RAC_COMPILE", str(path))


def model_of(node, inputs, outputs, **types):
    def info(name):
        dtype = types.get(name, TensorProto.FLOAT)
        return helper.make_tensor_value_info(name, dtype, ["n", 3])

    graph = helper.make_graph([node], "g", map(info, inputs), map(info, outputs))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def test_prepare_and_run():
    model = model_of(helper.make_node("Add", ["a", "b"], ["c"]), ["a", "b"], ["c"])
    prepared = backend.prepare(model)
    for rows in (2, 5):  # one library, two shapes
        a = np.arange(3 * rows, dtype=np.float32).reshape(rows, 3)
        np.testing.assert_allclose(prepared.run([a, a]).c, 2 * a)
        np.testing.assert_allclose(prepared.run({"a": a, "b": -a})[0], 0)
    with pytest.raises(ValueError, match="has 2 inputs, not 1"):
        prepared.run([a])


def test_run_node():
    x = np.array([[-1, 2, -3]], np.float32)
    (y,) = backend.run_node(helper.make_node("Relu", ["x"], ["y"]), [x])
    np.testing.assert_array_equal(y, [[0, 2, 0]])


def test_run_model():
    model = model_of(helper.make_node("Neg", ["x"], ["y"]), ["x"], ["y"])
    np.testing.assert_array_equal(backend.run_model(model, [np.ones((1, 3), np.float32)])[0], -1)


def test_unsupported():
    node = helper.make_node("Warp", ["x"], ["y"], domain="space", name="w")
    model = model_of(node, ["x"], ["y"])
    model.opset_import.append(helper.make_opsetid("space", 1))
    with pytest.raises(backend.Unsupported, match="Warp"):
        backend.prepare(model)


def test_device():
    assert backend.supports_device("CPU") and not backend.supports_device("CUDA")
    model = model_of(helper.make_node("Neg", ["x"], ["y"]), ["x"], ["y"])
    with pytest.raises(ValueError, match="not on CUDA"):
        backend.prepare(model, "CUDA")


def test_is_a_backend():
    assert issubclass(backend.RacBackend, onnx.backend.base.Backend)
