"""ONNX's backend interface: rac.backend may be given wherever a backend is asked for.

    import onnx, rac.backend
    outputs = rac.backend.run_model(onnx.load("model.onnx"), [x])

Models are compiled into a temporary folder, which takes about a second. Keyword arguments
are rac-compile's flags; threads and command are rac.load's.
"""

import tempfile
import weakref
from pathlib import Path

import numpy as np
import onnx
from onnx.backend.base import Backend, BackendRep, namedtupledict
from onnx.backend.test.runner import BackendIsNotSupposedToImplementIt

from ._compile import CompileError, compile
from ._model import load


class Unsupported(CompileError, BackendIsNotSupposedToImplementIt):
    """The model needs what rac lacks; ONNX's test runner counts it as skipped."""


class RacRep(BackendRep):
    """A compiled model; `model` is the rac.Model."""

    def __init__(self, model, folder=None):
        """`folder`: a TemporaryDirectory that the model needs."""
        self.model = model
        if folder is not None:
            weakref.finalize(self, folder.cleanup)

    def run(self, inputs, **kwargs):
        """`inputs`: arrays in the model's order, one array if there is one input, or a dict.
        Gives a named tuple of arrays."""
        infos = self.model.inputs
        if not isinstance(inputs, dict):
            if isinstance(inputs, np.ndarray):
                inputs = [inputs]
            if len(inputs) != len(infos):
                raise ValueError(f"the model has {len(infos)} inputs, not {len(inputs)}")
            inputs = {info.name: value for info, value in zip(infos, inputs)}
        outputs = self.model.run(inputs)
        return namedtupledict("Outputs", list(outputs))(*outputs.values())


def _node_model(node, inputs, outputs_info, opset):
    """A model of one node. Its outputs' types are left to shape inference where not given."""
    def value(name, dtype, shape):
        return onnx.helper.make_tensor_value_info(
            name, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape
        )

    arrays = [np.asarray(x) for x in (inputs.values() if isinstance(inputs, dict) else inputs)]
    names = list(inputs) if isinstance(inputs, dict) else [name for name in node.input if name]
    graph_inputs = [value(name, x.dtype, x.shape) for name, x in zip(names, arrays)]
    if outputs_info:
        outputs = [value(n, dtype, shape) for n, (dtype, shape) in zip(node.output, outputs_info)]
    else:
        outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in node.output if name]
    graph = onnx.helper.make_graph([node], "node", graph_inputs, outputs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    if not outputs_info:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        known = {info.name: info for info in inferred.graph.value_info}
        known.update({info.name: info for info in inferred.graph.output})
        del model.graph.output[:]
        model.graph.output.extend(known[info.name] for info in outputs)
    return model, dict(zip(names, arrays))


class RacBackend(Backend):
    """Compiles with rac-compile and runs on the CPU."""

    @classmethod
    def prepare(cls, model, device="CPU", **kwargs):
        """Compiles an onnx.ModelProto. Unsupported or CompileError says why it can't be."""
        if not cls.supports_device(device):
            raise ValueError(f"rac's backend runs on the CPU, not on {device}")
        threads, command = kwargs.pop("threads", 0), kwargs.pop("command", None)
        folder = tempfile.TemporaryDirectory(prefix="rac-backend-")
        keep = False
        try:
            path = Path(folder.name) / "model.onnx"
            path.write_bytes(model.SerializeToString())
            loaded = load(compile(path, **kwargs), threads, command=command)
            # A library that is loaded into this process stays usable when its file is gone.
            keep = command is not None
            return RacRep(loaded, folder if keep else None)
        except CompileError as error:
            if error.unsupported:
                raise Unsupported(str(error)) from None
            raise
        finally:
            if not keep:
                folder.cleanup()

    @classmethod
    def run_model(cls, model, inputs, device="CPU", **kwargs):
        """Compiles and runs once."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(cls, node, inputs, device="CPU", outputs_info=None, **kwargs):
        """Compiles and runs a model of one onnx.NodeProto."""
        opset = kwargs.pop("opset_version", onnx.defs.onnx_opset_version())
        model, feeds = _node_model(node, inputs, outputs_info, opset)
        return cls.prepare(model, device, **kwargs).run(feeds)

    @classmethod
    def supports_device(cls, device):
        """`device` is "CPU", with or without a number."""
        return device.split(":")[0] == "CPU"


prepare = RacBackend.prepare
run_model = RacBackend.run_model
run_node = RacBackend.run_node
supports_device = RacBackend.supports_device
is_compatible = RacBackend.is_compatible
