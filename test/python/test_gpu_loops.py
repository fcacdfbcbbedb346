"""Loops that kernels run, by the simulator: how many launches they take, and their answers against onnxruntime's; only
with RAC_SIMULATED=1."""

import numpy as np
import pytest
from graphs import F32
from support import SIMULATED, Reference, assert_same
from test_simulator import compiled, parsed

pytestmark = pytest.mark.skipif(not SIMULATED, reason="RAC_SIMULATED is not set")


def launches(mine, feeds, monkeypatch, capfd):
    """A run's answers, and the names of its kernels in their order."""
    monkeypatch.setenv("RAC_SIMULATOR_TRACE", "1")
    capfd.readouterr()
    answers = mine.run(feeds)
    said = capfd.readouterr().err
    monkeypatch.delenv("RAC_SIMULATOR_TRACE")
    return answers, [line.split()[2].rstrip(",") for line in said.splitlines() if line.startswith("rac simulator:")]


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize("reduction", ["none", "add"])
def test_scattered_rows(compiler, tmp_path, monkeypatch, capfd, rows, reduction):
    """However many rows there are, the loop over them is a thread's."""
    model = parsed(f"g (float[64, 20] x, int64[{rows}, 1] i, float[{rows}, 20] u) => (float[64, 20] y) "
                   f"{{ y = ScatterND<reduction = \"{reduction}\">(x, i, u) }}")
    rng = np.random.default_rng(1)
    feeds = {"x": rng.standard_normal((64, 20)).astype(F32), "i": rng.integers(-64, 64, (rows, 1)),
             "u": rng.standard_normal((rows, 20)).astype(F32)}
    want = feeds["x"].copy()
    for (at,), row in zip(feeds["i"], feeds["u"]):
        want[at] = row + (want[at] if reduction == "add" else 0)
    with compiled(model, tmp_path) as mine:
        answers, kernels = launches(mine, feeds, monkeypatch, capfd)
    np.testing.assert_allclose(answers["y"], want, rtol=1e-5, atol=1e-5)
    assert len(kernels) <= 6, kernels
