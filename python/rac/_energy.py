"""The machine's energy meters: librac_energy.so (rac-c/Energy.h), and what is measured with it."""

import ctypes
import os
import time
from dataclasses import dataclass
from pathlib import Path

_OK, _FAILED = 0, 5

# At least so long is the machine watched while idle, and before that it may calm down, s: as in
# tools/rac-run/Energy.cpp.
_IDLE_SECONDS, _CALM_SECONDS = 1.0, 0.1


class EnergyError(RuntimeError):
    """Energy cannot be measured; the message says what was tried and why each failed."""


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("sysfs", ctypes.c_char_p),
        ("nvml", ctypes.c_char_p),
    ]


class _Reading(ctypes.Structure):
    _fields_ = [
        ("domain", ctypes.c_char_p),
        ("meter", ctypes.c_char_p),
        ("source", ctypes.c_char_p),
        ("kind", ctypes.c_int32),
        ("origin", ctypes.c_int32),
        ("joules", ctypes.c_double),
        ("seconds", ctypes.c_double),
        ("resolution_joules", ctypes.c_double),
        ("update_seconds", ctypes.c_double),
        ("shortest_window_seconds", ctypes.c_double),
        ("too_short", ctypes.c_int32),
        ("samples", ctypes.c_int64),
        ("error", ctypes.c_char_p),
    ]


class _Attempt(ctypes.Structure):
    _fields_ = [
        ("meter", ctypes.c_char_p),
        ("used", ctypes.c_int32),
        ("message", ctypes.c_char_p),
    ]


@dataclass(frozen=True)
class EnergyReading:
    """What one domain took in a window.

    domain    such as "package-0", "package-0/dram", "gpu-0 (NVIDIA L4)"
    meter     such as "powercap"; source is the file or function that was read
    kind      "processor", "memory", "board" or "accelerator"
    origin    "counter", or "integrated-power": power was sampled
    joules    J, of all that used the domain; NaN where error is set
    seconds   s, the window; too_short if less than shortest_window, at which a meter's own
              granularity is at most 4%
    error     why there is no number, or None
    """

    domain: str
    meter: str
    source: str
    kind: str
    origin: str
    joules: float
    seconds: float
    shortest_window: float
    too_short: bool
    error: str | None

    @property
    def watts(self):
        """The mean power, W."""
        return self.joules / self.seconds


@dataclass(frozen=True)
class EnergyMeasurement:
    """What Model.measure_energy found out.

    joules              J a run, of the processor, its memory and its board, other programs included
    joules_above_idle   J a run beyond what the machine took while idle; may be negative if other
                        programs had more to do then
    origin              "counter", or "integrated-power" if any of the domains' is
    runs, seconds       how many runs in how long, s
    idle_watts          W, over idle_seconds before the runs
    readings            an EnergyReading for each domain, over all runs; GPUs are there, too, but
                        count only if the model runs on them
    """

    joules: float
    joules_above_idle: float
    origin: str
    runs: int
    seconds: float
    idle_watts: float
    idle_seconds: float
    readings: list


def _load():
    """librac_energy.so of the build that this package belongs to, or what $RAC_ENERGY names."""
    package = Path(os.path.abspath(__file__)).parent
    candidates = [package.parents[1] / "lib", package.parents[1] / "build" / "lib"]
    paths = [folder / "librac_energy.so" for folder in candidates]
    given = os.environ.get("RAC_ENERGY")
    path = given or next((str(path) for path in paths if path.is_file()), None)
    if path is None:
        raise EnergyError("librac_energy.so was not found: build it, or set RAC_ENERGY to its path")
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise EnergyError(f"cannot load the energy meters: {error}") from None
    for name in ("origin_name", "kind_name", "last_error"):
        getattr(library, f"rac_energy_{name}").restype = ctypes.c_char_p
    return library


class EnergyMeters:
    """The energy meters of this machine; docs/Energy.md says which there are.

        with rac.EnergyMeters() as meters:
            meters.start()
            work()
            for reading in meters.stop():
                print(reading.domain, reading.joules, "J in", reading.seconds, "s")

    attempts   (meter, used, message) of each that was looked for: what it reads, or why it doesn't

    sysfs      a folder in place of /sys, for tests
    nvml       a library in place of libnvidia-ml.so.1; "": none

    No meter is no error here: there are no readings then.
    """

    def __init__(self, sysfs=None, nvml=None):
        self._energy = None
        self._library = _load()
        options = _Options(
            ctypes.sizeof(_Options),
            None if sysfs is None else os.fsencode(sysfs),
            None if nvml is None else os.fsencode(nvml),
        )
        energy = ctypes.c_void_p()
        self._check(self._library.rac_energy_open(ctypes.byref(options), ctypes.byref(energy)))
        self._energy = energy
        self.attempts = []
        for i in range(self._library.rac_energy_num_attempts(energy)):
            attempt = _Attempt()
            self._check(self._library.rac_energy_attempt(energy, i, ctypes.byref(attempt)))
            self.attempts.append(
                (attempt.meter.decode(), bool(attempt.used), attempt.message.decode())
            )

    def start(self):
        """Begins a window."""
        self._check(self._library.rac_energy_start(self._energy))

    def stop(self):
        """Ends the window; gives an EnergyReading for each domain. A domain that failed has its
        `error` set."""
        status = self._library.rac_energy_stop(self._energy)
        if status != _FAILED:
            self._check(status)
        return self.readings()

    def readings(self):
        """Of the last window that was stopped; before the first, of 0 J in 0 s."""
        readings = []
        for i in range(self._library.rac_energy_num_domains(self._energy)):
            raw = _Reading()
            self._check(self._library.rac_energy_reading(self._energy, i, ctypes.byref(raw)))
            readings.append(
                EnergyReading(
                    raw.domain.decode(),
                    raw.meter.decode(),
                    raw.source.decode(),
                    self._library.rac_energy_kind_name(raw.kind).decode(),
                    self._library.rac_energy_origin_name(raw.origin).decode(),
                    raw.joules,
                    raw.seconds,
                    raw.shortest_window_seconds,
                    bool(raw.too_short),
                    raw.error.decode() if raw.error else None,
                )
            )
        return readings

    def close(self):
        """Gives up the meters."""
        if self._energy is not None:
            self._library.rac_energy_close(self._energy)
            self._energy = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def _check(self, status):
        if status != _OK:
            raise EnergyError(self._library.rac_energy_last_error().decode(errors="replace"))


def _stop(meters, counts):
    """The readings; EnergyError if one that counts failed."""
    readings = meters.stop()
    for reading in readings:
        if reading.error and counts(reading):
            raise EnergyError(f"{reading.domain}: {reading.error}")
    return readings


def measure(run, on_accelerator, seconds, repeat, meters):
    """See Model.measure_energy; `run` is called again and again."""

    def counts(reading):
        return on_accelerator or reading.kind != "accelerator"

    shortest = [reading.shortest_window for reading in meters.readings() if counts(reading)]
    if not shortest:
        tried = "".join(f"\n  {meter}: {message}" for meter, _, message in meters.attempts)
        raise EnergyError(f"there is no meter of what the model runs on:{tried}")
    window = max([*shortest, seconds])
    run()
    time.sleep(_CALM_SECONDS)
    meters.start()
    time.sleep(max(window, _IDLE_SECONDS))
    idle = [reading for reading in _stop(meters, counts) if counts(reading)]

    runs, begin = 0, time.perf_counter()
    meters.start()
    while runs < repeat or time.perf_counter() - begin < window:
        run()
        runs += 1
    readings = _stop(meters, counts)
    counted = [reading for reading in readings if counts(reading)]
    joules = sum(reading.joules for reading in counted)
    above = sum(
        reading.joules - before.watts * reading.seconds for before, reading in zip(idle, counted)
    )
    integrated = any(reading.origin == "integrated-power" for reading in counted)
    return EnergyMeasurement(
        joules / runs,
        above / runs,
        "integrated-power" if integrated else "counter",
        runs,
        max(reading.seconds for reading in counted),
        sum(reading.watts for reading in idle),
        max(reading.seconds for reading in idle),
        readings,
    )
