"""The benchmark's models against onnxruntime: relative 1e-3 in f32, in L2."""

import os
import pathlib

import numpy as np
import pytest

import rac

ort = pytest.importorskip("onnxruntime")
MODELS = pathlib.Path(os.environ.get("RAC_MODELS", "models"))
rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def tokens(batch, length):
    return {"input_ids": rng.integers(0, 30000, (batch, length)),
            "attention_mask": np.ones((batch, length), np.int64)}


CASES = {
    "resnet50": [{"image": normal(1, 3, 224, 224)}],
    "mobilenet_v3_large": [{"image": normal(1, 3, 224, 224)}],
    "swin_t": [{"image": normal(1, 3, 224, 224)}],
    "minilm_l6": [tokens(1, 128), tokens(8, 32)],
    "gpt2_step": [{"input_ids": rng.integers(0, 8000, (1, 1)),
                   "past_k": normal(12, 1, 12, 128, 64),
                   "past_v": normal(12, 1, 12, 128, 64)}],
}


@pytest.mark.parametrize("name", CASES)
def test_model(name, tmp_path):
    path = MODELS / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{path} was not gathered")
    model = rac.load(rac.compile(str(path), output=str(tmp_path / "model.so")))
    reference = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in reference.get_outputs()]
    for feeds in CASES[name]:
        got = model.run(feeds)
        for output, want in zip(names, reference.run(None, feeds)):
            error = np.linalg.norm(got[output].astype(np.float64) - want)
            assert got[output].shape == want.shape
            assert error <= 1e-3 * np.linalg.norm(want)
