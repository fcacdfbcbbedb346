"""models: whole models against onnxruntime on the CPU, and how long they take."""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from common import ROOT, TOOLS, WORK, Deadline, Results, Worker, do_all, flags, print_table
from measuring import difference, latency, rate, worst

COLUMNS = {"model": "name", "right": "right", "max abs": "abs", "max rel": "rel", "same twice": "same",
           "compile s": "compile_seconds", "device ms": "device_ms", "no overlap ms": "apart_ms", "queued ms": "queued_ms", "host ms": "host_ms",
           "ort-cuda ms": "ort_ms", "kernels": "kernels", "kernel ms": "kernel_ms"}


def make_inputs(description):
    """The same each time, as the benchmarks on CPUs make them."""
    sys.path.append(str(ROOT / "benchmarks"))
    from measure import make_input

    random = np.random.default_rng(0)
    return {name: make_input(how, random) for name, how in description.items()}


def find(file):
    """The model, with its weights: filled in where only its graph is here."""
    for folder in (TOOLS / "models", Path(os.environ.get("RAC_CACHE", Path.home() / ".cache/rac")) / "models"):
        if (folder / file).exists():
            return folder / file
    filled = WORK / "models" / file
    part = WORK / "models" / f"{Path(file).stem}.part"
    part.mkdir(parents=True, exist_ok=True)
    with open(part / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be at it
        if not filled.exists():
            subprocess.run([sys.executable, TOOLS / "graphs" / "fill.py", part, Path(file).stem], check=True,
                           env={**os.environ, "GRAPHS": str(TOOLS / "graphs")})
            (part / file).rename(filled)
    return filled


def answers_file(name):
    return WORK / "models" / f"{name.replace('/', ' ')}.npz"


def compiled(job):
    return WORK / "models" / f"{Path(job['file']).stem}-{job['target']}.so"


def prepare(job):
    """Compiles one file and asks onnxruntime for the answers of all its entries."""
    import onnxruntime
    import rac

    model, library = find(job["file"]), compiled(job)
    library.parent.mkdir(parents=True, exist_ok=True)
    for name, description in job["entries"].items():
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 4, 3
        session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        answers = session.run(None, make_inputs(description))
        names = [output.name for output in session.get_outputs()]
        np.savez(answers_file(name), **dict(zip(names, answers)))
    started = time.monotonic()
    rac.compile(model, library, **flags(job))
    return {"compile_seconds": time.monotonic() - started, "library_bytes": library.stat().st_size}


def measure(job):
    import device
    import rac

    inputs = make_inputs(job["inputs"])
    with np.load(answers_file(job['name'])) as file:
        answers = {name: file[name] for name in file.files}
    found = {}
    with rac.load(compiled(job)) as model:
        first, again = model.run(inputs), model.run(inputs)
        found["same"] = all(np.array_equal(first[name], again[name], equal_nan=True) for name in first)
        found.update(worst([difference(answers[name], first[name]) for name in answers]))
        found["host_ms"] = 1e3 * latency(lambda: model.run(inputs))
    if job["target"] == "nvptx" and device.have_gpu():
        found.update(on_device(job, inputs, answers))
    found["right"] = found["wrong"] is None
    if not found["right"]:
        found["error"] = found["wrong"]
    found.update(onnxruntime_cuda(job, inputs))
    return found


def on_device(job, inputs, answers):
    import device
    import torch

    tensors = {name: torch.from_numpy(x).cuda() for name, x in inputs.items()}
    apart = device.OnDevice(compiled(job), tensors, overlap=False)
    apart_ms = 1e3 * latency(apart, device.wait)
    apart.close()
    run = device.OnDevice(compiled(job), tensors)
    run.poison()
    device.wait()
    run()
    device.wait()
    wrong = worst([difference(answers[name], tensor.cpu().numpy()) for name, tensor in run.outputs.items()])["wrong"]
    found = {"device_ms": 1e3 * latency(run, device.wait), "apart_ms": apart_ms, "queued_ms": 1e3 * rate(run, device.wait)}
    if wrong:
        found["wrong"] = f"on tensors of the device: {wrong}"
    try:
        found["trace"] = device.kernels(run)
        found["kernels"] = round(sum(entry["calls"] for entry in found["trace"]))
        found["kernel_ms"] = 1e3 * sum(entry["seconds"] for entry in found["trace"])
    except Exception as error:  # a profiler that fails is no fault of the model's
        found["trace_error"] = str(error)[:300]
    run.close()
    return found


def onnxruntime_cuda(job, inputs):
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return {}
    session = onnxruntime.InferenceSession(str(find(job["file"])), providers=["CUDAExecutionProvider"])
    return {"ort_ms": 1e3 * latency(lambda: session.run(None, inputs))}


def main(args, about):
    deadline, results = Deadline(args.limit), Results("models", about)
    entries = json.loads((ROOT / "benchmarks/models.json").read_text())["models"]
    entries = [e for e in entries if not args.only or any(word in e["name"] for word in args.only)]
    files = {}
    for entry in entries:
        files.setdefault(entry["file"], {})[entry["name"]] = entry["inputs"]
    base = {"target": args.target, "chip": args.chip, "device": args.device}
    jobs = [{**base, "file": file, "entries": of} for file, of in files.items()]
    prepared = dict(zip(files, do_all("model-prepare", jobs, args.jobs, args.seconds, deadline)))
    worker = Worker("model-measure")
    for entry in entries:
        ready = prepared[entry["file"]]
        found = ready if "error" in ready or args.prepare_only else worker.ask({**base, **entry}, min(args.seconds, deadline.left()))
        results.add(**{"name": entry["name"], "right": False, **ready, **found})
    worker.close()
    for row in results.rows:
        for kernel in row.get("trace", [])[:args.top if args.trace else 0]:
            print(f"{row['name']}: {1e6 * kernel['seconds']:9.1f} us {kernel['calls']:6.1f} x {kernel['name']}")
    print_table(COLUMNS, results.rows)
    print(f"{sum(bool(row['right']) for row in results.rows)} of {len(results.rows)} models are right")
