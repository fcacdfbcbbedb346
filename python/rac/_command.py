"""Compiled models that another program runs: rac-run, through an emulator or on another machine."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ._model import RunError
from ._types import TensorInfo


class CommandModel:
    """A library of rac-compile's, run by a command that takes rac-run's arguments. Each run is a process of its own,
    and arrays go through files."""

    def __init__(self, path, command, threads=0):
        self.path = str(path)
        self._command = [str(word) for word in command]
        self._threads = [f"--threads={threads}"] if threads else []
        self.describe = json.loads(self._call("--describe"))
        self.inputs = [TensorInfo.parse(entry) for entry in self.describe["inputs"]]
        self.outputs = [TensorInfo.parse(entry) for entry in self.describe["outputs"]]

    def _call(self, *arguments):
        done = subprocess.run([*self._command, self.path, *arguments], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace", check=False)
        if done.returncode:
            raise RunError(done.stderr.strip() or f"{self._command[-1]} failed ({done.returncode})")
        return done.stdout

    def run(self, inputs):
        """Runs the model on {name: array}; gives {name: array}. RunError: it could not."""
        with tempfile.TemporaryDirectory(prefix="rac-run-") as folder:
            folder = Path(folder)
            arguments = [*self._threads, "--repeat=0", "--warmup=0", f"--output={folder / 'out'}"]
            for i, info in enumerate(self.inputs):
                value = np.asarray(inputs[info.name])
                if value.dtype != info.dtype:
                    raise TypeError(f"input {info.name!r} must be {info.dtype}, is {value.dtype}")
                # ascontiguousarray would give scalars a dimension.
                np.save(folder / f"{i}.npy", value.copy(order="C"))
                arguments.append(f"--input={info.name}={folder / f'{i}.npy'}")
            self._call(*arguments)
            return {info.name: _load(folder / "out" / f"{info.name.translate(_IN_FILES)}.npy", info)
                    for info in self.outputs}

    def close(self):
        """There is nothing to give back."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# As rac-run names files.
_IN_FILES = str.maketrans("/\\", "__")


def _load(path, info):
    data = np.load(path)
    return data.view(info.dtype) if info.rac_dtype == "bf16" else data  # .npy has no name for it
