"""Shared by the tests, scripts/fuzz_models.py and the benchmarks: where things are, compiling
without trusting the compiler, onnxruntime's answers, and comparing with them."""

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RAC_BUILD", ROOT / "build")).resolve()
CACHE = Path(os.environ.get("RAC_CACHE", Path.home() / ".cache/rac"))
MODELS = Path(os.environ.get("RAC_MODELS", CACHE / "models"))
COMPILER = BUILD / "bin" / "rac-compile"

# With RAC_VECTOR_BYTES=32 the tests of models compile for Arm SVE and run in an emulator whose
# vectors are that long; scripts/test_arm.py sets it.
VECTOR_BYTES = os.environ.get("RAC_VECTOR_BYTES")
FLAGS, COMMAND = [], None


def emulated(length):
    """rac-run for Arm SVE, with vectors of so many bytes."""
    return [str(ROOT / "scripts/emulate.sh"), str(length), str(BUILD / "aarch64/bin/rac-run")]


if VECTOR_BYTES:
    FLAGS = ["--target=arm-sve"]
    COMMAND = emulated(VECTOR_BYTES)
# With RAC_SIMULATED=1 they compile for NVIDIA GPUs, and kernels run on the CPU.
SIMULATED = os.environ.get("RAC_SIMULATED") == "1"
if SIMULATED:
    FLAGS = ["--target=nvptx", "--chip=simulator"]
    os.environ["RAC_CUDA_DRIVER"] = str(BUILD / "lib" / "librac_simulator.so")
# Where libraries are kept between runs of the tests, so that all lengths run the same.
LIBRARIES = os.environ.get("RAC_LIBRARIES")

# A compile that takes more is stopped: a hostile model must not take the machine with it.
MEMORY_LIMIT = 4 << 30
TIME_LIMIT = 120

sys.path.insert(0, str(BUILD / "python"))
os.environ.setdefault("RAC_COMPILE", str(COMPILER))


class Refused(Exception):
    """rac-compile said no, in the way it should."""


class Misbehaved(AssertionError):
    """rac-compile crashed, hung, was silent, or left something behind."""


def sanitized():
    """Is the build one with the address sanitizer? Its shadow needs unlimited address space."""
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and "RAC_SANITIZE:STRING=address" in cache.read_text()


def _limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def load(library):
    """The compiled model, in this process or in the emulator."""
    import rac

    return rac.load(library, command=COMMAND)


def traced(model, feeds, monkeypatch, capfd):
    """A run's answers in the simulator, and of each of its kernels, in their order, the name and the blocks along x."""
    monkeypatch.setenv("RAC_SIMULATOR_TRACE", "1")
    capfd.readouterr()
    answers = model.run(feeds)
    said = capfd.readouterr().err
    monkeypatch.delenv("RAC_SIMULATOR_TRACE")
    lines = [line.split() for line in said.splitlines() if line.startswith("rac simulator: ")]
    return answers, [(words[2].rstrip(","), int(words[3])) for words in lines]


def compile_once(model, output, *flags, time_limit=TIME_LIMIT):
    """run_compiler, or the library that it made of the same model when the tests ran before. `flags` are added to those of
    the target, or name another one with its chip."""
    if not any(flag.startswith("--chip=") for flag in flags):
        flags = [*flags, *FLAGS]
    if not LIBRARIES:
        return run_compiler(model, output, *flags, time_limit=time_limit)
    key = hashlib.sha256(Path(model).read_bytes())
    key.update(repr((flags, COMPILER.stat().st_mtime_ns)).encode())
    kept = Path(LIBRARIES) / f"{key.hexdigest()[:20]}.so"
    if not kept.exists():
        run_compiler(model, output, *flags, time_limit=time_limit).rename(kept)
    Path(output).unlink(missing_ok=True)
    Path(output).hardlink_to(kept)
    return output


def run_compiler(model, output, *flags, time_limit=TIME_LIMIT):
    """Runs rac-compile and checks what must hold of every run, whatever the model: it ends by
    itself, with status 0 and an output, or with status 1, a message and no output. Gives the
    output's path; Refused has the message; Misbehaved is a defect."""
    model, output = Path(model), Path(output)
    before = set(output.parent.iterdir())
    try:
        done = subprocess.run(
            [str(COMPILER), str(model), "-o", str(output), *flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=time_limit, check=False, preexec_fn=None if sanitized() else _limit_memory,
        )
    except subprocess.TimeoutExpired:
        raise Misbehaved(f"rac-compile had not ended after {time_limit} s") from None
    message = done.stderr.decode(errors="replace").strip()
    if done.returncode == 0:
        if not output.exists():
            raise Misbehaved(f"status 0, but there is no {output.name}: {message[:300]}")
        return output
    if done.returncode != 1:
        raise Misbehaved(f"status {done.returncode}: {message[-600:]}")
    if not message:
        raise Misbehaved("refused without a message")
    if "internal error" in message:
        raise Misbehaved(message[-600:])
    left = {path.name for path in set(output.parent.iterdir()) - before}
    if left:
        raise Misbehaved(f"refused, but left {sorted(left)} behind")
    raise Refused(message)


class Reference:
    """A model in onnxruntime."""

    def __init__(self, model, threads=2):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        model = str(model) if isinstance(model, (str, os.PathLike)) else model.SerializeToString()
        self.session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]

    def run(self, inputs):
        return dict(zip(self.names, self.session.run(None, inputs)))


def difference(want, got, rtol=1e-3, atol=1e-4):
    """Why `got` isn't `want`, or None. `rtol` is relative to each value, `atol` to the largest
    in the tensor; integers must be equal."""
    want, got = np.asarray(want), np.asarray(got)
    if want.shape != got.shape:
        return f"its shape is {got.shape}, not {want.shape}"
    if want.dtype != got.dtype:
        return f"its type is {got.dtype}, not {want.dtype}"
    if want.dtype.kind in "iub":
        wrong = want != got
    else:
        want, got = want.astype(np.float64), got.astype(np.float64)
        scale = np.abs(want[np.isfinite(want)]).max(initial=0)
        wrong = ~np.isclose(got, want, rtol=rtol, atol=atol * scale, equal_nan=True)
    if not wrong.any():
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (f"{int(wrong.sum())} of {wrong.size} values differ; at {list(at)}: "
            f"{got[at]!r}, not {want[at]!r}")


def assert_same(want, got, rtol=1e-3, atol=1e-4, where=""):
    """Two dicts of outputs; all that differ are named."""
    assert list(got) == list(want), f"outputs {list(got)}, not {list(want)}"
    wrong = {name: difference(want[name], got[name], rtol, atol) for name in want}
    wrong = [f"{name}: {why}" for name, why in wrong.items() if why]
    assert not wrong, f"{where}{' ' if where else ''}{'; '.join(wrong[:8])}"


def quantize_reference(x, scale, zero, low, high):
    """Steps of x: to nearest even, held in the range; what is no number is the lowest."""
    y = np.round(x / np.float32(scale)) + np.float32(zero)
    return np.where(np.isnan(y), low, np.clip(y, low, high))
