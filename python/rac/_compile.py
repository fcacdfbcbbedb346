"""Calling rac-compile."""

import os
import re
import shutil
import subprocess
from pathlib import Path


class CompileError(RuntimeError):
    """rac-compile refused the model; the message is its own.

    unsupported   whether it is because of operators or types that rac lacks
    """

    def __init__(self, message):
        super().__init__(message)
        self.unsupported = bool(re.search(r"unsupported|n.t support", message, re.IGNORECASE))


def compiler():
    """The path of rac-compile: $RAC_COMPILE, or the one of the build that this package belongs
    to, or the one in PATH."""
    given = os.environ.get("RAC_COMPILE")
    if given:
        return given
    name = "rac-compile"
    # build/python/rac is a link to the sources; the build is where it was imported from.
    package = Path(os.path.abspath(__file__)).parent
    candidates = [package.parents[1] / "bin" / name, package.parents[1] / "build" / "bin" / name]
    for candidate in candidates:
        if candidate.is_file():
            return str(candidate)
    found = shutil.which(name)
    if not found:
        raise CompileError("rac-compile was not found: build it, or set RAC_COMPILE to its path")
    return found


def _arguments(flags):
    for key, value in flags.items():
        name = "--" + key.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            yield name
        elif isinstance(value, dict):  # shape={"x": (1, 3)}
            for tensor, shape in value.items():
                if not isinstance(shape, (str, int)):
                    shape = "x".join(str(size) for size in shape)
                yield f"{name}={tensor}={shape}"
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield f"{name}={item}"
        else:
            yield f"{name}={value}"


def compile(path, output=None, **flags):
    """Compiles an ONNX model into a shared library; gives the library's path.

    path     the .onnx file
    output   where to write (default: beside the model, .so in place of .onnx)
    flags    rac-compile's, with _ for -: threads=2, shape={"x": (1, 3, 224, 224)},
             objective="energy", no_library=True. None and False leave a flag out.

    CompileError: it was refused; nothing is written then.
    """
    path = Path(path)
    output = Path(output) if output is not None else path.with_suffix(".so")
    command = [compiler(), str(path), "-o", str(output), *_arguments(flags)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", check=False)
    if done.returncode < 0:
        raise CompileError(
            f"rac-compile was ended by signal {-done.returncode}\n{done.stderr.strip()}"
        )
    if done.returncode:
        raise CompileError(done.stderr.strip() or f"rac-compile failed ({done.returncode})")
    return str(output)
