"""Groups that cross contractions, generated and run: two products with weights and what is between and after them,
and depthwise convolutions before pointwise ones, against onnxruntime. A device whose every kernel costs 10 ms to start
wants as few as can be."""

import json

import numpy as np
import onnx
import pytest
from graphs import Graph
from support import FLAGS, ROOT, VECTOR_BYTES, Reference, assert_same, load, run_compiler

CONTRACTIONS = {"rac.matmul", "rac.conv"}


@pytest.fixture
def device(tmp_path):
    """The path of a device's file."""
    description = json.loads((ROOT / "devices" / ("neoverse-v1.json" if VECTOR_BYTES else "epyc-zen4.json")).read_text())
    description["overheads"]["launch_s"] = {"v": 1e-2, "how": "guess", "src": "a test", "unc": 0}
    path = tmp_path / "device.json"
    path.write_text(json.dumps(description))
    return path


def check(graph, folder, device, sizes=({},), chains=1, flags=(), rtol=1e-4, atol=1e-5, special=False):
    """Runs the graph at all sizes, and sees that so many groups hold two contractions."""
    made = graph.model()
    onnx.save(made, folder / "m.onnx")
    report = folder / "m.json"
    library = run_compiler(folder / "m.onnx", folder / "m.so", "--threads=2", f"--device={device}",
                           f"--report={report}", *FLAGS, *flags)
    groups = json.loads(report.read_text())["groups"]
    crossing = [g for g in groups if len([op for op in g["ops"] if op in CONTRACTIONS]) == 2]
    assert len(crossing) == chains, [g["ops"] for g in groups]
    assert all(g["kind"] == "generated" for g in crossing)
    reference = Reference(made)
    with load(library) as model:
        for size in sizes:
            feeds = graph.feeds(size, special)
            with np.errstate(all="ignore"):
                assert_same(reference.run(feeds), model.run(feeds), rtol, atol, where=str(size))
    return crossing


def mlp(rows, width, hidden, out, activation="Gelu", bias=True, residual=False, rank=2):
    graph = Graph(rows if isinstance(rows, int) else 0)
    shape = [rows, width] if rank == 2 else ["batch", rows, width]
    x = graph.input("x", shape)
    y = graph.op("MatMul", x, graph.weight(graph.rng.standard_normal((width, hidden)) / np.sqrt(width), np.float32))
    if bias:
        y = graph.op("Add", y, graph.normal(hidden))
    y = graph.op(activation, y)
    y = graph.op("MatMul", y, graph.weight(graph.rng.standard_normal((hidden, out)) / np.sqrt(hidden), np.float32))
    if bias:
        y = graph.op("Add", y, graph.normal(out))
    if residual:
        y = graph.op("Add", y, x)
    graph.output(y)
    return graph


@pytest.mark.parametrize("rows, width, hidden, out", [(2, 64, 128, 10), (5, 7, 13, 3), (48, 64, 256, 64), (49, 33, 65, 17),
                                                      (100, 96, 384, 96), (197, 30, 200, 1), (3, 1, 50, 20)])
def test_products(tmp_path, compiler, device, rows, width, hidden, out):
    (group,) = check(mlp(rows, width, hidden, out), tmp_path, device)
    assert group["ops"].count("rac.add") == 2  # both biases, the last after the chain


@pytest.mark.parametrize("activation", ["Relu", "Tanh", "Sigmoid", "HardSwish"])
def test_what_is_between(tmp_path, compiler, device, activation):
    check(mlp(50, 24, 72, 24, activation, residual=True), tmp_path, device)


def test_products_of_sizes_that_only_the_run_knows(tmp_path, compiler, device):
    graph = mlp("rows", 40, 90, 40, residual=True, rank=3)
    sizes = [{"batch": b, "rows": r} for b, r in [(1, 1), (2, 47), (3, 48), (1, 49), (4, 13), (2, 200)]]
    check(graph, tmp_path, device, sizes)


def test_products_of_numbers_that_are_none(tmp_path, compiler, device):
    """What is infinite or not a number goes through, as it does one op after the other."""
    check(mlp(20, 16, 40, 8, "Relu"), tmp_path, device, special=True, rtol=1e-3)


def test_products_of_one_row(tmp_path, compiler, device):
    """All that moves are the weights: nothing is gained by one group."""
    check(mlp(1, 64, 128, 10), tmp_path, device, chains=0)


def test_what_is_between_is_wanted_too(tmp_path, compiler, device):
    graph = Graph(1)
    x = graph.input("x", [30, 20])
    hidden = graph.op("Relu", graph.op("MatMul", x, graph.normal(20, 50)))
    graph.output(hidden, graph.op("MatMul", hidden, graph.normal(50, 10)))
    check(graph, tmp_path, device, chains=0)


def separable(image, channels, features, kernel=3, stride=1, pads=None, dilation=1, between="Relu", after="HardSwish",
              residual=False):
    graph = Graph(channels)
    pads = pads or [dilation * (kernel // 2)] * 4
    x = graph.input("x", [image[0], channels, *image[1:]])
    y = graph.op("Conv", x, graph.normal(channels, 1, kernel, kernel), graph.normal(channels), group=channels,
                 strides=[stride] * 2, pads=pads, dilations=[dilation] * 2)
    if between:
        y = graph.op(between, y)
    weights = graph.rng.standard_normal((features, channels, 1, 1)) / np.sqrt(channels)
    y = graph.op("Conv", y, graph.weight(weights, np.float32), graph.normal(features))
    if after:
        y = graph.op(after, y)
    if residual:
        y = graph.op("Add", y, x)
    graph.output(y)
    return graph


@pytest.mark.parametrize("image, channels, features, more", [
    ((1, 14, 14), 32, 24, {}),
    ((1, 56, 40), 16, 64, {"stride": 2}),
    ((2, 9, 11), 17, 5, {}),
    ((1, 7, 7), 3, 40, {"kernel": 5}),
    ((3, 20, 6), 48, 48, {"residual": True, "after": None}),
    ((1, 13, 13), 8, 16, {"pads": [0, 0, 0, 0]}),
    ((1, 16, 15), 20, 20, {"pads": [0, 1, 2, 1], "stride": 2}),
    ((1, 19, 19), 6, 12, {"dilation": 2}),
    ((1, 5, 1), 33, 7, {"between": None, "after": None}),
    ((1, 1, 1), 64, 32, {}),
])
def test_convolutions(tmp_path, compiler, device, image, channels, features, more):
    check(separable(image, channels, features, **more), tmp_path, device)


def test_convolutions_of_sizes_that_only_the_run_knows(tmp_path, compiler, device):
    graph = separable(("batch", "height", "width"), 24, 40, stride=2)
    sizes = [{"batch": b, "height": h, "width": w} for b, h, w in [(1, 8, 8), (2, 7, 31), (1, 64, 1), (3, 33, 18)]]
    check(graph, tmp_path, device, sizes)


def test_one_line(tmp_path, compiler, device):
    graph = Graph(2)
    x = graph.input("x", [2, 12, 50])
    y = graph.op("Conv", x, graph.normal(12, 1, 5), group=12, pads=[2, 2])
    graph.output(graph.op("Conv", graph.op("Relu", y), graph.normal(30, 12, 1)))
    check(graph, tmp_path, device)


@pytest.mark.parametrize("flags", [(), ("--no-library",)])
def test_transposed_weights(tmp_path, compiler, device, flags):
    """They are laid out when the model is compiled: as either factor, and where they are added after the product."""
    graph = Graph(3)
    x, z = graph.input("x", ["rows", 70]), graph.input("z", [70, 45])

    def transposed(*shape):
        return graph.op("Transpose", graph.normal(*shape), perm=[1, 0])
    graph.output(graph.op("Relu", graph.op("MatMul", x, transposed(1001, 70))),
                 graph.op("Tanh", graph.op("MatMul", transposed(70, 301), z)),
                 graph.op("Add", graph.op("MatMul", z, graph.normal(45, 33)), transposed(33, 70)))
    check(graph, tmp_path, device, [{"rows": rows} for rows in (1, 2, 37)], chains=0, flags=flags, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("flags", [[], ["--no-library"]])
def test_single_rows(tmp_path, compiler, device, flags):
    """A row by what the run computes, transposed: a step of attention over keys as they are cached, and as they are made."""
    graph = Graph(4)
    q, keys, made, mask = (graph.input(*of) for of in (("q", [3, 1, 37]), ("keys", [3, "n", 37]), ("made", ["n", 3, 37]),
                                                       ("mask", [1, "n"])))
    cached = graph.op("MatMul", q, graph.op("Transpose", keys, perm=[0, 2, 1]))
    masked = graph.op("Add", graph.op("MatMul", q, graph.op("Transpose", made, perm=[1, 2, 0])), mask)
    graph.output(cached, graph.op("Softmax", masked, axis=-1))
    check(graph, tmp_path, device, [{"n": n} for n in (1, 2, 15, 129)], chains=0, flags=flags, rtol=1e-3, atol=1e-4)
