"""lengths.py MODEL.so RAC-RUN: y = relu(x w + b) against numpy, at every length of SVE's vectors."""

import sys
from pathlib import Path

import numpy as np
import rac

EMULATE = Path(__file__).resolve().parents[4] / "scripts/emulate.sh"
LENGTHS = [16, 32, 64, 128, 256]  # bytes
random = np.random.default_rng(1)

for length in LENGTHS:
    model = rac.load(sys.argv[1], command=[str(EMULATE), str(length), sys.argv[2]])
    for m, k, n in [(13, 37, 71), (1, 5, 130)]:
        x, w, b = (random.standard_normal(shape).astype(np.float32) for shape in [(m, k), (k, n), (n,)])
        got = model.run({"x": x, "w": w, "b": b})["y"]
        want = np.maximum(x.astype(np.float64) @ w + b, 0)
        assert np.allclose(got, want, rtol=1e-5, atol=1e-5), (length, m, k, n, np.abs(got - want).max())
print("right at", ", ".join(map(str, LENGTHS)), "bytes")
