"""Measuring energy on simulated trees in place of /sys, with counters that move."""

import json
import math
import subprocess
import threading

import numpy as np
import pytest
import rac

RANGE = 65_532_610_987  # uJ, after which a counter is 0 again


class Counter:
    """A zone of powercap, counting 1 J about every millisecond, from just before it wraps."""

    def __init__(self, root, zone="intel-rapl:0", name="package-0"):
        self.folder = root / "class" / "powercap" / zone
        self.folder.mkdir(parents=True)
        (self.folder / "name").write_text(name + "\n")
        (self.folder / "max_energy_range_uj").write_text(f"{RANGE}\n")
        self.steps = 0
        self.write()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.count)

    def write(self):
        """As the kernel does it: whoever reads sees the old value or the new one."""
        value = (RANGE - 100_000_000 + self.steps * 1_000_000) % (RANGE + 1)
        (self.folder / "new").write_text(f"{value}\n")
        (self.folder / "new").replace(self.folder / "energy_uj")

    def count(self):
        while not self.ended.wait(0.001):
            self.steps += 1
            self.write()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


@pytest.fixture
def model(toy):
    with rac.load(toy) as model:
        yield model


def measure(model, root, **flags):
    x = np.ones((4, 3), np.float32)
    with rac.EnergyMeters(sysfs=root, nvml="") as meters:
        return model.measure_energy({"x": x}, meters=meters, **flags)


def rac_run(build, toy, root, *flags):
    return subprocess.run(
        [build / "bin" / "rac-run", toy, "--energy", f"--energy-root={root}", "--json", *flags],
        check=False, text=True, capture_output=True,
    )


def test_rac_run_measures(build, toy, tmp_path):
    with Counter(tmp_path) as package, Counter(tmp_path, "intel-rapl:0:1", "dram") as memory:
        done = rac_run(build, toy, tmp_path, "--energy-window=0.3", "--repeat=7")
        steps = package.steps + memory.steps
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    energy = report["energy"]
    measured = energy["measured"]
    assert measured["origin"] == "counter"
    assert measured["window_s"] >= 0.3 and measured["idle_window_s"] >= 1
    assert report["runs"] >= 7
    joules = measured["joules_per_run"] * report["runs"]
    # Not more than was ever counted, but for a step each that was not yet noted here.
    assert 0 < joules <= steps + 2
    domains = {domain["name"]: domain for domain in energy["domains"]}
    assert set(domains) == {"package-0", "package-0/dram"}
    for domain in domains.values():
        steps = domain["joules_per_run"] * report["runs"]
        # One of them wraps: 1 uJ goes to the step over the largest value.
        assert abs(steps - round(steps)) < 1e-4 and steps >= 1
        assert domain["idle_watts"] > 0 and not domain["too_short"] and domain["counted"]
    above = measured["joules_per_run"] - measured["idle_watts"] * measured["window_s"] / report["runs"]
    assert math.isclose(measured["joules_per_run_above_idle"], above, rel_tol=1e-6, abs_tol=1e-6)
    assert energy["predicted"] == {"joules_per_run": 0.125, "origin": "modelled"}


def test_rac_run_when_the_counter_vanishes(build, toy, tmp_path):
    with Counter(tmp_path) as counter:
        process = subprocess.Popen(
            [build / "bin" / "rac-run", toy, "--energy=require", f"--energy-root={tmp_path}",
             "--energy-window=1.5"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        # It takes 3 s: 1.5 idle, 1.5 running.
        counter.ended.wait(1)
        counter.ended.set()
        counter.thread.join()
        for name in ("energy_uj", "name"):
            (counter.folder / name).unlink()
        output, errors = process.communicate()
    assert process.returncode == 1
    assert "latency" in output and "energy   not measured: package-0: " in output
    assert "energy_uj: No such file or directory" in errors and "after the start" in errors


def test_python_measures(model, tmp_path):
    with Counter(tmp_path):
        result = measure(model, tmp_path, repeat=3, seconds=0.2)
    assert result.origin == "counter" and result.runs >= 3
    assert result.seconds >= 0.2 and result.idle_seconds >= 1
    assert result.joules > 0
    above = result.joules - result.idle_watts * result.seconds / result.runs
    assert math.isclose(result.joules_above_idle, above, rel_tol=1e-9, abs_tol=1e-12)
    (reading,) = result.readings
    assert reading.domain == "package-0" and reading.kind == "processor"
    assert reading.meter == "powercap" and not reading.too_short and reading.error is None
    assert math.isclose(reading.joules, result.joules * result.runs)


def test_python_without_meters(model, tmp_path):
    with pytest.raises(rac.EnergyError) as error:
        measure(model, tmp_path)
    message = str(error.value)
    assert "no meter of what the model runs on" in message
    for meter in ("powercap", "perf", "amd_energy", "power_meter", "ina3221", "nvml"):
        assert f"\n  {meter}: " in message


def test_python_windows(tmp_path):
    with rac.EnergyMeters(sysfs=tmp_path, nvml="") as meters:
        assert meters.readings() == []
        with pytest.raises(rac.EnergyError, match="no window is open"):
            meters.stop()
    with Counter(tmp_path) as counter, rac.EnergyMeters(sysfs=tmp_path, nvml="") as meters:
        assert ("powercap", True, "package-0") in meters.attempts
        meters.start()
        with pytest.raises(rac.EnergyError, match="still open"):
            meters.readings()
        counter.ended.set()
        counter.thread.join()
        (counter.folder / "energy_uj").write_text("-3\n")
        (reading,) = meters.stop()
        assert math.isnan(reading.joules)
        assert "'-3', a negative number" in reading.error
