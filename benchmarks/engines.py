"""An engine with a model, in a process of its own. measure.py starts it and talks to it.

  engines.py ENGINE JOB.json

The job: {"model": FILE.onnx, "library": rac's, "threads": N, "inputs": {NAME: FILE.npy},
"answers": FILE.npz, "allowed": error, "moved": B}; without "allowed" answers are compared value by
value, without "moved" a copy moves as many bytes as inputs and outputs have. Of precision.py also
"samples", files of inputs, whose answers go beside "answers", and other models and libraries. What it
says, in lines of JSON:

  {"answered": ns, "peak_bytes": B}    once the first answer is there, by CLOCK_MONOTONIC
  {"version": …, "mismatch": why, …}   its answers beside onnxruntime's, which onnxruntime writes;
                                       "moved_bytes" of inputs and outputs; "distance", how far the
                                       answers are from those, by relative L2 norm
  {"median": s, "min": s, "runs": N}   after each line that it reads, a burst's length in ms
  {"error": why}                       at any time; then it ends
"""

import json
import os
import statistics
import sys
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np


class OnnxRuntime:
    file = "model"

    def __init__(self, job, inputs):
        import onnxruntime

        self.version = onnxruntime.__version__
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = job["threads"]
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(job[self.file], options, ["CPUExecutionProvider"])

    def run(self, inputs):
        return self.session.run(None, inputs)


class OnnxRuntimeBytes(OnnxRuntime):
    """A model that says that products of few bits may round their rows to bytes."""

    file = "bytes"


class OpenVino:
    """Its shapes fixed: the one engine that is told them."""

    precision, file = "f32", "model"

    def __init__(self, job, inputs):
        import openvino

        self.version = openvino.__version__.split("-")[0]
        core = openvino.Core()
        model = core.read_model(job[self.file])
        model.reshape({name: openvino.PartialShape(array.shape) for name, array in inputs.items()})
        compiled = core.compile_model(
            model, "CPU", {"INFERENCE_NUM_THREADS": job["threads"], "PERFORMANCE_HINT": "LATENCY",
                           "INFERENCE_PRECISION_HINT": self.precision})
        self.request = compiled.create_infer_request()
        self.outputs = range(len(compiled.outputs))

    def run(self, inputs):
        self.request.infer(inputs)
        return [self.request.get_output_tensor(i).data for i in self.outputs]


class OpenVinoBf16(OpenVino):
    """In bf16 wherever it can."""

    precision = "bf16"


class OpenVinoInt8(OpenVino):
    """A model that its own quantiser made; what isn't quantised in what OpenVINO takes by itself."""

    precision, file = "bf16", "int8"


class Rac:
    file = "library"

    def __init__(self, job, inputs):
        import rac

        self.model = rac.load(job[self.file], job["threads"])
        self.version = None  # measure.py knows the checkout

    def run(self, inputs):
        return list(self.model.run(inputs).values())

    def facts(self, inputs):
        shapes = {name: array.shape for name, array in inputs.items()}
        return {"arena_bytes": self.model.arena_size(**shapes)}


class RacBf16(Rac):
    file = "library_bf16"


class RacAuto(Rac):
    file = "library_auto"


class RacSame(Rac):
    """At the error of OpenVINO's int8."""

    file = "library_same"


class Copy:
    """No engine: copies as many bytes as the inputs and outputs have, which is what a kernel that
    does nothing but move them could do; or as many as the job says, on all threads, each its part.
    Its answers are onnxruntime's."""

    version = np.__version__

    def __init__(self, job, inputs):
        with np.load(job["answers"]) as answers:
            self.answers = [answers[name] for name in answers.files]
        moved = job.get("moved") or sum(array.nbytes for array in [*inputs.values(), *self.answers])
        threads = job["threads"] if job.get("moved") else 1
        source = np.ones(moved // 2, np.uint8)
        self.parts = list(zip(np.array_split(np.zeros_like(source), threads), np.array_split(source, threads)))
        self.pool = ThreadPool(threads) if threads > 1 else None

    def run(self, inputs):
        if self.pool:
            self.pool.starmap(np.copyto, self.parts, chunksize=1)
        else:
            np.copyto(*self.parts[0])
        return self.answers


ENGINES = {"onnxruntime": OnnxRuntime, "onnxruntime, rows in bytes": OnnxRuntimeBytes, "OpenVINO": OpenVino, "OpenVINO bf16": OpenVinoBf16,
           "OpenVINO int8": OpenVinoInt8, "rac": Rac, "rac bf16": RacBf16, "rac auto": RacAuto,
           "rac at int8's error": RacSame, "copy": Copy}
REFERENCE = "onnxruntime"


def peak_memory():
    """Bytes of memory that this process has had at most. Not getrusage's: that counts what its
    parent had when it started this process."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def compare(path, answers):
    """Why these answers aren't the ones in the file, or None."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "test/python"))
    from support import difference

    with np.load(path) as wanted:
        if len(answers) != len(wanted.files):
            return f"{len(answers)} outputs, not {len(wanted.files)}"
        for name, got in zip(wanted.files, answers):
            why = difference(wanted[name], got)
            if why:
                return f"output {name}: {why}"
    return None


def distance(path, answers):
    """|answers - the file's| / |the file's| over all that are floats; 0 where none is."""
    apart = size = 0.0
    with np.load(path) as wanted:
        for name, got in zip(wanted.files, answers):
            want = wanted[name]
            if want.dtype.kind == "f" and want.shape == np.shape(got):
                apart += float(np.sum(np.square(np.asarray(got, np.float64) - want)))
                size += float(np.sum(np.square(want.astype(np.float64))))
    return (apart / size) ** 0.5 if size else 0.0


def burst(run, seconds):
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return {"median": statistics.median(times), "min": min(times), "runs": len(times)}


def serve(name, job, say):
    inputs = {key: np.load(file) for key, file in job["inputs"].items()}
    engine = ENGINES[name](job, inputs)
    answers = engine.run(inputs)
    say({"answered": time.monotonic_ns(), "peak_bytes": peak_memory()})

    mismatch = error = None
    if "samples" in job:
        # How far answers are off is for precision.py to say.
        every = {f"{i}.{o}": np.array(answer) for i, file in enumerate(job["samples"])
                 for o, answer in enumerate(engine.run(dict(np.load(file))))}
        np.savez(f"{job['answers']}.{name}.npz", **every)
    elif name == REFERENCE:
        np.savez(job["answers"], *answers)
        error = 0.0
    else:
        error = distance(job["answers"], answers)
        allowed = job.get("allowed")
        if allowed is None:
            mismatch = compare(job["answers"], answers)
        elif not error <= allowed:
            mismatch = f"the error is {error:.3g}"
    facts = engine.facts(inputs) if hasattr(engine, "facts") else {}
    moved = sum(np.asarray(array).nbytes for array in [*inputs.values(), *answers])
    say({"version": engine.version, "mismatch": mismatch, "moved_bytes": moved,
         "distance": error, **facts})
    for line in sys.stdin:
        say(burst(lambda: engine.run(inputs), float(line) / 1e3))


def main():
    name, job = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    # Engines print what they like: it goes to stderr.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(words):
        print(json.dumps(words), file=answer, flush=True)

    try:
        serve(name, job, say)
    except Exception as error:
        say({"error": f"{type(error).__name__}: {' '.join(str(error).split())[-300:]}"})
        sys.exit(1)


if __name__ == "__main__":
    main()
