"""A model that ran library calls on several threads can be closed."""

import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import rac

# In a process of its own: what failed was a crash of one of libgomp's threads.
PROGRAM = """
import sys, time
import numpy as np
import rac
model = rac.load(sys.argv[1], threads=2)
model.run({"x": np.ones((256, 256), np.float32)})
model.close()
time.sleep(0.3)
"""


def test_close_after_threads(tmp_path):
    weights = numpy_helper.from_array(np.ones((256, 256), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [256, 256])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [256, 256])],
        [weights])
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    library = rac.compile(str(path), output=str(tmp_path / "m.so"))
    done = subprocess.run([sys.executable, "-c", PROGRAM, library])
    assert done.returncode == 0
