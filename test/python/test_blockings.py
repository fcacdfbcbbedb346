"""Blocks of a contraction's loops, their order and tiles of registers, as the planner lists them (unittests/Transforms/
BlockingsTest.cpp), carried out: answers are onnxruntime's whatever the plan."""

import json

import numpy as np
import onnx
import pytest
from graphs import Graph
from support import FLAGS, VECTOR_BYTES, Reference, assert_same, load, run_compiler

DEVICE = "--device=neoverse-v1" if VECTOR_BYTES else "--device=generic-avx512"

# tiles, reduction, order, registers; of a product of 2 dimensions.
PRODUCT = [
    ([], [], [], [14, 1]),
    ([], [], [], [9, 3]),
    ([48, 0], [], [], [6, 4]),
    ([0, 128], [], [], []),
    ([48, 128], [], [1, 0], [14, 2]),
    ([48, 0], [128], [], []),
    ([0, 128], [128], [], [6, 4]),
    ([48, 128], [128], [0, 1, 2], []),
    ([48, 128], [128], [1, 0, 2], [14, 1]),
    ([48, 128], [128], [0, 2, 1], []),
    ([48, 128], [128], [1, 2, 0], [6, 4]),
]
# Of an image: lines, columns, channels; the window's two loops and the channels'.
IMAGE = [
    ([], [], [], [9, 3]),
    ([1, 2, 0, 0], [], [], []),
    ([1, 2, 0, 64], [], [0, 3, 1, 2], [6, 4]),
    ([1, 8, 0, 0], [0, 0, 32], [], []),
    ([1, 2, 0, 64], [0, 0, 32], [0, 1, 6, 3, 2, 4, 5], [14, 2]),
    ([1, 2, 0, 64], [0, 0, 32], [0, 3, 6, 1, 2, 4, 5], []),
]


def run_with(graph, folder, contraction, fields, sizes=({},)):
    """Compiles the graph with its one contraction generated so, and compares."""
    made = graph.model()
    model, plan = folder / "m.onnx", folder / "plan.json"
    onnx.save(made, model)
    if not plan.exists():
        run_compiler(model, plan, "--threads=2", "--emit=plan", DEVICE, "--no-library", *FLAGS)
    wanted = json.loads(plan.read_text())
    (group,) = [g for g in wanted["groups"] if contraction in g["ops"]]
    group |= {"kind": "generated", "threads": 0}
    group |= dict(zip(["tiles", "reduction", "order", "registers"], fields))
    edited = folder / "edited.json"
    edited.write_text(json.dumps(wanted))
    library = run_compiler(model, folder / "m.so", "--threads=2", f"--plan={edited}", DEVICE,
                           "--no-library", *FLAGS)
    reference = Reference(made)
    with load(library) as loaded:
        for size in sizes:
            feeds = graph.feeds(size)
            assert_same(reference.run(feeds), loaded.run(feeds), 1e-4, 1e-5, where=f"{fields}, {size}")


@pytest.mark.parametrize("rows, terms, columns", [(100, 300, 260), (192, 256, 256), ("rows", 301, 270)])
@pytest.mark.parametrize("end", [True, False])
def test_products(tmp_path, compiler, rows, terms, columns, end):
    graph = Graph(1)
    x = graph.input("x", [rows, terms])
    y = graph.op("MatMul", x, graph.weight(graph.rng.standard_normal((terms, columns)) / np.sqrt(terms), np.float32))
    graph.output(graph.op("Relu", graph.op("Add", y, graph.normal(columns))) if end else y)
    sizes = [{"rows": n} for n in (1, 47, 96, 200)] if rows == "rows" else [{}]
    for fields in PRODUCT:
        run_with(graph, tmp_path, "rac.matmul", fields, sizes)


@pytest.mark.parametrize("height, width, channels, features, stride", [(16, 16, 64, 128, 1), (19, 11, 65, 130, 2)])
def test_convolutions(tmp_path, compiler, height, width, channels, features, stride):
    graph = Graph(2)
    x = graph.input("x", [2, channels, height, width])
    weights = graph.rng.standard_normal((features, channels, 3, 3)) / np.sqrt(9 * channels)
    y = graph.op("Conv", x, graph.weight(weights, np.float32), graph.normal(features), pads=[1] * 4,
                 strides=[stride] * 2)
    graph.output(graph.op("Relu", y))
    for fields in IMAGE:
        run_with(graph, tmp_path, "rac.conv", fields)
