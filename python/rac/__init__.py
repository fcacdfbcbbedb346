"""rac: compiles ONNX models ahead of time and runs them.

    import numpy as np, rac

    path = rac.compile("resnet50.onnx", "resnet50.so", threads=2)
    model = rac.load(path)
    print(model.inputs)                       # [TensorInfo('image', f32, [1, 3, 224, 224])]
    scores = model.run({"image": np.zeros((1, 3, 224, 224), np.float32)})["scores"]

compile(path, output, **flags)   runs rac-compile; CompileError says why it could not
load(path, threads)              a Model
Model.run({name: array})         {name: array}
Model.measure_energy({…})        joules a run, where the machine has a meter (EnergyMeters)
rac.backend                      an onnx.backend.base.Backend (imports onnx)
"""

from ._compile import CompileError, compile
from ._energy import EnergyError, EnergyMeasurement, EnergyMeters, EnergyReading
from ._model import Model, RunError, load
from ._types import TensorInfo

__all__ = [
    "CompileError", "EnergyError", "EnergyMeasurement", "EnergyMeters", "EnergyReading", "Model",
    "RunError", "TensorInfo", "compile", "load",
]
