"""Models on Arm SVE, in an emulator, against onnxruntime; only with RAC_VECTOR_BYTES, which
scripts/test_arm.py sets. One library serves all lengths of vectors. The other tests of models and operators run there
too."""

import json
import re
import shutil
import subprocess

import numpy as np
import onnx
import pytest
from graphs import Graph
from samples import save
from support import FLAGS, MODELS, VECTOR_BYTES, Reference, assert_same, compile_once, load, run_compiler
from test_models import page, random

pytestmark = pytest.mark.skipif(not VECTOR_BYTES, reason="RAC_VECTOR_BYTES is not set")


def sentences(batch, length):
    ids = np.random.default_rng(3).integers(0, 30000, (batch, length))
    return {"input_ids": ids, "attention_mask": np.ones((batch, length), np.int64)}


def image():
    return {"image": random(1, 1, 3, 224, 224)}


def light():
    return {"data_0": random(1, 1, 3, 224, 224)}


def sound():
    return {"input": 0.1 * random(1, 1, 512), "state": np.zeros((2, 1, 128), np.float32),
            "sr": np.array(16000, np.int64)}


def step(past):
    return {"input_ids": np.array([[11]]), "past_k": random(1, 12, 1, 12, past, 64),
            "past_v": random(2, 12, 1, 12, past, 64)}


# Seconds each in an emulator, at the bytes of a vector where they run; some with several threads.
SMALL = {
    "mobilenet_v3_large": (64, 1, [image]),
    "minilm_l6": (16, 1, [lambda: sentences(1, 9), lambda: sentences(2, 3)]),
    "silero_vad_16k_op15": (128, 2, [sound]),
    "ch_PP-OCRv4_det_infer": (32, 1, [lambda: {"x": page(2, 1, 3, 64, 96)}]),
    "light_squeezenet": (256, 3, [light]),
}
# The benchmarks' models and inputs, at all lengths: minutes each.
WHOLE = {
    "mobilenet_v3_large": [image],
    "resnet50": [image],
    "vit_b_16": [image],
    "swin_t": [image],
    "minilm_l6": [lambda: sentences(1, 128), lambda: sentences(8, 32)],
    "gpt2_step": [lambda: step(128)],
    "ch_PP-OCRv4_det_infer": [lambda: {"x": page(2, 1, 3, 320, 320)}],
    "silero_vad_16k_op15": [sound],
}


def path_of(name):
    path = MODELS / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{path} is not there: scripts/models.py gathers the models")
    return path


def check(name, inputs, tmp_path, *flags):
    path = path_of(name)
    reference = Reference(path)
    with load(compile_once(path, tmp_path / f"{name}.so", *flags, time_limit=280)) as model:
        for make in inputs:
            feeds = make()
            assert_same(reference.run(feeds), model.run(feeds))


@pytest.mark.parametrize("name", [name for name, entry in SMALL.items() if str(entry[0]) == VECTOR_BYTES])
def test_small(compiler, tmp_path, name):
    _, threads, inputs = SMALL[name]
    check(name, inputs, tmp_path, f"--threads={threads}")


@pytest.mark.parametrize("columns", [5, 16, 20, 37, 48, 100])
def test_rows(compiler, tmp_path, columns):
    """Rows that hold a whole tile of vectors of some lengths, and none of others; all of the sum counts."""
    graph, path = Graph(5), tmp_path / "m.onnx"
    x = graph.input("x", [10, columns])
    graph.output(*[graph.op(name, x, axis=1) for name in ("LogSoftmax", "Softmax")])
    onnx.save(graph.model(), path)
    with load(compile_once(path, tmp_path / "m.so", "--threads=1")) as model:
        feeds = graph.feeds({})
        assert_same(Reference(path).run(feeds), model.run(feeds))


@pytest.mark.whole
@pytest.mark.parametrize("name", WHOLE)
def test_whole(compiler, tmp_path, name):
    check(name, WHOLE[name], tmp_path)


def relative(want, got):
    return np.linalg.norm(got.astype(np.float64) - want) / np.linalg.norm(want)


def perceptron():
    """Three products of a size at which types pay."""
    graph = Graph(3)
    x = graph.input("x", ["n", 256])
    for _ in range(3):
        weights = graph.rng.standard_normal((256, 256)) / np.sqrt(256)
        x = graph.op("Relu", graph.op("Add", graph.op("MatMul", x, graph.weight(weights, np.float32)), graph.normal(256)))
    graph.output(x)
    return graph


@pytest.mark.skipif(VECTOR_BYTES not in ("32", "128"), reason="runs at 32 and 128 bytes")
@pytest.mark.parametrize("precision, worst", [("bf16", 1e-2), ("int8", 3e-2)])
def test_precision(compiler, tmp_path, precision, worst):
    """Types are found out on the host, and run here; of rows that nobody has seen."""
    graph, path = perceptron(), tmp_path / "m.onnx"
    onnx.save(graph.model(), path)
    flags = [f"--precision={precision}", f"--report={tmp_path}/r.json", "--chip=neoverse-v1", *FLAGS]
    if precision == "int8":
        flags.append(f"--calibration={save([graph.feeds({'n': 32}) for _ in range(4)], tmp_path / 'samples')}")
    library = run_compiler(path, tmp_path / "m.so", *flags)
    groups = json.loads((tmp_path / "r.json").read_text())["groups"]
    assert precision.replace("int", "i") in {group["precision"] for group in groups if "rac.matmul" in group["ops"]}
    reference = Reference(path)
    with load(library) as model:
        for rows in (1, 7, 32):
            feeds = graph.feeds({"n": rows})
            (want,), (got,) = reference.run(feeds).values(), model.run(feeds).values()
            assert relative(want, got) < worst


@pytest.mark.skipif(VECTOR_BYTES != "16", reason="one library serves all lengths of vectors")
def test_size(compiler, tmp_path):
    """MobileNetV3 without its weights is below 1 MiB, and needs nothing but the C library, which has threads."""
    path = path_of("mobilenet_v3_large")
    library = compile_once(path, tmp_path / "m.so", f"--weights={tmp_path}/m.bin")
    assert library.stat().st_size < 1 << 20
    readelf = next(tool for tool in ["/usr/lib/llvm-22/bin/llvm-readelf", "readelf"] if shutil.which(tool))
    dynamic = subprocess.run([readelf, "-d", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert set(re.findall(r"NEEDED.*\[(.+?)\]", dynamic)) == {"libc.so.6"}
