"""Comparing answers, and timing."""

import statistics
import time

import numpy as np


def difference(want, got):
    """How far an answer is from what it should be: {"abs", "rel", "norm"}, the largest difference,
    over the largest value, and by norms; "wrong" says why it isn't right by 1e-3, or is None.
    Right is as in test/python/support.py, but for the part relative to the largest value: 1e-3."""
    want, got = np.asarray(want), np.asarray(got)
    if want.shape != got.shape:
        return {"wrong": f"shape {got.shape}, not {want.shape}"}
    if want.dtype.kind in "iub":
        count = int((want != got).sum())
        return {"abs": float(count), "wrong": f"{count} of {want.size} differ" if count else None}
    want, got = want.astype(np.float64), got.astype(np.float64)
    finite = np.isfinite(want)
    if not np.array_equal(finite, np.isfinite(got)):
        return {"wrong": f"{int((finite != np.isfinite(got)).sum())} of {want.size} values are finite in one only"}
    if not np.array_equal(want[~finite], got[~finite], equal_nan=True):
        return {"wrong": "infinities differ"}
    want, off = want[finite], np.abs(got[finite] - want[finite])
    scale = np.abs(want).max(initial=0) or 1.0
    wrong = int((off > 1e-3 * np.abs(want) + 1e-3 * scale).sum())
    return {"abs": float(off.max(initial=0)), "rel": float(off.max(initial=0) / scale),
            "norm": float(np.linalg.norm(off) / (np.linalg.norm(want) or 1.0)),
            "wrong": f"{wrong} of {want.size} differ by more than 1e-3" if wrong else None}


def worst(differences):
    """One for several outputs."""
    whole = {key: max((d.get(key, 0.0) for d in differences), default=0.0) for key in ("abs", "rel", "norm")}
    whole["wrong"] = next((d["wrong"] for d in differences if d["wrong"]), None)
    return whole


def latency(run, wait=lambda: None, seconds=0.5, least=20):
    """The median of single runs, each waited for, s."""
    for _ in range(5):
        run()
    wait()
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        before = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - before)
        if len(times) >= 5 and time.perf_counter() > end + 5 * seconds:
            break
    return statistics.median(times)


def rate(run, wait=lambda: None, seconds=0.1, rounds=5):
    """The time of a run among many that are waited for together, s: the median of `rounds`."""
    run()
    wait()
    before = time.perf_counter()
    run()
    wait()
    count = max(3, min(10000, int(seconds / max(time.perf_counter() - before, 1e-6))))
    times = []
    for _ in range(rounds):
        before = time.perf_counter()
        for _ in range(count):
            run()
        wait()
        times.append((time.perf_counter() - before) / count)
    return statistics.median(times)
