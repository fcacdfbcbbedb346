"""Models that are legal and seldom seen, against onnxruntime; and sizes that the run gives and that cannot be. Graphs
that say nothing of each other are compiled as one model, which is what keeps this short."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from odd_graphs import CONTROL, OPTIONAL
from odd_values import NESTED, VALUES
from onnx import TensorProto, compose, helper, numpy_helper, parser
from support import Reference, assert_same, compile_once, difference, load, run_compiler

F = TensorProto.FLOAT
SIZES = {"n": 4, "m": 3}


def info(name, shape, dtype=F):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(nodes, inputs, outputs, weights=(), opset=21, **graph):
    made = helper.make_graph([helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
                             graph.pop("name", "g"), inputs, outputs, list(weights), **graph)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def weight(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def parsed(name, case, opset):
    """A graph whose names begin with its own, and values for its inputs."""
    text, given = case if isinstance(case, tuple) else (case, {})
    made = parser.parse_model(f'<ir_version: 10, opset_import: ["" : {opset}]> g {text}')
    rng = np.random.default_rng(len(name))
    feeds = {}
    for value in made.graph.input:
        tensor = value.type.tensor_type
        shape = [SIZES[d.dim_param] if d.dim_param else d.dim_value for d in tensor.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        array = np.asarray(given[value.name]) if value.name in given else rng.standard_normal(shape)
        feeds[f"{name}/{value.name}"] = array.astype(dtype)
    return compose.add_prefix(made, f"{name}/"), feeds


def together(cases, opset):
    """All graphs side by side in one model, and values for its inputs."""
    whole, feeds = onnx.ModelProto(), {}
    for name, case in cases.items():
        made, values = parsed(name, case, opset)
        feeds.update(values)
        if not whole.graph.node:
            whole.CopyFrom(made)
            continue
        for field in ("node", "input", "output", "initializer"):
            getattr(whole.graph, field).extend(getattr(made.graph, field))
    return whole, feeds


def run(tmp_path, made, feeds, *flags):
    path = tmp_path / "odd.onnx"
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    with load(compile_once(path, tmp_path / "odd.so", "--threads=1", *flags)) as compiled:
        return compiled.run(feeds)


def check(tmp_path, made, feeds, *flags, rtol=1e-3, atol=1e-4):
    assert_same(Reference(made).run(feeds), run(tmp_path, made, feeds, *flags), rtol, atol)


@pytest.mark.parametrize("opset", OPTIONAL)
def test_what_may_be_left_out(compiler, tmp_path, opset):
    check(tmp_path, *together(OPTIONAL[opset], opset))


def test_control_flow(compiler, tmp_path):
    check(tmp_path, *together(CONTROL, 21))
    check(tmp_path, *together(NESTED, 21))


def test_values(compiler, tmp_path):
    check(tmp_path, *together(VALUES, 21))


# ---- one network in each opset
def network(opset):
    rng = np.random.default_rng(1)
    weights = {"w": (8, 3, 3, 3), "b": (8,), "mean": (8,), "w2": (64, 10), "b2": (10,)}
    weights = [weight(name, rng.standard_normal(shape)) for name, shape in weights.items()]
    weights.append(weight("variance", rng.random(8) + 0.1))

    def ints(name, *values):
        weights.append(weight(name, values, np.int64))
        return name

    attributes = opset < 13  # for what became an input
    nodes = [("Conv", ["x", "w", "b"], ["c"], {"pads": [1, 1, 1, 1]}),
             ("BatchNormalization", ["c", "b", "b", "mean", "variance"], ["n"]),
             ("MaxPool", ["n"], ["p"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
             ("Dropout", ["p"], ["d"]), ("Flatten", ["t"], ["f"]), ("Gemm", ["f", "w2", "b2"], ["g"]),
             ("Softmax", ["g"], ["s"], {"axis": 1}), ("Div", ["s", "r"], ["y"])]
    nodes[4:4] = ([("Unsqueeze", ["d"], ["u"], {"axes": [1]}), ("Squeeze", ["u"], ["q"], {"axes": [1]}),
                   ("Split", ["q"], ["q1", "q2"], {"axis": 1, "split": [4, 4]})] if attributes else
                  [("Unsqueeze", ["d", ints("one", 1)], ["u"]), ("Squeeze", ["u", "one"], ["q"]),
                   ("Split", ["q", ints("halves", 4, 4)], ["q1", "q2"], {"axis": 1})])
    nodes[7:7] = [("Add", ["q1", "q2"], ["a"]), (
        ("Slice", ["a"], ["t"], {"starts": [0], "ends": [1 << 31], "axes": [1]}) if opset < 10 else
        ("Slice", ["a", ints("zero", 0), ints("end", 1 << 31), ints("axis", 1)], ["t"]))]
    nodes.insert(-1, ("ReduceSum", ["s"], ["r"], {"axes": [1]}) if attributes else ("ReduceSum", ["s", "one"], ["r"]))
    return model(nodes, [info("x", ["n", 3, 8, 8])], [info("y", ["n", 10])], weights, opset)


@pytest.mark.parametrize("opset", range(7, 24))
def test_opsets(compiler, tmp_path, opset):
    x = np.random.default_rng(2).standard_normal((2, 3, 8, 8)).astype(np.float32)
    check(tmp_path, network(opset), {"x": x})


# ---- names and shapes
NAMES = ["a/b", "my input", "größe", "😀", "a.b", 'q"q', "a'b", "%s", "%0", "a=b", "in:0", "0", "a\nb", "a\\",
         "x" * 3000, "func", "*", "--x", "a,b"]


def test_names(compiler, tmp_path):
    made = model([("Neg", [name], [f"-{name}"]) for name in NAMES], [info(name, ["d d", 3]) for name in NAMES],
                 [info(f"-{name}", ["é/", 3]) for name in NAMES], name="")
    feeds = {name: np.full((2, 3), i, np.float32) for i, name in enumerate(NAMES)}
    assert_same({f"-{name}": -array for name, array in feeds.items()}, run(tmp_path, made, feeds))


def test_outputs_that_nothing_computes(compiler, tmp_path):
    """An output is an input, a weight, another output, or says nothing of its type; an input and a node go unused."""
    made = model([("Neg", ["x"], ["y"]), ("Identity", ["y"], ["z"]), ("RandomNormalLike", ["x"], ["unused"]),
                  ("Constant", [], ["k"], {"value_int": 3})],
                 [info("x", ["n"]), info("nobody's", [2])],
                 [onnx.ValueInfoProto(name="y"), info("z", ["n"]), info("x", ["n"]), info("w", [2]),
                  info("k", [], TensorProto.INT64)], [weight("w", [1, 2])])
    x = np.arange(3, dtype=np.float32)
    got = run(tmp_path, made, {"x": x, "nobody's": np.zeros(2, np.float32)})
    want = {"y": -x, "z": -x, "x": x, "w": np.array([1, 2], np.float32), "k": np.array(3)}
    assert_same(want, got)


def test_sparse_weights(compiler, tmp_path):
    places = helper.make_sparse_tensor(weight("w", [1, 2]), weight("i", [1, 4], np.int64), [2, 3])
    rows = helper.make_sparse_tensor(weight("v", [3, 4]), weight("j", [[0, 2], [1, 1]], np.int64), [2, 3])
    nodes = [("Add", ["x", "w"], ["a"]), ("Constant", [], ["v"], {"sparse_value": rows}), ("Add", ["a", "v"], ["y"])]
    made = model(nodes, [info("x", [2, 3])], [info("y", [2, 3])], sparse_initializer=[places])
    got = run(tmp_path, made, {"x": np.zeros((2, 3), np.float32)})
    assert_same({"y": np.array([[0, 1, 3], [0, 6, 0]], np.float32)}, got)


def test_many_dimensions(compiler, tmp_path):
    """The library's products have 12 dimensions at most."""
    shape = [2] * 4 + [1] * 10 + [3, 3]
    made = model([("MatMul", ["x", "x"], ["p"]), ("Transpose", ["p"], ["t"]), ("Softmax", ["t"], ["y"], {"axis": 1})],
                 [info("x", shape)], [info("y", shape[::-1])])
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    product = (x @ x).transpose()
    got = run(tmp_path, made, {"x": x})["y"]
    powers = np.exp(product - product.max(1, keepdims=True))
    assert not difference(powers / powers.sum(1, keepdims=True), got)


def test_nothing(compiler, tmp_path):
    """Dimensions of no elements, of what the run may leave out."""
    made = model([("MatMul", ["x", "z"], ["p"]), ("ReduceSum", ["x", "zero"], ["s"]),
                  ("Concat", ["x", "x"], ["c"], {"axis": 0}), ("Softmax", ["x"], ["f"]), ("Transpose", ["x"], ["t"])],
                 [info("x", ["a", "k"]), info("z", ["k", "b"])], [info(name, None) for name in "pscft"],
                 [weight("zero", [0], np.int64)])
    path = tmp_path / "m.onnx"
    path.write_bytes(made.SerializeToString())
    with load(compile_once(path, tmp_path / "m.so")) as compiled:
        for a, k, b in ((2, 0, 3), (0, 2, 3), (1, 2, 0), (0, 0, 0)):
            x, z = np.ones((a, k), np.float32), np.ones((k, b), np.float32)
            powers = np.exp(x)
            want = {"p": x @ z, "s": x.sum(0, keepdims=True), "c": np.concatenate([x, x]),
                    "f": powers / powers.sum(1, keepdims=True), "t": x.T}
            assert_same(want, compiled.run({"x": x, "z": z}))


NOTHING = {  # node, attributes, shapes of x, shape of a weight
    "Pad": ("Pad", {}, [0, 9], np.array([1, 1, 0, 1])),
    "Conv": ("Conv", {"pads": [1, 1]}, [0, 3, 9], np.ones((8, 3, 3), np.float32)),
    "channels": ("Conv", {"pads": [1, 1]}, [1, 0, 9], np.ones((8, 0, 3), np.float32)),
    "MaxPool": ("MaxPool", {"pads": [1, 1], "kernel_shape": [3]}, [0, 3, 9], None),
    "AveragePool": ("AveragePool", {"pads": [1, 1], "kernel_shape": [3]}, [2, 0, 9], None),
}


@pytest.mark.parametrize("name", NOTHING)
def test_known_nothing(name, compiler, tmp_path):
    """The model itself says that there are no elements."""
    op, attributes, shape, other = NOTHING[name]
    weights = [] if other is None else [weight("w", other, other.dtype)]
    made = model([(op, ["x", *(w.name for w in weights)], ["y"], attributes)], [info("x", shape)], [info("y", None)],
                 weights)
    got = run(tmp_path, made, {"x": np.ones(shape, np.float32)})["y"]
    want = {"Pad": (1, 11), "Conv": (0, 8, 9), "channels": (1, 8, 9)}.get(name, tuple(shape))
    assert got.shape == want and not got.any()


TYPES = [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, F, TensorProto.INT8, TensorProto.UINT8,
         TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32, TensorProto.UINT32, TensorProto.INT64,
         TensorProto.UINT64, TensorProto.BOOL]


def test_casts(compiler, tmp_path):
    """From each type to each; what doesn't fit is left to others."""
    names = {dtype: TensorProto.DataType.Name(dtype).lower() for dtype in TYPES}
    pairs = [(a, b) for a in TYPES for b in TYPES]
    made = model([("Cast", [names[a]], [f"{names[a]}_{names[b]}"], {"to": b}) for a, b in pairs],
                 [info(names[a], ["n"], a) for a in TYPES],
                 [info(f"{names[a]}_{names[b]}", ["n"], b) for a, b in pairs])
    values = np.array([0, 1, 2, 3, 100, 7])
    arrays = {a: values.astype(helper.tensor_dtype_to_np_dtype(a)) for a in TYPES}
    got = run(tmp_path, made, {names[a]: arrays[a] for a in TYPES})
    want = {f"{names[a]}_{names[b]}": arrays[a].astype(helper.tensor_dtype_to_np_dtype(b)) for a, b in pairs}
    assert_same(want, got)


# ---- what a run may ask for
I64 = TensorProto.INT64
SIZED = [("Expand", ["one", "sizes"], ["expand"]), ("ConstantOfShape", ["sizes"], ["constant"]),
         ("Tile", ["one", "sizes"], ["tile"]), ("Resize", ["image", "", "", "sizes"], ["resize"])]
OVERCOMMIT = Path("/proc/sys/vm/overcommit_memory")


@pytest.fixture(scope="module")
def sized(compiler, tmp_path_factory):
    """Models whose result is as large as the run says."""
    folder = tmp_path_factory.mktemp("sized")
    models = {}
    for node in SIZED:
        kind = node[0]
        inputs = [info("sizes", [2], I64), *([info(node[1][0], [1, 1])] if kind != "ConstantOfShape" else [])]
        made = model([node], inputs, [info(node[2][0], None)])
        (folder / f"{kind}.onnx").write_bytes(made.SerializeToString())
        models[kind] = load(run_compiler(folder / f"{kind}.onnx", folder / f"{kind}.so", "--threads=1"))
    yield models
    for compiled in models.values():
        compiled.close()


@pytest.mark.parametrize("kind", [node[0] for node in SIZED])
@pytest.mark.parametrize("sizes", [(-1, 3), (1 << 62, 4), (1 << 40, 1 << 40), (1 << 20, 1 << 22)])
def test_sizes_that_cannot_be(sized, kind, sizes):
    """A status and a message; the model still runs. 16 TiB are refused by systems that refuse what they don't have."""
    import rac

    if sizes == (1 << 20, 1 << 22) and OVERCOMMIT.read_text().strip() != "0":
        pytest.skip("the system grants all memory that is asked for")
    compiled = sized[kind]
    feeds = {info.name: np.ones((1, 1), np.float32) for info in compiled.inputs}
    with pytest.raises((rac.RunError, MemoryError, ValueError)) as refusal:
        compiled.run({**feeds, "sizes": np.array(sizes)})
    assert str(refusal.value)
    got, = compiled.run({**feeds, "sizes": np.array([2, 3])}).values()
    assert got.shape == (2, 3)


# A shape, what can be asked for, and what cannot.
OVERFLOWING = {"Reshape": ([2, 6], [-1, 4], [(5, 5), (-1, -1), (-2, -6), (1 << 32, 1 << 32), (-1, 5)]),
               "Pad": ([3], [1, 1], [(1 << 62, 1 << 62), (-2, -2)])}


@pytest.mark.parametrize("kind", OVERFLOWING)
def test_sizes_that_overflow(compiler, tmp_path, kind):
    """Elements counted round 64 bits are no others' number, and nothing is divided by."""
    import rac

    shape, right, wrong = OVERFLOWING[kind]
    inputs = [info("x", list("ab")[:len(shape)]), info("s", [2], I64)]
    made = model([(kind, ["x", "s"], ["y"])], inputs, [info("y", None)])
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    with load(run_compiler(tmp_path / "m.onnx", tmp_path / "m.so", "--threads=1")) as compiled:
        for sizes in wrong:
            with pytest.raises((rac.RunError, MemoryError, ValueError)):
                compiled.run({"x": x, "s": np.array(sizes)})
        want = x.reshape(3, 4) if kind == "Reshape" else np.pad(x, 1)
        np.testing.assert_array_equal(compiled.run({"x": x, "s": np.array(right)})["y"], want)


def test_ranges(compiler, tmp_path):
    """As many numbers as onnxruntime gives; a step of 0 is a status and a message."""
    import rac

    made = model([("Range", ["a", "b", "c"], ["y"]), ("Range", ["i", "j", "k"], ["z"])],
                 [*(info(name, []) for name in "abc"), *(info(name, [], I64) for name in "ijk")],
                 [info("y", ["n"]), info("z", ["m"], I64)])
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    reference = Reference(made)

    def feeds(floats, ints):
        return {**{name: np.asarray(value, np.float32) for name, value in zip("abc", floats)},
                **{name: np.asarray(value, np.int64) for name, value in zip("ijk", ints)}}

    right = [((0, 0.6, 0.2), (7, -7, -3)), ((1, 0, 0.5), (3, 3, 1)), ((0, -1, -0.1), (0, 1 << 62, 1 << 60)),
             ((0, 1e-3, 1e30), (5, -(1 << 62), 1))]
    with load(run_compiler(tmp_path / "m.onnx", tmp_path / "m.so", "--threads=1")) as compiled:
        for floats, ints in right:
            assert_same(reference.run(feeds(floats, ints)), compiled.run(feeds(floats, ints)))
        for floats, ints in [((0, 1, 0), (0, 5, 1)), ((0, 1, 1), (0, 5, 0)), ((0, 1, 1), (5, 0, 0)),
                             ((0, 0, -0.0), (0, 5, 1)), ((0, np.nan, 1), (0, 5, 1)), ((0, np.inf, 1), (0, 5, 1))]:
            with pytest.raises(rac.RunError, match="its step is 0, or it gives too many numbers"):
                compiled.run(feeds(floats, ints))
            assert_same(reference.run(feeds(*right[0])), compiled.run(feeds(*right[0])))


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf, 1e30])
def test_scales_that_cannot_be(compiler, tmp_path, scale):
    import rac

    made = model([("Resize", ["x", "", "s"], ["y"])], [info("x", [1, 4]), info("s", [2])], [info("y", None)])
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    with load(compile_once(tmp_path / "m.onnx", tmp_path / "m.so", "--threads=1")) as compiled:
        x = np.arange(4, dtype=np.float32)[None]
        with pytest.raises((rac.RunError, MemoryError, ValueError)) as refusal:
            compiled.run({"x": x, "s": np.float32([1, scale])})
        assert str(refusal.value)
        np.testing.assert_array_equal(compiled.run({"x": x, "s": np.float32([1, 2])})["y"], np.repeat(x, 2, 1))
