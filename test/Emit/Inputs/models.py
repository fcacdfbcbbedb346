"""Writes mlp.onnx, two layers with random weights, both results of the model, and other.onnx, with other weights, to argv[1]."""

import sys
from pathlib import Path

import numpy as np
import onnx

TEXT = """
<ir_version: 10, opset_import: ["" : 20]>
mlp (float[batch, 64] x) => (float[batch, 128] y, float[batch, 128] r) {
  h = MatMul(x, w1)
  r = Relu(h)
  z = MatMul(r, w2)
  y = Softmax(z)
}
"""


def write(path, seed):
    model = onnx.parser.parse_model(TEXT)
    random = np.random.default_rng(seed)
    for name, shape in {"w1": (64, 128), "w2": (128, 128)}.items():
        weights = random.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, name))
    onnx.save(model, path)


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
write(folder / "mlp.onnx", 1)
write(folder / "other.onnx", 2)
