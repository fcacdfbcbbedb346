"""Types under an error budget: samples, budgets that hold on samples that were never seen, reports."""

import json
import subprocess

import numpy as np
import onnx
import pytest
from graphs import Graph
from samples import save
from support import COMMAND, COMPILER, ROOT, SIMULATED, Refused, load, run_compiler

pytestmark = pytest.mark.skipif(COMMAND is not None or SIMULATED, reason="types are found out on the host")
# A device that multiplies bf16 and i8 faster than f32, whatever this machine is.
DEVICE = "--device=xeon-spr"


def relative(want, got):
    """The worst output's |difference| / |answer| over all samples together."""
    worst = 0
    for name in want[0]:
        a = np.concatenate([np.asarray(w[name], np.float64).ravel() for w in want])
        b = np.concatenate([np.asarray(g[name], np.float64).ravel() for g in got])
        worst = max(worst, np.linalg.norm(a - b) / np.linalg.norm(a))
    return worst


def run_all(library, feeds):
    model = load(library)
    try:
        return [{name: np.array(value) for name, value in model.run(feed).items()} for feed in feeds]
    finally:
        model.close()


def mlp(seed=0, width=96, outlier=False):
    """Products of a size at which types pay, with a residual, a normalisation and a softmax."""
    g = Graph(seed)
    x = g.input("x", ["n", width])
    scale = np.ones(width, np.float32)
    if outlier:
        scale[3] = 300
        x = g.op("Mul", x, g.weight(scale))
    for layer in range(3):
        weights = g.rng.standard_normal((width, width)).astype(np.float32) / np.float32(np.sqrt(width))
        y = g.op("Add", g.op("MatMul", x, g.weight(weights)), g.normal(width))
        x = g.op("Add", g.op("Relu", y), x) if layer else g.op("Relu", y)
    g.output(g.op("Softmax", x, axis=-1), x)
    return g


def conv_net(seed=0):
    g = Graph(seed)
    x = g.input("x", [1, 3, 24, 24])
    channels = 3
    for out in (16, 32, 32):
        weights = g.rng.standard_normal((out, channels, 3, 3)).astype(np.float32) / np.float32(np.sqrt(9 * channels))
        x = g.op("Relu", g.op("Conv", x, g.weight(weights), g.normal(out), pads=[1, 1, 1, 1]))
        channels = out
    g.output(x)
    return g


def write(graph, folder):
    path = folder / "model.onnx"
    path.write_bytes(graph.model().SerializeToString())
    return path


def compile_with(path, samples, library, *flags):
    report = library.with_suffix(".json")
    run_compiler(path, library, f"--calibration={samples}", f"--report={report}", "--threads=2", *flags, time_limit=280)
    return json.loads(report.read_text())


def feeds_of(graph, count, **sizes):
    return [graph.feeds(sizes) for _ in range(count)]


@pytest.fixture
def plain(compiler, tmp_path):
    """Compiles in f32."""

    def make(path):
        return run_compiler(path, tmp_path / "plain.so", "--threads=2", DEVICE, time_limit=280)

    return make


@pytest.mark.parametrize("make", [mlp, conv_net, lambda: mlp(outlier=True)], ids=["mlp", "conv", "outlier"])
@pytest.mark.parametrize("budget", [1e-1, 1e-2, 1e-4])
def test_budget_holds_on_unseen_samples(plain, tmp_path, make, budget):
    graph = make()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8, n=64), tmp_path / "samples")
    report = compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", f"--max-error={budget}", DEVICE)
    unseen = feeds_of(graph, 8, n=64)
    error = relative(run_all(plain(path), unseen), run_all(tmp_path / "auto.so", unseen))
    assert error <= budget
    precision = report["precision"]
    assert precision["error"]["held_back"] <= budget and precision["error"]["calibration"] <= budget
    assert precision["error"]["bound"] >= precision["error"]["held_back"] / 2
    assert report["budgets"]["error"] == budget
    # No meter has told of this device's energy.
    assert precision["joules_origin"] == report["totals"]["joules_origin"] == "tdp"
    assert precision["samples"] == {"from": "--calibration", "random": False, "calibration": 6, "held_back": 2,
                                    "runs": precision["samples"]["runs"]}
    types = {group["precision"] for group in precision["groups"]}
    assert types == {"f32"} if budget < 1e-3 else types - {"f32"}, types
    for group in precision["groups"]:
        taken = [kind for kind in group["types"] if not kind["reason"]]
        assert [kind["precision"] for kind in taken] == [group["precision"]]


def assert_same_bits(want, got):
    for a, b in zip(want, got):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize("precision, metric", [("auto", "rel-l2"), ("auto", "top1"), ("int8", "max-abs"), ("bf16", "cosine")])
@pytest.mark.parametrize("make", [mlp, conv_net, lambda: mlp(outlier=True)], ids=["mlp", "conv", "outlier"])
def test_no_error_changes_no_bit(plain, tmp_path, make, precision, metric):
    graph = make()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 4, n=64), tmp_path / "samples")
    report = compile_with(path, samples, tmp_path / "auto.so", f"--precision={precision}", "--max-error=0",
                          f"--error-metric={metric}", DEVICE)
    assert {group["precision"] for group in report["groups"]} == {"f32"}
    unseen = feeds_of(graph, 3, n=33)
    assert_same_bits(run_all(plain(path), unseen), run_all(tmp_path / "auto.so", unseen))


def test_no_error_without_samples(plain, tmp_path):
    """Nothing is measured, so nothing is missed."""
    graph = mlp()
    path = write(graph, tmp_path)
    done = subprocess.run([COMPILER, path, "-o", tmp_path / "m.so", "--precision=auto", "--max-error=0", "--threads=2",
                           DEVICE], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    feeds = feeds_of(graph, 2, n=5)
    assert_same_bits(run_all(plain(path), feeds), run_all(tmp_path / "m.so", feeds))


@pytest.mark.parametrize("flags", [["--precision=auto", "--max-error=0.05"], ["--precision=int8"]], ids=["auto", "int8"])
def test_values_without_a_range(plain, tmp_path, flags):
    """Samples in which a tensor is zero all over give no range. What is zero is computed as in f32; other values are no
    worse than wrong."""
    graph = mlp()
    path = write(graph, tmp_path)
    zeros = [{"x": np.zeros((16, 96), np.float32)} for _ in range(5)]
    compile_with(path, save(zeros, tmp_path / "samples"), tmp_path / "auto.so", *flags, DEVICE)
    assert relative(run_all(plain(path), zeros), run_all(tmp_path / "auto.so", zeros)) <= 0.05
    for answer in run_all(tmp_path / "auto.so", feeds_of(graph, 2, n=16)):
        assert all(np.isfinite(value).all() for value in answer.values())


def thin_net(seed=0):
    """Depthwise convolutions and few channels, which gain little from bytes or nothing."""
    g = Graph(seed)
    x = g.input("x", [1, 3, 64, 64])
    channels = 3
    for out, size in ((16, 3), (16, 0), (32, 1), (32, 0), (48, 1)):
        inside, groups = (channels, 1) if size else (1, channels)
        size, pads = size or 3, [0 if size == 1 else 1] * 4
        weights = g.rng.standard_normal((out, inside, size, size)).astype(np.float32) / np.float32(size * np.sqrt(inside))
        x = g.op("HardSwish", g.op("Conv", x, g.weight(weights), g.normal(out), pads=pads, group=groups))
        channels = out
    g.output(x)
    return g


@pytest.mark.parametrize("make", [mlp, conv_net, thin_net], ids=["mlp", "conv", "thin"])
def test_more_error_costs_less(compiler, tmp_path, make):
    graph = make()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8, n=64), tmp_path / "samples")
    seconds = [compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", f"--max-error={budget}",
                            DEVICE)["precision"]["seconds"] for budget in (0.3, 1e-2, 1e-6)]
    assert seconds == sorted(seconds) and seconds[0] < seconds[-1]


def test_bytes_where_they_pay(compiler, tmp_path):
    """No depthwise convolution by code that widens each byte, and no tile for an image's three channels: measured, these
    take up to four times as long in i8, and twice as long in bf16, as in f32."""
    graph = thin_net()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8), tmp_path / "samples")
    report = compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", "--max-error=0.3", DEVICE)
    ways = {group["name"]: {way["precision"]: way["seconds"] for way in group["types"]}
            for group in report["precision"]["groups"]}
    convs = [group["name"] for group in report["groups"] if "rac.conv" in group["ops"]]
    assert len(convs) == 5
    for name in (convs[1], convs[3]):  # depthwise
        assert ways[name]["i8"] > ways[name]["f32"]


def test_types_follow_the_devices_rates(compiler, tmp_path):
    """One model, one budget, samples of no error: what a core multiplies of each type in a clock says which it is."""
    graph = mlp(width=512)  # products take most of the time, and fill the tiles of both types
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8, n=64), tmp_path / "samples")
    types = {}
    for name, rates in {"amx": {}, "no i8": {"i8": 1}, "no i8, no bf16": {"i8": 1, "bf16": 1}}.items():
        device = json.loads((ROOT / "devices/xeon-spr.json").read_text())
        for unit in device["units"]:
            # Not what a library attains of them.
            for attained in ["library_fraction", "library_conv_fraction", *(f"library_half_{size}" for size in "mnk")]:
                unit.get(attained, {}).pop("i8", None)
                unit.get(attained, {}).pop("bf16", None)
            for rate in rates:
                if rate in unit["ops_per_clock"]:
                    unit["ops_per_clock"][rate] |= {"v": rates[rate], "how": "guess", "src": "a test"}
        file = tmp_path / "device.json"
        file.write_text(json.dumps(device))
        report = compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", "--max-error=0.1", f"--device={file}",
                              "--size=n=64")
        types[name] = {group["precision"] for group in report["groups"] if "rac.matmul" in group["ops"]}
    assert "i8" in types["amx"]  # twice bf16's rate there
    assert "i8" not in types["no i8"] and "bf16" in types["no i8"]
    assert types["no i8, no bf16"] <= {"f32", "f16"}


def one_by_one(metric, want, got):
    """The error of the worst output, from NumPy's own numbers; sums and shares over all samples."""
    worst = 0
    for name in want[0]:
        pairs = [(np.asarray(a[name], np.float64), np.asarray(b[name], np.float64)) for a, b in zip(want, got)]
        if metric == "cosine":
            errors = [1 - np.vdot(a, b) / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs]
        elif metric == "max-abs":
            errors = [np.abs(a - b).max() for a, b in pairs]
        else:
            errors = [np.mean(np.concatenate([(a.argmax(-1) != b.argmax(-1)).ravel() for a, b in pairs]))]
        worst = max(worst, *errors)
    return worst


@pytest.mark.parametrize("metric, budget", [("cosine", 1e-3), ("cosine", 1e-4), ("max-abs", 0.05), ("max-abs", 0.5),
                                            ("top1", 0.05), ("top1", 0.2)])
def test_metrics(plain, tmp_path, metric, budget):
    """The budget is kept in whatever measure it is given, on samples that were not seen."""
    graph = mlp()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8, n=64), tmp_path / "samples")
    report = compile_with(path, samples, tmp_path / "auto.so", "--precision=auto", f"--max-error={budget}",
                          f"--error-metric={metric}", DEVICE)
    assert report["precision"]["metric"] == metric
    error = report["precision"]["error"]
    assert error["held_back"] <= budget and error["bound"] > 0
    assert any(group["precision"] != "f32" for group in report["precision"]["groups"])
    unseen = feeds_of(graph, 8, n=64)
    assert 0 < one_by_one(metric, run_all(plain(path), unseen), run_all(tmp_path / "auto.so", unseen)) <= budget


def test_few_rows_show_little(plain, tmp_path):
    """Five rows whose largest element stays don't show that at most one of a hundred changes."""
    graph = mlp()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 5, n=1), tmp_path / "samples")
    done = subprocess.run([COMPILER, path, "-o", tmp_path / "m.so", "--precision=auto", "--error-metric=top1",
                           "--max-error=0.01", f"--calibration={samples}", f"--report={tmp_path / 'm.json'}", DEVICE],
                          capture_output=True, text=True, check=True)
    assert "warning: so few samples can't show an error of at most 0.01" in done.stderr
    assert json.loads((tmp_path / "m.json").read_text())["precision"]["error"]["bound"] > 0.4


def test_samples_that_lie_apart_allow_less(compiler, tmp_path):
    """Errors of like samples come close to the budget; where they differ from sample to sample, as those of loud and of
    quiet ones do, the bound is further from what was measured."""
    shares = []
    for spread in (0, 2):
        graph = mlp()
        path = write(graph, tmp_path)
        feeds = feeds_of(graph, 12, n=64)
        for feed, loudness in zip(feeds, np.exp(spread * np.random.default_rng(1).standard_normal(12))):
            feed["x"] *= np.float32(loudness)
        samples = save(feeds, tmp_path / f"samples{spread}")
        error = compile_with(path, samples, tmp_path / "m.so", "--precision=bf16", "--max-error=1", DEVICE)["precision"]["error"]
        shares.append(error["bound"] / error["calibration"])
    assert 2 * (shares[0] - 1) < shares[1] - 1


def outlying(kind, seed=0):
    """A product, or a convolution, of an activation some of whose channels are 100 times as large as the others, which
    the weights make up for; one is always zero."""
    g = Graph(seed)
    channels, width = (211, 160) if kind == "matmul" else (48, 32)
    scale = np.ones(channels, np.float32)
    scale[3::16] = 100
    scale[7] = 0
    if kind == "matmul":
        x = g.input("x", ["n", channels])
        weights = g.rng.standard_normal((channels, width)) / np.where(scale > 1, scale, 1)[:, None]
        x = g.op("Mul", x, g.weight(scale))
        g.output(g.op("MatMul", x, g.weight(weights.astype(np.float32))))
    else:
        x = g.input("x", [1, channels, "n", 20])
        weights = g.rng.standard_normal((width, channels, 3, 3)) / np.where(scale > 1, scale, 1)[:, None, None]
        x = g.op("Mul", x, g.weight(scale[:, None, None]))
        g.output(g.op("Conv", x, g.weight(weights.astype(np.float32)), pads=[1, 1, 1, 1]))
    return g


def plan_of(path, folder, *flags):
    run_compiler(path, folder / "plan.json", "--emit=plan", "--threads=2", DEVICE, *flags)
    return json.loads((folder / "plan.json").read_text())


@pytest.mark.parametrize("kind", ["matmul", "conv"])
def test_smoothing(plain, tmp_path, kind):
    """Steps by channel make the error many times smaller than one step for all; a plan says which, and replays."""
    graph = outlying(kind)
    path = write(graph, tmp_path)
    samples = save([graph.feeds({"n": n}) for n in (33, 17, 64, 40, 29, 50, 61, 12)], tmp_path / "samples")
    report = compile_with(path, samples, tmp_path / "i8.so", "--precision=int8", DEVICE)
    group = next(group for group in report["precision"]["groups"] if group["precision"] == "i8")
    assert " by channel, smoothed by " in group["steps"]
    tried = {entry["by"]: entry["error"] for entry in group["tried_steps"]}
    others = [error for by, error in tried.items() if "smoothed" not in by]
    assert min(others) > 5 * next(iter(tried.values()))
    plan = plan_of(path, tmp_path, "--precision=int8", f"--calibration={samples}")
    entry = next(entry for entry in plan["groups"] if entry["name"] == group["name"])
    assert ":f32:" in entry["activation"]
    unseen = [graph.feeds({"n": n}) for n in (1, 45, 64)]
    want = run_all(plain(path), unseen)
    smoothed = run_all(tmp_path / "i8.so", unseen)
    run_compiler(path, tmp_path / "again.so", f"--plan={tmp_path / 'plan.json'}", "--threads=2", DEVICE)
    assert_same_bits(smoothed, run_all(tmp_path / "again.so", unseen))
    # The same with one step for all, of all values.
    entry["activation"] = whole_range(graph, samples)
    (tmp_path / "edited.json").write_text(json.dumps(plan))
    run_compiler(path, tmp_path / "one.so", f"--plan={tmp_path / 'edited.json'}", "--threads=2", DEVICE)
    one = relative(want, run_all(tmp_path / "one.so", unseen))
    assert relative(want, smoothed) < min(0.02, one / 5)


def whole_range(graph, samples):
    """One step for all values that the activation has in the samples."""
    scale = onnx.numpy_helper.to_array(graph.weights[0])
    values = [np.load(file)["x"] * scale for file in sorted(samples.glob("*.npz"))]
    low, high = min(v.min() for v in values), max(v.max() for v in values)
    step = (high - low) / 255
    return f"!quant.uniform<u8:f32, {step:.6e}:{round(-low / step)}>"


def test_smoothing_as_numpy_has_it(compiler, tmp_path):
    graph = outlying("matmul")
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8, n=40), tmp_path / "samples")
    compile_with(path, samples, tmp_path / "i8.so", "--precision=int8", DEVICE)
    plan = plan_of(path, tmp_path, "--precision=int8", f"--calibration={samples}")
    text = next(entry["activation"] for entry in plan["groups"] if entry["activation"])
    pairs = [pair.split(":") for pair in text.split("{")[1].split("}")[0].split(",")]
    steps = np.array([float(pair[0]) for pair in pairs], np.float32)
    zero = int(pairs[0][1])
    scale, weights = map(onnx.numpy_helper.to_array, graph.weights)
    feed = feeds_of(graph, 1, n=37)[0]
    q = np.clip(np.rint(feed["x"] * scale / steps) + zero, 0, 255) - zero
    scaled = weights * steps[:, None]
    column = np.abs(scaled).max(0) / 127
    expected = (q @ np.rint(scaled / column)) * column
    got = next(iter(run_all(tmp_path / "i8.so", [feed])[0].values()))
    # A value on the edge of two steps may go to the other one where it is multiplied by the reciprocal.
    assert np.linalg.norm(got - expected) < 1e-3 * np.linalg.norm(expected)


def test_smoothing_in_a_normalisation(plain, tmp_path):
    """Large channels come from a layer norm's scale, as transformers have them: its scale and bias take the steps, and
    nothing else multiplies."""
    g = Graph(3)
    channels, width = 200, 160
    scale = g.rng.uniform(0.5, 1.5, channels).astype(np.float32)
    scale[3::16] *= 100
    x = g.op("LayerNormalization", g.input("x", ["n", channels]), g.weight(scale), g.normal(channels), axis=-1)
    weights = g.rng.standard_normal((channels, width)) / np.where(scale > 2, scale, 1)[:, None]
    g.output(g.op("MatMul", x, g.weight(weights.astype(np.float32))))
    path = write(g, tmp_path)
    samples = save(feeds_of(g, 8, n=64), tmp_path / "samples")
    report = compile_with(path, samples, tmp_path / "i8.so", "--precision=int8", DEVICE)
    group = next(group for group in report["precision"]["groups"] if group["precision"] == "i8")
    assert " by channel, smoothed by " in group["steps"]
    assert not any("rac.mul" in other["ops"] or other["name"].startswith("smooth")
                   for other in report["groups"] if other["name"] != group["name"])
    unseen = feeds_of(g, 3, n=37)
    assert relative(run_all(plain(path), unseen), run_all(tmp_path / "i8.so", unseen)) < 0.02


@pytest.mark.parametrize("make", [lambda: mlp(width=512), conv_net], ids=["mlp", "conv"])
def test_no_smoothing_of_like_channels(compiler, tmp_path, make):
    """Where channels reach equally far one step for all is as good."""
    graph = make()
    samples = save(feeds_of(graph, 6, n=48), tmp_path / "samples")
    report = compile_with(write(graph, tmp_path), samples, tmp_path / "i8.so", "--precision=int8", DEVICE)
    groups = [group for group in report["precision"]["groups"] if group["precision"] == "i8"]
    assert groups
    for group in groups:
        assert group["tried_steps"] and "smoothed" not in group["steps"]


def test_values_that_are_no_numbers(plain, tmp_path):
    """What has NaNs on the way isn't rounded to bytes, and the report says why."""
    g = Graph(0)
    x = g.op("Sqrt", g.input("x", ["n", 96]))
    weights = g.rng.standard_normal((96, 96)).astype(np.float32)
    g.output(g.op("MatMul", g.op("Add", x, g.normal(96)), g.weight(weights)))
    path = write(g, tmp_path)
    samples = save(feeds_of(g, 5, n=48), tmp_path / "samples")
    report = compile_with(path, samples, tmp_path / "i8.so", "--precision=int8", DEVICE)
    reasons = [kind["reason"] for group in report["precision"]["groups"] for kind in group["types"]
               if kind["precision"] == "i8"]
    assert any("no finite numbers" in reason for reason in reasons if reason)
    feeds = feeds_of(g, 2, n=9)
    assert_same_bits(run_all(plain(path), feeds), run_all(tmp_path / "i8.so", feeds))


def test_one_file_of_stacked_or_numbered_samples(compiler, tmp_path):
    """The same samples in any of the forms give the same library."""
    graph = mlp()
    path = write(graph, tmp_path)
    feeds = feeds_of(graph, 5, n=16)
    forms = [save(feeds, tmp_path / "samples"), tmp_path / "stacked.npz", tmp_path / "numbered.npz"]
    np.savez_compressed(forms[1], x=np.stack([feed["x"] for feed in feeds]))
    np.savez(forms[2], **{f"x.{i}": feed["x"] for i, feed in enumerate(feeds)})
    reports = [compile_with(path, form, tmp_path / f"{form.stem}.so", "--precision=auto", DEVICE) for form in forms]
    assert reports[0]["precision"] == reports[1]["precision"] == reports[2]["precision"]
    libraries = {(tmp_path / f"{form.stem}.so").read_bytes() for form in forms}
    assert len(libraries) == 1


def test_random_data_is_warned_of(compiler, tmp_path):
    graph = mlp()
    path = write(graph, tmp_path)
    done = subprocess.run([COMPILER, path, "-o", tmp_path / "m.so", "--precision=auto", DEVICE,
                           f"--report={tmp_path / 'm.json'}"], capture_output=True, text=True, check=True)
    assert "warning: no --calibration" in done.stderr
    assert json.loads((tmp_path / "m.json").read_text())["precision"]["samples"]["random"]


def test_one_sample_is_warned_of(compiler, tmp_path):
    graph = mlp()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 1, n=16), tmp_path / "samples")
    done = subprocess.run([COMPILER, path, "-o", tmp_path / "m.so", "--precision=auto", f"--calibration={samples}",
                           DEVICE], capture_output=True, text=True, check=True)
    assert "warning: one sample" in done.stderr


BAD = {
    "other name": ({"y": np.zeros((2, 96), np.float32)}, "no input 'y'"),
    "missing": ({}, "has nothing for input 'x'"),
    "type": ({"x": np.zeros((2, 96))}, r"f64\[2, 96\], and the model takes f32"),
    "rank": ({"x": np.zeros(96, np.float32)}, "takes 2 dimensions"),
    "shape": ({"x": np.zeros((2, 95), np.float32)}, "dimension 1 must be 96"),
    "NaN": ({"x": np.full((2, 96), np.nan, np.float32)}, "element 0 is no finite number"),
    "infinity": ({"x": np.full((2, 96), -np.inf, np.float32)}, "element 0 is no finite number"),
    "empty": ({"x": np.zeros((0, 96), np.float32)}, "which is empty"),
    "complex": ({"x": np.zeros((2, 96), np.complex64)}, "of a type that no model takes"),
    "Fortran order": ({"x": np.asfortranarray(np.ones((2, 96), np.float32))}, "Fortran order"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_samples(compiler, tmp_path, name):
    feed, message = BAD[name]
    samples = save([feed], tmp_path / "samples")
    with pytest.raises(Refused, match="--calibration: .*" + message):
        compile_with(write(mlp(), tmp_path), samples, tmp_path / "m.so", "--precision=auto")


def test_bad_files(compiler, tmp_path):
    path = write(mlp(), tmp_path)

    def refused(samples, message):
        with pytest.raises(Refused, match="--calibration: .*" + message):
            compile_with(path, samples, tmp_path / "m.so", "--precision=auto")

    (tmp_path / "none").mkdir()
    refused(tmp_path / "none", "has no samples")
    refused(tmp_path / "nowhere.npz", "cannot be read")
    (tmp_path / "text.npz").write_text("no archive")
    refused(tmp_path / "text.npz", "no .npz file")
    x = np.zeros((4, 2, 96), np.float32)
    np.savez(tmp_path / "whole.npz", x=x)
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "cut.npz", "no .npz file")
    np.savez(tmp_path / "counts.npz", x=x, y=x[:3])
    refused(tmp_path / "counts.npz", "has 3 samples")
    np.savez(tmp_path / "number.npz", x=np.float32(1))
    refused(tmp_path / "number.npz", "must count samples")
    np.savez(tmp_path / "mixed.npz", **{"x.0": x[0], "x": x[1]})
    refused(tmp_path / "mixed.npz", "no sample's number")


def test_front_has_an_error_axis(compiler, tmp_path):
    graph = mlp()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8, n=64), tmp_path / "samples")
    compile_with(path, samples, tmp_path / "m.so", "--precision=auto", "--max-error=0.02", DEVICE,
                 f"--pareto={tmp_path / 'front.json'}")
    points = json.loads((tmp_path / "front.json").read_text())["by_error"]
    assert [point["max_error"] for point in points] == sorted(point["max_error"] for point in points)
    assert all(point["error"] <= point["max_error"] for point in points)
    assert [point["max_error"] for point in points if point["chosen"]] == [0.02]
    assert points[0]["error"] == 0 and points[0]["seconds"] >= points[-1]["seconds"]


def test_a_plan_replays(compiler, tmp_path):
    """The plan says all: types and steps too."""
    graph = mlp()
    path = write(graph, tmp_path)
    samples = save(feeds_of(graph, 8, n=64), tmp_path / "samples")
    flags = ["--precision=auto", "--max-error=0.05", DEVICE]
    compile_with(path, samples, tmp_path / "m.so", *flags)
    run_compiler(path, tmp_path / "plan.json", f"--calibration={samples}", "--emit=plan", "--threads=2", *flags)
    run_compiler(path, tmp_path / "again.so", f"--plan={tmp_path / 'plan.json'}", "--threads=2", DEVICE)
    feeds = feeds_of(graph, 2, n=64)
    for want, got in zip(run_all(tmp_path / "m.so", feeds), run_all(tmp_path / "again.so", feeds)):
        for name in want:
            np.testing.assert_array_equal(want[name], got[name])


@pytest.mark.parametrize("forced", [{"precision": "bf16"}, {"weights": "i8", "weight_group": 32, "kind": "generated"},
                                    {"weights": "i4", "weight_group": 16, "kind": "generated"},
                                    {"precision": "i8", "activation": "!quant.uniform<u8:f32, 5.000000e-02:128>"}],
                         ids=["bf16", "weights8", "weights4", "i8"])
def test_a_plan_forces_one_group(plain, tmp_path, forced):
    """That group, and no other; the rest computes as before."""
    graph = mlp()
    path = write(graph, tmp_path)
    run_compiler(path, tmp_path / "plan.json", "--emit=plan", "--threads=2", DEVICE)
    plan = json.loads((tmp_path / "plan.json").read_text())
    group = next(group for group in plan["groups"] if "rac.matmul" in group["ops"])
    group.update(forced)
    (tmp_path / "edited.json").write_text(json.dumps(plan))
    run_compiler(path, tmp_path / "forced.so", f"--plan={tmp_path / 'edited.json'}", "--threads=2", DEVICE,
                 f"--report={tmp_path / 'forced.json'}")
    run_compiler(path, tmp_path / "after.json", f"--plan={tmp_path / 'edited.json'}", "--emit=plan", "--threads=2", DEVICE)
    after = {entry["name"]: entry for entry in json.loads((tmp_path / "after.json").read_text())["groups"]}
    for key, value in forced.items():
        assert after[group["name"]][key] == value
    own = next(entry for entry in json.loads((tmp_path / "forced.json").read_text())["groups"]
               if entry["name"] == group["name"])
    assert own["precision"] == forced.get("precision", "f32")
    others = [entry for name, entry in after.items() if name != group["name"] and "rac.matmul" in entry["ops"]]
    assert others and all(entry["precision"] == "f32" and not entry.get("weights") for entry in others)
    feeds = feeds_of(graph, 2, n=20)
    error = relative(run_all(plain(path), feeds), run_all(tmp_path / "forced.so", feeds))
    assert 0 < error < 0.2
