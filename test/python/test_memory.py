"""The working memory that a plan predicts against what its library asks for. scripts/models.py gathers the models."""

import json

import pytest
from support import MODELS, load, run_compiler

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
