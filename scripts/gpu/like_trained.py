"""Random weights in place of trained ones that are too large to travel.

  like_trained.py TRAINED.onnx GRAPH.onnx

GRAPH's weights are elsewhere (fill.py); those that would come from a file of trained weights become
seeded random numbers of the same mean and deviation, by which the numbers in the network stay as
large as they are.
"""

import json
import sys
import zlib

import numpy as np
import onnx


def main(trained, path):
    weights = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(trained).graph.initializer}
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if "safetensors" in (json.loads(tensor.doc_string) if tensor.doc_string else {}):
            if not np.issubdtype(weights[tensor.name].dtype, np.floating):
                tensor.CopyFrom(onnx.numpy_helper.from_array(weights[tensor.name], tensor.name))
                continue
            values = weights[tensor.name].astype(np.float64)
            tensor.doc_string = json.dumps({"seed": zlib.crc32(tensor.name.encode()),
                                            "mean": float(values.mean()), "std": float(values.std())})
    onnx.save(model, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
