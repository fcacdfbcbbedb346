"""Products of bytes for NVIDIA GPUs, by single warps and by warp groups, run by the simulator, against numpy: exactly. Only
with RAC_SIMULATED=1, as scripts/test.sh sets it."""

import numpy as np
import onnx
import pytest
from graphs import F32
from support import SIMULATED, compile_once, load
from test_simulator import HOPPER, compiled, parsed

pytestmark = pytest.mark.skipif(not SIMULATED, reason="RAC_SIMULATED is not set")


@pytest.mark.parametrize("left", ["int8", "uint8"])
def test_integer_products(compiler, tmp_path, left):
    """With zero points, exactly."""
    text = (f"g ({left}[n, k] x, int8[k, m] w, {left} zx, int8[m] zw) => (int32[n, m] y, int32[n, m] z) "
            "{ y = MatMulInteger(x, w) z = MatMulInteger(x, w, zx, zw) }")
    rng = np.random.default_rng(3)
    low, high = np.iinfo(left).min, np.iinfo(left).max + 1
    model = parsed(text)
    with compiled(model, tmp_path) as mine:
        for n, m, k in [(64, 64, 64), (1, 1, 1), (33, 65, 17), (100, 16, 96)]:
            feeds = {"x": rng.integers(low, high, (n, k)).astype(left), "w": rng.integers(-128, 128, (k, m)).astype(np.int8),
                     "zx": np.array(3, left), "zw": rng.integers(-5, 6, m).astype(np.int8)}
            x, w = feeds["x"].astype(np.int32), feeds["w"].astype(np.int32)
            got = mine.run(feeds)
            np.testing.assert_array_equal(got["y"], x @ w)
            np.testing.assert_array_equal(got["z"], (x - 3) @ (w - feeds["zw"].astype(np.int32)))


@pytest.mark.parametrize("n, m, k", [(64, 64, 128), (33, 40, 70), (150, 264, 528)])
@pytest.mark.parametrize("left, right", [("ui8", "i8"), ("i8", "ui8"), ("ui8", "ui8"), ("i8", "i8")])
@pytest.mark.parametrize("chip, transposed", [("simulator", False), ("simulator_sm_90a", False), ("simulator_sm_90a", True)])
def test_products_of_bytes(compiler, tmp_path, chip, transposed, left, right, n, m, k):
    """As rac's own op has them, with and without signs: exactly, at the ends of their ranges too. `transposed`: the right
    factor's terms lie side by side, which warp groups multiply."""
    t = f"tensor<{k}x{m}x{right}>"
    x, w, y = f"tensor<{n}x{k}x{left}>", f"tensor<{m}x{k}x{right}>" if transposed else t, f"tensor<{n}x{m}xi32>"
    named = '{{rac.dim_names = ["", ""], rac.name = "{}"}}'.format
    (tmp_path / "m.mlir").write_text(f"""
        func.func @main(%x: {x} {named("x")}, %w: {w} {named("w")}) -> ({y} {named("y")}) {{
          {f"%t = rac.transpose %w, [1, 0] : ({w}) -> {t}" * transposed}
          %0 = rac.matmul %x, {"%t" if transposed else "%w"} : ({x}, {t}) -> {y}
          return %0 : {y}
        }}""")
    rng = np.random.default_rng(8)
    types = {"i8": np.int8, "ui8": np.uint8}
    feeds = {name: rng.integers(np.iinfo(types[t]).min, np.iinfo(types[t]).max + 1, shape).astype(types[t])
             for name, t, shape in [("x", left, (n, k)), ("w", right, (k, m))]}
    feeds["x"][0], feeds["w"][:, 0] = np.iinfo(types[left]).max, np.iinfo(types[right]).min
    want = feeds["x"].astype(np.int32) @ feeds["w"].astype(np.int32)
    if transposed:
        feeds["w"] = np.ascontiguousarray(feeds["w"].T)
    with load(compile_once(tmp_path / "m.mlir", tmp_path / "m.so", "--target=nvptx", f"--chip={chip}")) as mine:
        got = mine.run(feeds)["y"]
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("copies", ["late", "early"])
@pytest.mark.parametrize("left, zero", [("ui8", 0), ("ui8", 131), ("ui8", 255), ("i8", -128), ("i8", 100)])
def test_group_convolutions_of_bytes(compiler, tmp_path, monkeypatch, copies, left, zero):
    """Windows that threads copy, less a zero point, which around the image is nothing; bias, activation and steps follow. Of
    constant filters, which lie otherwise in the model."""
    monkeypatch.setenv("RAC_SIMULATOR_COPIES", copies)
    rng = np.random.default_rng(11)
    dtype = np.uint8 if left == "ui8" else np.int8
    w = rng.integers(-128, 128, (72, 32, 3, 3)).astype(np.int8)
    bias = rng.integers(-20, 21, 72).astype(F32)
    x, y = "tensor<2x11x12x32x", "tensor<2x11x12x72x"
    floats = ", ".join(f"{value:.1f}" for value in bias)
    (tmp_path / "m.mlir").write_text(f"""
        func.func @main(%x: {x}{left}> {{rac.dim_names = ["", "", "", ""], rac.name = "x"}})
            -> ({y}ui8> {{rac.dim_names = ["", "", "", ""], rac.name = "y"}}) {{
          %w = rac.constant dense<"0x{w.tobytes().hex()}"> : tensor<72x32x3x3xi8>
          %b = rac.constant dense<[{floats}]> : tensor<72xf32>
          %g = rac.group @conv ins(%x, %w, %b : {x}{left}>, tensor<72x32x3x3xi8>, tensor<72xf32>) -> ({y}ui8>)
              plan <kind = generated, precision = i8, activation = !quant.uniform<u8:f32, 1.0>, tiles = [0, 0, 64, 64],
                    reduction = [128], registers = [16, 64], warps = 4, stages = 4> {{
          ^bb0(%i: {x}{left}>, %f: tensor<72x32x3x3xi8>, %c: tensor<72xf32>):
            %0 = rac.conv %i, %f {{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>,
                                   pads_high = array<i64: 1, 1>, groups = 1 : i64, input_zero = {zero} : i64}}
                : ({x}{left}>, tensor<72x32x3x3xi8>) -> {y}i32>
            %1 = rac.cast %0 : ({y}i32>) -> {y}f32>
            %2 = rac.add %1, %c : ({y}f32>, tensor<72xf32>) -> {y}f32>
            %3 = rac.relu %2 : ({y}f32>) -> {y}f32>
            %4 = rac.quantize %3 {{steps_type = !quant.uniform<u8:f32, 2048.0:3>}} : ({y}f32>) -> {y}ui8>
            rac.yield %4 : {y}ui8>
          }}
          return %g : {y}ui8>
        }}""")
    image = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, (2, 11, 12, 32)).astype(dtype)
    around = np.pad(image.astype(np.int64) - zero, ((0, 0), (1, 1), (1, 1), (0, 0)))
    sums = sum(around[:, i:i + 11, j:j + 12] @ w[:, :, i, j].astype(np.int64).T for i in range(3) for j in range(3))
    steps = np.rint(np.maximum(sums.astype(F32) + bias, 0) / F32(2048)) + 3
    with load(compile_once(tmp_path / "m.mlir", tmp_path / "m.so", *HOPPER)) as mine:
        got = mine.run({"x": image})["y"]
    np.testing.assert_array_equal(got, np.clip(steps, 0, 255).astype(np.uint8))


def test_group_products_of_quantized_models(compiler, tmp_path):
    """As ONNX has them, with weights and zero points that are constants: exactly."""
    rng = np.random.default_rng(12)
    w = rng.integers(-128, 128, (160, 200)).astype(np.int8)
    model = parsed("g (uint8[n, 160] x) => (int32[n, 200] y) { y = MatMulInteger(x, w, zx, zw) }")
    model.graph.initializer.extend([onnx.numpy_helper.from_array(w, "w"), onnx.numpy_helper.from_array(np.uint8(7), "zx"),
                                    onnx.numpy_helper.from_array(np.int8(-3), "zw")])
    with compiled(model, tmp_path, *HOPPER) as mine:
        for n in (300, 5, 1, 0, 64):
            x = rng.integers(0, 256, (n, 160)).astype(np.uint8)
            np.testing.assert_array_equal(mine.run({"x": x})["y"], (x.astype(np.int32) - 7) @ (w.astype(np.int32) + 3))
