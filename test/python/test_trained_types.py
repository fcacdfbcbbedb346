"""Types of trained models within 1 %, on real samples that calibration never saw."""

import sys
from pathlib import Path

import numpy as np
import pytest
from samples import chunks, pages, save, segments, sound, text
from support import COMMAND, MODELS, ROOT, SIMULATED, load
from test_error_budget import DEVICE, assert_same_bits, compile_with, plain, relative, run_all  # noqa: F401

sys.path.insert(0, str(ROOT / "scripts"))
from demo import THRESHOLD, boxes  # noqa: E402

pytestmark = pytest.mark.skipif(COMMAND is not None or SIMULATED, reason="types are found out on the host")


def model_path(name):
    path = MODELS / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{path} is not there: scripts/models.py gathers the models")
    return path


@pytest.mark.parametrize("name, feeds", [("minilm_l6", lambda: text(2)), ("ch_PP-OCRv4_det_infer", lambda: pages(2)),
                                         ("silero_vad_16k_op15", lambda: chunks(sound(1)))],
                         ids=["minilm", "detector", "silero"])
def test_no_error_changes_no_bit_of_a_model(plain, tmp_path, name, feeds):
    path, feeds = model_path(name), feeds()
    samples = save(feeds, tmp_path / "samples")
    compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", "--max-error=0", DEVICE)
    assert_same_bits(run_all(plain(path), feeds), run_all(tmp_path / "auto.so", feeds))


def assert_narrow(report):
    """Of a model that most of may be narrow: falling back to f32 keeps any budget."""
    if "amx_bf16" in Path("/proc/cpuinfo").read_text():
        precision = report["precision"]
        assert precision["seconds"] < 0.7 * precision["in_f32"]["seconds"], precision["given_up"]


def held_back(plain, path, seen, unseen, tmp_path):
    """Answers in f32, and within 1 %, to samples that calibration hasn't seen."""
    samples = save(seen, tmp_path / "samples")
    assert_narrow(compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", "--max-error=0.01"))
    want, got = (run_all(library, unseen) for library in (plain(path), tmp_path / "auto.so"))
    assert relative(want, got) <= 0.01
    return want, got


def test_minilm(plain, tmp_path):
    feeds = text(24)
    want, got = held_back(plain, model_path("minilm_l6"), feeds[:16], feeds[16:], tmp_path)
    for feed, a, b in zip(feeds[16:], want, got):
        for name in a:
            # Of the sentence, not of its padding.
            rows = feed["attention_mask"][0] > 0 if a[name].ndim == 3 else slice(None)
            x, y = (np.asarray(v[name][0][rows], np.float64).ravel() for v in (a, b))
            assert x @ y / np.linalg.norm(x) / np.linalg.norm(y) > 0.999


def test_detector(plain, tmp_path):
    feeds = pages(12)
    want, got = held_back(plain, model_path("ch_PP-OCRv4_det_infer"), feeds[:8], feeds[8:], tmp_path)
    for a, b in zip(want, got):
        found = [boxes(next(iter(answer.values()))[0, 0] > THRESHOLD) for answer in (a, b)]
        assert len(found[0]) == len(found[1]) > 0
        for one, other in zip(*found):
            # A pixel on the threshold may fall on either side.
            assert max(abs(p - q) for p, q in zip(one, other)) <= 1


def test_silero(plain, tmp_path):
    path = model_path("silero_vad_16k_op15")
    library = plain(path)
    model = load(library)
    seen = chunks(sound(12, seed=1), lambda feed: {k: np.array(v) for k, v in model.run(feed).items()})
    model.close()
    samples = save(seen[::6], tmp_path / "samples")
    compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", "--max-error=0.01")
    found = []
    for which in (library, tmp_path / "auto.so"):
        model = load(which)
        probabilities = []

        def run(feed, model=model, probabilities=probabilities):
            answer = {name: np.array(value) for name, value in model.run(feed).items()}
            probabilities.append(float(answer["output"][0, 0]))
            return answer

        chunks(sound(20, seed=2), run)
        model.close()
        found.append(segments(probabilities))
    assert found[0] == found[1]
    # What makes the results last is no product: they are whole, not rounded to 16 bits.
    assert (np.array(probabilities, np.float32).view(np.uint32) & 0xFFFF).any()
    assert found[0], "the test needs sound that the model takes for speech"
