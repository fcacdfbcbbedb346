"""com.microsoft.MatMulNBits against onnxruntime: bits, block sizes, zero points, types, bias, ragged sizes, any number of
rows; and what is refused."""

import json
import re
from pathlib import Path

import nbits
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import FLAGS, Refused, Reference, compile_once, load

CPU = Path("/proc/cpuinfo")
HAS_VNNI = CPU.exists() and " avx512_vnni" in CPU.read_text()
TYPES = {"f32": (TensorProto.FLOAT, np.float32), "f16": (TensorProto.FLOAT16, np.float16)}


def model_of(nodes, arrays, inputs, outputs, element=TensorProto.FLOAT):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, element, s) for n, s in inputs.items()],
                              [helper.make_tensor_value_info(n, element, s) for n, s in outputs.items()], arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(nbits.DOMAIN, 1)],
                             ir_version=10)


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def compiled(folder, model, *flags):
    onnx.save(model, folder / "model.onnx")
    return load(compile_once(folder / "model.onnx", folder / "model.so", *flags))


# (terms, columns, bits, block, with zero points, with bias): one of each kind, then at random.
FIXED = [(64, 64, 4, 16, False, False), (64, 64, 8, 256, True, True), (1, 1, 4, 32, True, False), (33, 1, 8, 16, False, True),
         (100, 70, 4, 32, True, True), (257, 17, 4, 128, False, False), (31, 130, 8, 32, True, False)]


def cases():
    random = np.random.default_rng(7)
    drawn = [(int(random.integers(1, 300)), int(random.integers(1, 150)), int(random.choice([4, 8])),
              int(2 ** random.integers(4, 9)), bool(random.integers(2)), bool(random.integers(2))) for _ in range(12)]
    return [*FIXED, *drawn]


def build(name, which):
    """One model of several products, and in f64 what each one's weights stand for."""
    element, dtype = TYPES[name]
    nodes, arrays, inputs, outputs, wide = [], [], {}, {}, []
    for i, (terms, columns, bits, block, zeros, bias) in enumerate(which):
        own, matrix = nbits.constants(f"w{i}", normal(i, terms, columns), bits, block, zeros, dtype)
        own_bias = []
        if bias:
            own_bias = [onnx.numpy_helper.from_array(normal(50 + i, columns).astype(dtype), f"b{i}")]
        nodes.append(nbits.node(f"x{i}", f"y{i}", own, terms, columns, bits, block, f"b{i}" if bias else ""))
        arrays += [*own, *own_bias]
        inputs[f"x{i}"], outputs[f"y{i}"] = ["batch", "rows", terms], ["batch", "rows", columns]
        wide.append(matrix)
    return model_of(nodes, arrays, inputs, outputs, element), wide


@pytest.mark.parametrize("name", TYPES)
def test_random_shapes(compiler, tmp_path, name):
    which = cases()
    dtype = TYPES[name][1]
    model, wide = build(name, which)
    reference = Reference(model)
    with compiled(tmp_path, model) as library:
        for batch, rows in [(1, 1), (1, 3), (2, 17), (1, 0)]:
            feeds = {f"x{i}": normal(200 + i, batch, rows, case[0]).astype(dtype) for i, case in enumerate(which)}
            got = library.run(feeds)
            want = reference.run(feeds) if rows else None
            for i, (terms, columns, *_) in enumerate(which):
                y = got[f"y{i}"]
                assert y.shape == (batch, rows, columns) and y.dtype == dtype
                if not rows:
                    continue
                size = np.abs(feeds[f"x{i}"].astype(np.float64)) @ np.abs(wide[i]) + 4
                # onnxruntime sums in f16 where it has such scales.
                bound = (2**-22 if name == "f32" else 2**-9) * size * np.sqrt(terms)
                apart = np.abs(y.astype(np.float64) - want[f"y{i}"])
                assert (apart <= bound).all(), (which[i], (apart / bound).max())


def test_one_row_known(compiler, tmp_path):
    """As a decoder's step has it: all sizes known, several products with one matrix's type of their own."""
    nodes, arrays, inputs, outputs, wide = [], [], {}, {}, []
    for i, (bits, block, zeros) in enumerate([(4, 32, False), (4, 32, True), (8, 32, False), (8, 64, True)]):
        own, matrix = nbits.constants(f"w{i}", normal(i, 96, 200), bits, block, zeros)
        nodes.append(nbits.node("x", f"y{i}", own, 96, 200, bits, block))
        arrays += own
        outputs[f"y{i}"] = [1, 200]
        wide.append(matrix.astype(np.float64))
    x = normal(9, 1, 96)
    with compiled(tmp_path, model_of(nodes, arrays, {"x": [1, 96]}, outputs)) as library:
        got = library.run({"x": x})
        for i, matrix in enumerate(wide):
            bound = 100 * 2.0**-23 * (np.abs(x) @ np.abs(matrix))
            assert (np.abs(got[f"y{i}"] - x @ matrix) <= bound).all()
        # What is infinite or no number stays so.
        x[0, 3] = np.nan
        assert np.isnan(library.run({"x": x})["y0"]).all()


def row_model(terms, columns, block, zeros=False, seed=0, weights=None):
    """A row times a matrix of 4 bits, all sizes known; and in f64 what its weights stand for."""
    own, matrix = nbits.constants("w", normal(seed, terms, columns) if weights is None else weights, 4, block, zeros)
    node = nbits.node("x", "y", own, terms, columns, 4, block)
    return model_of([node], own, {"x": [1, terms]}, {"y": [1, columns]}), matrix.astype(np.float64)


ROWS = [(32, 16, 32, False), (128, 64, 64, True), (256, 128, 256, False), (17, 1, 16, True), (1, 5, 32, False),
        (100, 70, 32, True), (300, 33, 128, False), (31, 257, 16, True), (770, 100, 512, True)]


@pytest.mark.parametrize("terms, columns, block, zeros", ROWS)
def test_rows(compiler, tmp_path, terms, columns, block, zeros):
    """One row of a size that is known, in integers where the processor multiplies bytes: as close as in floats, terms of
    one size or of many."""
    model, matrix = row_model(terms, columns, block, zeros)
    with compiled(tmp_path, model) as library:
        for seed, spread in enumerate([0, 1, 3]):
            x = normal(20 + seed, 1, terms) * np.exp(spread * normal(40 + seed, 1, terms))
            got = library.run({"x": x.astype(np.float32)})["y"].astype(np.float64)
            # A block's largest term has 22 bits, and all of its others have the same last one.
            padded = np.zeros((-(-terms // block) * block, 1))
            padded[:terms, 0] = np.abs(x[0])
            largest = np.repeat(padded.reshape(-1, block).max(1), block)[:terms]
            wide = np.abs(matrix) + np.abs(matrix).max()  # steps are summed before the zero point is subtracted
            bound = 2.0**-22 * (largest @ wide) + 100 * 2.0**-24 * (np.abs(x) @ wide)
            apart = np.abs(got - x.astype(np.float32).astype(np.float64) @ matrix)
            assert (apart <= bound).all(), (apart / bound).max()
            assert np.linalg.norm(apart) <= 2e-6 * np.linalg.norm(np.abs(x) @ wide)


def test_every_step(compiler, tmp_path):
    """Each of 16 steps in each place of a block, with each zero point: what one term gives is exact."""
    terms, block = 32, 32
    steps = (np.arange(terms)[:, None] + np.arange(256)[None] % 16) % 16  # column c: all steps, from c on
    zeros = np.arange(256) // 16
    own = [onnx.numpy_helper.from_array(nbits.pack(steps.T.reshape(256, 1, terms), 4), "w.steps"),
           onnx.numpy_helper.from_array(np.ones((256, 1), np.float32), "w.scales"),
           onnx.numpy_helper.from_array(nbits.pack(zeros.reshape(256, 1), 4), "w.zeros")]
    model = model_of([nbits.node("x", "y", own, terms, 256, 4, block)], own, {"x": [1, terms]}, {"y": [1, 256]})
    with compiled(tmp_path, model) as library:
        for place in range(terms):
            for value in [1, -3, 0.625]:
                x = np.zeros((1, terms), np.float32)
                x[0, place] = value
                want = (value * (steps[place] - zeros)).astype(np.float32)
                np.testing.assert_array_equal(library.run({"x": x})["y"][0], want)


def test_rows_that_are_not_finite(compiler, tmp_path):
    model, matrix = row_model(64, 40, 32)
    steps = np.sign(matrix)
    with compiled(tmp_path, model) as library:
        x = normal(3, 1, 64)
        for place, value in [(3, np.nan), (40, np.inf), (40, -np.inf)]:
            wrong = x.copy()
            wrong[0, place] = value
            with np.errstate(invalid="ignore"):
                want = np.float64(value) * steps[place]  # no number where the weight is zero
            np.testing.assert_array_equal(library.run({"x": wrong})["y"][0], want)
        for scale in [0, 1e-45, 1e-38, 1e-30, 1e30]:
            tiny = (x * np.float32(scale)).astype(np.float32)
            got = library.run({"x": tiny})["y"].astype(np.float64)
            want = tiny.astype(np.float64) @ matrix
            assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max() + 1e-37


@pytest.mark.skipif(bool(FLAGS), reason="only of the host")
@pytest.mark.skipif(not HAS_VNNI, reason="the processor doesn't multiply bytes four at once")
def test_instructions(compiler, tmp_path):
    """128 weights, 64 bytes, take 3 instructions at most to part halves and 6 products."""
    model, _ = row_model(256, 256, 32)
    onnx.save(model, tmp_path / "model.onnx")
    compile_once(tmp_path / "model.onnx", tmp_path / "model.s", "--emit=asm")
    text = (tmp_path / "model.s").read_text()
    products = len(re.findall(r"\bvpdpbusd\b", text))
    parts = len(re.findall(r"\b(?:vpandq|vpsrlw|vgf2p8affineqb)\b.*zmm", text))
    assert products and products % 6 == 0 and "vpermps" not in text
    assert 0 < parts <= products // 6 * 3, (products, parts)


def test_vector(compiler, tmp_path):
    """A row alone is numpy's matmul of a vector."""
    own, matrix = nbits.constants("w", normal(1, 48, 5), 4, 16, True)
    model = model_of([nbits.node("x", "y", own, 48, 5, 4, 16)], own, {"x": [48]}, {"y": [5]})
    x = normal(2, 48)
    with compiled(tmp_path, model) as library:
        np.testing.assert_allclose(library.run({"x": x})["y"], x @ matrix, rtol=1e-5, atol=1e-5)


def damage(**changes):
    """A good node, with attributes or inputs changed."""
    own, _ = nbits.constants("w", normal(1, 64, 8), 4, 32, True)
    node = nbits.node("x", "y", own, 64, 8, 4, 32)
    for name, value in changes.items():
        if name == "inputs":
            del node.input[:]
            node.input.extend(value)
            continue
        for attribute in [a for a in node.attribute if a.name == name]:
            node.attribute.remove(attribute)
        if value is not None:
            node.attribute.append(helper.make_attribute(name, value))
    more = [onnx.numpy_helper.from_array(np.zeros(64, np.int32), "order"),
            onnx.numpy_helper.from_array(np.ones((8, 2), np.float32), "float_zeros"),
            onnx.numpy_helper.from_array(np.ones((8, 2), np.float16), "half_scales")]
    model = model_of([node], [*own, *more], {"x": ["m", 64]}, {"y": ["m", 8]})
    model.graph.input.append(helper.make_tensor_value_info("given", TensorProto.UINT8, [8, 2, 16]))
    return model


@pytest.mark.parametrize("changes, message", [
    ({"bits": 2}, "weights of 2 bits are not supported"),
    ({"bits": 16}, "weights of 16 bits are not supported"),
    ({"block_size": 24}, "block_size is 24, which is no power of two from 16 on"),
    ({"block_size": 8}, "block_size is 8"),
    ({"block_size": -32}, "block_size is -32"),
    ({"block_size": None}, "attribute 'block_size' is missing"),
    ({"K": None}, "attribute 'K' is missing"),
    ({"K": 0}, "a matrix of 0 x 8 is none"),
    ({"N": -1}, "a matrix of 64 x -1 is none"),
    ({"N": 2**40}, "is none"),
    ({"K": 96}, "its weights have 256 elements, not 384"),
    ({"block_size": 64}, "its scales have 16 elements, not 8"),
    ({"N": 4}, "its weights have 256 elements, not 128"),
    ({"inputs": ["x", "w.steps", "w.scales", "w.zeros", "order"]}, r"groups of any order \(g_idx\)"),
    ({"inputs": ["x", "w.steps", "w.scales", "float_zeros"]}, "zero points that are no bytes are not supported"),
    ({"inputs": ["x", "w.steps", "half_scales"]}, "scales must be floats of its input's type"),
    ({"inputs": ["x", "given", "w.scales"]}, "weights that are not constant are not supported"),
    ({"inputs": ["x", "w.scales", "w.scales"]}, "weights must be unsigned bytes"),
    ({"inputs": ["x", "w.steps"]}, "input 2 is missing"),
    ({"inputs": ["x", "w.steps", "w.scales", "w.steps"]}, "zero points have 256 elements, not 8"),
    ({"inputs": ["x", "w.steps", "w.scales", "", "", "w.scales"]}, "bias must be a vector")])
def test_refused(compiler, tmp_path, changes, message):
    onnx.save(damage(**changes), tmp_path / "model.onnx")
    with pytest.raises(Refused, match=message):
        compile_once(tmp_path / "model.onnx", tmp_path / "model.so")


def test_whole_models(compiler, tmp_path):
    """Layers of it among others, as quantisers leave a model."""
    one, two = normal(1, 40, 64) / 6, normal(2, 64, 24) / 8
    text = ('<ir_version: 9, opset_import: ["" : 19]>\n'
            "g (float[rows,40] x) => (float[rows,24] y) {\n h = MatMul(x, one)\n a = Relu(h)\n"
            " y = Gemm(a, two, b)\n}")
    plain = onnx.parser.parse_model(text)
    for name, array in {"one": one, "two": two, "b": normal(3, 24)}.items():
        plain.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    for bits in [4, 8]:
        model = nbits.narrowed(plain, bits, 16)
        assert [node.op_type for node in model.graph.node] == ["MatMulNBits", "Relu", "MatMulNBits"]
        x = normal(4, 5, 40)
        folder = tmp_path / str(bits)
        folder.mkdir()
        with compiled(folder, model) as library:
            np.testing.assert_allclose(library.run({"x": x})["y"], Reference(model).run({"x": x})["y"], rtol=1e-4,
                                       atol=1e-4)


@pytest.mark.skipif(bool(FLAGS), reason="plans of that device are for the host")
@pytest.mark.parametrize("flags", [["--precision=bf16"], ["--precision=auto", "--max-error=0.01"]], ids=["bf16", "auto"])
def test_stay_in_f32(compiler, tmp_path, flags):
    """What has its weights in few bits multiplies with floats of f32, whatever else is narrowed."""
    own, _ = nbits.constants("w", normal(1, 256, 256), 4, 32)
    nodes = [nbits.node("x", "h", own, 256, 256, 4, 32), helper.make_node("MatMul", ["h", "v"], ["y"])]
    values = onnx.numpy_helper.from_array(normal(2, 256, 512) / 16, "v")
    model = model_of(nodes, [*own, values], {"x": [256, 256]}, {"y": [256, 512]})
    onnx.save(model, tmp_path / "model.onnx")
    report = tmp_path / "report.json"
    library = load(compile_once(tmp_path / "model.onnx", tmp_path / "model.so", "--device=xeon-spr",
                                f"--report={report}", *flags))
    groups = json.loads(report.read_text())["groups"]
    few = [group for group in groups if "rac.dequantize_weights" in group["ops"]]
    assert few and all(group["precision"] == "f32" for group in few)
    x = normal(3, 256, 256)
    want = Reference(model).run({"x": x})["y"]
    assert np.linalg.norm(library.run({"x": x})["y"] - want) <= 0.012 * np.linalg.norm(want)
