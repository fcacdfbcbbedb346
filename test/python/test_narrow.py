"""Products of bf16 and of bytes whose constant factor is packed for instructions that sum several terms, or multiply blocks
of matrices, against numpy: ragged sizes, an odd number of terms, infinities. Sums of bytes are exact."""

import platform

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import FLAGS, SIMULATED, compile_once, load

BF16 = ml_dtypes.bfloat16
# What all chips have, and one with matrix instructions; of x86's devices one that such instructions are quicker on than f32's,
# whatever this machine is.
ALONE = ["--no-library", *(["--device=epyc-zen4"] if platform.machine() == "x86_64" else [])]
TARGETS = {"generic": FLAGS, "neoverse-v2": [*FLAGS, "--chip=neoverse-v2"]} if FLAGS else {"host": ALONE}

pytestmark = pytest.mark.skipif(SIMULATED, reason="GPUs' products have tests of their own")


@pytest.fixture(params=TARGETS)
def flags(request):
    return TARGETS[request.param]


def numbers(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(BF16)


def constant(name, values):
    return helper.make_tensor(name, TensorProto.BFLOAT16, values.shape, values.view(np.uint16).tobytes(), raw=True)


def compiled(folder, flags, nodes, inputs, constants, outputs, types=(TensorProto.BFLOAT16, TensorProto.BFLOAT16)):
    def infos(of, kind):
        return [helper.make_tensor_value_info(name, kind, shape) for name, shape in of.items()]

    graph = helper.make_graph(nodes, "g", infos(inputs, types[0]), infos(outputs, types[1]), constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), folder / "m.onnx")
    return load(compile_once(folder / "m.onnx", folder / "m.so", "--threads=1", *flags))


def assert_close(got, want):
    """Rounded once to bf16, whose numbers have 8 bits, of sums in f32."""
    got = got.astype(np.float32)
    np.testing.assert_allclose(got, want, rtol=2**-7, atol=2**-8 * np.abs(want[np.isfinite(want)]).max(initial=0))


SHAPES = [(1, 1), (2, 5), (17, 16), (64, 31), (33, 33), (20, 100), (130, 64), (7, 200)]  # terms, columns
ROWS = [1, 5, 13, 0]


def test_products(compiler, tmp_path, flags):
    nodes, inputs, constants, outputs = [], {}, [], {}
    for i, (k, n) in enumerate(SHAPES):
        inputs[f"x{i}"], outputs[f"y{i}"] = ["m", k], ["m", n]
        constants.append(constant(f"w{i}", numbers(i, k, n)))
        nodes.append(helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"y{i}"]))
    with compiled(tmp_path, flags, nodes, inputs, constants, outputs) as model:
        for m in ROWS:
            feeds = {f"x{i}": numbers(100 + i, m, k) for i, (k, _) in enumerate(SHAPES)}
            results = model.run(feeds)
            for i, (k, n) in enumerate(SHAPES):
                want = feeds[f"x{i}"].astype(np.float32) @ numbers(i, k, n).astype(np.float32)
                assert_close(results[f"y{i}"], want)
        # What isn't there of the last terms is neither infinite nor no number.
        feeds = {f"x{i}": numbers(200 + i, 3, k) for i, (k, _) in enumerate(SHAPES)}
        feeds["x2"][1, 16] = np.inf
        finite = np.isfinite(model.run(feeds)["y2"].astype(np.float32))
        assert not finite[1].any() and finite[[0, 2]].all()


def test_convolution(compiler, tmp_path, flags):
    x, w = numbers(1, 1, 6, 9, 8), numbers(2, 40, 6, 3, 3)
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    with compiled(tmp_path, flags, [node], {"x": x.shape}, [constant("w", w)], {"y": [1, 40, 9, 8]}) as model:
        got = model.run({"x": x})["y"]
    padded = np.pad(x.astype(np.float32), [(0, 0), (0, 0), (1, 1), (1, 1)])
    want = sum(np.einsum("nchw,fc->nfhw", padded[:, :, i:i + 9, j:j + 8], w[:, :, i, j].astype(np.float32))
               for i in range(3) for j in range(3))
    assert_close(got, want)


def whole(seed, dtype, *shape):
    """Bytes of all values, the outermost among them."""
    limits = np.iinfo(dtype)
    values = np.random.default_rng(seed).integers(limits.min, limits.max + 1, shape, dtype)
    if values.size > 1:
        values.flat[:2] = limits.min, limits.max
    return values


BYTES = {"s8:s8": (np.int8, np.int8), "u8:s8": (np.uint8, np.int8), "u8:u8": (np.uint8, np.uint8),
         "s8:u8": (np.int8, np.uint8)}


def proto(dtype):
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


@pytest.mark.parametrize("types", BYTES)
def test_products_of_bytes(compiler, tmp_path, flags, types):
    """Of rows that only the run knows, and of three or eight."""
    left, right = BYTES[types]
    nodes, inputs, constants, outputs = [], {}, [], {}
    for i, (k, n) in enumerate(SHAPES):
        for rows in ["m", 3] if i % 2 else ["m", 8]:
            name = f"{i}{rows}"
            inputs[f"x{name}"], outputs[f"y{name}"] = [rows, k], [rows, n]
            nodes.append(helper.make_node("MatMulInteger", [f"x{name}", f"w{i}"], [f"y{name}"]))
        constants.append(onnx.numpy_helper.from_array(whole(i, right, k, n), f"w{i}"))
    with compiled(tmp_path, flags, nodes, inputs, constants, outputs, (proto(left), TensorProto.INT32)) as model:
        for m in ROWS:
            feeds = {name: whole(100 + m, left, m if shape[0] == "m" else shape[0], shape[1])
                     for name, shape in inputs.items()}
            for name, got in model.run(feeds).items():
                x, i = feeds[f"x{name[1:]}"], int(name[1])
                want = x.astype(np.int32) @ whole(i, right, *SHAPES[i]).astype(np.int32)
                np.testing.assert_array_equal(got, want, err_msg=f"{m} rows, {SHAPES[i]}")


@pytest.mark.parametrize("types", ["s8:s8", "u8:s8"])
def test_convolution_of_bytes(compiler, tmp_path, flags, types):
    left, right = BYTES[types]
    x, w = whole(1, left, 1, 20, 9, 8), whole(2, right, 40, 20, 3, 3)
    node = helper.make_node("ConvInteger", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    with compiled(tmp_path, flags, [node], {"x": x.shape}, [onnx.numpy_helper.from_array(w, "w")], {"y": [1, 40, 9, 8]},
                  (proto(left), TensorProto.INT32)) as model:
        got = model.run({"x": x})["y"]
    padded = np.pad(x.astype(np.int32), [(0, 0), (0, 0), (1, 1), (1, 1)])
    want = sum(np.einsum("nchw,fc->nfhw", padded[:, :, i:i + 9, j:j + 8], w[:, :, i, j].astype(np.int32))
               for i in range(3) for j in range(3))
    np.testing.assert_array_equal(got, want)
