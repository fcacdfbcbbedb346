"""Types narrower than f32: groups in bf16 and in bytes, against sums in f64 and with bounds; models
that arrive quantised, against onnxruntime; and that f32 stays as it was."""

import json
import subprocess

import ml_dtypes
import numpy as np
import onnx.parser
import pytest
from support import BUILD, FLAGS, SIMULATED, VECTOR_BYTES, Refused, Reference, load, quantize_reference, run_compiler

pytestmark = pytest.mark.usefixtures("compiler")

BF16 = np.dtype(ml_dtypes.bfloat16)
HEADER = '<ir_version: 9, opset_import: ["" : 19]>\n'
# What multiplies narrow types, and what doesn't.
DEVICE, PLAIN = "--device=xeon-spr", "--device=generic-avx512"
if VECTOR_BYTES:
    DEVICE, PLAIN = "--chip=neoverse-v2", "--chip=a64fx"
ON_CPU = not FLAGS


def has(*features):
    """Whether this machine computes so."""
    words = set(open("/proc/cpuinfo").read().split())
    return set(features) <= words


def from_text(tmp_path, text, *flags):
    onnx.save(onnx.parser.parse_model(HEADER + text), tmp_path / "model.onnx")
    return from_model(tmp_path, *flags)


def from_model(tmp_path, *flags):
    return load(run_compiler(tmp_path / "model.onnx", tmp_path / "model.so", *flags, *FLAGS))


def plan_of(tmp_path, *flags):
    """The plan in JSON."""
    run_compiler(tmp_path / "model.onnx", tmp_path / "plan.json", "--emit=plan", *flags, *FLAGS)
    plan = json.loads((tmp_path / "plan.json").read_text())
    (tmp_path / "plan.json").unlink()
    return plan


def replay(tmp_path, plan, *flags):
    (tmp_path / "edited.json").write_text(json.dumps(plan))
    return from_model(tmp_path, f"--plan={tmp_path / 'edited.json'}", *flags)


def normal(*shape, seed=0):
    return np.random.default_rng(seed + sum(shape)).standard_normal(shape).astype(np.float32)


# ---- groups in bf16
PERCEPTRON = """g (float[rows,{k}] x, float[rows,{n}] r) => (float[rows,{n}] y)
<float[{k},{n}] w, float[{n}] b> {{
  p = MatMul(x, w)
  s = Add(p, b)
  a = Relu(s)
  y = Add(a, r)
}}"""


def with_weights(text, **weights):
    model = onnx.parser.parse_model(HEADER + text)
    for name, array in weights.items():
        for old in [i for i in model.graph.initializer if i.name == name]:
            model.graph.initializer.remove(old)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return model


def perceptron(tmp_path, k, n):
    weights = {"w": normal(k, n, seed=1), "b": normal(n, seed=2)}
    text = f"g (float[rows,{k}] x, float[rows,{n}] r) => (float[rows,{n}] y) {{\n" \
           "p = MatMul(x, w)\n s = Add(p, b)\n a = Relu(s)\n y = Add(a, r)\n}"
    onnx.save(with_weights(text, **weights), tmp_path / "model.onnx")
    return weights


def rounded(array, dtype=BF16):
    return array.astype(dtype).astype(np.float64)


@pytest.mark.skipif(ON_CPU and not has("amx_bf16"), reason="the library needs the type")
@pytest.mark.parametrize("rows, k, n", [(1, 64, 64), (7, 33, 65), (64, 256, 128), (130, 17, 3), (3, 1, 1)])
def test_products_in_bf16(tmp_path, rows, k, n):
    """Sums in f32 of products of rounded operands: beside those in f64, only the sums' and the
    result's rounding is left."""
    weights = perceptron(tmp_path, k, n)
    plan = plan_of(tmp_path, DEVICE)
    for group in plan["groups"]:
        group["precision"] = "bf16"
    model = replay(tmp_path, plan, DEVICE)
    x, r = normal(rows, k), normal(rows, n, seed=5)
    got = model.run({"x": x, "r": r})["y"].astype(np.float64)
    wx, ww = rounded(x), rounded(weights["w"])
    want = np.maximum(wx @ ww + weights["b"], 0) + r
    bound = (k + 4) * 2.0**-24 * (np.abs(wx) @ np.abs(ww) + np.abs(weights["b"]) + np.abs(r)) + 1e-6
    # What passes from one group to the next may be rounded once more.
    bound += 2.0**-8 * np.abs(want - r) + 2.0**-8 * np.abs(want)
    if not ON_CPU: # where the product is a group of its own
        bound += 2.0**-8 * np.abs(wx @ ww)
    assert (np.abs(got - want) <= bound).all(), np.max(np.abs(got - want) / bound)


@pytest.mark.skipif(ON_CPU and not has("amx_bf16"), reason="the library needs the type")
@pytest.mark.parametrize("h, w, k, n", [(5, 8, 24, 4), (3, 7, 40, 33), (2, 2, 64, 16), (1, 1, 3, 1)])
def test_products_of_pixels_in_bf16(tmp_path, h, w, k, n):
    """Whatever primitive of the library computes them: tiles' terms come in 32."""
    weights = {"w": normal(k, n, seed=1), "b": normal(n, seed=2)}
    text = f"g (float[2,h,{w},{k}] x) => (float[2,h,{w},{n}] y) {{\n p = MatMul(x, w)\n s = Add(p, b)\n y = Relu(s)\n}}"
    onnx.save(with_weights(text, **weights), tmp_path / "model.onnx")
    plan = plan_of(tmp_path, DEVICE)
    for group in plan["groups"]:
        group["precision"] = "bf16"
        if ON_CPU and "rac.matmul" in group["ops"]:
            group["kind"] = "library"
            group["tiles"] = []
    model = replay(tmp_path, plan, DEVICE)
    x = normal(2, h, w, k)
    got = model.run({"x": x})["y"].astype(np.float64)
    wx, ww = rounded(x), rounded(weights["w"])
    want = np.maximum(wx @ ww + weights["b"], 0)
    bound = (k + 4) * 2.0**-24 * (np.abs(wx) @ np.abs(ww) + np.abs(weights["b"])) + 1e-6 + 2.0**-7 * np.abs(want)
    if not ON_CPU:
        bound += 2.0**-8 * np.abs(wx @ ww)
    assert (np.abs(got - want) <= bound).all(), np.max(np.abs(got - want) / bound)


@pytest.mark.parametrize("channels, out, sizes, window", [(24, 24, (6, 20), (2, 2)), (24, 1, (5, 40), (2, 2)), (5, 3, (4, 17), (3, 4)),
                                                          (8, 2, (9,), (2,)), (3, 4, (1, 1), (2, 2))])
@pytest.mark.parametrize("flags", [[], ["--precision=bf16"]], ids=["f32", "bf16"])
def test_windows_side_by_side(tmp_path, channels, out, sizes, window, flags):
    """Transposed convolutions whose windows don't overlap, with a batch norm and an activation after them, against a sum
    over channels by NumPy."""
    weights = {"f": normal(channels, out, *window, seed=1) / np.float32(np.sqrt(channels)), "b": normal(out, seed=2),
               "s": normal(out, *[1] * len(window), seed=3), "t": normal(out, *[1] * len(window), seed=4)}
    dims, high = ",".join(map(str, sizes)), ",".join(str(n * k) for n, k in zip(sizes, window))
    steps = ", ".join(map(str, window))
    text = f"""g (float[2,{channels},{dims}] x) => (float[2,{out},{high}] y) {{
      c = ConvTranspose <strides = [{steps}]> (x, f, b)
      m = Mul(c, s)
      a = Add(m, t)
      y = Relu(a)
    }}"""
    onnx.save(with_weights(text, **weights), tmp_path / "model.onnx")
    model = from_model(tmp_path, DEVICE, *flags)
    x = normal(2, channels, *sizes)
    letters, inner = "hw"[: len(sizes)], "ij"[: len(sizes)]
    parts = np.einsum(f"nc{letters},cf{inner}->nf" + "".join(a + b for a, b in zip(letters, inner)), x.astype(np.float64),
                      weights["f"].astype(np.float64))
    sums = parts.reshape(2, out, *(n * k for n, k in zip(sizes, window)))
    bias = weights["b"].reshape(out, *[1] * len(window))
    want = np.maximum((sums + bias) * weights["s"] + weights["t"], 0)
    got = model.run({"x": x})["y"]
    assert np.linalg.norm(got - want) <= (1e-2 if flags else 1e-6) * np.linalg.norm(want)


@pytest.mark.parametrize("flags", [[], ["--precision=bf16"]], ids=["f32", "bf16"])
@pytest.mark.parametrize("size, channels", [(7, 64), (12, 33)])
def test_residuals(tmp_path, size, channels, flags):
    """Blocks whose sums are added to what comes in, which the next ones read again and nobody else: results may go over
    what they are added to. One that is read later stays."""
    shape = f"float[1,{channels},{size},{size}]"
    weights = {f"w{i}": normal(channels, channels, 3, 3, seed=i) / np.float32(3 * np.sqrt(channels)) for i in range(6)}
    weights |= {f"b{i}": normal(channels, seed=20 + i) for i in range(6)}
    lines = ["p0 = Relu(x)"]
    for i in range(3):
        lines += [f"a{i} = Conv <pads = [1, 1, 1, 1]> (p{i}, w{2 * i}, b{2 * i})", f"r{i} = Relu(a{i})",
                  f"c{i} = Conv <pads = [1, 1, 1, 1]> (r{i}, w{2 * i + 1}, b{2 * i + 1})", f"s{i} = Add(c{i}, p{i})",
                  f"p{i + 1} = Relu(s{i})"]
    text = f"g ({shape} x) => ({shape} y, {shape} p2) {{\n " + "\n ".join([*lines, "y = Add(p3, p1)"]) + "\n}"
    onnx.save(with_weights(text, **weights), tmp_path / "model.onnx")
    x = normal(1, channels, size, size, seed=9)
    want = Reference(tmp_path / "model.onnx").run({"x": x})
    got = from_model(tmp_path, DEVICE, *flags).run({"x": x})
    for name in ("y", "p2"):
        assert np.linalg.norm(got[name] - want[name]) <= (2e-2 if flags else 1e-5) * np.linalg.norm(want[name])


def test_subnormal_weights(tmp_path):
    """They count as zeros, and others as what they are."""
    w = normal(33, 20, seed=1)
    w[::3] = 1e-40
    w[1, :] = -1e-44
    onnx.save(with_weights("g (float[rows,33] x) => (float[rows,20] y) {\n y = MatMul(x, w)\n}", w=w), tmp_path / "model.onnx")
    x = normal(7, 33)
    got = from_model(tmp_path, DEVICE).run({"x": x})["y"]
    np.testing.assert_allclose(got, x.astype(np.float64) @ np.where(np.abs(w) < 1e-38, 0, w), rtol=1e-5, atol=1e-5)


def test_bf16_is_planned(tmp_path):
    """Large products take bf16 where the device has it, and models are near what they are in f32."""
    weights = perceptron(tmp_path, 512, 512)
    plan = plan_of(tmp_path, DEVICE, "--precision=bf16", "--shape=x=128x512", "--shape=r=128x512")
    kind = "library" if ON_CPU else "generated"
    assert any(group["precision"] == "bf16" and group["kind"] == kind for group in plan["groups"])
    model = from_model(tmp_path, DEVICE, "--precision=bf16")
    x, r = normal(128, 512), normal(128, 512, seed=5)
    got = model.run({"x": x, "r": r})["y"]
    want = np.maximum(x.astype(np.float64) @ weights["w"] + weights["b"], 0) + r
    assert np.linalg.norm(got - want) < 5e-3 * np.linalg.norm(want)


def test_refused_without_the_type(tmp_path):
    perceptron(tmp_path, 8, 8)
    name = PLAIN.partition("=")[2]
    with pytest.raises(Refused, match=f"device {name} doesn't compute in 'bf16'"):
        from_model(tmp_path, PLAIN, "--precision=bf16")
    plan = plan_of(tmp_path, PLAIN)
    for group in plan["groups"]:
        group["precision"] = "bf16"
    with pytest.raises(Refused, match=f"{name} doesn't compute in"):
        replay(tmp_path, plan, PLAIN)


def test_f32_changes_nothing(tmp_path):
    perceptron(tmp_path, 64, 64)
    plain = run_compiler(tmp_path / "model.onnx", tmp_path / "plain.so", *FLAGS).read_bytes()
    named = run_compiler(tmp_path / "model.onnx", tmp_path / "named.so", "--precision=f32", *FLAGS).read_bytes()
    assert plain == named


# ---- groups in bytes
@pytest.mark.skipif(SIMULATED, reason="GPUs have other products")
@pytest.mark.parametrize("signed, zero", [(False, 0), (False, 117), (True, 0), (True, -3)])
@pytest.mark.parametrize("rows, k, n", [(1, 64, 64), (7, 33, 65), (64, 256, 128)])
def test_products_in_bytes(tmp_path, rows, k, n, signed, zero):
    """The sums of bytes are exact, so that only their scaling has an error."""
    weights = perceptron(tmp_path, k, n)
    plan = plan_of(tmp_path, DEVICE)
    scale = 0.03
    for group in plan["groups"]:
        if "rac.matmul" in group["ops"]:
            group["precision"] = "i8"
            group["activation"] = f"!quant.uniform<{'i' if signed else 'u'}8:f32, {scale}:{zero}>"
    model = replay(tmp_path, plan, DEVICE)
    x, r = normal(rows, k), normal(rows, n, seed=5)
    got = model.run({"x": x, "r": r})["y"].astype(np.float64)
    low, high = (-128, 127) if signed else (0, 255)
    q = quantize_reference(x, scale, zero, low, high)
    columns = np.abs(weights["w"]).max(0) / np.float32(127)
    w = np.clip(np.round(weights["w"] / columns), -127, 127)
    sums = (q - zero) @ w.astype(np.float64)
    scaled = sums * (np.float64(np.float32(scale)) * columns)
    want = np.maximum(scaled + weights["b"], 0) + r
    size = np.abs(scaled) + np.abs(weights["b"]) + np.abs(r) + abs(zero) * np.abs(w.sum(0)) * scale * columns
    assert (np.abs(got - want) <= 8 * 2.0**-24 * size + 1e-6).all(), np.max(np.abs(got - want) / size)


@pytest.mark.skipif(SIMULATED, reason="GPUs have other products")
@pytest.mark.parametrize("signed, zero", [(False, 0), (False, 117), (True, -3)])
def test_convolutions_in_bytes(tmp_path, signed, zero):
    """Padding counts as zero, not as the step 0."""
    w = normal(8, 3, 3, 3, seed=3)
    w[2] = 0  # a filter without a range
    text = "g (float[1,3,height,11] x) => (float[1,8,height,11] y) {\n" \
           "y = Conv <pads = [1,1,1,1]> (x, w)\n}"
    onnx.save(with_weights(text, w=w), tmp_path / "model.onnx")
    plan, scale = plan_of(tmp_path, DEVICE), 0.03
    for group in plan["groups"]:
        if "rac.conv" in group["ops"]:
            group["precision"] = "i8"
            group["activation"] = f"!quant.uniform<{'i' if signed else 'u'}8:f32, {scale}:{zero}>"
    model = replay(tmp_path, plan, DEVICE)
    x = normal(1, 3, 9, 11)
    got = model.run({"x": x})["y"].astype(np.float64)
    q = quantize_reference(x, scale, zero, *((-128, 127) if signed else (0, 255))) - zero
    columns = np.abs(w).reshape(8, -1).max(1) / np.float32(127)
    columns[columns == 0] = 1
    steps = np.clip(np.round(w / columns[:, None, None, None]), -127, 127)
    padded = np.pad(q, ((0, 0), (0, 0), (1, 1), (1, 1))).astype(np.float64)
    want = np.zeros((1, 8, 9, 11))
    for i in range(3):
        for j in range(3):
            want += np.einsum("nchw,fc->nfhw", padded[:, :, i:i + 9, j:j + 11], steps[:, :, i, j])
    want *= (np.float32(scale) * columns)[None, :, None, None]
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-5)


# ---- weights of few bits
def plain_steps(w, group, bits):
    """In steps of which a group's value furthest from zero is the last."""
    out = np.empty_like(w)
    for start in range(0, w.shape[0], group):
        block = w[start:start + group]
        most, least = block.max(0).clip(0), block.min(0).clip(None, 0)
        far = np.where(most > -least, most, least)
        scale = (far / np.float32(-8) if bits == 4 else np.abs(far) / np.float32(127)).astype(np.float32)
        scale[scale == 0] = 1
        low, high = (-8, 7) if bits == 4 else (-127, 127)
        out[start:start + group] = np.clip(np.round(block / scale), low, high) * scale
    return out


def square_errors(w, got, group):
    """Of each group of each column."""
    apart = np.pad((w.astype(np.float64) - got) ** 2, [(0, -len(w) % group), (0, 0)])
    return apart.reshape(-1, group, w.shape[1]).sum(1)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("rows, k, n, group", [(1, 64, 64, 32), (1, 130, 70, 32), (5, 96, 33, 16), (3, 2, 1, 64),
                                               (2, 37, 18, 32), (4, 1, 5, 8)])
def test_narrow_weights(tmp_path, rows, k, n, group, bits, known):
    """The weights that a model has, seen through a product with ones and zeros, are at least as near as those by the
    plain rule, and products are those with them."""
    w = normal(k, n, seed=1)
    w[:, 0] = 0
    text = f"g (float[rows,{k}] x) => (float[rows,{n}] y) {{\n y = MatMul(x, w)\n}}"
    onnx.save(with_weights(text, w=w), tmp_path / "model.onnx")

    def narrow(*shape):
        plan = plan_of(tmp_path, *shape)
        for entry in plan["groups"]:
            entry.update(kind="generated", weights=f"i{bits}", weight_group=group)
        return replay(tmp_path, plan, *shape)

    with narrow() as model:
        wide = np.array(model.run({"x": np.eye(k, dtype=np.float32)})["y"]).astype(np.float64)
    plain = square_errors(w, plain_steps(w, group, bits), group)
    assert (square_errors(w, wide, group) <= plain * (1 + 1e-5)).all()
    x = normal(rows, k)
    bound = (k + 4) * 2.0**-23 * (np.abs(x).astype(np.float64) @ np.abs(wide)) + 1e-6
    with narrow(*[f"--shape=x={rows}x{k}"] if known else []) as model:
        got = np.array(model.run({"x": x})["y"])
    assert (np.abs(got - x.astype(np.float64) @ wide) <= bound).all()


# ---- models that arrive quantised
def check_exact(tmp_path, inputs, *flags, kind=None):
    """Exactly onnxruntime's answers, also where the library computes the products."""
    reference = Reference(tmp_path / "model.onnx").run(inputs)

    def check(model):
        got = model.run(inputs)
        for name, want in reference.items():
            assert got[name].dtype == want.dtype
            np.testing.assert_array_equal(got[name], want, err_msg=name)

    check(from_model(tmp_path, *flags))
    if kind and ON_CPU:
        groups = [group for group in plan_of(tmp_path, *flags)["groups"] if kind in group["ops"]]
        assert groups and all((group["precision"], group["kind"]) == ("i8", "library") for group in groups), groups


def bytes_of(dtype, *shape, seed=0):
    info = np.iinfo(dtype)
    return np.random.default_rng(seed + sum(shape)).integers(info.min, info.max + 1, shape, dtype)


@pytest.mark.parametrize("a, b, zero", [(np.uint8, np.int8, 0), (np.uint8, np.uint8, 128), (np.int8, np.int8, 0),
                                        (np.uint8, np.uint8, 121)])
def test_matmul_integer(tmp_path, a, b, zero):
    k, n = 520, 264
    w = bytes_of(b, k, n)
    if zero == 121:
        w = w.clip(0, 121 + 127)  # what is around the zero point fits in a signed byte
    names = {np.uint8: "uint8", np.int8: "int8"}
    text = f"g ({names[a]}[m,{k}] x, {names[a]} z) => (int32[m,{n}] y) {{\n y = MatMulInteger(x, w, z, wz)\n}}"
    onnx.save(with_weights(text, w=w, wz=np.array(zero, b)), tmp_path / "model.onnx")
    check_exact(tmp_path, {"x": bytes_of(a, 37, k), "z": np.array(3, a)}, DEVICE, kind="rac.matmul")


@pytest.mark.parametrize("zero", [0, 128, 13])
def test_dynamic_quantize(tmp_path, zero):
    """What onnxruntime's dynamic quantisation makes of a product."""
    k, n = 64, 48
    text = f"""g (float[m,{k}] x) => (float[m,{n}] y) {{
  q, s, z = DynamicQuantizeLinear(x)
  p = MatMulInteger(q, w, z, wz)
  f = Cast<to = 1>(p)
  t = Mul(s, ws)
  u = Mul(f, t)
  y = Add(u, b)
}}"""
    dtype = np.uint8 if zero else np.int8
    w = bytes_of(dtype, k, n).clip(None, zero + 127 if zero else None)
    onnx.save(with_weights(text, w=w, wz=np.array(zero, dtype), ws=np.float32(0.01), b=normal(n)),
              tmp_path / "model.onnx")
    inputs = {"x": normal(5, k)}
    want = Reference(tmp_path / "model.onnx").run(inputs)["y"]
    got = from_model(tmp_path, DEVICE).run(inputs)["y"]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("a, xz, yz", [(np.uint8, 0, 0), (np.uint8, 130, 121), (np.int8, -5, 4)])
def test_qlinear_matmul(tmp_path, a, xz, yz):
    k, n = 300, 520
    names = {np.uint8: "uint8", np.int8: "int8"}
    text = f"g ({names[a]}[m,{k}] x) => ({names[a]}[m,{n}] y) {{\n" \
           " y = QLinearMatMul(x, xs, xz, w, ws, wz, ys, yz)\n}"
    onnx.save(with_weights(text, xs=np.float32(0.03), xz=np.array(xz, a), w=bytes_of(np.int8, k, n),
                           ws=np.float32(0.017), wz=np.array(0, np.int8), ys=np.float32(1.37),
                           yz=np.array(yz, a)), tmp_path / "model.onnx")
    check_exact(tmp_path, {"x": bytes_of(a, 39, k)}, DEVICE, kind="rac.matmul")


@pytest.mark.parametrize("a, xz, yz", [(np.uint8, 0, 0), (np.uint8, 130, 121), (np.int8, -5, 4)])
@pytest.mark.parametrize("groups", [1, 4])
def test_qlinear_conv(tmp_path, a, xz, yz, groups):
    names = {np.uint8: "uint8", np.int8: "int8"}
    text = f"g ({names[a]}[1,64,h,19] x) => ({names[a]}[1,128,h,19] y) {{\n" \
           f" y = QLinearConv <pads = [1,1,1,1], group = {groups}> (x, xs, xz, w, ws, wz, ys, yz, b)\n}}"
    onnx.save(with_weights(
        text, xs=np.float32(0.03), xz=np.array(xz, a), w=bytes_of(np.int8, 128, 64 // groups, 3, 3),
        ws=(np.arange(128) * 0.0001 + 0.01).astype(np.float32), wz=np.zeros(128, np.int8),
        ys=np.float32(4), yz=np.array(yz, a),
        b=np.random.default_rng(0).integers(-500, 500, 128).astype(np.int32)), tmp_path / "model.onnx")
    check_exact(tmp_path, {"x": bytes_of(a, 1, 64, 17, 19)}, DEVICE, kind="rac.conv")


def test_qdq(tmp_path):
    """A convolution and a product between quantisers compute on bytes."""
    text = """g (float[1,3,10,10] x) => (float[1,5] y) {
  xq = QuantizeLinear(x, xs, xz)
  xd = DequantizeLinear(xq, xs, xz)
  wd = DequantizeLinear <axis = 0> (w, ws, wz)
  c = Conv(xd, wd, b)
  r = Relu(c)
  rq = QuantizeLinear(r, rs, rz)
  rd = DequantizeLinear(rq, rs, rz)
  f = Flatten(rd)
  vd = DequantizeLinear(v, vs, vz)
  y = MatMul(f, vd)
}"""
    onnx.save(with_weights(
        text, xs=np.float32(0.03), xz=np.array(110, np.uint8), w=bytes_of(np.int8, 8, 3, 3, 3),
        ws=(np.arange(8) * 0.001 + 0.01).astype(np.float32), wz=np.zeros(8, np.int8), b=normal(8),
        rs=np.float32(0.09), rz=np.array(0, np.uint8), v=bytes_of(np.int8, 512, 5),
        vs=np.float32(0.02), vz=np.array(0, np.int8)), tmp_path / "model.onnx")
    inputs = {"x": normal(1, 3, 10, 10)}
    want = Reference(tmp_path / "model.onnx").run(inputs)["y"]
    got = from_model(tmp_path, DEVICE).run(inputs)["y"]
    # A sum that is at the border of two steps may be rounded to the other.
    np.testing.assert_allclose(got, want, rtol=2e-2, atol=0.5)
    run_compiler(tmp_path / "model.onnx", tmp_path / "plan.mlir", "--emit=plan", DEVICE, *FLAGS)
    text = (tmp_path / "plan.mlir").read_text()
    assert "xui8>, tensor<8x3x3x3xi8>) -> tensor<1x8x8x8xi32>" in text
    assert "tensor<512x5xi8>) -> tensor<1x5xi32>" in text


def test_kernels_of_the_processor(tmp_path):
    """Where the processor has tiles, oneDNN multiplies with them."""
    if not ON_CPU or not has("amx_bf16", "amx_int8"):
        pytest.skip("no tiles here")
    perceptron(tmp_path, 256, 256)
    run_compiler(tmp_path / "model.onnx", tmp_path / "model.so", DEVICE, "--precision=bf16",
                 "--shape=x=128x256", "--shape=r=128x256")
    done = subprocess.run([BUILD / "bin/rac-run", tmp_path / "model.so"], check=True, capture_output=True,
                          text=True, env={"ONEDNN_VERBOSE": "1"})
    assert "amx" in done.stdout, done.stdout


@pytest.mark.skipif(not ON_CPU, reason="oneDNN is for x86")
@pytest.mark.parametrize("groups", [0, 1, 4])
def test_scales_of_the_library(tmp_path, groups):
    """Scales and bias of a product of bytes are oneDNN's own, of a convolution in groups, too."""
    if groups:
        text = "g (float[1,16,9,11] x) => (float[1,32,9,11] y) {\ny = Conv <pads = [1,1,1,1], group = " \
               f"{groups}> (x, w, b)\n}}"
        onnx.save(with_weights(text, w=normal(32, 16 // groups, 3, 3, seed=3), b=normal(32)), tmp_path / "model.onnx")
        flags = [DEVICE]
        x = {"x": normal(1, 16, 9, 11)}
    else:
        perceptron(tmp_path, 256, 256)
        flags = [DEVICE, "--shape=x=128x256", "--shape=r=128x256"]
        x = {"x": normal(128, 256), "r": normal(128, 256)}
    plan = plan_of(tmp_path, *flags)
    for group in plan["groups"]:
        if {"rac.conv", "rac.matmul"} & set(group["ops"]):
            for schedule in ["tiles", "reduction", "order", "registers"]:  # of generated code
                group.pop(schedule, None)
            group.update(kind="library", precision="i8", activation="!quant.uniform<u8:f32, 0.03:128>")
    want = Reference(tmp_path / "model.onnx").run(x)["y"]
    np.testing.assert_allclose(replay(tmp_path, plan, *flags).run(x)["y"], want, atol=0.03 * np.abs(want).max())
    done = subprocess.run([BUILD / "bin/rac-run", tmp_path / "model.so"], check=True, capture_output=True,
                          text=True, env={"ONEDNN_VERBOSE": "1"})
    calls = [line for line in done.stdout.splitlines() if ",exec,cpu,matmul" in line or ",exec,cpu,convolution" in line]
    assert calls and all("attr-scales:wei" in line and "binary_mul" not in line for line in calls), calls


# ---- what only moves
@pytest.mark.skipif(not ON_CPU, reason="plans in bf16 are for the device named here")
@pytest.mark.parametrize("width", [16, 23, 40])
def test_moved_tensors_in_bf16(tmp_path, width):
    """Maxima, parts side by side, other orders and larger grids of bf16 are those of f32, rounded once."""
    rng = np.random.default_rng(width)
    text = f"""<ir_version: 9, opset_import: ["" : 19]>
    g (float[1, 3, 12, {width}] x) => (float[1, n, h, w] y, float[1, c, a, b] z)
    {{
      p = Conv<pads = [1, 1, 1, 1]>(x, w1)
      q = MaxPool<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>(p)
      r = Conv(q, w2)
      s = Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(r, , scales)
      t = Conv<strides = [2, 2], pads = [1, 1, 1, 1]>(s, w3)
      u = Concat<axis = 1>(r, q, t)
      y = Conv(u, w4)
      z = Conv(s, w2)
    }}"""
    model = onnx.parser.parse_model(text)
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in "yz")
    for name, shape in {"w1": (24, 3, 3, 3), "w2": (24, 24, 1, 1), "w3": (7, 24, 3, 3), "w4": (16, 55, 1, 1)}.items():
        values = (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"))
    onnx.save(model, tmp_path / "model.onnx")
    feed = {"x": rng.standard_normal((1, 3, 12, width)).astype(np.float32)}
    want = Reference(tmp_path / "model.onnx").run(feed)
    with from_model(tmp_path, "--precision=bf16", DEVICE) as narrow:
        got = narrow.run(feed)
        for name in "yz":
            difference = np.linalg.norm(got[name] - want[name]) / np.linalg.norm(want[name])
            assert 0 < difference < 0.01
