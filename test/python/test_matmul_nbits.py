"""com.microsoft.MatMulNBits against onnxruntime: bits, block sizes, zero points, types, bias, ragged sizes, any number of
rows; and what is refused."""

import json

import nbits
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import FLAGS, Refused, Reference, compile_once, load

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
