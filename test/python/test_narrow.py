"""Products of bf16 whose constant factor is packed for instructions that sum several terms, against numpy: ragged sizes, an
odd number of terms, infinities."""

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import FLAGS, SIMULATED, compile_once, load

BF16 = ml_dtypes.bfloat16
ALONE = [] if FLAGS else ["--no-library"]

pytestmark = pytest.mark.skipif(SIMULATED, reason="GPUs' products have tests of their own")


def numbers(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(BF16)


def constant(name, values):
    return helper.make_tensor(name, TensorProto.BFLOAT16, values.shape, values.view(np.uint16).tobytes(), raw=True)


def compiled(folder, nodes, inputs, constants, outputs):
    infos = [helper.make_tensor_value_info(name, TensorProto.BFLOAT16, shape) for name, shape in inputs.items()]
    graph = helper.make_graph(nodes, "g", infos,
                              [helper.make_tensor_value_info(name, TensorProto.BFLOAT16, shape)
                               for name, shape in outputs.items()], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "m.onnx")
    return load(compile_once(folder / "m.onnx", folder / "m.so", "--threads=1", *ALONE))


def assert_close(got, want):
    """Rounded once to bf16, whose numbers have 8 bits, of sums in f32."""
    got = got.astype(np.float32)
    np.testing.assert_allclose(got, want, rtol=2**-7, atol=2**-8 * np.abs(want[np.isfinite(want)]).max(initial=0))


def test_products(compiler, tmp_path):
    shapes = [(1, 1), (2, 5), (17, 16), (64, 31), (33, 33), (20, 100), (130, 64), (7, 200)]
    nodes, inputs, constants, outputs = [], {}, [], {}
    for i, (k, n) in enumerate(shapes):
        inputs[f"x{i}"], outputs[f"y{i}"] = ["m", k], ["m", n]
        constants.append(constant(f"w{i}", numbers(i, k, n)))
        nodes.append(helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"y{i}"]))
    with compiled(tmp_path, nodes, inputs, constants, outputs) as model:
        for m in [1, 5, 13, 0]:
            feeds = {f"x{i}": numbers(100 + i, m, k) for i, (k, _) in enumerate(shapes)}
            results = model.run(feeds)
            for i, (k, n) in enumerate(shapes):
                want = feeds[f"x{i}"].astype(np.float32) @ numbers(i, k, n).astype(np.float32)
                assert_close(results[f"y{i}"], want)
        # What isn't there of the last terms is neither infinite nor no number.
        feeds = {f"x{i}": numbers(200 + i, 3, k) for i, (k, _) in enumerate(shapes)}
        feeds["x2"][1, 16] = np.inf
        finite = np.isfinite(model.run(feeds)["y2"].astype(np.float32))
        assert not finite[1].any() and finite[[0, 2]].all()


def test_convolution(compiler, tmp_path):
    x, w = numbers(1, 1, 6, 9, 8), numbers(2, 40, 6, 3, 3)
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    with compiled(tmp_path, [node], {"x": x.shape}, [constant("w", w)], {"y": [1, 40, 9, 8]}) as model:
        got = model.run({"x": x})["y"]
    padded = np.pad(x.astype(np.float32), [(0, 0), (0, 0), (1, 1), (1, 1)])
    want = sum(np.einsum("nchw,fc->nfhw", padded[:, :, i:i + 9, j:j + 8], w[:, :, i, j].astype(np.float32))
               for i in range(3) for j in range(3))
    assert_close(got, want)
