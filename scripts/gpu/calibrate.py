"""calibrate: what kernels take, in s and J, for rac-calibrate --samples to fit a device file to (docs/Calibration.md).

Energy of the GPU's parts, each kept busy alone, while models compile; then each kernel's time in models of
one operator and in whole models; then, in the time that is left, joules of whole runs."""

import json
import statistics
import threading
import time
from pathlib import Path

import numpy as np
from common import OUT, ROOT, WORK, Deadline, Worker, do_all, flags, print_table
from measuring import rate

SCHEMA = "rac-samples/1"
# Whose joules are wanted, the first the most: what differs from the rest in what it does.
JOULES = ["matmul 2048x2048x2048 f32", "matmul 4000x4000x4000 bf16", "ResNet-50", "relu 8000x6000 f32", "softmax 30000x2000 f32",
          "ViT-B/16", "matmul 1024x1024x1024 bf16", "conv 16x160x28x28 to 160 by 3 step 1 f32", "gelu 8000x5000 f32",
          "layernorm 5000x1000 f32", "MobileNetV3-Large", "matmul 4000x4000x4000 f16", "chain 700x1500 f32",
          "attention 2x16x1000x1000x64 bf16", "MiniLM-L6, 1 x 128 tokens", "matmul 300x500x700 f32", "matmul 10x4096x4096 f32",
          "transpose 6000x7000 f32", "GPT-2, a step after 128", "depthwise 32x64x112x112 to 64 by 3 step 1 f32",
          "matmul 200x640x640 bf16", "Swin-T", "attention 4x8x300x300x64 f32", "reducesum 6000x7000 over 0 f32"]


def networks():
    """{name: job}: operators first, then the models of benchmarks/models.json."""
    import operators

    found = {name: {"name": name} for name in operators.make_all()}
    for entry in json.loads((ROOT / "benchmarks/models.json").read_text())["models"]:
        found[entry["name"]] = {"name": entry["name"], "file": entry["file"], "inputs": entry["inputs"]}
    return found


def place(job, suffix):
    name = "".join(c if c.isalnum() else "_" for c in job["name"])
    return WORK / "calibrate" / f"{name}-{job['target']}{suffix}"


def prepare(job):
    """The library, and the plan that it was made by."""
    import onnx
    import rac

    import models
    import operators

    library, plan = place(job, ".so"), place(job, ".mlir")
    library.parent.mkdir(parents=True, exist_ok=True)
    named = flags(job)
    if "file" in job:
        # As costs are of known sizes.
        source, named["shape"] = models.find(job["file"]), {name: how["shape"] for name, how in job["inputs"].items()}
    else:
        source = place(job, ".onnx")
        model, shapes, below = operators.make_all()[job["name"]]()
        onnx.save(model, source)
        place(job, ".json").write_text(json.dumps([shapes, below]))
    started = time.monotonic()
    rac.compile(source, plan, emit="plan", **named)
    rac.compile(source, library, **named)
    return {"compile_seconds": time.monotonic() - started}


def make_inputs(job):
    import torch

    import device
    import models

    if "file" in job:
        return {name: torch.from_numpy(x).to(device.place()) for name, x in models.make_inputs(job["inputs"]).items()}
    shapes, below = json.loads(place(job, ".json").read_text())
    torch.manual_seed(0)
    found = {}
    for name, (dtype, shape) in shapes.items():
        kind = device.dtypes()[dtype]
        if name in below:
            found[name] = torch.randint(0, below[name], shape, dtype=kind, device=device.place())
        elif kind.is_floating_point:
            found[name] = torch.randn(shape, device=device.place()).to(kind)
        else:
            found[name] = torch.randint(-100, 100, shape, dtype=kind, device=device.place())
    return found


def repeats(groups):
    """{name: how many groups it stands for}: equal ones are one function, whose launches have the name of one of them."""
    def key(group):
        return json.dumps([group[part] for part in ("ops", "tiles", "reduction", "registers", "split", "flops", "bytes", "seconds")])

    named, others = {}, {}
    for group in groups:
        if group.get("kernels"):
            named.setdefault(key(group), []).append(group["name"])
        else:
            others[key(group)] = others.get(key(group), 0) + 1
    return {name: 1 + others.get(each, 0) / len(names) for each, names in named.items() for name in names}


def of_groups(report, trace):
    """s of each group that launches something: what its launches took, of a kernel that several launch the mean."""
    launched, times = {}, repeats(report["groups"])
    for group in report["groups"]:
        for kernel in group.get("kernels", []):
            launched[kernel] = launched.get(kernel, 0) + 1
    took = {}
    for entry in trace:
        took[entry["name"]] = took.get(entry["name"], 0.0) + entry["seconds"]
    groups = []
    for group in report["groups"]:
        names = [kernel for kernel in group.get("kernels", []) if kernel[:80] in took]
        every = times.get(group["name"], 1)
        groups.append({"name": group["name"], "seconds": sum(took[kernel[:80]] / launched[kernel] for kernel in names) / every,
                       "kernels": len(names) / every, "predicted": group["seconds"], "flops": group["flops"], "bytes": group["bytes"]})
    return groups


def measure(job):
    """Times of a network's groups, or its joules."""
    import device

    run = device.OnDevice(place(job, ".so"), make_inputs(job))
    try:
        for _ in range(3):
            run()
        device.wait()
        each = rate(run, device.wait, seconds=job.get("seconds", 0.02), rounds=3)
        if job.get("joules"):
            queued = max(1, min(1000, int(0.01 / each)))

            def some():
                for _ in range(queued):
                    run()
                device.wait()

            window = Power().window(some, job["window"])
            return {"window": {**window, "runs": window.pop("count") * queued}}
        report = run.model.report
        trace = device.kernels(run, repeat=10)
        found = {"seconds": each, "predicted": report["totals"]["seconds"], "trace": trace,
                 "groups": of_groups(report, trace), "plan": place(job, ".mlir").read_text(),
                 "kernels": round(sum(entry["calls"] for entry in trace)),
                 "kernel_seconds": sum(entry["seconds"] for entry in trace)}
        return found
    finally:
        run.close()


class Power:
    """NVML's counter of energy, clocks and why they are low, of the first GPU."""

    def __init__(self):
        import pynvml

        pynvml.nvmlInit()
        self.nvml, self.handle = pynvml, pynvml.nvmlDeviceGetHandleByIndex(0)

    def joules(self):
        return self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.handle) * 1e-3

    def look(self):
        nvml, handle = self.nvml, self.handle
        reasons = getattr(nvml, "nvmlDeviceGetCurrentClocksEventReasons", None) or nvml.nvmlDeviceGetCurrentClocksThrottleReasons
        return {"sm_hz": nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM) * 1e6,
                "memory_hz": nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM) * 1e6,
                "celsius": nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU), "reasons": reasons(handle)}

    def edge(self, work):
        """Goes on until the counter moves: (J, when, how often it did something)."""
        before, count = self.joules(), 0
        while True:
            work()
            count += 1
            now = self.joules()
            if now != before:
                return now, time.perf_counter(), count

    def window(self, work, seconds, warm=0.7):
        """`work` does something and waits for it. From one step of the counter to another, at least so long."""
        end = time.perf_counter() + warm
        while time.perf_counter() < end:
            work()
        joules, begin, _ = self.edge(work)
        count, looks, next_look = 0, [], begin + seconds / 8
        while time.perf_counter() < begin + seconds:
            work()
            count += 1
            if time.perf_counter() > next_look:
                looks.append(self.look())
                next_look += seconds / 4
        last, now, more = self.edge(work)
        reasons = 0
        for look in looks:
            reasons |= look["reasons"]
        return {"seconds": now - begin, "joules": last - joules, "watts": (last - joules) / (now - begin), "count": count + more,
                "sm_hz": statistics.median([look["sm_hz"] for look in looks] or [0]), "memory_hz": looks[-1]["memory_hz"] if looks else None,
                "celsius": looks[-1]["celsius"] if looks else None, "clock_event_reasons": reasons}


def probe(add, args, deadline):
    """The GPU's parts: windows, and times of launches and reads."""
    import probes

    power = Power()
    add({"name": "idle", "ops": {}, "bytes": {}, **power.window(lambda: time.sleep(0.02), args.window)})
    driver = probes.Driver()
    # Clocks are up then: it counts as at work.
    add({"name": "idle with a context", "ops": {}, "bytes": {}, "active": True, **power.window(lambda: time.sleep(0.02), args.window)})
    times = probes.time_probes(driver)
    for one in probes.energy_probes(driver):
        if deadline.left() < 2 * args.window:
            add({"name": one.name, "error": "no time was left"})
            continue

        def work(one=one):
            for _ in range(4):
                one.run()
            driver.wait()

        window = power.window(work, args.window)
        times_run = 4 * window["count"]
        add({"name": one.name, "ops": {unit: ops * times_run for unit, ops in one.ops.items()}, "launches": one.launches * times_run,
             "bytes": {level: moved * times_run for level, moved in one.bytes.items()}, "active": True,
             "cores": one.cores or driver.multiprocessors, **window})
    return times


def main(args, about):
    deadline = Deadline(args.limit)
    found = {"schema": SCHEMA, **about, "networks": [], "windows": [], "times": []}
    OUT.mkdir(parents=True, exist_ok=True)

    def save():
        (OUT / "samples.json").write_text(json.dumps(found))

    def note(window):
        found["windows"].append(window)
        save()

    jobs = networks()
    base = {"target": args.target, "chip": args.chip, "device": args.device}
    jobs = {name: {**base, **job} for name, job in jobs.items() if not args.only or any(word in name for word in args.only)}
    jobs = dict(list(jobs.items())[::args.every])
    # Large ones first: the others fill the gaps.
    order = sorted(jobs.values(), key=lambda job: "file" not in job)
    ready = {}
    compiling = threading.Thread(target=lambda: ready.update(zip(
        [job["name"] for job in order], do_all("calibrate-prepare", order, args.jobs, args.seconds, deadline))))
    compiling.start()
    if args.target == "nvptx" and not args.prepare_only:
        try:
            found["times"] = probe(note, args, deadline)
        except Exception as error:  # times of kernels are wanted all the same
            note({"name": "probes", "error": f"{type(error).__name__}: {error}"})
    compiling.join()
    print(f"compiled, {deadline.left():.0f} s left", flush=True)
    worker = Worker("calibrate-measure")
    for name, job in jobs.items():
        row = {"name": name, "model": "file" in job, **ready[name]}
        if "error" not in row and not args.prepare_only:
            row.update(worker.ask(job, min(args.seconds, deadline.left())))
        found["networks"].append(row)
    save()
    print(f"kernels are timed, {deadline.left():.0f} s left", flush=True)
    right = {row["name"] for row in found["networks"] if "error" not in row}
    if args.target == "nvptx" and not args.prepare_only:
        for name in JOULES:
            if name in right:
                answer = worker.ask({**jobs[name], "joules": True, "window": args.window},
                                    deadline.left() if deadline.left() > args.window + 2 else 0)
                note({"name": name, "network": name, "active": True, **answer.get("window", {"error": answer.get("error")})})
    worker.close()
    save()
    show(found)


def show(found):
    rows = [row for row in found["networks"] if "error" not in row and row.get("groups")]
    errors = [abs(g["predicted"] - g["seconds"]) / g["seconds"] for row in rows for g in row["groups"]
              if g["seconds"] > 0 and g["predicted"]]
    for window in found["windows"]:
        window["per_run"] = window["joules"] / window["runs"] if window.get("runs") else None
    print_table({"window": "name", "s": "seconds", "W": "watts", "J a run": "per_run", "SM Hz": "sm_hz", "C": "celsius"}, found["windows"])
    whole = [row for row in rows if row["name"] in {e["name"] for e in json.loads((ROOT / "benchmarks/models.json").read_text())["models"]}]
    print_table({"model": "name", "s": "seconds", "in kernels s": "kernel_seconds", "kernels": "kernels", "predicted s": "predicted"}, whole)
    failed = [row for row in found["networks"] if "error" in row]
    for row in failed[:20]:
        print(f"  {row['name']}: {row['error'][:200]}")
    if errors:
        print(f"{len(errors)} groups of {len(rows)} networks: predictions are off by {100 * float(np.mean(errors)):.0f} % on average")
    print(f"{len(failed)} networks failed; {OUT / 'samples.json'}: {Path(OUT / 'samples.json').stat().st_size >> 10} KiB")
