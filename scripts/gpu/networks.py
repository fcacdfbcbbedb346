"""torch and energy: whole networks, exported here, against torch eager and compiled."""

import os
import time

from common import WORK, Deadline, Results, Worker, do_all, flags, print_table
from measuring import difference, latency, rate, worst

COLUMNS = {"network": "name", "right": "right", "rel": "rel", "rac ms": "rac_ms", "queued ms": "rac_queued_ms",
           "in kernels ms": "kernel_ms", "kernels": "kernels", "eager ms": "eager_ms", "compiled ms": "compiled_ms",
           "graphs ms": "graphs_ms", "of compiled": "of_torch", "wanted": "wanted"}
ENERGY = {"network": "name", "plan": "plan", "J": "joules", "J above idle": "joules_above_idle", "W": "watts",
          "idle W": "idle_watts", "ms": "ms", "predicted J": "predicted"}
# Issue 7: how fast whole models are to be beside torch.compile.
WANTED = {1: 1.3, 32: 0.9}
OPSET = 20
OBJECTIVES = ["latency", "energy"]
MODES = {"compiled": None, "graphs": "reduce-overhead"}


def folder(job):
    return WORK / "networks" / f"{job['network']}-{job['batch']}-{job['dtype']}"


def library(job, objective):
    return folder(job) / f"{objective}-{job['target']}.so"


def compile_torch(network, mode):
    import torch

    torch._dynamo.reset()
    return torch.compile(network, mode=mode)


def prepare_rac(job):
    import onnx
    import rac
    import torch

    import device
    import nets

    torch.set_num_threads(2)  # many of these run at a time
    network, inputs = nets.make(job["network"], job["batch"], device.dtypes()[job["dtype"]])
    folder(job).mkdir(parents=True, exist_ok=True)
    path = folder(job) / "model.onnx"
    with torch.no_grad():
        torch.onnx.export(network, tuple(inputs.values()), str(path), input_names=list(inputs), opset_version=OPSET,
                          dynamo=True, external_data=False)
    onnx.checker.check_model(str(path))
    found = {}
    for objective in OBJECTIVES if job["energy"] else OBJECTIVES[:1]:
        started = time.monotonic()
        rac.compile(path, library(job, objective), objective=objective, **flags(job))
        found["compile_seconds"] = time.monotonic() - started
    return found


def prepare_torch(job):
    """Fills torch's own cache of compiled code, so that measuring finds it there."""
    import torch

    import device
    import nets

    device.exact()
    network, inputs = nets.make(job["network"], job["batch"], device.dtypes()[job["dtype"]])
    network, inputs = network.to(device.place()), [x.to(device.place()) for x in inputs.values()]
    with torch.inference_mode():
        for mode in MODES.values():
            run = compile_torch(network, mode)
            run(*inputs)
            run(*inputs)
    return {}


def prepare(job):
    return prepare_torch(job) if job["who"] == "torch" else prepare_rac(job)


class Contest:
    """A network in torch and in rac, with the same weights and inputs on the device."""

    def __init__(self, job):
        import device
        import nets

        device.exact()
        self.job, self.wait = job, device.wait
        network, inputs = nets.make(job["network"], job["batch"], device.dtypes()[job["dtype"]])
        self.network, self.inputs = network.to(device.place()), {name: x.to(device.place()) for name, x in inputs.items()}

    def rac(self, objective="latency"):
        import device

        return device.OnDevice(library(self.job, objective), self.inputs)

    def torch(self, mode="eager"):
        network = self.network if mode == "eager" else compile_torch(self.network, MODES[mode])
        values = list(self.inputs.values())
        return lambda: network(*values)


def measure(job):
    import torch

    with torch.inference_mode():
        return (measure_energy if job["energy"] else measure_time)(job)


def measure_time(job):
    import device

    contest, found = Contest(job), {}
    eager = contest.torch()
    answers = eager()
    answers = answers if isinstance(answers, tuple) else (answers,)
    tolerance = 1e-3 if job["dtype"] == "f32" else 3e-2
    try:
        run = contest.rac()
        run.poison()
        run()
        device.wait()
        found.update(worst([difference(a.float().cpu().numpy(), b.float().cpu().numpy())
                            for a, b in zip(answers, run.outputs.values())]))
        found["right"] = found["wrong"] is None if job["dtype"] == "f32" else found["norm"] < tolerance
        if not found["right"]:
            found["error"] = f"wrong: {found['wrong']}"
        found.update(rac_ms=1e3 * latency(run, device.wait), rac_queued_ms=1e3 * rate(run, device.wait))
        found["trace"] = device.kernels(run)
        found["kernels"] = round(sum(entry["calls"] for entry in found["trace"]))
        found["kernel_ms"] = 1e3 * sum(entry["seconds"] for entry in found["trace"])
    except Exception as error:  # torch's times are wanted all the same
        found.update(right=False, error=f"{type(error).__name__}: {' '.join(str(error).split())[:400]}")
        if "CUDA" in str(error):
            return {**found, "fatal": True}
    peers = {"eager": eager}
    for mode in MODES if job["compile"] else []:
        try:
            peers[mode] = contest.torch(mode)
            found[f"{mode}_ms"] = 1e3 * latency(peers[mode], device.wait)
        except Exception as error:
            found[f"{mode}_error"] = str(error)[:300]
    found["eager_ms"] = 1e3 * latency(eager, device.wait)
    if "rac_ms" in found:
        found["rac_ms"] = min(found["rac_ms"], 1e3 * latency(run, device.wait))
        best = min(found.get(f"{mode}_ms", float("inf")) for mode in MODES)
        if best < float("inf"):
            found["of_torch"] = best / found["rac_ms"]
    return found


def measure_energy(job):
    import device

    contest, meter = Contest(job), device.Meter()
    idle = meter.idle(job["window"])
    plans = []
    for objective in OBJECTIVES:
        plans.append((f"rac, {objective}", lambda objective=objective: contest.rac(objective)))
    plans.append(("torch eager", contest.torch))
    if job["compile"]:
        plans += [(f"torch {mode}", lambda mode=mode: contest.torch(mode)) for mode in MODES]
    rows = []
    for plan, make in plans:
        try:
            run = make()
            for _ in range(3):
                run()
            device.wait()
            taken = meter.of(run, job["window"], idle)
            row = {"plan": plan, "idle_watts": idle, "ms": 1e3 * taken["seconds"] / taken["runs"], **taken}
            if plan.startswith("rac"):
                report = run.model.report
                if report:
                    row["predicted"] = report["totals"]["joules"]
                    row["predicted_range"] = report["totals"].get("joules_range")
                    row["predicted_seconds"] = report["totals"]["seconds"]
            rows.append(row)
        except Exception as error:
            rows.append({"plan": plan, "error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})
            if "CUDA" in str(error):
                break
    return {"energy": rows}


def main(args, about):
    energy = args.command == "energy"
    deadline, results = Deadline(args.limit), Results(args.command, about)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(WORK / "inductor"))
    # Inductor has threads of its own for each of these processes.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "2")
    jobs = []
    for batch in args.batches:
        for network in args.networks:
            job = {"target": args.target, "chip": args.chip, "device": args.device, "network": network,
                   "batch": batch, "dtype": args.dtype, "energy": energy, "window": args.window,
                   "compile": not args.no_torch_compile, "name": f"{network} {batch} {args.dtype}"}
            if not args.only or any(word in job["name"] for word in args.only):
                jobs.append(job)
    preparing = [{**job, "who": "rac"} for job in jobs]
    if not args.no_torch_compile and not args.prepare_only:
        preparing += [{**job, "who": "torch"} for job in jobs]
    ready = do_all("network-prepare", preparing, args.jobs, args.seconds, deadline)
    for job, prepared in zip(jobs, ready):
        found = dict(prepared)
        if not args.prepare_only:
            worker = Worker("network-measure")
            found.update(worker.ask(job, min(args.seconds, deadline.left())))
            worker.close()
        if "error" in prepared:
            found["error"] = prepared["error"]
        for row in found.pop("energy", [None]):
            results.add(**{"name": job["name"], "wanted": WANTED.get(job["batch"]), **found, **(row or {})})
    if args.trace:
        for row in results.rows:
            for kernel in row.get("trace", [])[:args.top]:
                print(f"{row['name']}: {1e6 * kernel['seconds']:9.1f} us {kernel['calls']:6.1f} x {kernel['name']}")
    print_table(ENERGY if energy else COLUMNS, results.rows)
