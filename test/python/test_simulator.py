"""Kernels for NVIDIA GPUs, run by the simulator, against onnxruntime and numpy; only with RAC_SIMULATED=1, as
scripts/test.sh sets it. What other targets have as well, random shapes of all operators are in test_random_ops.py, which
runs here too."""

import ml_dtypes
import numpy as np
import onnx
import pytest
from graphs import F32, Graph, check
from onnx import TensorProto
from support import MODELS, SIMULATED, Reference, assert_same, compile_once, load
from test_models import page, random

pytestmark = pytest.mark.skipif(not SIMULATED, reason="RAC_SIMULATED is not set")

I64 = np.int64
# With wgmma, where it is of use.
HOPPER = ("--target=nvptx", "--chip=simulator_sm_90a")


def parsed(text, types="", opset=20):
    """A model in ONNX's text syntax."""
    return onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : {opset}]>\n{text}')


def compiled(model, folder, *flags):
    onnx.save(model, folder / "m.onnx")
    return load(compile_once(folder / "m.onnx", folder / "m.so", *flags))


def check_text(text, folder, *feeds, opset=20):
    """Against onnxruntime, for each of the inputs."""
    model = parsed(text, opset=opset)
    reference = Reference(model)
    with compiled(model, folder) as mine:
        for inputs in feeds:
            assert_same(reference.run(inputs), mine.run(inputs), where=str({k: v.shape for k, v in inputs.items()}))


# ---- products, on tensor cores where the type has them

# Rows, columns, terms: whole tiles, one of each, no multiples of anything, more rows than a block has.
SHAPES = [(64, 64, 64), (1, 1, 1), (33, 65, 17), (130, 72, 40), (200, 8, 300), (5, 200, 128), (0, 8, 8), (8, 8, 0)]
TYPES = {"float": (F32, 1e-4), "float16": (np.float16, 2e-3), "bfloat16": (ml_dtypes.bfloat16, 1.6e-2)}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("batch", ["", "b, "])
def test_products(compiler, tmp_path, name, batch):
    dtype, tolerance = TYPES[name]
    model = parsed(f"g ({name}[{batch}n, k] x, {name}[{batch}k, m] w, {name}[m] bias) => ({name}[{batch}n, m] y) "
                   "{ p = MatMul(x, w) q = Add(p, bias) y = Relu(q) }")
    rng = np.random.default_rng(1)
    with compiled(model, tmp_path) as mine:
        for n, m, k in SHAPES:
            batches = (3,) if batch else ()
            feeds = {"x": rng.standard_normal((*batches, n, k)), "w": rng.standard_normal((*batches, k, m)),
                     "bias": rng.standard_normal(m)}
            feeds = {key: value.astype(dtype) for key, value in feeds.items()}
            wide = {key: value.astype(np.float64) for key, value in feeds.items()}
            want = np.maximum((wide["x"] @ wide["w"]).astype(dtype).astype(np.float64) + wide["bias"], 0)
            got = mine.run(feeds)["y"]
            assert got.dtype == dtype
            np.testing.assert_allclose(got.astype(np.float64), want, rtol=tolerance,
                                       atol=tolerance * np.abs(want).max(initial=0) / 4, err_msg=f"{n} x {m} x {k}")


# Sizes that are known decide other kernels than those that are not.
@pytest.mark.parametrize("n, m, k", [(64, 64, 64), (96, 40, 50), (7, 7, 7), (1, 300, 64), (300, 1, 64), (16, 16, 1000)])
@pytest.mark.parametrize("name", TYPES)
def test_static_products(compiler, tmp_path, name, n, m, k):
    dtype, tolerance = TYPES[name]
    model = parsed(f"g ({name}[{n}, {k}] x, {name}[{k}, {m}] w) => ({name}[{n}, {m}] y) {{ y = MatMul(x, w) }}")
    rng = np.random.default_rng(2)
    feeds = {"x": rng.standard_normal((n, k)).astype(dtype), "w": rng.standard_normal((k, m)).astype(dtype)}
    want = feeds["x"].astype(np.float64) @ feeds["w"].astype(np.float64)
    with compiled(model, tmp_path) as mine:
        got = mine.run(feeds)["y"].astype(np.float64)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * np.abs(want).max() / 4)


@pytest.mark.parametrize("n, m, k", [(64, 64, 64), (128, 256, 192), (300, 200, 136), (128, 136, 64), (65, 8, 1048), (1000, 264, 8)])
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("transposed", [False, True])
def test_group_products(compiler, tmp_path, name, n, m, k, transposed):
    """By four warps together; the right factor's columns lie side by side, or its terms."""
    dtype, tolerance = TYPES[name]
    right = f"{name}[{m}, {k}] u" if transposed else f"{name}[{k}, {m}] w"
    model = parsed(f"g ({name}[{n}, {k}] x, {right}) => ({name}[{n}, {m}] y) "
                   f"{{ {'w = Transpose<perm = [1, 0]>(u) ' * transposed}y = MatMul(x, w) }}")
    rng = np.random.default_rng(2)
    x, w = rng.standard_normal((n, k)).astype(dtype), rng.standard_normal((k, m)).astype(dtype)
    want = x.astype(np.float64) @ w.astype(np.float64)
    with compiled(model, tmp_path, *HOPPER) as mine:
        got = mine.run({"x": x, **({"u": np.ascontiguousarray(w.T)} if transposed else {"w": w})})["y"].astype(np.float64)
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * np.abs(want).max() / 4)


@pytest.mark.parametrize("order", ["forward", "reverse"])
@pytest.mark.parametrize("copies", ["late", "early"])
@pytest.mark.parametrize("kind", ["product", "convolution"])
def test_group_products_in_any_order(compiler, tmp_path, monkeypatch, kind, order, copies):
    """Tiles that the copy unit brings, and windows that threads copy: more steps than there are stages, rows, columns and
    terms that aren't whole tiles."""
    monkeypatch.setenv("RAC_SIMULATOR_ORDER", order)
    monkeypatch.setenv("RAC_SIMULATOR_COPIES", copies)
    rng = np.random.default_rng(6)
    if kind == "product":
        text = ("g (float16[3, n, 520] x, float16[520, 72] w, float16[72] b) => (float16[3, n, 72] y) "
                "{ p = MatMul(x, w) q = Add(p, b) y = Relu(q) }")
        x, w, b = (rng.standard_normal(shape).astype(np.float16) for shape in ((3, 150, 520), (520, 72), (72,)))
        feeds, want = {"x": x, "w": w, "b": b}, x.astype(np.float64) @ w.astype(np.float64)
        want = np.maximum(want + b.astype(np.float64), 0)
    else:
        text = ("g (float16[1, 64, 10, 9] x, float16[64, 64, 3, 3] w) => (float16[1, 64, 10, 9] y) "
                "{ y = Conv<pads = [1, 1, 1, 1]>(x, w) }")
        x, w = (rng.standard_normal(shape).astype(np.float16) for shape in ((1, 64, 10, 9), (64, 64, 3, 3)))
        feeds, around = {"x": x, "w": w}, np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
        want = sum(np.einsum("nchw,fc->nfhw", around[:, :, i:i + 10, j:j + 9], w[:, :, i, j].astype(np.float64))
                   for i in range(3) for j in range(3))
    with compiled(parsed(text), tmp_path, *HOPPER) as mine:
        got = mine.run(feeds)["y"].astype(np.float64)
    np.testing.assert_allclose(got, want, rtol=2e-3, atol=5e-4 * np.abs(want).max())


@pytest.mark.parametrize("n, m, k", [(64, 64, 128), (128, 256, 384), (150, 72, 528), (33, 41, 70), (1, 40, 64), (300, 3, 16)])
@pytest.mark.parametrize("transposed", [True, False], ids=["terms", "columns"])
@pytest.mark.parametrize("chip", ["simulator", "simulator_sm_90a"])
def test_products_of_float8(compiler, tmp_path, chip, transposed, n, m, k):
    """Of whole numbers, so exactly. `transposed`: the right factor's terms lie side by side, as those of weights do."""
    x, w, y = f"tensor<{n}x{k}x", f"tensor<{m}x{k}x" if transposed else f"tensor<{k}x{m}x", f"tensor<{n}x{m}xf32>"
    named = '{{rac.dim_names = ["", ""], rac.name = "{}"}}'.format
    right, turn = f"tensor<{k}x{m}xf8E4M3FN>", ""
    if transposed:
        turn = f"%t = rac.transpose %b, [1, 0] : ({w}f8E4M3FN>) -> {right}"
    (tmp_path / "m.mlir").write_text(f"""
        func.func @main(%x: {x}f32> {named("x")}, %w: {w}f32> {named("w")}) -> ({y} {named("y")}) {{
          %a = rac.cast %x : ({x}f32>) -> {x}f8E4M3FN>
          %b = rac.cast %w : ({w}f32>) -> {w}f8E4M3FN>
          {turn}
          %0 = rac.matmul %a, {"%t" if transposed else "%b"} : ({x}f8E4M3FN>, {right}) -> {y}
          return %0 : {y}
        }}""")
    rng = np.random.default_rng(8)
    feeds = {"x": rng.integers(-16, 17, (n, k)).astype(F32), "w": rng.integers(-16, 17, (k, m)).astype(F32)}
    want = feeds["x"] @ feeds["w"]
    if transposed:
        feeds["w"] = np.ascontiguousarray(feeds["w"].T)
    with load(compile_once(tmp_path / "m.mlir", tmp_path / "m.so", "--target=nvptx", f"--chip={chip}")) as mine:
        np.testing.assert_array_equal(mine.run(feeds)["y"], want)


# ---- attention

# Batches, heads, queries, keys, vectors: tiles that are whole, that aren't, that are many, and of few elements.
ATTENTIONS = [(1, 2, 128, 64, 64), (2, 1, 70, 130, 64), (1, 2, 130, 200, 128), (1, 1, 33, 9, 16)]


def softmax(scores):
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def check_attention(folder, name, kind, shape, *flags, static=False):
    batch, heads, queries, keys, size = shape
    dtype, tolerance = TYPES[name]
    masked = kind == "masked"
    rows, columns = (queries, keys) if static else ("L", "S")
    q, kv, wide = f"{batch}, {heads}, {rows}, {size}", f"{batch}, {heads}, {columns}, {size}", np.float64
    mask = f", {name}[{rows}, {columns}] m" * masked
    model = parsed(f"g ({name}[{q}] q, {name}[{kv}] k, {name}[{kv}] v{mask}) => ({name}[{q}] y) "
                   f"{{ y = Attention<is_causal = {int(kind == 'causal')}>(q, k, v{', m' * masked}) }}", opset=23)
    rng = np.random.default_rng(1)
    feeds = {"q": rng.standard_normal((batch, heads, queries, size)), "k": rng.standard_normal((batch, heads, keys, size)),
             "v": rng.standard_normal((batch, heads, keys, size))}
    if masked:
        # Some rows see nothing in the first tile.
        feeds["m"] = np.where(rng.random((queries, keys)) < 0.4, -np.inf, rng.standard_normal((queries, keys)))
        feeds["m"][::3, :-1] = -np.inf
        feeds["m"][:, -1] = 0.5
    feeds = {key: value.astype(dtype) for key, value in feeds.items()}
    scores = feeds["q"].astype(wide) @ feeds["k"].astype(wide).swapaxes(-1, -2) / np.sqrt(size)
    if masked:
        scores += feeds["m"].astype(wide)
    elif kind:
        scores = np.where(np.arange(keys) <= np.arange(queries)[:, None], scores, -np.inf)
    want = softmax(scores) @ feeds["v"].astype(wide)
    with compiled(model, folder, *flags) as mine:
        got = mine.run(feeds)["y"].astype(wide)
    assert np.abs(got - want).max() <= tolerance * np.abs(want).max()


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("kind", ["", "masked", "causal"])
@pytest.mark.parametrize("shape", ATTENTIONS, ids=str)
def test_attention(compiler, tmp_path, name, kind, shape):
    check_attention(tmp_path, name, kind, shape)


# Where four warps multiply: one tile of columns and several, also more than there are places for; rows of less than a block
# and of several; vectors of part of a line, of one, of one and a half and of two.
GROUP_ATTENTIONS = [(1, 1, 128, 128, 64), (2, 1, 70, 130, 64), (1, 2, 130, 600, 128), (1, 1, 300, 290, 96), (1, 1, 33, 9, 16),
                    (1, 1, 40, 1, 32), (1, 1, 257, 513, 128)]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", ["", "causal"])
@pytest.mark.parametrize("shape", GROUP_ATTENTIONS, ids=str)
def test_group_attention(compiler, tmp_path, name, kind, shape):
    check_attention(tmp_path, name, kind, shape, *HOPPER)


@pytest.mark.parametrize("name, kind, shape", [("bfloat16", "", (2, 2, 256, 384, 64)), ("float16", "causal", (1, 2, 384, 384, 128)),
                                               ("bfloat16", "masked", (1, 1, 70, 130, 64))], ids=str)
def test_static_group_attention(compiler, tmp_path, name, kind, shape):
    check_attention(tmp_path, name, kind, shape, *HOPPER, static=True)


@pytest.mark.parametrize("order", ["forward", "reverse"])
@pytest.mark.parametrize("copies", ["late", "early"])
def test_group_attention_in_any_order(compiler, tmp_path, monkeypatch, order, copies):
    """What lacks a barrier, or is copied too early or late, shows in one of them."""
    monkeypatch.setenv("RAC_SIMULATOR_ORDER", order)
    monkeypatch.setenv("RAC_SIMULATOR_COPIES", copies)
    check_attention(tmp_path, "bfloat16", "causal", (1, 1, 200, 700, 64), *HOPPER)


@pytest.mark.parametrize("chip", ["simulator", "simulator_sm_90a"])
def test_attention_of_no_numbers(compiler, tmp_path, chip):
    """Infinite and undefined elements stay in the rows that they belong to; without keys the result is 0."""
    model = parsed("g (float16[1, 1, L, 64] q, float16[1, 1, S, 64] k, float16[1, 1, S, 64] v) => (float16[1, 1, L, 64] y) "
                   "{ y = Attention(q, k, v) }", opset=23)
    rng = np.random.default_rng(4)
    feeds = {name: rng.standard_normal((1, 1, n, 64)).astype(np.float16) for name, n in (("q", 140), ("k", 150), ("v", 150))}
    feeds["q"][0, 0, 3, 5], feeds["q"][0, 0, 100, 1], feeds["v"][0, 0, 149, 7] = np.nan, np.inf, np.inf
    wide = {name: value.astype(np.float64) for name, value in feeds.items()}
    with np.errstate(invalid="ignore"):
        want = softmax(wide["q"] @ wide["k"].swapaxes(-1, -2) / 8) @ wide["v"]
    with compiled(model, tmp_path, "--target=nvptx", f"--chip={chip}") as mine:
        got = mine.run(feeds)["y"].astype(np.float64)
        none = mine.run({"q": feeds["q"], "k": feeds["k"][:, :, :0], "v": feeds["v"][:, :, :0]})["y"]
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_allclose(got, want, rtol=4e-3, atol=4e-3)
    np.testing.assert_array_equal(none, 0)


# ---- convolutions whose channels fill tensor cores, and some that don't

CONVOLUTIONS = {
    "plain": (32, 64, 3, {"pads": [1, 1, 1, 1]}),
    "strided": (16, 24, 3, {"strides": [2, 2]}),
    "dilated": (16, 32, 3, {"dilations": [2, 3], "pads": [2, 3, 2, 3]}),
    "grouped": (32, 48, 3, {"group": 4}),
    "depthwise": (24, 24, 5, {"group": 24, "pads": [2, 2, 2, 2]}),
    "pointwise": (40, 72, 1, {}),
    "odd": (3, 5, 2, {"pads": [1, 0, 0, 1]}),
    "first": (3, 32, 7, {"strides": [2, 2], "pads": [3, 3, 3, 3]}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(compiler, tmp_path, name):
    """With and without a bias and what follows; two results that share one."""
    cin, cout, size, attributes = CONVOLUTIONS[name]
    graph = Graph(3)
    x = graph.input("x", ["n", cin, 15, 18])
    weights = graph.normal(cout, cin // attributes.get("group", 1), size, size)
    value = graph.op("Conv", x, weights, graph.normal(cout), **attributes)
    graph.output(graph.op("Relu", value), graph.op("Conv", x, weights, **attributes))
    check(graph, tmp_path, [{"n": 1}, {"n": 3}], rtol=1e-3, atol=1e-4)


# ---- rows and columns of every length, for a part of a warp up to many blocks

def rows_of(graph, x, scale=None):
    for kind in ("Softmax", "LogSoftmax"):
        graph.output(graph.op(kind, x, axis=-1))
    for axis in (0, 1):
        for kind in ("Sum", "Max", "Mean"):
            graph.output(graph.op(f"Reduce{kind}", x, graph.weight([axis], I64)))
        graph.output(graph.op("ArgMax", x, axis=axis), graph.op("Softmax", x, axis=axis))
    if scale:
        graph.output(graph.op("LayerNormalization", x, scale, axis=-1))


def test_long_rows(compiler, tmp_path):
    graph = Graph(8)
    x = graph.input("x", ["n", "m"])
    rows_of(graph, x)
    sizes = [(1, 20000), (3, 4097), (2, 1024), (300, 40), (5000, 3), (1, 1)]
    check(graph, tmp_path, [{"n": n, "m": m} for n, m in sizes], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("length", [3, 12, 64, 100, 768, 1000, 4096, 9999])
def test_known_rows(compiler, tmp_path, length):
    graph = Graph(9)
    x = graph.input("x", ["n", length])
    rows_of(graph, graph.op("Add", x, graph.normal(length)), graph.normal(length))
    check(graph, tmp_path, [{"n": n} for n in (1, 7, 33)], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("axes, shape", [([0, 1, 2], (5, 130, 257)), ([0, 1], (3, 4000, 20)), ([1, 2], (2, 300, 300)),
                                         ([0], (5000, 7, 4)), ([1], (2, 40000, 3)), ([2], (1, 3, 70000))], ids=str)
@pytest.mark.parametrize("dtype", [F32, np.int32])
def test_few_results(compiler, tmp_path, axes, shape, dtype):
    """Several blocks share a result; another kernel puts their parts together, and does what follows."""
    graph = Graph(11)
    x = graph.input("x", list(shape), dtype)
    for kind in ("Sum", "Max", "Min"):
        graph.output(graph.op(f"Reduce{kind}", x, graph.weight(axes, I64), keepdims=0))
    if dtype == F32:
        graph.output(graph.op("ReduceMean", x, graph.weight(axes, I64), keepdims=1))
    graph.output(graph.op("Abs", graph.op("ReduceSum", x, graph.weight(axes, I64), keepdims=0)))
    graph.output(graph.op("ArgMax", x, axis=axes[0]))
    check(graph, tmp_path, [{}], rtol=1e-3, atol=1e-2)


def test_nan_is_kept_by_all_parts(compiler, tmp_path):
    model = parsed("g (float[4, 33000] x) => (float[4] s, float[4] m) "
                   "{ a = Constant<value = int64[1] {1}>() s = ReduceSum<keepdims = 0>(x, a) m = ReduceMax<keepdims = 0>(x, a) }")
    x = np.random.default_rng(5).standard_normal((4, 33000)).astype(F32)
    x[1, 32999], x[2, 17], x[3, 5], x[3, 20000] = np.nan, np.inf, np.inf, -np.inf
    with compiled(model, tmp_path) as mine:
        got = mine.run({"x": x})
    np.testing.assert_allclose(got["s"], x.sum(1), rtol=1e-4, atol=1e-2)
    np.testing.assert_array_equal(got["m"], x.max(1))


POOLS = {
    "max": ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "one side": ("MaxPool", {"kernel_shape": [2, 3], "pads": [1, 0, 0, 2]}),
    "average": ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    "average of what is there": ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    "large": ("MaxPool", {"kernel_shape": [7, 7], "strides": [3, 3], "pads": [3, 3, 3, 3]}),
}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("channels", [16, 3])
@pytest.mark.parametrize("batch", ["n", 2])
def test_padded_pools(compiler, tmp_path, name, channels, batch):
    """Between convolutions, so that channels neighbour; behind a filter for each of these."""
    kind, attributes = POOLS[name]
    graph = Graph(12)
    x = graph.input("x", [batch, 4, 11, 14])
    value = graph.op("Conv", x, graph.normal(channels, 4, 1, 1))
    value = graph.op("Conv", value, graph.normal(channels, 1, 3, 5), group=channels, pads=[1, 2, 1, 2])
    value = graph.op(kind, value, **attributes)
    graph.output(graph.op("Conv", value, graph.normal(8, channels, 1, 1)), graph.op(kind, x, **attributes))
    check(graph, tmp_path, [{"n": 1}, {"n": 2}], rtol=1e-3, atol=1e-4)


def test_zeros_around_times_infinity(compiler, tmp_path):
    """0 times infinity is no number, where what is around an image meets a filter's infinity, too."""
    model = parsed("g (float[1, 4, 6, 6] x, float[8, 4, 3, 3] w) => (float[1, 8, 6, 6] y) { y = Conv<pads = [1, 1, 1, 1]>(x, w) }")
    rng = np.random.default_rng(6)
    feeds = {"x": rng.standard_normal((1, 4, 6, 6)).astype(F32), "w": rng.standard_normal((8, 4, 3, 3)).astype(F32)}
    feeds["w"][2, 1, 0, 0] = np.inf
    feeds["x"][0, 3, 5, 5] = np.nan
    padded = np.pad(feeds["x"][0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    with np.errstate(invalid="ignore"):
        want = (windows[None] * feeds["w"][:, :, None, None]).sum((1, 4, 5))
    with compiled(model, tmp_path) as mine:
        got = mine.run(feeds)["y"][0]
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [F32, np.int8, np.int64, np.float16])
@pytest.mark.parametrize("known", [(33, 70), (64, 128), (256, 132), (130, 66)], ids=str)
def test_transposes(compiler, tmp_path, dtype, known):
    """Through shared memory or not; words of several elements, whole and ragged tiles."""
    graph = Graph(10)
    x, known = graph.input("x", ["n", 3, "m"], dtype), graph.input("known", list(known), dtype)
    for perm in ([2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1]):
        graph.output(graph.op("Transpose", x, perm=perm))
    graph.output(graph.op("Transpose", known))
    if dtype == F32:
        turned = graph.op("Transpose", known)
        graph.output(graph.op("Relu", graph.op("Add", turned, graph.normal(1, graph.inputs["known"][0][0]))))
    check(graph, tmp_path, [{"n": n, "m": m} for n, m in [(64, 64), (33, 100), (1, 40), (5, 7), (0, 9)]])


# ---- what kernels check

GATHERS = {
    "gather": ("Gather <axis = 1> (x, i)", "n, k", "n, k, 6"),
    "gather_elements": ("GatherElements <axis = 0> (x, i)", "n, k", "n, k"),
    "gather_nd": ("GatherND (x, i)", "n, 2", "n"),
    "scatter_elements": ('ScatterElements <axis = 1> (x, i, u)', "n, k", "n, m"),
    "scatter_nd": ("ScatterND (x, i, u)", "n, 1", "n, m"),
}


@pytest.mark.parametrize("name", GATHERS)
def test_indices(compiler, tmp_path, name):
    """Good ones, negative ones, and those beyond the end, of which the run says so and the next is well again."""
    import rac

    call, index, result = GATHERS[name]
    updates = ", float[a, b] u" if "u)" in call else ""
    model = parsed(f"g (float[p, q] x, int64[{index}] i{updates}) => (float[{result}] y) {{ y = {call} }}")
    rng = np.random.default_rng(4)
    x = rng.standard_normal((5, 7)).astype(F32)
    # At most as many rows and columns as x has, each index once.
    shape = {"gather": (2, 3), "gather_elements": (3, 4), "gather_nd": (4, 2), "scatter_elements": (3, 4), "scatter_nd": (3, 1)}[name]
    if name == "scatter_nd":
        good = rng.permutation(5)[:3].reshape(3, 1) - [[0], [5], [0]]
    else:
        good = np.stack([rng.permutation(5)[:shape[1]] for _ in range(shape[0])])
        good[0, 0] -= {"gather": 7, "gather_elements": 5, "gather_nd": 5, "scatter_elements": 7}[name]
    feeds = {"x": x, "i": good.astype(I64)}
    if updates:
        feeds["u"] = rng.standard_normal((3, 7) if name == "scatter_nd" else shape).astype(F32)
    want = Reference(model).run(feeds)
    with compiled(model, tmp_path) as mine:
        assert_same(want, mine.run(feeds))
        for wrong in (7, -8, 2**40):
            bad = feeds["i"].copy()
            bad[-1, -1] = wrong
            with pytest.raises(rac.RunError, match="out of|range|bounds"):
                mine.run({**feeds, "i": bad})
            assert_same(want, mine.run(feeds))


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_repeated_indices(compiler, tmp_path, reduction):
    """One after the other, in their order."""
    model = parsed(f"g (float[7, 5, 40] x, int64[n, 2] i, float[n, 40] u, int64[6, 5, 9] j, float[6, 5, 9] v) => "
                   f"(float[7, 5, 40] y, float[7, 5, 40] z) {{ y = ScatterND<reduction = \"{reduction}\">(x, i, u) "
                   f"z = ScatterElements<axis = 2, reduction = \"{reduction}\">(x, j, v) }}")
    rng = np.random.default_rng(7)
    feeds = {"x": rng.standard_normal((7, 5, 40)), "u": rng.standard_normal((30, 40)), "v": rng.standard_normal((6, 5, 9))}
    feeds = {name: value.astype(F32) for name, value in feeds.items()}
    feeds["i"], feeds["j"] = rng.integers(-5, 5, (30, 2)), rng.integers(-40, 40, (6, 5, 9)) // 3
    combine = {"none": lambda old, new: new, "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[reduction]
    y, z = feeds["x"].copy(), feeds["x"].copy()
    for (a, b), row in zip(feeds["i"], feeds["u"]):
        y[a, b] = combine(y[a, b], row)
    for at in np.ndindex(6, 5, 9):
        to = (at[0], at[1], feeds["j"][at])
        z[to] = combine(z[to], feeds["v"][at])
    with compiled(model, tmp_path) as mine:
        got = mine.run(feeds)
    np.testing.assert_allclose(got["y"], y, rtol=1e-6)
    np.testing.assert_allclose(got["z"], z, rtol=1e-6)


# ---- loops and branches are the host's

LOOP = """g (float[3, 4] x, int64 trips, float limit) => (float[3, 4] y, float[b, 3, 4] all) {
  more = Constant <value = bool {1}> ()
  y, all = Loop (trips, more, x) <body = body (int64 i, bool go, float[3, 4] before) => (bool again, float[3, 4] after, float[3, 4] kept) {
    doubled = Add (before, before)
    after = Tanh (doubled)
    kept = Identity (before)
    sum = ReduceSum <keepdims = 0> (after)
    again = Less (sum, limit)
  }>
}"""
BRANCH = """g (float[n, 4] x, bool which) => (float[a, 4] y) {
  y = If (which) <then_branch = then () => (float[n, 4] t) { t = Relu (x) },
                  else_branch = other () => (float[m, 4] e) { e = Concat <axis = 0> (x, x) }>
}"""


def test_loop(compiler, tmp_path):
    x = random(5, 3, 4)
    check_text(LOOP, tmp_path, *({"x": x, "trips": np.array(trips, I64), "limit": np.array(limit, F32)}
                                 for trips, limit in [(5, 1e9), (1, 1e9), (6, -1e9), (0, 1e9)]))


def test_branch(compiler, tmp_path):
    x = random(6, 3, 4)
    check_text(BRANCH, tmp_path, *({"x": x, "which": np.array(which)} for which in (True, False, True)))


def test_empty(compiler, tmp_path):
    """Kernels for nothing aren't launched."""
    graph = Graph(7)
    x = graph.input("x", ["n", 8, "m"])
    graph.output(graph.op("Relu", x), graph.op("Transpose", x, perm=[2, 0, 1]), graph.op("Concat", x, x, axis=2),
                 graph.op("ReduceSum", x, graph.weight([1], I64)), graph.op("Cast", x, to=TensorProto.INT32))
    check(graph, tmp_path, [{"n": 0, "m": 3}, {"n": 2, "m": 0}, {"n": 2, "m": 3}, {"n": 0, "m": 0}])


# ---- models

def sound(voices):
    return {"input": 0.1 * random(1, voices, 512), "state": np.zeros((2, voices, 128), F32), "sr": np.array(16000, I64)}


SMALL = {
    "silero_vad_16k_op15": lambda: [sound(1), sound(2)],
    "ch_ppocr_mobile_v2.0_cls_infer": lambda: [{"x": page(2, 1, 3, 48, 100)}, {"x": page(2, 2, 3, 48, 64)}],
    "ch_PP-OCRv4_det_infer": lambda: [{"x": page(2, 1, 3, 64, 96)}],
}


@pytest.mark.parametrize("name", SMALL)
def test_model(compiler, tmp_path, name):
    path = MODELS / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{path} is not there: scripts/models.py gathers the models")
    reference = Reference(path)
    with load(compile_once(path, tmp_path / "m.so", time_limit=280)) as model:
        for feeds in SMALL[name]():
            assert_same(reference.run(feeds), model.run(feeds))
