"""--precision for NVIDIA GPUs, kernels in the simulator: answers near those in f32, and types that the device computes in."""

import json
import re

import numpy as np
import pytest
from graphs import Graph
from samples import save
from support import FLAGS, SIMULATED, run_compiler
from test_error_budget import conv_net, feeds_of, mlp, relative, run_all, write

pytestmark = [pytest.mark.skipif(not SIMULATED, reason="kernels run in the simulator"),
              pytest.mark.usefixtures("compiler")]


@pytest.mark.parametrize("precision, types, bound", [("bf16", {"bf16"}, 2e-2), ("f16", {"f16"}, 3e-3), ("int8", {"i8"}, 5e-2),
                                                     ("f8", {"f8E4M3FN"}, 8e-2), ("auto", {"bf16", "i8", "f8E4M3FN"}, 1e-2)])
@pytest.mark.parametrize("make, sizes", [(mlp, {"n": 21}), (conv_net, {})], ids=["mlp", "conv"])
def test_precision(tmp_path, make, sizes, precision, types, bound):
    graph = make()
    path = write(graph, tmp_path)
    flags = [*FLAGS, f"--precision={precision}", f"--report={tmp_path / 'report.json'}"]
    if precision in ("int8", "f8", "auto"):
        flags.append(f"--calibration={save(feeds_of(graph, 5, **sizes), tmp_path / 'samples')}")
    run_compiler(path, tmp_path / "narrow.so", *flags, time_limit=280)
    run_compiler(path, tmp_path / "plain.so", *FLAGS)
    groups = json.loads((tmp_path / "report.json").read_text())["groups"]
    used = {group["precision"] for group in groups} - {"f32"}
    assert used <= types
    # Of few rows bytes gain nothing.
    assert used or (make is mlp and precision in ("int8", "f8"))
    feeds = feeds_of(graph, 2, **sizes)
    assert relative(run_all(tmp_path / "plain.so", feeds), run_all(tmp_path / "narrow.so", feeds)) <= bound


@pytest.mark.parametrize("bits", [8, 4])
def test_weights_of_few_bits(tmp_path, bits):
    """By plan, in a group of its own."""
    graph = mlp()
    path = write(graph, tmp_path)
    run_compiler(path, tmp_path / "plan.json", "--emit=plan", *FLAGS)
    plan = json.loads((tmp_path / "plan.json").read_text())
    group = next(group for group in plan["groups"] if "rac.matmul" in group["ops"])
    group.update(weights=f"i{bits}", weight_group=32)
    (tmp_path / "edited.json").write_text(json.dumps(plan))
    run_compiler(path, tmp_path / "narrow.so", f"--plan={tmp_path / 'edited.json'}", *FLAGS)
    run_compiler(path, tmp_path / "plain.so", *FLAGS)
    feeds = feeds_of(graph, 2, n=7)
    error = relative(run_all(tmp_path / "plain.so", feeds), run_all(tmp_path / "narrow.so", feeds))
    assert 0 < error < (0.02 if bits == 8 else 0.2)


@pytest.mark.parametrize("precision, type, product", [("f8", "f8E4M3FN", r"\.f32\.e4m3\.e4m3"), ("int8", "i8", r"\.s32\.[su]8\.s8")])
def test_blocks_of_8_bits(tmp_path, precision, type, product):
    """Planned for that type, not for the type before: a line of 128 terms, which warp groups multiply on sm_90a."""
    graph = Graph()
    weights = graph.rng.standard_normal((512, 512)).astype(np.float32) / 16
    graph.output(graph.op("MatMul", graph.input("x", [512, 512]), graph.weight(weights)))
    path = write(graph, tmp_path)
    calibration = f"--calibration={save(feeds_of(graph, 3), tmp_path / 'samples')}"
    chip = ["--target=nvptx", "--chip=sm_90a", f"--precision={precision}", calibration]
    run_compiler(path, tmp_path / "plan.json", "--emit=plan", *chip)
    [group] = [group for group in json.loads((tmp_path / "plan.json").read_text())["groups"] if group["warps"]]
    assert group["precision"] == type and group["reduction"] == [128]
    assert group["registers"] == [16, group["tiles"][-1]]
    assert group["cost"]["seconds"] > 0
    run_compiler(path, tmp_path / "m.ptx", "--emit=ptx", *chip)
    assert re.search(rf"wgmma\.mma_async\.sync\.aligned\.m64n\d+k32{product}", (tmp_path / "m.ptx").read_text())
    assert "mma.sync" not in (tmp_path / "m.ptx").read_text()
    simulated = ["--target=nvptx", "--chip=simulator_sm_90a"]
    run_compiler(path, tmp_path / "narrow.so", *simulated, f"--precision={precision}", calibration)
    run_compiler(path, tmp_path / "plain.so", *simulated)
    feeds = feeds_of(graph, 2)
    assert 0 < relative(run_all(tmp_path / "plain.so", feeds), run_all(tmp_path / "narrow.so", feeds)) < 8e-2
