"""rac: compiles ONNX models ahead of time and runs them.

    import numpy as np, rac

    path = rac.compile("resnet50.onnx", "resnet50.so", threads=2)
    model = rac.load(path)
    print(model.inputs)                       # [TensorInfo('image', f32, [1, 3, 224, 224])]
    scores = model.run({"image": np.zeros((1, 3, 224, 224), np.float32)})["scores"]

compile(path, output, **flags)   runs rac-compile; CompileError says why it could not
load(path, threads)              a Model
Model.run({name: array})         {name: array}; on GPUs also by DLPack, without leaving the device
Model.measure_energy({…})        joules a run, where the machine has a meter (EnergyMeters)
rac.report.html(path)            the page of a model's costs (docs/Report.md)
rac.backend                      an onnx.backend.base.Backend (imports onnx)
"""

from importlib import import_module

from ._model import Model, RunError, load
from ._types import TensorInfo

# Imported when first asked for: who only runs a model waits for less.
_LAZY = {
    "CompileError": "._compile",
    "EnergyError": "._energy",
    "EnergyMeasurement": "._energy",
    "EnergyMeters": "._energy",
    "EnergyReading": "._energy",
    "compile": "._compile",
}

__all__ = ["Model", "RunError", "TensorInfo", "load", "report", *_LAZY]


def __getattr__(name):
    if name == "report":
        return import_module(".report", __name__)
    if name not in _LAZY:
        raise AttributeError(f"module 'rac' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_LAZY[name], __name__), name)
    return value


def __dir__():
    return sorted(set(globals()) | set(__all__))
