"""rac.report: pages of reports, of what was measured, and what is wrong with broken ones."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import rac

from support import ROOT

sys.path.insert(0, str(ROOT / "test/Report/Inputs"))
from page import check  # noqa: E402


def amount(value):
    return {"seconds": value, "seconds_range": [value / 2, 2 * value], "seconds_share": 0.5,
            "joules": None, "joules_range": None, "joules_share": None, "joules_origin": None}


def group(name, **more):
    return {"name": name, "ops": ["rac.add"], "kind": "generated", "precision": "f32", "threads": 0, "tiles": [2, 0],
            "reduction": [], "order": [], "registers": [], "warps": 0, "stages": 0, "split": 0, "flops": 8, "bytes": {"DRAM": 64},
            "flops_per_byte": 0.125, "flops_per_s": 8e3, "alternatives": [], **amount(1e-3), **more}


@pytest.fixture
def report():
    """Small, with names that would break a careless page."""
    return {
        "schema": "rac-report/1", "model": "</script><b>m", "inputs": [], "outputs": [], "assumed_sizes": {},
        "provenance": {"compiler": "rac", "llvm": "22", "flags": []}, "device": "d", "device_kind": "cpu", "device_description": "D",
        "target": "host", "site": None, "objective": "latency",
        "budgets": {"latency": None, "memory": None, "error": None}, "search": None, "threads": 1,
        "totals": {"flops": 16, "bytes": {"DRAM": 128}, "peak_bytes": None, "weights_bytes": 0, "gco2e": None,
                   "gco2e_range": None, **amount(2e-3)},
        "carbon": None, "memory": None, "roofline": None,
        "groups": [group("a"), group("<img src=x>{{rac-report}}")], "kernels": [], "unknowns": [],
    }


@pytest.fixture
def measured():
    return {
        "schema": "rac-run/1", "runs": 3, "latency_s": {"min": 1e-3, "median": 1.6e-3, "max": 3e-3},
        "energy": {
            "measured": {"joules_per_run": 0.5, "joules_per_run_above_idle": 0.25, "origin": "counter",
                         "window_s": 1.5, "idle_watts": 10, "idle_window_s": 1},
            "problem": None, "predicted": None, "tried": [],
            "domains": [{"name": "package-0", "meter": "powercap", "origin": "counter", "counted": True, "joules_per_run": 0.5,
                         "watts": 20, "idle_watts": 10, "window_s": 1.5, "too_short": False, "error": None}],
        },
        "profile": None,
    }


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_page_holds_the_report_and_fetches_nothing(report, tmp_path):
    path = rac.report.html(write(tmp_path / "m.json", report))
    assert path == str(tmp_path / "m.html")
    assert check((tmp_path / "m.html").read_text(encoding="utf-8"), report) is None
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.html", "m.json"]


def test_page_is_the_same_each_time(report):
    assert rac.report.page(report) == rac.report.page(report)


def test_measured_goes_with_it(report, measured, tmp_path):
    path = rac.report.html(write(tmp_path / "m.json", report), tmp_path / "x.html",
                           measured=write(tmp_path / "run.json", measured))
    assert check((tmp_path / "x.html").read_text(encoding="utf-8"), {**report, "measured": measured}) is None
    assert path == str(tmp_path / "x.html")


@pytest.mark.parametrize("text, message", [
    ("{", "m.json: is no JSON"),
    ("\xff\xfe{}", "m.json: its schema|m.json: is no JSON"),
    ("[]", "m.json: its schema is None, and must be 'rac-report/1'"),
    ('{"schema": "rac-report/2"}', "m.json: its schema is 'rac-report/2', and must be 'rac-report/1'"),
    ('{"schema": "rac-report/1", "model": "m"}', "m.json: this report lacks device, objective, budgets"),
])
def test_what_is_no_report_is_refused(text, message, tmp_path):
    with pytest.raises(rac.report.ReportError, match=message):
        rac.report.html(write(tmp_path / "m.json", text))
    assert not (tmp_path / "m.html").exists()


def test_what_is_not_there_is_said(report, tmp_path):
    with pytest.raises(rac.report.ReportError, match="nothing.json: No such file"):
        rac.report.html(tmp_path / "nothing.json")
    with pytest.raises(rac.report.ReportError, match="nothing.so: cannot load"):
        rac.report.html(tmp_path / "nothing.so")
    good = write(tmp_path / "m.json", report)
    with pytest.raises(rac.report.ReportError, match="run.json: its schema is 'rac-report/1', and must be 'rac-run/1'"):
        rac.report.html(good, measured=write(tmp_path / "run.json", report))


def test_library_without_report(toy, tmp_path):
    """One that rac-compile didn't make has none."""
    with rac.load(toy) as model:
        assert model.report is None
    with pytest.raises(rac.report.ReportError, match="doesn't hold its report"):
        rac.report.html(toy, tmp_path / "x.html")


def test_command_line(report, tmp_path):
    path = write(tmp_path / "m.json", report)
    run = lambda *arguments: subprocess.run(  # noqa: E731
        [sys.executable, "-m", "rac.report", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert run(path).stdout == f"{tmp_path / 'm.html'}\n"
    failed = run(tmp_path / "nothing.json")
    assert failed.returncode == 1 and "No such file" in failed.stderr


def browser_dom(path):
    """The page as a browser makes it."""
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom",
               f"file://{path}"]
    # A sanitizer's library, which Python may have been started with, is not for the browser.
    env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=env).stdout


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_browser_draws_it(report, measured, tmp_path):
    """Names stay text, the numbers are there, and the chart is drawn."""
    path = rac.report.html(write(tmp_path / "m.json", report), measured=write(tmp_path / "run.json", measured))
    page = browser_dom(path).partition('<script type="application/json"')[0]
    assert "&lt;/script&gt;&lt;b&gt;m" in page and "can't be drawn" not in page
    assert "<img" not in page
    assert "2 ms" in page and "1.6 ms" in page and "25% too high" in page and "500 mJ" in page
    assert page.count("<svg") == 1


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_browser_tells_of_types(report, tmp_path):
    """Each group's type, what that errs and saves, and why it has no other."""
    def kind(precision, error, reason, time):
        return {"precision": precision, "error": error, "seconds": time, "joules": None, "reason": reason}

    groups = [{"name": "a", "precision": "i8", "steps": "0.1:3 by channel, smoothed by 0.50", "tried_steps": [],
               "types": [kind("f32", 0, "it costs more", 3e-3), kind("i8", 0.0123, None, 1e-3)]},
              {"name": "<img src=x>{{rac-report}}", "precision": "f32", "steps": None, "tried_steps": [],
               "types": [kind("f32", 0, None, 1e-3), kind("bf16", None, "1.20 times the <b>score</b> of f32", 1.2e-3)]}]
    report["precision"] = {
        "asked": "auto", "metric": "rel-l2", "max_error": 0.05, "joules_origin": None, "joules": None, "seconds": 2e-3,
        "samples": {"from": "--calibration", "random": False, "calibration": 6, "held_back": 2, "runs": 90},
        "error": {"composed": 0.01, "calibration": 0.012, "held_back": 0.013, "bound": 0.021, "of": "library"},
        "search": {"score": 2e-3, "bound": 2e-3, "exact": True}, "in_f32": {"seconds": 4e-3, "joules": None},
        "given_up": ["b: i8 became f32"], "front": [], "groups": groups}
    page = browser_dom(rac.report.html(write(tmp_path / "m.json", report))).partition('<script type="application/json"')[0]
    assert "can't be drawn" not in page and "<img" not in page and "<b>" not in page
    for text in ["smoothed by 0.50", "2 ms of 3 ms", "1.20 times the", "bf16", "b: i8 became f32", "stay below 0.021",
                 "2 samples", "is 0.013", "2 times as fast"]:
        assert text in page, text
