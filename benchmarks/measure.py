"""Measures engines side by side on one model; models.py and kernels.py say on which.

Each engine holds the model in a process of its own and is asked in turn for a short burst, round
after round, so that what else happens on the machine falls on all of them alike. Times are in s,
sizes in B, work in FLOP.
"""

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = Path(os.environ.get("RAC_BUILD", ROOT / "build")).resolve()
MODELS = Path(os.environ.get("RAC_MODELS")
              or Path(os.environ.get("RAC_CACHE") or Path.home() / ".cache/rac") / "models")

# The first is what the others are compared with.
PEERS = ["onnxruntime", "OpenVINO"]
# An engine that takes longer to answer, in s, has failed.
TIME_LIMIT = 300


class Failed(Exception):
    """An engine or rac-compile gave up; the message is its own."""


# ---- inputs
def page(shape):
    """Lines of text, from -1 to 1: on noise a detector's map is all rounding error."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (shape[3], shape[2]), "white")
    for y in range(4, shape[2] - 20, 40):
        ImageDraw.Draw(image).text((6, y), f"line {y} of a page of text", fill="black",
                                   font=ImageFont.load_default(size=20))
    return (np.asarray(image, np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]


def make_input(spec, random):
    shape = spec["shape"]
    if spec.get("page"):
        return np.ascontiguousarray(page(shape))
    if "value" in spec:
        return np.full(shape, spec["value"], spec["dtype"])
    if "below" in spec:
        return random.integers(0, spec["below"], shape, spec["dtype"])
    return np.asarray(spec.get("scale", 1) * random.standard_normal(shape), spec["dtype"])


def write_inputs(specs, folder):
    """{name: file} of inputs as models.json describes them, the same each time."""
    random, files = np.random.default_rng(0), {}
    for i, (name, spec) in enumerate(specs.items()):
        files[name] = str(folder / f"input{i}.npy")
        np.save(files[name], make_input(spec, random))
    return files


# ---- processes
def environment():
    """As a user would have it: each engine is told the number of threads by its own interface."""
    path = [str(BUILD / "python"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}


class Engine:
    """A process of engines.py."""

    def __init__(self, name, job):
        self.name = name
        self.started = time.monotonic_ns()
        self.process = subprocess.Popen([sys.executable, str(HERE / "engines.py"), name, str(job)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment(),
                                        bufsize=0)  # select sees no lines in a buffer

    def read(self):
        if not select.select([self.process.stdout], [], [], TIME_LIMIT)[0]:
            raise Failed(f"no answer in {TIME_LIMIT} s")
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the process ended with status {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def first(self):
        """Seconds from before the process was there to the first answer, and its memory then."""
        answer = self.read()
        return (answer["answered"] - self.started) / 1e9, answer["peak_bytes"]

    def burst(self, milliseconds):
        self.process.stdin.write(f"{milliseconds}\n".encode())
        return self.read()

    def close(self):
        self.process.kill()
        self.process.communicate()


def run_measured(command):
    """Runs to the end: its output, seconds and peak memory. A small process starts it, since what
    getrusage tells of a child is at least what its parent had."""
    helper = ("import json, resource, subprocess, sys, time; start = time.monotonic();"
              "done = subprocess.run(sys.argv[1:], capture_output=True, text=True);"
              "print(json.dumps([done.returncode, done.stdout, done.stderr,"
              " time.monotonic() - start,"
              " 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))")
    done = subprocess.run([sys.executable, "-c", helper, *map(str, command)],
                          stdout=subprocess.PIPE, check=True)
    status, output, message, seconds, memory = json.loads(done.stdout)
    if status:
        raise Failed(f"{Path(command[0]).name}: {message.strip()[-300:] or f'status {status}'}")
    return output, seconds, memory


# ---- rac
def compile_model(model, library, threads, flags=()):
    """What compiling takes and gives."""
    report = library.with_suffix(".json")
    _, seconds, memory = run_measured([BUILD / "bin/rac-compile", model, "-o", library,
                                       f"--threads={threads}", f"--report={report}", *flags])
    weights = json.loads(report.read_text())["totals"]["weights_bytes"]
    return {"seconds": seconds, "peak_bytes": memory, "library_bytes": library.stat().st_size,
            "weights_bytes": weights}


def count_flops(model, specs, folder, threads, flags=()):
    """FLOP of one run on inputs of these shapes, as rac's report counts them."""
    report = folder / "work.json"
    shapes = [f"--shape={name}={'x'.join(map(str, spec['shape']))}"
              for name, spec in specs.items() if spec["shape"]]
    run_measured([BUILD / "bin/rac-compile", model, "--emit=plan", "-o", folder / "plan.mlir",
                  f"--threads={threads}", f"--report={report}", *shapes, *flags])
    return json.loads(report.read_text())["totals"]["flops"]


def first_by_rac_run(library, files, threads):
    """As Engine.first, without Python, up to the end of the process."""
    inputs = [word for name, file in files.items() for word in ("--input", f"{name}={file}")]
    output, seconds, _ = run_measured([BUILD / "bin/rac-run", library, *inputs, "--warmup=1",
                                       "--repeat=0", f"--threads={threads}", "--json"])
    return seconds, json.loads(output)["peak_bytes"]["first_answer"]


# ---- the machine
def measure_machine(count, threads):
    done = subprocess.run([sys.executable, str(HERE / "machine.py"), str(int(count))],
                          stdout=subprocess.PIPE, check=True,
                          env={**os.environ, "OPENBLAS_NUM_THREADS": str(threads)})
    return json.loads(done.stdout)


# ---- side by side
def first_by_python(name, job):
    engine = Engine(name, job)
    try:
        return engine.first()
    finally:
        engine.close()


def first_answers(engines, job, files, library, threads, count):
    """{engine: {"seconds", "peak_bytes"} or {"error"}}: medians over fresh processes, in turn."""
    ways = {name: lambda name=name: first_by_python(name, job) for name in engines}
    if library.exists():
        ways["rac-run"] = lambda: first_by_rac_run(library, files, threads)
    taken = {name: [] for name in ways}
    results = {}
    for _ in range(count):
        for name, way in ways.items():
            try:
                taken[name].append(way())
            except Failed as error:
                results[name] = {"error": str(error)}
    for name, pairs in taken.items():
        if pairs and name not in results:
            seconds, memory = zip(*pairs)
            results[name] = {"seconds": statistics.median(seconds),
                             "peak_bytes": statistics.median(memory)}
    return results


def start_all(names, job, results):
    """The engines that answer as the reference does; the others' results say why they don't."""
    live = []
    for name in names:
        engine = Engine(name, job)
        try:
            engine.first()
            results[name] = engine.read()
        except Failed as error:
            results[name] = {"error": str(error)}
        if results[name].get("mismatch"):
            results[name]["error"] = "differs: " + results[name]["mismatch"]
        if "error" in results[name]:
            engine.close()
        else:
            live.append(engine)
    return live


def side_by_side(names, job, rounds, milliseconds):
    """{engine: {"median", "min", …} or {"error"}}: the median of the bursts' medians, the least of
    all runs."""
    results = {}
    live = start_all(names, job, results)
    bursts = {engine.name: [] for engine in live}
    for i in range(rounds + 1):  # the first warms up
        for engine in list(live):
            try:
                burst = engine.burst(milliseconds)
            except (Failed, BrokenPipeError) as error:
                results[engine.name]["error"] = str(error)
                live.remove(engine)
                engine.close()
                continue
            if i:
                bursts[engine.name].append(burst)
    for engine in live:
        engine.close()
        taken = bursts[engine.name]
        results[engine.name].update(median=statistics.median(b["median"] for b in taken),
                                    min=min(b["min"] for b in taken))
    return results


def measure(model, specs, engines, threads, rounds, milliseconds, firsts=0, flags=(), allowed=None, more=None):
    """Everything about one model on so many threads; each engine that fails says why. `allowed`: the
    relative error that answers may have, instead of being compared value by value. `more` of
    the job for engines that need it."""
    with tempfile.TemporaryDirectory(prefix="rac-benchmark-") as folder:
        folder = Path(folder)
        files, library, job = write_inputs(specs, folder), folder / "model.so", folder / "job.json"
        job.write_text(json.dumps({"model": str(model), "library": str(library), "inputs": files,
                                   "threads": threads, "answers": str(folder / "answers.npz"),
                                   "allowed": allowed, **(more or {})}))
        result = {"threads": threads, "compile": {}, "flops": None}
        try:
            result["compile"] = compile_model(model, library, threads, flags)
            result["flops"] = count_flops(model, specs, folder, threads, flags)
        except Failed as error:
            result["compile"]["error"] = str(error)
        names = [name for name in engines if name != "rac" or library.exists()]
        result["engines"] = side_by_side(names, job, rounds, milliseconds)
        if "rac" in engines and "rac" not in names:
            result["engines"]["rac"] = {"error": result["compile"]["error"]}
        result["first"] = first_answers(names, job, files, library, threads, firsts)
        return result


def commit():
    done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or "unknown"


def processor():
    info = Path("/proc/cpuinfo").read_text()
    names = [line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return f"{names[0] if names else os.uname().machine}, {os.cpu_count()} CPUs"


def ratio(results, of, to):
    """How many times as fast `of` is as `to`, or None."""
    of, to = results.get(of, {}), results.get(to, {})
    return to["median"] / of["median"] if "median" in of and "median" in to else None
