"""Whole models, against onnxruntime: within 1e-3 of each value, or 1e-4 of the largest. One library
serves all shapes of a model. scripts/models.py gathers the models."""

import numpy as np
import onnx
import pytest
from PIL import Image, ImageDraw, ImageFont
from support import MODELS, Reference, assert_same, compile_once, load

LIGHT = ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet",
         "squeezenet", "vgg19", "zfnet512"]
IMAGE_MODELS = ["resnet50", "mobilenet_v3_large", "vit_b_16", "swin_t"]


@pytest.fixture
def compiled(compiler, tmp_path):
    """Compiles the model of a name: rac's and onnxruntime's."""
    made = []

    def make(name, *flags):
        path = MODELS / f"{name}.onnx"
        if not path.exists():
            pytest.skip(f"{path} is not there: scripts/models.py gathers the models")
        library = compile_once(path, tmp_path / f"{name}.so", "--threads=2", *flags,
                               time_limit=240)
        made.append((load(library), library))
        return made[-1][0], Reference(path)

    yield make
    for model, library in made:
        model.close()
        library.unlink()  # up to hundreds of MB each


def random(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("name", LIGHT)
def test_light(compiled, name):
    model, reference = compiled(f"light_{name}")
    (info,) = model.inputs
    # What ONNX's runner gives these models, and the answer in ONNX's package.
    size = int(np.prod(info.shape))
    ramp = (np.arange(size).reshape(info.shape) / size).astype(np.float32)
    got = model.run({info.name: ramp})
    answer = onnx.TensorProto()
    answer.ParseFromString((MODELS / f"light_{name}_output_0.pb").read_bytes())
    np.testing.assert_allclose(list(got.values())[0], onnx.numpy_helper.to_array(answer), rtol=1e-3)

    inputs = {info.name: random(1, *info.shape)}
    assert_same(reference.run(inputs), model.run(inputs))


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_image_model(compiled, name):
    model, reference = compiled(name)
    for seed in range(2):
        inputs = {"image": random(seed, 1, 3, 224, 224)}
        assert_same(reference.run(inputs), model.run(inputs))


def page(seed, count, channels, height, width):
    """Lines of text: on noise the detector finds nothing, and its map is all rounding error."""
    images = np.zeros((count, channels, height, width), np.float32)
    for i in range(count):
        image = Image.new("RGB", (width, height), "white")
        draw = ImageDraw.Draw(image)
        for y in range(4, height - 20, 40):
            draw.text((6, y), f"page {seed} of {i + y}", fill="black",
                      font=ImageFont.load_default(size=20))
        images[i] = (np.asarray(image, np.float32) / 127.5 - 1).transpose(2, 0, 1)
    return images


@pytest.mark.parametrize(
    "name, shapes",
    [
        ("ch_PP-OCRv4_det_infer", [(1, 3, 320, 320), (2, 3, 96, 160), (1, 3, 64, 448)]),
        # Not 32 high: the last pool's result is empty there by ONNX's reference, and one row by
        # onnxruntime.
        ("ch_ppocr_mobile_v2.0_cls_infer", [(1, 3, 48, 192), (3, 3, 48, 320), (2, 3, 48, 100)]),
    ],
)
def test_ocr(compiled, name, shapes):
    model, reference = compiled(name)
    for shape in shapes + shapes[:1]:
        inputs = {"x": page(2, *shape)}
        assert_same(reference.run(inputs), model.run(inputs), where=str(shape))


def test_silero(compiled):
    """50 chunks of sound, the state of one given to the next; then two voices at once."""
    model, reference = compiled("silero_vad_16k_op15")
    for voices in (1, 2):
        mine = theirs = np.zeros((2, voices, 128), np.float32)
        for chunk in range(50 if voices == 1 else 5):
            pitch = 80 + 20 * chunk
            wave = np.sin(2 * np.pi * pitch * np.arange(512) / 16000)
            sound = (0.3 * wave * (chunk % 5 > 1) + 0.05 * random(chunk, voices, 512)).astype(
                np.float32)
            inputs = {"input": sound, "sr": np.array(16000, np.int64)}
            got = model.run({**inputs, "state": mine})
            want = reference.run({**inputs, "state": theirs})
            assert_same(want, got, where=f"{voices} voices, chunk {chunk}")
            mine, theirs = got["stateN"], want["stateN"]


def test_minilm(compiled):
    model, reference = compiled("minilm_l6")
    rng = np.random.default_rng(3)
    for batch, length in [(1, 128), (8, 32), (3, 17), (1, 1), (2, 200)]:
        mask = np.ones((batch, length), np.int64)
        mask[-1, length // 2 + 1:] = 0  # one sentence is shorter
        inputs = {"input_ids": rng.integers(0, 30000, (batch, length)), "attention_mask": mask}
        assert_same(reference.run(inputs), model.run(inputs), where=f"{batch} x {length}")


def test_gpt2(compiled):
    """Decodes from an empty cache, each step's cache given to the next; then from a long one."""
    model, reference = compiled("gpt2_step")
    rng = np.random.default_rng(4)

    def decode(cache_k, cache_v, steps):
        mine = theirs = {"present_k": cache_k, "present_v": cache_v}
        for step in range(steps):
            token = {"input_ids": rng.integers(0, 8000, (1, 1))}
            cache = ["present_k", "present_v"]
            mine = model.run(token | {name.replace("present", "past"): mine[name] for name in cache})
            theirs = reference.run(
                token | {name.replace("present", "past"): theirs[name] for name in cache})
            assert_same(theirs, mine, where=f"step {step} from {cache_k.shape[3]}")

    empty = np.zeros((12, 1, 12, 0, 64), np.float32)
    decode(empty, empty, 12)
    decode(random(5, 12, 1, 12, 128, 64), random(6, 12, 1, 12, 128, 64), 3)
