"""node-tests: ONNX's own backend tests, many at a time."""

import collections
import ctypes
import functools
import os
import pickle
import sys
import tempfile
import warnings
from pathlib import Path

from common import ROOT, WORK, Deadline, Results, do_all, flags

STRIDE = 16


@functools.cache
def suite():
    """test/python/test_backend.py, which knows the cases."""
    sys.path.insert(0, str(ROOT / "test/python"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import test_backend
        test_backend.cases()
    return test_backend


def write(names, folder):
    """What workers need of the cases, a file each: loading them all takes a while."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        case = suite().cases()[name]
        content = (suite().model_of(case).SerializeToString(), list(suite().data_sets(case)), case.rtol, case.atol)
        (folder / f"{number}.pickle").write_bytes(pickle.dumps(content))


@functools.cache
def hold_gpu():
    """Keeps the GPU's context in this process: models would make and destroy it, each for itself."""
    try:
        driver = ctypes.CDLL(os.environ.get("RAC_CUDA_DRIVER", "libcuda.so.1"))
    except OSError:
        return
    driver.cuInit(0)
    driver.cuDevicePrimaryCtxRetain(ctypes.byref(ctypes.c_void_p()), 0)


def run(job):
    """One case: {"outcome": "passed"}, or what it said in which step."""
    import onnx
    import rac.backend
    from onnx.backend.test.runner import Runner

    model, data_sets, rtol, atol = pickle.loads(Path(job["file"]).read_bytes())
    step = "compiling"
    if job["target"] == "nvptx" and not job["prepare_only"]:
        hold_gpu()
    try:
        if job["prepare_only"]:
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "model.onnx").write_bytes(model)
                rac.compile(Path(folder) / "model.onnx", **flags(job))
            return {"outcome": "compiled"}
        prepared = rac.backend.prepare(onnx.load_from_string(model), threads=1, **flags(job))
        for inputs, outputs in data_sets:
            step = "running"
            got = list(prepared.run(inputs))
            step = "comparing"
            Runner.assert_similar_outputs(outputs, got, rtol, atol)
        prepared.model.close()
    except Exception as error:
        text = str(error)
        if step == "running" and "CUDA" in text:
            raise  # a new process for the next one
        return {"outcome": "failed", "step": step, "error": " ".join(text.split())[:600],
                "kind": type(error).__name__}
    return {"outcome": "passed"}


def main(args, about):
    deadline, results = Deadline(args.limit), Results("node-tests", about)
    known = suite().LISTED
    names = [name for name in suite().cases() if not args.only or any(word in name for word in args.only)]
    # Spread, so that what time allows is of all operators.
    names = [name for first in range(STRIDE) for name in names[first::STRIDE]][::args.every]
    folder = WORK / "cases"
    write(names, folder)
    jobs = [{"target": args.target, "chip": args.chip, "device": args.device, "name": name,
             "prepare_only": args.prepare_only, "file": str(folder / f"{number}.pickle")} for number, name in enumerate(names)]
    print(f"{len(jobs)} cases, {deadline.left():.0f} s left", flush=True)

    def done(job, result):
        if "outcome" not in result:
            result["outcome"] = "not run" if result["error"] == "no time was left" else "failed"
        if result.get("step") == "compiling" and suite().refusal(result["error"]):
            result = {"outcome": "refused", "why": suite().refusal(result["error"])}
        results.rows.append({"name": job["name"], **result})
        if len(results.rows) % 100 == 0:
            results.save()

    do_all("node-test", jobs, args.jobs, args.seconds, deadline, done)
    results.rows.sort(key=lambda row: row["name"])
    results.save()
    counts = collections.Counter(row["outcome"] for row in results.rows)
    failed = [row for row in results.rows if row["outcome"] == "failed" and row["name"] not in known]
    why = collections.Counter(f"{row.get('step', 'process')}: {row['error'][:110]}" for row in failed)
    for text, count in why.most_common(12):
        print(f"{count:5} x {text}")
    print("failed:", " ".join(row["name"] for row in failed)[:6000])
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.most_common()),
          f"of {len(names)}; {sum(row['outcome'] == 'failed' for row in results.rows) - len(failed)} of the failures"
          " are known on CPUs too")
