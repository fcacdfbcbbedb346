"""An output that is a device or a pipe is written to, not replaced by a file."""

import os
import stat
import subprocess
import threading

import onnx
import pytest
from onnx import TensorProto, helper

import rac._compile


@pytest.mark.parametrize("flags, start", [(["--emit=rac"], b"module"), ([], b"\x7fELF")])
def test_pipe_stays(tmp_path, flags, start):
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])])
    model = tmp_path / "m.onnx"
    onnx.save(helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), model)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Open for both, so that neither side waits for the other to come.
    end = os.open(pipe, os.O_RDWR)
    got = []
    reader = threading.Thread(target=lambda: got.append(os.read(end, 1 << 16)), daemon=True)
    reader.start()
    done = subprocess.Popen([rac._compile.compiler(), str(model), "-o", str(pipe), *flags])
    reader.join(10)
    while done.poll() is None:
        os.set_blocking(end, False)
        try:
            os.read(end, 1 << 16)
        except BlockingIOError:
            pass
    assert done.returncode == 0
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)
    assert got and got[0].lstrip().startswith(start)
