"""MatMulInteger, QLinearMatMul, ConvInteger and QLinearConv with zero points, against numpy: exactly, of all bytes, of sums that
wrap around too, with factors and zero points that are constant or that only the run knows."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from support import FLAGS, SIMULATED, compile_once, load, run_compiler

pytestmark = pytest.mark.usefixtures("compiler")

BYTES = {"s8": np.int8, "u8": np.uint8}
# What is an initializer; the rest are inputs.
CONSTANT = {"all": "wzv", "zeros": "zv", "weights": "w", "none": ""}


def drawn(rng, dtype, shape):
    limits = np.iinfo(dtype)
    values = rng.integers(limits.min, limits.max + 1, shape, dtype)
    if values.size > 1:
        values.flat[:2] = limits.min, limits.max
    return values


def product(x, xz, w, wz):
    with np.errstate(over="ignore"):
        return (x.astype(np.int32) - xz.astype(np.int32)) @ (w.astype(np.int32) - wz.astype(np.int32))


def convolution(x, xz, w, wz, pads, strides, group):
    """Channels first, of two dimensions."""
    x = x.astype(np.int32) - xz.astype(np.int32)
    w = w.astype(np.int32) - wz.astype(np.int32).reshape(-1, 1, 1, 1)
    x = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))[:, :, ::strides[0], ::strides[1]]
    channels, filters = w.shape[1], w.shape[0] // group
    return np.concatenate([np.einsum("nchwij,fcij->nfhw", windows[:, g * channels:(g + 1) * channels],
                                     w[g * filters:(g + 1) * filters]) for g in range(group)], axis=1)


def quantized(sums, scale, zero):
    """`scale`: a power of two, so that nothing but the last step is rounded."""
    limits = np.iinfo(zero.dtype)
    return np.clip(np.rint(sums.astype(np.float32) * np.float32(scale)) + zero, limits.min, limits.max).astype(zero.dtype)


class Model:
    """Nodes side by side, and what they should say."""

    def __init__(self, constant):
        self.constant, self.nodes, self.inputs, self.feeds, self.constants, self.want = constant, [], [], {}, [], {}

    def tensor(self, kind, array):
        name = f"{kind}{len(self.feeds) + len(self.constants)}"
        if kind in self.constant or kind == "s":
            self.constants.append(numpy_helper.from_array(array, name))
        else:
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            self.inputs.append(helper.make_tensor_value_info(name, kind, array.shape))
            self.feeds[name] = array
        return name

    def add(self, op, want, x, xz, w, wz, **attributes):
        """The product, and the same in bytes."""
        x, xz, w, wz = self.tensor("x", x), self.tensor("z", xz), self.tensor("w", w), self.tensor("v", wz)
        zero = drawn(np.random.default_rng(len(self.nodes)), np.uint8, ())
        scale = self.tensor("s", np.array(0.125, np.float32))
        for name, inputs, values in [
                (op, [x, w, xz, wz], want),
                ("QLinear" + op.removesuffix("Integer"),
                 [x, scale, xz, w, scale, wz, self.tensor("s", np.array(128, np.float32)), self.tensor("s", zero)],
                 quantized(want, 2**-13, zero))]:
            output = f"y{len(self.nodes)}"
            self.nodes.append(helper.make_node(name, inputs, [output], **attributes))
            self.want[output] = values

    def save(self, path):
        outputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape)
                   for name, values in self.want.items()]
        graph = helper.make_graph(self.nodes, "g", self.inputs, outputs, self.constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)

    def check(self, folder, *flags):
        self.save(folder / "m.onnx")
        with load(compile_once(folder / "m.onnx", folder / "m.so", *flags)) as mine:
            got = mine.run(self.feeds)
        for name, want in self.want.items():
            np.testing.assert_array_equal(got[name], want, err_msg=name)


@pytest.mark.parametrize("constant", CONSTANT)
@pytest.mark.parametrize("left", BYTES)
@pytest.mark.parametrize("right", BYTES)
def test_products(tmp_path, left, right, constant):
    rng, left, right = np.random.default_rng(4), BYTES[left], BYTES[right]
    model = Model(CONSTANT[constant])
    for m, k, n in [(16, 64, 24), *rng.integers(1, 80, (2, 3)).tolist()]:
        for rows, columns in [((), ()), ((m,), (n,)), ((m, 1), (1, n))]:
            x, w = drawn(rng, left, (m, k)), drawn(rng, right, (k, n))
            xz, wz = drawn(rng, left, rows), drawn(rng, right, columns)
            model.add("MatMulInteger", product(x, xz.reshape(-1, 1) if rows else xz, w, wz), x, xz, w, wz)
    # In a batch, of either or both.
    for a, b in [((3,), ()), ((3,), (3,)), ((2, 1), (3,))]:
        x, w, xz, wz = drawn(rng, left, (*a, 20, 36)), drawn(rng, right, (*b, 36, 12)), drawn(rng, left, ()), drawn(rng, right, ())
        model.add("MatMulInteger", product(x, xz, w, wz), x, xz, w, wz)
    model.check(tmp_path, *FLAGS)


@pytest.mark.parametrize("constant", CONSTANT)
@pytest.mark.parametrize("left", BYTES)
@pytest.mark.parametrize("right", BYTES)
def test_convolutions(tmp_path, left, right, constant):
    """What is around an image is its zero point."""
    rng, left, right = np.random.default_rng(5), BYTES[left], BYTES[right]
    model = Model(CONSTANT[constant])
    for group, channels, filters, size, window in [(1, 16, 24, 9, 3), (1, 5, 7, 8, 2), (2, 12, 8, 7, 3), (6, 6, 6, 8, 3)]:
        for several in (False, True):
            x, w = drawn(rng, left, (2, channels, size, size)), drawn(rng, right, (filters, channels // group, window, window))
            xz, wz = drawn(rng, left, ()), drawn(rng, right, (filters,) if several else ())
            pads, strides = rng.integers(0, window, 4).tolist(), rng.integers(1, 3, 2).tolist()
            want = convolution(x, xz, w, wz, pads, strides, group)
            model.add("ConvInteger", want, x, xz, w, wz, pads=pads, strides=strides, group=group)
    model.check(tmp_path, *FLAGS)


@pytest.mark.parametrize("constant", ["all", "none"])
def test_sums_wrap(tmp_path, constant):
    """Beyond 31 bits, as numpy's do."""
    model = Model(CONSTANT[constant])
    x, w = np.full((17, 40000), 255, np.uint8), np.full((40000, 9), 255, np.uint8)
    x[1], w[:, 1] = 0, 0
    for xz, wz in [(0, 0), (255, 0), (3, 250)]:
        xz, wz = np.array(xz, np.uint8), np.array(wz, np.uint8)
        want = product(x, xz, w, wz)
        names = [model.tensor(kind, array) for kind, array in zip("xwzv", (x, w, xz, wz), strict=True)]
        model.nodes.append(helper.make_node("MatMulInteger", names, [f"y{len(model.nodes)}"]))
        model.want[f"y{len(model.want)}"] = want
    model.check(tmp_path, *FLAGS)


@pytest.mark.skipif(SIMULATED, reason="it is about PTX")
@pytest.mark.parametrize("left", BYTES)
@pytest.mark.parametrize("right", BYTES)
def test_tensor_cores(tmp_path, left, right):
    """All of them multiply bytes on tensor cores of GPUs, and nothing else has so many terms."""
    names = {"s8": "int8", "u8": "uint8"}
    a, b = names[left], names[right]
    text = f"""<ir_version: 10, opset_import: ["" : 20]>
g ({a}[64, 128] x, {b}[128, 64] w, {a} z, {b}[64] v, {a}[1, 32, 16, 16] i, {b}[64, 32, 3, 3] f)
  => (int32[64, 64] y, int32[1, 64, 16, 16] c) {{
  y = MatMulInteger(x, w, z, v)
  c = ConvInteger <pads = [1, 1, 1, 1]> (i, f, z, v)
}}"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    run_compiler(tmp_path / "m.onnx", tmp_path / "m.ptx", "--target=nvptx", "--chip=sm_80", "--emit=ptx")
    kernels = (tmp_path / "m.ptx").read_text().split(".entry ")[1:]
    products = [kernel for kernel in kernels if f"mma.sync.aligned.m16n8k32.row.col.s32.{left}.{right}.s32" in kernel]
    assert [kernel[:kernel.index("(")].split("_")[0] for kernel in products] == ["matmul", "conv"]

