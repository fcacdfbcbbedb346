"""Shared by the Python tests: where the build is, a toy model, a limit on time, and the count of
ONNX's backend tests."""

import collections
import faulthandler
import os
import shutil
import signal
import subprocess

import pytest
from support import BUILD, COMMAND, COMPILER, ROOT

# Seconds for one test. A hang in Python or in a child process is ended by an exception, one in
# native code by ending the process.
TIME_LIMIT = 300 if COMMAND is None else 1200


def pytest_configure(config):
    config.addinivalue_line("markers", "whole: takes minutes in an emulator")


@pytest.fixture(scope="session")
def build():
    """The build folder."""
    if not (BUILD / "lib" / "librac_runtime.a").exists():
        pytest.skip(f"nothing is built in {BUILD}")
    return BUILD


@pytest.fixture(scope="session")
def compiler(build):
    """For tests that need rac-compile."""
    if not COMPILER.exists():
        pytest.skip("rac-compile is not built")
    if COMMAND and not shutil.which(COMMAND[0]):
        pytest.skip(f"{COMMAND[0]} is not installed")
    if COMMAND and not os.path.exists(COMMAND[-1]):
        pytest.skip(f"{COMMAND[-1]} is not built: there was no cross compiler")
    return COMPILER


@pytest.fixture(scope="session")
def toy(build, tmp_path_factory):
    """The library of toy_model.c; needs no compiler of ours."""
    library = tmp_path_factory.mktemp("toy") / "toy.so"
    compiler = "/usr/lib/llvm-22/bin/clang"
    subprocess.run(
        [compiler if os.path.exists(compiler) else "cc", "-shared", "-fPIC", "-O1",
         "-fvisibility=hidden", f"-I{ROOT}/include", f"{ROOT}/test/python/toy_model.c",
         f"{build}/lib/librac_runtime.a", "-lm", "-lpthread", "-o", library],
        check=True,
    )
    return library


def _too_long(*_):
    raise TimeoutError(f"the test took more than {TIME_LIMIT} s")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(TIME_LIMIT)
    faulthandler.dump_traceback_later(TIME_LIMIT + 30, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    signal.alarm(0)


# ---- ONNX's backend tests: how many passed is a promise of its own
_backend = collections.Counter()


def pytest_runtest_logreport(report):
    if report.when == "call":
        properties = dict(report.user_properties)
        if "outcome" in properties:
            _backend[properties["outcome"]] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    from test_backend import AT_LEAST, WHOLE_SUITE

    if hasattr(session.config, "workerinput") or sum(_backend.values()) < WHOLE_SUITE:
        return
    if _backend["passed"] < AT_LEAST:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    from test_backend import AT_LEAST

    if _backend:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(_backend.items()))
        terminalreporter.write_line(
            f"ONNX's backend tests: {counts} (at least {AT_LEAST} must pass)"
        )
