"""Shared by the Python tests: where the build is, and a toy model."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build():
    """The build folder."""
    folder = Path(os.environ.get("RAC_BUILD", ROOT / "build"))
    if not (folder / "lib" / "librac_runtime.a").exists():
        pytest.skip(f"nothing is built in {folder}")
    return folder


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
