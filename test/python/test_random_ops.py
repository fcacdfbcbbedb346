"""Random graphs against onnxruntime: many small chains a model, so that few compiles are needed;
every size is symbolic, so that one library runs at several, ragged and empty ones. Seeded: a case is
the same in every run."""

import itertools

import numpy as np
import pytest
from graphs import F32, Graph, OnnxReference, check
from onnx import TensorProto
from support import SIMULATED, Reference

RAGGED = [{"n": n, "m": m} for n, m in [(4, 16), (1, 1), (7, 33), (3, 17), (64, 5), (2, 130), (0, 8), (5, 0)]]
FULL = RAGGED[:-2]

UNARY = ["Abs", "Neg", "Exp", "Tanh", "Sigmoid", "Relu", "Erf", "Sqrt", "Log", "Floor", "Ceil", "Round",
         "Sin", "Cos", "Reciprocal", "Softplus", "Softsign", "LeakyRelu", "Elu", "Selu", "HardSigmoid",
         "HardSwish", "Sign", "Atan", "Mish", "Gelu", "Celu", "ThresholdedRelu"]
BINARY = ["Add", "Sub", "Mul", "Div", "Max", "Min"]


@pytest.mark.parametrize("seed", range(6))
def test_elementwise_chains(compiler, tmp_path, seed):
    graph = Graph(seed)
    rng = graph.rng
    whole = [graph.input("x", ["n", "m"]), graph.input("y", ["n", "m"])]
    parts = [graph.input("row", ["m"]), graph.input("column", ["n", 1]), graph.weight(0.7, F32)]
    for _ in range(8):
        value = rng.choice(whole)
        for _ in range(rng.integers(2, 7)):
            if rng.random() < 0.5:
                value = graph.op(str(rng.choice(["Abs", "Neg", "Tanh", "Sigmoid", "Relu", "Erf", "Softsign",
                                                 "LeakyRelu", "Sin", "HardSwish"])), value)
            else:
                other = rng.choice(whole + parts)
                value = graph.op(str(rng.choice(["Add", "Sub", "Mul", "Max", "Min"])), value, other)
        graph.output(value)
    check(graph, tmp_path, RAGGED)


@pytest.mark.parametrize("special", [False, True])
def test_unary(compiler, tmp_path, special):
    """On ordinary numbers, and on infinities, NaN, denormals and the ends of the range."""
    graph = Graph(1)
    x = graph.input("x", ["n", "m"])
    for kind in UNARY:
        # Angles have no meaning beyond 1e15.
        if not special or kind not in ("Sin", "Cos"):
            graph.output(graph.op(kind, x))
    # onnxruntime's own answers for NaN or beside the range are not ONNX's.
    check(graph, tmp_path, FULL, special, reference=OnnxReference if special else Reference)


def test_large_angles(compiler, tmp_path):
    """As rotary embeddings have them."""
    graph = Graph(12)
    angle = graph.op("Mul", graph.input("x", ["n", "m"]), graph.weight(3e5, F32))
    graph.output(*[graph.op(kind, angle) for kind in ("Sin", "Cos")])
    check(graph, tmp_path, FULL, atol=1e-6)


def test_binary_and_comparisons(compiler, tmp_path):
    graph = Graph(2)
    x, y = graph.input("x", ["n", "m"]), graph.input("y", ["m"])
    for kind in ["Add", "Sub", "Mul", "Div", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"]:
        graph.output(graph.op(kind, x, y))
    graph.output(graph.op("Where", graph.op("IsNaN", x), y, x), graph.op("IsInf", x))
    graph.output(graph.op("Not", graph.op("Less", x, y)))
    check(graph, tmp_path, FULL, special=True)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8, np.int8, np.float64, np.float16])
def test_types(compiler, tmp_path, dtype):
    graph = Graph(3)
    x, y = graph.input("x", ["n", "m"], dtype), graph.input("y", ["n", "m"], dtype)
    if dtype in (np.uint8, np.int8):  # onnxruntime has little arithmetic on bytes
        x, y = graph.op("Cast", x, to=TensorProto.INT32), graph.op("Cast", y, to=TensorProto.INT32)
    for kind in ["Add", "Sub", "Mul"]:
        graph.output(graph.op(kind, x, y))
    graph.output(graph.op("Equal", x, y), graph.op("Abs", x), graph.op("Cast", x, to=TensorProto.FLOAT))
    graph.output(graph.op("Cast", x, to=TensorProto.INT64), graph.op("Cast", x, to=TensorProto.BOOL))
    loose = dtype is np.float16
    check(graph, tmp_path, RAGGED, rtol=2e-3 if loose else 1e-4, atol=1e-3 if loose else 1e-5)


REDUCTIONS = ["Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSumExp", "SumSquare"]


@pytest.mark.parametrize("kind", REDUCTIONS)
def test_reductions(compiler, tmp_path, kind):
    """Over every set of axes."""
    graph = Graph(4)
    x = graph.input("x", ["n", 3, "m"])
    for length in (1, 2, 3):
        for axes in itertools.combinations(range(3), length):
            graph.output(graph.op(f"Reduce{kind}", x, graph.weight(axes, np.int64), keepdims=length % 2))
    sizes = FULL if kind in ("Max", "Min", "LogSumExp", "Mean") else RAGGED
    check(graph, tmp_path, [s for s in sizes if kind != "Prod" or s["n"] * s["m"] < 100], rtol=1e-3)


def test_arg_and_cumulative(compiler, tmp_path):
    graph = Graph(5)
    x = graph.input("x", ["n", 3, "m"])
    for axis in (0, 1, -1):
        graph.output(graph.op("ArgMax", x, axis=axis), graph.op("ArgMin", x, axis=axis, keepdims=0))
        graph.output(graph.op("CumSum", x, graph.weight(axis, np.int64), reverse=axis % 2))
    check(graph, tmp_path, FULL)


def test_scatter(compiler, tmp_path):
    """What is scattered into is changed in the result alone, not in the input."""
    graph = Graph(13)
    x, rows = graph.input("x", ["n", "m"]), graph.weight([[2], [-4]], np.int64)
    updates = graph.input("updates", [2, "m"])
    graph.output(graph.op("ScatterND", x, rows, updates), graph.op("ScatterND", x, rows, updates, reduction="add"))
    places = graph.weight([[0, 3, 1], [-1, 2, 0]], np.int64)
    parts = graph.normal(2, 3)
    for axis in (0, 1):
        graph.output(graph.op("ScatterElements", x, places, parts, axis=axis))
    graph.output(graph.op("Neg", x))
    check(graph, tmp_path, [{"n": 4, "m": 4}, {"n": 7, "m": 33}])


def test_top_k(compiler, tmp_path):
    """Of every axis, with k a constant and known only to the run; equal values in order."""
    graph = Graph(10)
    x, k = graph.input("x", ["n", 6, "m"]), graph.input("k", [1], np.int64)
    ties = graph.op("Cast", x, to=TensorProto.INT64)
    for axis in (0, 1, -1):
        for largest in (0, 1):
            for value in (x, ties):
                graph.output(*graph.op("TopK", value, graph.weight([1], np.int64), axis=axis, outputs=2),
                             *graph.op("TopK", value, k, axis=axis, largest=largest, outputs=2))
    check(graph, tmp_path, FULL, fixed={"k": np.array([1])})


RECURRENT = {"LSTM": 4, "GRU": 3, "RNN": 1}


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("width", [5, 40, 1100])
def test_recurrent(compiler, tmp_path, kind, width):
    """Every direction and several steps, from states of zeros and given ones; rows below and above
    what a kernel keeps on the stack."""
    if SIMULATED and width > 1000:
        pytest.skip("takes minutes in the simulator")
    graph = Graph(11)
    x = graph.input("x", ["n", "m", 3])
    gates = RECURRENT[kind] * width
    for direction in ("forward", "reverse", "bidirectional"):
        both = 2 if direction == "bidirectional" else 1
        weights = [graph.weight(graph.rng.standard_normal(shape) / width, F32)
                   for shape in ((both, gates, 3), (both, gates, width), (both, 2 * gates))]
        states = [graph.op("Expand", graph.normal(both, 1, width), graph.op(
            "Concat", graph.weight([both], np.int64), graph.op("Shape", x, start=1, end=2),
            graph.weight([width], np.int64), axis=0)) for _ in range(2 if kind == "LSTM" else 1)]
        for more in ([], ["", *states]):
            graph.output(*graph.op(kind, x, *weights, *more, hidden_size=width, direction=direction,
                                   outputs=3 if kind == "LSTM" else 2))
    sizes = [{"n": n, "m": m} for n, m in [(1, 1), (2, 3), (5, 1), (9, 2)]]
    check(graph, tmp_path, sizes, rtol=1e-3, atol=1e-4)


def test_normalisations(compiler, tmp_path):
    graph = Graph(6)
    x = graph.input("x", ["n", 6, "m"])
    for axis in (0, 1, 2):
        graph.output(graph.op("Softmax", x, axis=axis), graph.op("LogSoftmax", x, axis=axis))
    y = graph.input("y", ["n", "m", 40])
    scale, shift = graph.normal(40), graph.normal(40)
    graph.output(graph.op("LayerNormalization", y, scale, shift, axis=-1),
                 graph.op("LayerNormalization", y, scale, axis=-1, epsilon=1e-3))
    channels = [graph.normal(6), graph.normal(6)]
    graph.output(graph.op("InstanceNormalization", x, *channels),
                 graph.op("BatchNormalization", x, *channels, graph.normal(6),
                          graph.weight(np.arange(1, 7), F32)),
                 graph.op("LpNormalization", x, axis=1), graph.op("LpNormalization", x, axis=-1, p=1))
    check(graph, tmp_path, [s for s in FULL if s["m"] > 1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("special", [False, True])
def test_rows_of_known_sizes(compiler, tmp_path, special):
    """Several rows are reduced at a time, in vectors and what is left of them."""
    graph, last = Graph(17), [-1]
    sizes = [(1, 384), (2, 40), (3, 16), (5, 33), (7, 100), (11, 5), (4, 1000), (2, 3, 130), (6, 1), (197, 15)]
    for number, shape in enumerate(sizes):
        x = graph.input(f"x{number}", list(shape))
        # 1e38 four times is infinite in some orders and, with its opposite between, not in others.
        summed = graph.op("Mul", x, graph.weight(2.0**-10, F32)) if special else x
        graph.output(*[graph.op(kind, value, graph.weight(last, np.int64), keepdims=number % 2)
                       for kind, value in (("ReduceSum", summed), ("ReduceMean", summed), ("ReduceMax", x),
                                           ("ReduceMin", x), ("ReduceL2", x), ("ReduceLogSumExp", x))])
        graph.output(graph.op("Softmax", x, axis=-1))
        if not special:  # the reference takes logarithms of what is zero in f32
            graph.output(graph.op("LogSoftmax", x, axis=-1))
        if shape[-1] > 1:
            graph.output(graph.op("LayerNormalization", summed, graph.normal(shape[-1]), graph.normal(shape[-1]), axis=-1))
    check(graph, tmp_path, [{}], special, rtol=1e-3, atol=1e-4, reference=OnnxReference if special else Reference)


def test_softmax_with_masks(compiler, tmp_path):
    """-inf where a mask hides something; large numbers."""
    graph = Graph(7)
    x, hide = graph.input("x", ["n", "m"]), graph.input("hide", ["n", "m"], np.bool_)
    minus = graph.weight(-np.inf, F32)
    hidden = graph.op("Where", hide, minus, x)
    first = graph.weight(np.eye(1, 1), F32)
    graph.output(graph.op("Softmax", graph.op("Concat", hidden, graph.op("Slice", x, *[
        graph.weight(v, np.int64) for v in ([0], [1], [1])]), axis=-1), axis=-1))
    graph.output(graph.op("Softmax", graph.op("Mul", x, graph.weight(1e4, F32)), axis=-1),
                 graph.op("Mul", x, first))
    check(graph, tmp_path, FULL)


def test_softmax_of_special_numbers(compiler, tmp_path):
    """A row with NaN or +inf anywhere is NaN, in whatever lane."""
    graph = Graph(8)
    x = graph.input("x", ["n", "m"])
    graph.output(graph.op("Softmax", x, axis=-1), graph.op("LogSoftmax", x, axis=-1))
    check(graph, tmp_path, FULL + [{"n": 64, "m": 49}], special=True)


@pytest.mark.parametrize("seed", range(6))
def test_convolutions(compiler, tmp_path, seed):
    """Of one to three dimensions, with odd strides, groups, dilations and pads, and what follows them."""
    graph = Graph(seed)
    rng = graph.rng
    for index in range(6):
        rank = int(rng.choice([1, 2, 2, 2, 3]))
        group = int(rng.choice([1, 1, 2, 4]))
        depthwise = rng.random() < 0.2
        cin, cout = (8, 8) if depthwise else (4 * int(rng.integers(1, 6)), 4 * int(rng.integers(1, 9)))
        group = 8 if depthwise else group
        kernel = rng.integers(1, 5, rank).tolist()
        common = {"group": group, "strides": rng.integers(1, 4, rank).tolist(),
                  "dilations": rng.integers(1, 3, rank).tolist()}
        x = graph.input(f"x{index}", ["n", cin] + rng.integers(11, 23, rank).tolist())
        if rng.random() < 0.3:
            value = graph.op("ConvTranspose", x, graph.normal(cin, cout // group, *kernel),
                             graph.normal(cout), **common)
        else:
            pads = rng.integers(0, 3, 2 * rank).tolist()
            bias = [graph.normal(cout)] if rng.random() < 0.7 else []
            value = graph.op("Conv", x, graph.normal(cout, cin // group, *kernel), *bias, pads=pads, **common)
        if rng.random() < 0.5:
            value = graph.op("BatchNormalization", value, graph.normal(cout), graph.normal(cout),
                             graph.normal(cout), graph.weight(np.arange(1, cout + 1), F32))
        if rng.random() < 0.6:
            value = graph.op(str(rng.choice(["Relu", "HardSwish", "Sigmoid", "LeakyRelu"])), value)
        if rng.random() < 0.4:
            value = graph.op("Add", value, graph.op("Tanh", value))
        graph.output(value)
    check(graph, tmp_path, [{"n": 1}, {"n": 3}], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_transposed_convolutions_side_by_side(compiler, tmp_path, rank):
    """Whose windows don't overlap; infinities and NaN stay in their pixels' windows."""
    graph = Graph(rank)
    sizes = ["h", "w", "d"][:rank]
    for index, (cin, cout) in enumerate([(24, 1), (5, 3), (3, 7), (4, 8), (1, 1)]):
        kernel = graph.rng.integers(1, 4, rank).tolist()
        x = graph.input(f"x{index}", ["n", cin, *sizes])
        value = graph.op("ConvTranspose", x, graph.normal(cin, cout, *kernel), graph.normal(cout), strides=kernel)
        graph.output(graph.op("Sigmoid", value) if index % 2 else value)
    check(graph, tmp_path, [{"n": 1, "h": 5, "w": 18, "d": 3}, {"n": 2, "h": 17, "w": 3, "d": 1},
                            {"n": 0, "h": 4, "w": 4, "d": 2}], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_planes_to_pixels(compiler, tmp_path, channels):
    """And back, of rows that are no multiple of a vector."""
    graph = Graph(channels)
    x, y = graph.input("x", ["n", channels, "h", "w"]), graph.input("y", ["n", "h", 37, channels])
    graph.output(graph.op("Transpose", x, perm=[0, 2, 3, 1]), graph.op("Transpose", y, perm=[0, 3, 1, 2]))
    check(graph, tmp_path, [{"n": 2, "h": 3, "w": w} for w in (1, 15, 16, 37, 64)] + [{"n": 1, "h": 0, "w": 20}])


@pytest.mark.parametrize("seed", range(3))
def test_pools(compiler, tmp_path, seed):
    graph = Graph(seed)
    rng = graph.rng
    x = graph.input("x", ["n", 5, 19, 14])
    for _ in range(5):
        kernel = rng.integers(2, 4, 2).tolist()
        common = {"kernel_shape": kernel, "strides": rng.integers(1, 4, 2).tolist(),
                  "pads": rng.integers(0, 2, 4).tolist(), "ceil_mode": int(rng.integers(0, 2))}
        graph.output(graph.op("MaxPool", x, **common),
                     graph.op("AveragePool", x, count_include_pad=int(rng.integers(0, 2)),
                              **{**common, "ceil_mode": 0}))
    graph.output(graph.op("GlobalAveragePool", x), graph.op("GlobalMaxPool", x))
    check(graph, tmp_path, [{"n": 1}, {"n": 3}])


@pytest.mark.parametrize("seed", range(4))
def test_products(compiler, tmp_path, seed):
    """Batched, broadcast, of vectors, by weights, of sizes that are no multiple of anything."""
    graph = Graph(seed)
    rng = graph.rng
    k = int(rng.choice([1, 3, 17, 64, 100]))
    x, y = graph.input("x", ["b", "n", k]), graph.input("y", ["b", k, "m"])
    shared, vector = graph.input("shared", [k, "m"]), graph.input("vector", [k])
    wide = int(rng.integers(1, 70))
    graph.output(graph.op("MatMul", x, y), graph.op("MatMul", x, shared), graph.op("MatMul", x, vector),
                 graph.op("MatMul", vector, shared), graph.op("MatMul", vector, vector))
    value = graph.op("MatMul", x, graph.normal(k, wide))
    value = graph.op("Gelu", graph.op("Add", value, graph.normal(wide)))
    graph.output(graph.op("MatMul", value, graph.normal(wide, 9)))
    graph.output(graph.op("Einsum", x, y, equation="bij,bjk->bik"),
                 graph.op("Gemm", shared, graph.input("z", ["n", k]), transA=1, transB=1, alpha=0.5))
    flat = graph.input("flat", ["n", k])
    graph.output(graph.op("Gemm", flat, graph.normal(wide, k), graph.normal(wide), transB=1, beta=2.0))
    sizes = [{"b": b, "n": n, "m": m} for b, n, m in
             [(1, 1, 1), (2, 7, 33), (3, 64, 17), (1, 130, 5), (0, 4, 4), (2, 0, 3)]]
    check(graph, tmp_path, sizes, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_movement(compiler, tmp_path, seed):
    graph = Graph(seed)
    rng = graph.rng
    x = graph.input("x", ["n", 6, "m", 4])

    def integers(*values):
        return graph.weight(values, np.int64)

    for _ in range(3):
        graph.output(graph.op("Transpose", x, perm=rng.permutation(4).tolist()))
    first = graph.op("Relu", graph.op("Transpose", x, perm=[0, 2, 1, 3]))
    graph.output(graph.op("Add", first, graph.op("Neg", first)))
    graph.output(graph.op("Concat", x, graph.op("Neg", x), axis=int(rng.integers(0, 4))))
    graph.output(graph.op("Slice", x, integers(5, -1), integers(-100, 0), integers(1, 3), integers(-2, -1)),
                 graph.op("Slice", x, integers(1), integers(100), integers(2)))
    pads = rng.integers(0, 3, 8)
    graph.output(graph.op("Pad", x, integers(*pads), graph.weight(1.5, F32)),
                 graph.op("Pad", x, integers(0, 2, 0, 1, 0, 3, 0, 2), mode="reflect"),
                 graph.op("Pad", x, integers(0, 2, 0, 1, 0, 3, 0, 2), mode="edge"))
    graph.output(graph.op("Gather", x, graph.weight(rng.integers(-6, 6, (2, 3)), np.int64), axis=1),
                 graph.op("Tile", x, integers(1, 2, 3, 1)),
                 graph.op("Flatten", x, axis=2),
                 graph.op("Expand", graph.op("Unsqueeze", x, integers(2)), integers(1, 1, 2, 1, 1)))
    graph.output(*graph.op("Split", x, integers(1, 3, 2), axis=1, outputs=3))
    graph.output(graph.op("DepthToSpace", graph.op("Pad", x, integers(0, 0, 0, 0, 0, 2, 0, 0)), blocksize=2),
                 graph.op("Trilu", x, upper=int(seed % 2)))
    sizes = [(1, 4), (2, 7), (3, 1), (0, 3)]
    if seed % 2:  # onnxruntime does not reshape what is empty
        graph.output(graph.op("Reshape", x, integers(0, -1, 8)))
        sizes.pop()
    check(graph, tmp_path, [{"n": n, "m": m} for n, m in sizes])


def test_resize(compiler, tmp_path):
    graph = Graph(8)
    x = graph.input("x", ["n", 3, 7, 10])
    # onnxruntime divides by a scale in f32 and ONNX's reference, as rac, in f64: these are exact in both.
    for scale in ([1, 1, 2, 2], [1, 1, 0.5, 1.75]):
        scales = graph.weight(scale, F32)
        # Where a size isn't whole, onnxruntime aligns corners as ONNX's reference doesn't.
        for mode in ("half_pixel", "asymmetric", "align_corners")[: 3 if scale[2] == 2 else 2]:
            graph.output(graph.op("Resize", x, "", scales, mode="linear",
                                  coordinate_transformation_mode=mode))
        graph.output(graph.op("Resize", x, "", scales, mode="nearest", nearest_mode="floor",
                              coordinate_transformation_mode="asymmetric"))
    check(graph, tmp_path, [{"n": 1}, {"n": 2}])


@pytest.mark.parametrize("heads", [1, 3])
def test_attention(compiler, tmp_path, heads):
    """As exporters write it: products, a scale, a mask, a softmax, transposes; a norm and an MLP."""
    graph = Graph(9)
    width = 16 * heads
    x, mask = graph.input("x", ["n", "m", width]), graph.input("mask", ["n", 1, 1, "m"])
    shape = graph.weight([0, 0, heads, 16], np.int64)

    def project(perm):
        value = graph.op("Add", graph.op("MatMul", x, graph.normal(width, width)), graph.normal(width))
        return graph.op("Transpose", graph.op("Reshape", value, shape), perm=perm)

    scores = graph.op("MatMul", project([0, 2, 1, 3]), project([0, 2, 3, 1]))
    scores = graph.op("Add", graph.op("Div", scores, graph.weight(4.0, F32)), mask)
    value = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), project([0, 2, 1, 3]))
    value = graph.op("Reshape", graph.op("Transpose", value, perm=[0, 2, 1, 3]),
                     graph.weight([0, 0, width], np.int64))
    value = graph.op("LayerNormalization", graph.op("Add", value, x), graph.normal(width), axis=-1)
    hidden = graph.op("Gelu", graph.op("MatMul", value, graph.normal(width, 50)))
    graph.output(graph.op("Add", graph.op("MatMul", hidden, graph.normal(50, width)), value))
    check(graph, tmp_path, FULL, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rows, terms, columns", list(itertools.product((0, 3), repeat=3)))
def test_empty_when_compiled(compiler, tmp_path, rows, terms, columns):
    """Tensors without elements, whose sizes the compiler knows: what computes nothing has a cost, too."""
    graph = Graph(10)
    x, y = graph.input("x", [rows, terms]), graph.input("y", [terms, columns])
    value = graph.op("Relu", graph.op("Add", graph.op("MatMul", x, y), graph.normal(columns)))
    graph.output(value, graph.op("MatMul", value, graph.normal(columns, 5)), graph.op("ReduceSum", value),
                 graph.op("Transpose", x), graph.op("Softmax", y, axis=0))
    check(graph, tmp_path)
