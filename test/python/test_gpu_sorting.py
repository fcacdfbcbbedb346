"""top_k and scatters as kernels for NVIDIA GPUs, in the simulator: by sorting, which any number of threads share. Numbers
of small ones are in test/Lowering/RacToLinalg/sorting.test."""

import numpy as np
import onnx
import pytest

from support import BUILD, Reference, assert_same, run_compiler, traced

FLAGS = ["--target=nvptx", "--chip=simulator"]
SIMULATOR = BUILD / "lib" / "librac_simulator.so"


@pytest.fixture(autouse=True, params=["forward", "reverse"])
def driver(monkeypatch, request):
    if not SIMULATOR.exists():
        pytest.skip("the simulator is not built")
    monkeypatch.setenv("RAC_CUDA_DRIVER", str(SIMULATOR))
    # Threads that read what another has just written would show.
    monkeypatch.setenv("RAC_SIMULATOR_ORDER", request.param)


def compiled(text, folder):
    model = onnx.parser.parse_model(f'<ir_version: 9, opset_import: ["" : 18]>\n{text}')
    onnx.save(model, folder / "m.onnx")
    return model, run_compiler(folder / "m.onnx", folder / "m.so", *FLAGS)


def check(text, folder, feeds):
    import rac

    model, library = compiled(text, folder)
    reference = Reference(model)
    with rac.load(library) as mine:
        for inputs in feeds:
            assert_same(reference.run(inputs), mine.run(inputs), rtol=0, atol=0,
                        where=str({k: v.shape for k, v in inputs.items()}))


@pytest.mark.parametrize("largest", [0, 1])
def test_sizes_that_the_run_gives(tmp_path, largest):
    rng = np.random.default_rng(3)
    text = (f"g (float[n, m] x, int64[1] k) => (float[n, k] v, int64[n, k] i) "
            f"{{ v, i = TopK<axis = -1, largest = {largest}>(x, k) }}")
    feeds = [{"x": np.round(rng.standard_normal((n, m)) * 20).astype(np.float32), "k": np.array([k])}
             for n, m, k in [(1, 1, 1), (3, 256, 256), (2, 257, 5), (1, 1000, 1000), (2, 2500, 40), (4, 7, 0), (0, 5, 2),
                             (1, 9001, 600)]]
    check(text, tmp_path, feeds)


def test_along_columns(tmp_path):
    rng = np.random.default_rng(4)
    text = "g (float[a, m, b] x, int64[1] k) => (float[a, k, b] v, int64[a, k, b] i) { v, i = TopK<axis = 1>(x, k) }"
    check(text, tmp_path, [{"x": np.round(rng.standard_normal((2, m, 5)) * 20).astype(np.float32), "k": np.array([k])}
                           for m, k in [(700, 3), (30, 30), (1100, 800)]])


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scatters(tmp_path, reduction):
    """Updates of one element are applied in their order, also sums: no bit differs."""
    rng = np.random.default_rng(5)
    text = ("g (float[n, m] x, int64[n, u] i, float[n, u] w, int64[p, 2] j, float[p] z) => (float[n, m] y, float[n, m] t) "
            f'{{ y = ScatterElements<axis = 1, reduction = "{reduction}">(x, i, w) '
            f't = ScatterND<reduction = "{reduction}">(x, j, z) }}')
    feeds = []
    for n, m, u, p in [(3, 50, 600, 1500), (1, 1, 17, 1), (2, 4000, 30, 300), (2, 3, 0, 0)]:
        feeds.append({"x": rng.standard_normal((n, m)), "w": rng.uniform(0.9, 1.1, (n, u)), "z": rng.uniform(0.9, 1.1, p)})
        feeds[-1] = {key: value.astype(np.float32) for key, value in feeds[-1].items()}
        feeds[-1]["i"] = rng.integers(-m, m, (n, u))
        feeds[-1]["j"] = np.stack([rng.integers(-n, n, p), rng.integers(-m, m, p)], 1)
    check(text, tmp_path, feeds)


def test_few_launches(tmp_path, monkeypatch, capfd):
    """A kernel for each doubling of what is sorted, beyond 256 or 512: not one for each element."""
    import rac

    cases = {
        "g (float[1, 50257] x) => (float[1, 50] v, int64[1, 50] i) <int64[1] k = {50}> { v, i = TopK(x, k) }": 9,
        "g (float[64, 1000] x) => (float[64, 5] v, int64[64, 5] i) <int64[1] k = {5}> { v, i = TopK(x, k) }": 2,
        "g (float[4096, 32] x, int64[1024, 1] i, float[1024, 32] u) => (float[4096, 32] y) { y = ScatterND(x, i, u) }": 7,
    }
    for text, most in cases.items():
        model, library = compiled(text, tmp_path)
        feeds = {each.name: np.zeros([dim.dim_value for dim in each.type.tensor_type.shape.dim],
                                     onnx.helper.tensor_dtype_to_np_dtype(each.type.tensor_type.elem_type))
                 for each in model.graph.input}
        with rac.load(library) as mine:
            assert 0 < len(traced(mine, feeds, monkeypatch, capfd)[1]) <= most, text
