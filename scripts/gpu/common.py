"""Where things are, workers, time limits, results and tables: what the parts of scripts/gpu share."""

import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# What scripts/gpu_pack.sh packed, unpacked; or the build.
TOOLS = Path(os.environ.get("RAC_TOOLS", ROOT / "build")).resolve()
# Results: the folder that comes back from a machine that runs this for another.
OUT = Path(os.environ.get("OUT", ROOT / "build" / "gpu-results"))
WORK = Path(os.environ.get("RAC_GPU_WORK", "/tmp/rac-gpu"))

LOG = "workers.log"  # in OUT: what they and the libraries they use say

os.environ.setdefault("RAC_COMPILE", str(TOOLS / "bin" / "rac-compile"))
if str(TOOLS / "bin") not in os.environ["PATH"].split(":"):
    os.environ["PATH"] = f"{TOOLS / 'bin'}:{os.environ['PATH']}"  # ld.lld, for rac-compile
if "RAC_PTXAS" not in os.environ:
    ptxas = shutil.which("ptxas") or "/usr/local/cuda/bin/ptxas"
    if Path(ptxas).exists():
        os.environ["RAC_PTXAS"] = ptxas
if "RAC_LIBDEVICE" not in os.environ:
    # Triton brings one, too.
    places = [Path(os.environ.get("RAC_PTXAS", "/usr/local/cuda/bin/ptxas")).resolve().parents[1] / "nvvm/libdevice",
              *(Path(folder) / "triton/backends/nvidia/lib" for folder in sys.path)]
    for place in places:
        if (place / "libdevice.10.bc").exists():
            os.environ["RAC_LIBDEVICE"] = str(place / "libdevice.10.bc")
            break
sys.path.insert(0, str(TOOLS / "python"))


def flags(job, **more):
    """rac.compile's, for the target of a job."""
    named = {"target": job["target"], **more}
    if job["target"] == "nvptx":
        named["chip"] = job["chip"]
    else:
        named["no_library"] = True
    if job.get("device"):
        named["device"] = job["device"]
    return named


class Deadline:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        return self.end - time.monotonic()


class Worker:
    """A process that does what it is asked, one thing after another. What crashes or hangs it is an
    error of that thing alone: the next gets a new process."""

    def __init__(self, task):
        self.task, self.process, self.rest = task, None, b""

    def ask(self, job, seconds):
        if seconds <= 0:
            return {"error": "no time was left"}
        if self.process is None:
            OUT.mkdir(parents=True, exist_ok=True)
            with open(OUT / LOG, "ab") as log:
                self.process = subprocess.Popen([sys.executable, str(HERE), "--worker", self.task],
                                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
            self.rest = b""
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
            answer = self._line(seconds)
        except OSError:
            answer = b""
        if answer is None:
            self.close()
            return {"error": f"no answer after {seconds:.0f} s"}
        if not answer:
            status = self.close()
            return {"error": f"the process ended ({status}): see {LOG}"}
        result = json.loads(answer)
        if result.get("fatal"):
            self.close()
        return result

    def _line(self, seconds):
        """A line of the answer; empty where the process has ended, None where time has."""
        end = time.monotonic() + seconds
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                return None
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                return b""
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def close(self):
        if self.process is None:
            return None
        process, self.process = self.process, None
        try:
            process.stdin.close()
            process.wait(0.2)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
        return process.wait()


def serve(function):
    """A worker's side: answers each line of JSON with one."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print
    for line in sys.stdin:
        job, started = json.loads(line), time.monotonic()
        try:
            result = function(job)
        except Exception as error:  # of any kind: it belongs to this job
            text = " ".join(str(error).split())
            result = {"error": f"{type(error).__name__}: {text[:600]}", "kind": type(error).__name__,
                      # After these no kernel runs any more in this process.
                      "fatal": any(word in text for word in ("CUDA", "cuda", "CUresult", "illegal"))}
            import traceback
            traceback.print_exc()
        result["took"] = time.monotonic() - started
        print(json.dumps(result), file=answer, flush=True)
        if result.get("fatal"):
            break


def do_all(task, jobs, workers, seconds, deadline, done=lambda job, result: None):
    """Asks `workers` workers, `seconds` for each job; calls done(job, result) as they come, never
    two at a time. Gives the results in the order of the jobs."""
    own, lock, made = threading.local(), threading.Lock(), []

    def ask(job):
        if not hasattr(own, "worker"):
            own.worker = Worker(task)
            made.append(own.worker)
        result = own.worker.ask(job, min(seconds, deadline.left()))
        with lock:
            done(job, result)
        return result

    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(ask, jobs))
    for worker in made:
        worker.close()
    return results


class Results:
    """What was found, written to OUT/NAME.json after each row: nothing is lost when time is up."""

    def __init__(self, name, about):
        self.path, self.rows, self.about = OUT / f"{name}.json", [], about
        OUT.mkdir(parents=True, exist_ok=True)

    def add(self, **row):
        self.rows.append(row)
        self.save()

    def save(self):
        self.path.write_text(json.dumps({**self.about, "rows": self.rows}, indent=1))


def shown(value):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def print_table(columns, rows):
    """columns: {heading: key of a row}."""
    lines = [list(columns)] + [[shown(row.get(key)) for key in columns.values()] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    for row in rows:
        if row.get("error"):
            print(f"  {row['name']}: {row['error'][:300]}")
    sys.stdout.flush()
