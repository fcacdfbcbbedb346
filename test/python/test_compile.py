"""rac.compile's command line, with a compiler that only says what it was told."""

import os
import stat
import subprocess
import sys

import pytest
import rac


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """Makes a rac-compile of a few lines of shell."""

    def make(script):
        path = tmp_path / "rac-compile"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("RAC_COMPILE", str(path))

    return make


def test_flags(compiler, tmp_path):
    compiler(f'printf "%s\\n" "$@" > {tmp_path}/arguments')
    path = rac.compile(tmp_path / "m.onnx", threads=2, no_library=True, report=None,
                       shape={"x": (1, 3), "y": "4x?"}, plan=False, max_error=1e-3)
    assert path == str(tmp_path / "m.so")
    assert (tmp_path / "arguments").read_text().split("\n") == [
        str(tmp_path / "m.onnx"), "-o", path, "--threads=2", "--no-library", "--shape=x=1x3",
        "--shape=y=4x?", "--max-error=0.001", ""]


def test_output(compiler, tmp_path):
    compiler("")
    assert rac.compile("m.onnx", tmp_path / "here.so") == str(tmp_path / "here.so")


def test_refusal(compiler):
    compiler('echo "error: no such file" >&2; exit 1')
    with pytest.raises(rac.CompileError, match="error: no such file") as info:
        rac.compile("m.onnx")
    assert not info.value.unsupported
    compiler('echo "error: 2 operators are not supported" >&2; exit 1')
    with pytest.raises(rac.CompileError) as info:
        rac.compile("m.onnx")
    assert info.value.unsupported


def test_crash(compiler):
    compiler("kill -ABRT $$")
    with pytest.raises(rac.CompileError, match="ended by signal 6"):
        rac.compile("m.onnx")


def test_missing_compiler(monkeypatch, tmp_path):
    import rac._compile

    monkeypatch.delenv("RAC_COMPILE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rac._compile, "__file__", os.path.join(tmp_path, "a", "b", "c.py"))
    with pytest.raises(rac.CompileError, match="rac-compile was not found"):
        rac.compile("m.onnx")


def test_imported_when_needed():
    """Who only runs a model doesn't wait for what compiles, or measures energy; all is there when asked for."""
    script = """
import sys, rac
early = {"rac._compile", "rac._energy"} & set(sys.modules)
assert not early, early
assert all(hasattr(rac, name) for name in rac.__all__) and set(rac.__all__) <= set(dir(rac))
assert not hasattr(rac, "none_such")
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
