"""Writes models that are damaged in one way each to the folder argv[1]."""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)


def path(name):
    return os.path.join(folder, name)


def model():
    weights = numpy_helper.from_array(np.ones((8, 4), np.float32), "w")
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [x], [y], [weights])
    imports = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def save(name, m):
    with open(path(name), "wb") as file:
        file.write(m.SerializeToString())


def move(tensor, **entries):
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)


def external(name, **entries):
    m = model()
    move(m.graph.initializer[0], **entries)
    save(name, m)


def sparse(name, indices="indices.bin"):
    """Two weights that aren't 0."""
    m = model()
    m.graph.ClearField("initializer")
    w = m.graph.sparse_initializer.add(dims=[8, 4])
    w.values.CopyFrom(numpy_helper.from_array(np.ones(2, np.float32), "w"))
    w.indices.CopyFrom(numpy_helper.from_array(np.array([1, 30]), "places"))
    move(w.values, location="weights.bin", length="8")
    move(w.indices, location=indices)
    save(name, m)


with open(path("empty.onnx"), "wb"):
    pass
with open(path("text.onnx"), "w") as file:
    file.write("This is no model, whatever its name says.\n" * 20)
with open(path("weights.bin"), "wb") as file:
    file.write(np.ones((8, 4), np.float32).tobytes())

with open(path("indices.bin"), "wb") as file:
    file.write(np.array([1, 30]).tobytes())

no_graph = model()
no_graph.ClearField("graph")
save("no-graph.onnx", no_graph)

short = model()
short.graph.initializer[0].raw_data = b"\0" * 12
save("short.onnx", short)

external("external.onnx", location="weights.bin", offset="0", length="128")
external("no-data.onnx", location="nothing.bin")
external("outside.onnx", location="../../../etc/passwd")
external("past-end.onnx", location="weights.bin", offset="64")
external("offset.onnx", location="weights.bin", offset="-4")
if not os.path.islink(path("link.bin")):
    os.symlink("/etc/passwd", path("link.bin"))
external("link.onnx", location="link.bin")
sparse("sparse.onnx")
sparse("sparse-no-data.onnx", indices="nothing.bin")
