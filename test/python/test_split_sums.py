"""Sums over rows in parts, as the planner lists them for several threads: answers are onnxruntime's, and the same on any
number of threads."""

import json

import numpy as np
import onnx
import pytest
from graphs import Graph
from support import FLAGS, VECTOR_BYTES, Reference, Refused, assert_same, load, run_compiler

DEVICE = "--device=neoverse-v1" if VECTOR_BYTES else "--device=generic-avx512"


@pytest.mark.parametrize("kind", ["ReduceMean", "ReduceMax", "ReduceSum", "ReduceMin"])
@pytest.mark.parametrize("parts, height, width, channels", [(2, 14, 9, 40), (7, 7, 7, 130), (16, 32, 5, 3)])
def test_image(tmp_path, compiler, kind, parts, height, width, channels):
    graph = Graph(1)
    x = graph.input("x", [2, height, width, channels])
    rows = graph.op(kind, graph.op("Relu", x), graph.weight(np.array([1, 2]), np.int64), keepdims=1)
    graph.output(graph.op("HardSigmoid", rows))
    made = graph.model()
    model, plan, edited = (tmp_path / name for name in ("m.onnx", "plan.json", "edited.json"))
    onnx.save(made, model)
    run_compiler(model, plan, "--threads=2", "--emit=plan", DEVICE, "--no-library", *FLAGS)
    wanted = json.loads(plan.read_text())
    (group,) = [group for group in wanted["groups"] if "rac.reduce" in group["ops"]]
    group |= {"threads": 0, "tiles": [], "split": parts}
    edited.write_text(json.dumps(wanted))
    library = run_compiler(model, tmp_path / "m.so", "--threads=2", f"--plan={edited}", DEVICE, "--no-library", *FLAGS)
    feeds = graph.feeds({})
    expected = Reference(made).run(feeds)
    with load(library) as loaded:
        answers = loaded.run(feeds)
    assert_same(expected, answers, 1e-4, 1e-5, where=kind)
    if VECTOR_BYTES:
        return
    import rac

    for threads in (1, 2, 3):
        with rac.load(library, threads=threads) as loaded:
            again = loaded.run(feeds)
        for name, answer in answers.items():
            np.testing.assert_array_equal(answer, again[name])


def test_parts_that_are_not_equal_are_refused(tmp_path, compiler):
    graph = Graph(1)
    x = graph.input("x", [1, 10, 4, 8])
    graph.output(graph.op("ReduceMean", x, graph.weight(np.array([1, 2]), np.int64), keepdims=1))
    model, plan, edited = (tmp_path / name for name in ("m.onnx", "plan.json", "edited.json"))
    onnx.save(graph.model(), model)
    run_compiler(model, plan, "--threads=2", "--emit=plan", DEVICE, "--no-library", *FLAGS)
    wanted = json.loads(plan.read_text())
    wanted["groups"][0] |= {"tiles": [], "split": 7}
    edited.write_text(json.dumps(wanted))
    with pytest.raises(Refused, match="can't be in 7 parts"):
        run_compiler(model, tmp_path / "m.so", "--threads=2", f"--plan={edited}", DEVICE, "--no-library", *FLAGS)
