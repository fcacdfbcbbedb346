"""Conversions between types, against numpy and ml_dtypes, for every value that there is of 16 and of 8 bits; steps of 8 bits
there and back, what is out of their range, and what is no number."""

import ml_dtypes
import numpy as np
import pytest
from support import FLAGS, load, quantize_reference, run_compiler

pytestmark = pytest.mark.usefixtures("compiler")

BF16 = np.dtype(ml_dtypes.bfloat16)


def from_ir(tmp_path, text, *flags):
    (tmp_path / "model.mlir").write_text(text)
    return load(run_compiler(tmp_path / "model.mlir", tmp_path / "model.so", *flags, *FLAGS))


def cast_model(tmp_path, source, target, count):
    return from_ir(tmp_path, f"""func.func @main(%x: tensor<{count}x{source}>) -> tensor<{count}x{target}> {{
  %y = rac.cast %x : (tensor<{count}x{source}>) -> tensor<{count}x{target}>
  return %y : tensor<{count}x{target}>
}}""")


NARROW = {"bf16": BF16, "f16": np.dtype(np.float16)}


def same_bits(got, want):
    """NaNs may have any bits; subnormal bf16 may be zeros, since the processor's own instruction
    makes them so."""
    bits = np.uint16
    if got.dtype == np.float32:
        bits = np.uint32
    equal = got.view(bits) == want.view(bits)
    equal |= np.isnan(got.astype(np.float32)) & np.isnan(want.astype(np.float32))
    if want.dtype == BF16:
        tiny = np.abs(want.astype(np.float32)) <= np.finfo(np.float32).tiny
        equal |= tiny & (got.astype(np.float32) == 0)
    assert equal.all(), f"{np.argwhere(~equal)[:5]}: {got[~equal][:5]}, not {want[~equal][:5]}"


@pytest.mark.parametrize("name", NARROW)
def test_widen_all(tmp_path, name):
    every = np.arange(1 << 16, dtype=np.uint16).view(NARROW[name])
    got = cast_model(tmp_path, name, "f32", 1 << 16).run({"input_0": every})["output_0"]
    want = every.astype(np.float32)
    if name == "bf16":
        got, want = got.copy(), want.copy()
    same_bits(got, want)


@pytest.mark.parametrize("name", NARROW)
def test_narrow_all(tmp_path, name):
    """Each value of 16 bits, what is halfway to the next, and what is just beside that."""
    every = np.arange(1 << 16, dtype=np.uint16).view(NARROW[name]).astype(np.float32)
    following = np.append(every[1:], np.float32(0))
    with np.errstate(all="ignore"):
        middle = ((every.astype(np.float64) + following) / 2).astype(np.float32)
        x = np.concatenate([every, middle, np.nextafter(middle, np.float32(0)),
                            np.nextafter(middle, np.float32(np.inf)),
                            np.float32([np.finfo(np.float32).max, -np.finfo(np.float32).max, 65519, 65520])])
        want = x.astype(NARROW[name])
    same_bits(cast_model(tmp_path, "f32", name, x.size).run({"input_0": x})["output_0"], want)


def test_float8(tmp_path):
    """All of its values there and back, what is halfway between two and beside that, what is too large, and NaN."""
    every = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn).astype(np.float32)
    values = np.unique(every[np.isfinite(every)])
    middle = (values[1:] + values[:-1]) / 2
    random = np.random.default_rng(3).standard_normal(4000) * np.exp2(np.random.default_rng(4).integers(-14, 10, 4000))
    x = np.concatenate([every, middle, np.nextafter(middle, np.float32(0)), np.nextafter(middle, np.float32(np.inf)), random,
                        [463.9, 464, 465, 3e38, -3e38, np.inf, -np.inf, 1e-40, -0.0], np.zeros(5)]).astype(np.float32)
    n = x.size
    steps = "steps_type = !quant.uniform<i8:f32, {}>".format
    with from_ir(tmp_path, f"""func.func @main(%x: tensor<{n}xf32>) -> (tensor<{n}xf32>, tensor<{n}xf32>, tensor<{n}xf16>) {{
  %0 = rac.cast %x : (tensor<{n}xf32>) -> tensor<{n}xf8E4M3FN>
  %y = rac.cast %0 : (tensor<{n}xf8E4M3FN>) -> tensor<{n}xf32>
  %1 = rac.quantize %x {{{steps(0.25)}}} : (tensor<{n}xf32>) -> tensor<{n}xf8E4M3FN>
  %z = rac.dequantize %1 {{{steps(2.0)}}} : (tensor<{n}xf8E4M3FN>) -> tensor<{n}xf32>
  %h = rac.cast %1 : (tensor<{n}xf8E4M3FN>) -> tensor<{n}xf16>
  return %y, %z, %h : tensor<{n}xf32>, tensor<{n}xf32>, tensor<{n}xf16>
}}""") as model:
        got = model.run({"input_0": x})
    with np.errstate(all="ignore"):
        same_bits(got["output_0"], x.astype(ml_dtypes.float8_e4m3fn).astype(np.float32))
        rounded = np.clip(x / np.float32(0.25), -448, 448).astype(ml_dtypes.float8_e4m3fn).astype(np.float32)
    same_bits(got["output_1"], rounded * np.float32(2))
    same_bits(got["output_2"], rounded.astype(np.float16))


@pytest.mark.parametrize("steps, dtype, scale, zero, low, high", [
    ("u8:f32, 0.02:128", np.uint8, 0.02, 128, 0, 255), ("i8:f32, 0.5", np.int8, 0.5, 0, -128, 127),
    ("i8<-127:127>:f32, 3.0e-5:-7", np.int8, 3e-5, -7, -127, 127),
    ("u8:f32, 1.0e30:1", np.uint8, 1e30, 1, 0, 255), ("i8:f32, 1.0e-30:5", np.int8, 1e-30, 5, -128, 127)])
def test_steps(tmp_path, steps, dtype, scale, zero, low, high):
    """All bytes there and back; ties, what is out of range, infinities and NaN."""
    element = "ui8" if dtype == np.uint8 else "i8"
    storage = f"!quant.uniform<{steps}>"
    every = np.arange(low, high + 1).astype(dtype)
    wide = (every.astype(np.float32) - np.float32(zero)) * np.float32(scale)
    random = np.random.default_rng(1).standard_normal(1000) * 300 * scale
    x = np.concatenate([wide, wide + np.float32(scale / 2), random, [np.inf, -np.inf, np.nan, 0, -0.0, 3e38, -3e38],
                        np.zeros(13)]).astype(np.float32)
    n, m = x.size, every.size
    model = from_ir(tmp_path, f"""func.func @main(%x: tensor<{n}xf32>, %q: tensor<{m}x{element}>) -> (tensor<{n}x{element}>, tensor<{m}xf32>) {{
  %y = rac.quantize %x {{steps_type = {storage}}} : (tensor<{n}xf32>) -> tensor<{n}x{element}>
  %z = rac.dequantize %q {{steps_type = {storage}}} : (tensor<{m}x{element}>) -> tensor<{m}xf32>
  return %y, %z : tensor<{n}x{element}>, tensor<{m}xf32>
}}""")
    got = model.run({"input_0": x, "input_1": every})
    with np.errstate(all="ignore"):
        want = quantize_reference(x, scale, zero, low, high)
    np.testing.assert_array_equal(got["output_0"], want.astype(dtype))
    np.testing.assert_array_equal(got["output_1"], wide)
    np.testing.assert_array_equal(got["output_0"][:m], every)


@pytest.mark.parametrize("source, target", [("bf16", "f16"), ("f16", "bf16")])
def test_from_half_to_half(tmp_path, source, target):
    every = np.arange(1 << 16, dtype=np.uint16).view(NARROW[source])
    with np.errstate(all="ignore"):
        want = every.astype(np.float32).astype(NARROW[target])
    same_bits(cast_model(tmp_path, source, target, 1 << 16).run({"input_0": every})["output_0"], want)


@pytest.mark.parametrize("integer, dtype", [("i8", np.int8), ("ui8", np.uint8)])
@pytest.mark.parametrize("float_name", ["f32", *NARROW])
def test_bytes_are_floats_exactly(tmp_path, integer, dtype, float_name):
    """All 256, there and back: floats of any type have them."""
    every = np.arange(256).astype(np.uint8).view(dtype)
    model = from_ir(tmp_path, f"""func.func @main(%x: tensor<256x{integer}>) -> (tensor<256x{float_name}>, tensor<256x{integer}>) {{
  %y = rac.cast %x : (tensor<256x{integer}>) -> tensor<256x{float_name}>
  %z = rac.cast %y : (tensor<256x{float_name}>) -> tensor<256x{integer}>
  return %y, %z : tensor<256x{float_name}>, tensor<256x{integer}>
}}""")
    got = model.run({"input_0": every})
    np.testing.assert_array_equal(got["output_0"].astype(np.float32), every.astype(np.float32))
    np.testing.assert_array_equal(got["output_1"], every)
