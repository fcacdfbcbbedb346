"""together: two contexts of a model on two streams, run by two threads at once, against each alone."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from common import ROOT, Deadline, Results, Worker, do_all, print_table
from models import compiled

COLUMNS = {"model": "name", "right": "right", "runs": "runs", "on streams": "streams"}
RUNS = 20  # of each thread


def inputs_of(description, seed):
    sys.path.append(str(ROOT / "benchmarks"))
    from measure import make_input

    random = np.random.default_rng(seed)
    return {name: make_input(how, random) for name, how in description.items()}


def same(a, b):
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


def on_host(path, inputs):
    """What each of RUNS runs on arrays of the host gives."""
    import rac

    with rac.load(path) as model:
        for _ in range(RUNS):
            # Outputs are the model's memory, which later runs use again.
            yield {name: np.array(value) for name, value in model.run(inputs).items()}


def on_stream(path, inputs):
    """The same on tensors of the GPU, in a stream of this thread's."""
    import device
    import torch

    with torch.cuda.stream(torch.cuda.Stream()):
        run = device.OnDevice(path, {name: torch.from_numpy(x).cuda() for name, x in inputs.items()})
        for _ in range(RUNS):
            run.poison()
            run()
            torch.cuda.current_stream().synchronize()
            yield {name: tensor.cpu().numpy() for name, tensor in run.outputs.items()}
        run.close()


def measure(job):
    import device

    path, kinds = compiled(job), [on_host] + [on_stream] * device.have_gpu()
    inputs = [inputs_of(job["inputs"], seed) for seed in (0, 1)]
    alone = [next(on_host(path, each)) for each in inputs]
    for kind in kinds:
        def all_same(number):
            return sum(same(found, {name: alone[number][name] for name in found})
                       for found in kind(path, inputs[number]))

        with ThreadPoolExecutor(2) as threads:
            right = list(threads.map(all_same, range(2)))
        if right != [RUNS, RUNS]:
            return {"right": False, "error": f"{kind.__name__}: of {RUNS} runs {right} are as alone"}
    return {"right": True, "runs": 2 * RUNS, "streams": len(kinds) == 2}


def main(args, about):
    deadline, results = Deadline(args.limit), Results("together", about)
    entries = json.loads((ROOT / "benchmarks/models.json").read_text())["models"]
    entries = [e for e in entries if not args.only or any(word in e["name"] for word in args.only)]
    base = {"target": args.target, "chip": args.chip, "device": args.device}
    files = {entry["file"]: {} for entry in entries}
    jobs = [{**base, "file": file, "entries": {}} for file in files if not compiled({**base, "file": file}).exists()]
    prepared = dict(zip([job["file"] for job in jobs], do_all("model-prepare", jobs, args.jobs, args.seconds, deadline)))
    worker = Worker("together-measure")
    for entry in entries:
        ready = prepared.get(entry["file"], {})
        found = ready if "error" in ready or args.prepare_only else worker.ask({**base, **entry}, min(args.seconds, deadline.left()))
        results.add(**{"name": entry["name"], "right": False, **found})
    worker.close()
    print_table(COLUMNS, results.rows)
    print(f"{sum(bool(row['right']) for row in results.rows)} of {len(results.rows)} models are right")
