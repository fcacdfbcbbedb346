"""The working memory that a plan predicts against what its library asks for. scripts/models.py gathers the models."""

import json

import onnx
import pytest
from graphs import Graph
from support import MODELS, Refused, load, run_compiler

# What the packing of buffers may leave free between them.
TOLERANCE = 0.02
IMAGE = {"image": (1, 3, 224, 224)}
TEXT = {"input_ids": (8, 32), "attention_mask": (8, 32)}


@pytest.mark.parametrize("name, shapes", [
    ("light_densenet121", {"data_0": (1, 3, 224, 224)}),
    ("light_inception_v1", {"data_0": (1, 3, 224, 224)}),
    ("light_shufflenet", {"gpu_0/data_0": (1, 3, 224, 224)}),
    ("light_squeezenet", {"data_0": (1, 3, 224, 224)}),
    ("resnet50", IMAGE),
    ("mobilenet_v3_large", IMAGE),
    ("vit_b_16", IMAGE),
    ("swin_t", IMAGE),
    ("minilm_l6", TEXT),
    ("gpt2_step", {"input_ids": (1, 1), "past_k": (12, 1, 12, 128, 64), "past_v": (12, 1, 12, 128, 64)}),
    ("ch_PP-OCRv4_det_infer", {"x": (1, 3, 320, 320)}),
    ("silero_vad_16k_op15", {"input": (1, 512), "state": (2, 1, 128), "sr": ()}),
])
def test_predicted(tmp_path, compiler, name, shapes):
    path = MODELS / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{path} is not there: scripts/models.py gathers the models")
    report = tmp_path / "report.json"
    given = [f"--shape={key}={'x'.join(map(str, shape))}" for key, shape in shapes.items() if shape]
    library = run_compiler(path, tmp_path / "m.so", "--threads=2", "--device=generic-avx512", f"--report={report}", *given,
                           time_limit=280)
    predicted = json.loads(report.read_text())["search"]["activation_bytes"]
    model = load(library)
    try:
        arena = model.arena_size(**shapes)
    finally:
        model.close()
        library.unlink()
    assert abs(predicted - arena) <= TOLERANCE * arena + 64, f"predicted {predicted} B, the arena has {arena} B"


def test_real_arena_is_held_to_the_budget(tmp_path, compiler):
    """Results of 24 B take 24 B each as planned, but 64 B in an arena: a budget between the two is refused once that is known."""
    graph = Graph(4)
    x = graph.input("x", [2, 1000])
    graph.output(graph.op("Concat", *(graph.op("MatMul", x, graph.normal(1000, 3)) for _ in range(8)), axis=1))
    path, report = tmp_path / "m.onnx", tmp_path / "m.json"
    onnx.save(graph.model(), path)
    flags = ["--threads=1", "--device=generic-avx512"]
    library = run_compiler(path, tmp_path / "m.so", *flags, f"--report={report}")
    told = json.loads(report.read_text())
    with load(library) as model:
        arena = model.arena_size(x=(2, 1000))
    planned = told["search"]["activation_bytes"] + 8 * 1000 * 3 * 4
    real = arena + told["totals"]["weights_bytes"]
    assert planned < real - 1
    (tmp_path / "refused").mkdir()
    with pytest.raises(Refused, match=r"the memory budget of [\d.]+ MiB is missed by [\d.]+ MiB: working memory takes"):
        run_compiler(path, tmp_path / "refused/m.so", *flags, f"--max-memory={(planned + real) / 2 / 2**20}")
    run_compiler(path, tmp_path / "m.so", *flags, f"--max-memory={real / 2**20}")
