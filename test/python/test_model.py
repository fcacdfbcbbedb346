"""rac.load and Model.run, on a model written by hand (toy_model.c)."""

import gc
import json
import shutil
import subprocess
import threading

import numpy as np
import pytest
import rac


@pytest.fixture
def model(toy):
    with rac.load(toy) as model:
        yield model


def x_of(rows, value=1.0):
    return np.full((rows, 3), value, np.float32)


def test_describes(model):
    assert [info.name for info in model.inputs] == ["x"]
    assert model.inputs[0].dtype == np.float32
    assert model.inputs[0].shape == ("batch", 3)
    assert [str(info.dtype) for info in model.outputs] == ["float32", "int64", "float32"]
    assert model.describe["schema"] == "rac-model/1"
    assert "TensorInfo('x', f32, [batch, 3])" in repr(model)


def test_runs_on_changing_shapes(model):
    for rows in (2, 5, 0, 1, 1000):
        x = np.random.default_rng(1).normal(size=(rows, 3)).astype(np.float32)
        outputs = model.run({"x": x})
        assert list(outputs) == ["y", "total", "negatives"]
        np.testing.assert_allclose(outputs["y"], 2 * x + 1)
        assert outputs["total"].shape == () and outputs["total"] == rows
        np.testing.assert_array_equal(outputs["negatives"], x[x < 0])


def test_outputs_stay_valid(model):
    first = model.run({"x": x_of(4, -1)})
    second = model.run({"x": x_of(4, -2)})
    np.testing.assert_array_equal(first["y"], x_of(4, -1))
    np.testing.assert_array_equal(first["negatives"], np.full(12, -1))
    np.testing.assert_array_equal(second["negatives"], np.full(12, -2))


def test_outputs_outlive_the_model(toy):
    model = rac.load(toy)
    outputs = model.run({"x": x_of(4, -1)})
    model.close()
    del model
    gc.collect()
    np.testing.assert_array_equal(outputs["negatives"], np.full(12, -1))


def test_takes_what_is_not_contiguous(model):
    x = np.arange(24, dtype=np.float32).reshape(3, 8).T[::2, :]
    np.testing.assert_allclose(model.run({"x": x})["y"], 2 * x + 1)
    unaligned = np.frombuffer(b"." + x_of(2).tobytes(), np.float32, offset=1).reshape(2, 3)
    np.testing.assert_allclose(model.run({"x": unaligned})["y"], 3)


def test_takes_dlpack_and_lists(model):
    class Tensor:
        """Only what the DLPack protocol asks for."""

        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **arguments):
            return self.array.__dlpack__(**arguments)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    np.testing.assert_allclose(model.run({"x": Tensor(x_of(2))})["y"], 3)
    np.testing.assert_allclose(model.run({"x": [[1, 2, 3]]})["y"], [[3, 5, 7]])


@pytest.mark.parametrize(
    "inputs, error, message",
    [
        ({}, ValueError, r"missing \['x'\]"),
        ({"x": x_of(1), "k": 1}, ValueError, r"unknown \['k'\]"),
        ([x_of(1)], TypeError, r"inputs are a dict, \{name: array\}, not a list"),
        (None, TypeError, "not a NoneType"),
        ({"x": x_of(1).astype(np.float64)}, TypeError, "'x' must be float32, is float64"),
        ({"x": x_of(1).astype(">f4")}, TypeError, "'x' must be float32"),
        ({"x": x_of(1)[0]}, ValueError, "'x' must have 2 dimensions"),
        ({"x": np.zeros((2, 4), np.float32)}, ValueError,
         r"must be of shape \[batch, 3\], is \[2, 4\]"),
        ({"x": x_of(1, 1234)}, rac.RunError, "1234 is not allowed"),
    ],
)
def test_refuses(model, inputs, error, message):
    for _ in range(2):  # the second time as well
        with pytest.raises(error, match=message):
            model.run(inputs)
    np.testing.assert_allclose(model.run({"x": x_of(2)})["y"], 3)


def test_refuses_other_files(tmp_path):
    with pytest.raises(rac.RunError, match="No such file"):
        rac.load(tmp_path / "missing.so")
    text = tmp_path / "text.so"
    text.write_text("not a library")
    with pytest.raises(rac.RunError, match="cannot load the model"):
        rac.load(text)


def test_refuses_what_is_cut_off(toy, build, tmp_path):
    cut = tmp_path / "cut.so"
    whole = toy.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 5000, 64, 20):
        cut.write_bytes(whole[:size])
        with pytest.raises(rac.RunError, match="cannot load the model"):
            rac.load(cut)
        done = subprocess.run([build / "bin" / "rac-run", cut], check=False, text=True, capture_output=True)
        assert done.returncode == 1 and "cannot load the model" in done.stderr


def test_refuses_other_libraries(tmp_path):
    library = tmp_path / "other.so"
    subprocess.run(["cc", "-shared", "-x", "c", "/dev/null", "-o", library], check=True)
    with pytest.raises(rac.RunError, match="not a library that rac-compile made"):
        rac.load(library)


def test_compiled_anew(toy, tmp_path):
    library = tmp_path / "again.so"
    shutil.copy(toy, library)
    model = rac.load(library)
    library.unlink()
    shutil.copy(toy, library)
    with pytest.raises(rac.RunError, match="compiled anew"):
        rac.load(library)
    model.close()
    with rac.load(library) as again:
        again.run({"x": x_of(1)})


def test_closed(toy):
    model = rac.load(toy)
    model.close()
    model.close()
    with pytest.raises(rac.RunError, match="closed"):
        model.run({"x": x_of(1)})


def test_arena_size(model):
    assert model.arena_size(x=(10, 3)) == 640
    with pytest.raises(ValueError, match=r"missing \['x'\], unknown \['k'\]"):
        model.arena_size(k=(10, 3))
    np.testing.assert_allclose(model.run({"x": x_of(2)})["y"], 3)


def test_profile(model):
    model.run({"x": x_of(1)})
    model.run({"x": x_of(1)})
    double, rest = model.profile()
    assert (double["name"], double["calls"], rest["name"], rest["calls"]) == ("double", 2, None, 2)
    assert double["seconds"] > 0 and rest["seconds"] > 0
    # What was told is forgotten.
    assert [group["calls"] for group in model.profile()] == [0, 0]


def test_threads(toy):
    """One model from several threads, and several models at once."""
    shared = rac.load(toy, threads=2)
    failures = []

    def work(rows):
        try:
            own = rac.load(toy, threads=2)
            for i in range(100):
                for model in (shared, own):
                    outputs = model.run({"x": x_of(rows, -i)})
                    assert outputs["y"].shape == (rows, 3)
                    assert (outputs["y"] == 1 - 2 * i).all()
                    assert outputs["negatives"].size == (3 * rows if i else 0)
        except BaseException as error:  # reported by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(rows,)) for rows in (1, 7, 100, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_rac_run(toy, build, tmp_path):
    np.save(tmp_path / "x.npy", x_of(2, -1))
    command = [build / "bin" / "rac-run", toy, "--input", f"x={tmp_path}/x.npy", "--output",
               tmp_path / "out", "--repeat=3", "--threads", "2", "--energy", "--json"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert report["schema"] == "rac-run/1"
    assert report["inputs"] == [{"name": "x", "dtype": "f32", "shape": [2, 3]}]
    assert report["runs"] == 3
    assert 0 < report["latency_s"]["min"] <= report["latency_s"]["p99"]
    assert report["arena_bytes"] == 128
    assert report["energy"]["measured"] or report["energy"]["tried"]
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "y.npy"), x_of(2, -1))
    assert np.load(tmp_path / "out" / "total.npy") == 2
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "negatives.npy"), np.full(6, -1))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--input", "y=random"], "no input 'y'; it has 'x'"),
        (["--shape", "z=3"], "no input or symbolic dimension 'z'"),
        (["--shape", "x=axb"], "'a' is not a number"),
        (["--shape", "x=2x4"], "must be of shape [batch, 3], is [2, 4]"),
        (["--input", "x=TEXT"], "not an .npy file"),
        (["--input", "x=F64"], "input 'x': must be f32, is f64"),
        (["--input", "x=FORTRAN"], "Fortran order"),
        (["--input", "x=SHORT"], "is not what its shape [4, 3] says"),
        (["--input", "x"], "is not NAME=VALUE"),
        (["--repeat", "many"], "'many' is not a number"),
        (["--repeat"], "its value is missing"),
        (["--fast"], "there is no option --fast"),
    ],
)
def test_rac_run_refuses(toy, build, tmp_path, arguments, message):
    (tmp_path / "TEXT").write_text("hello, this is no array")
    np.save(tmp_path / "F64", np.zeros((2, 3)))
    np.save(tmp_path / "FORTRAN", np.zeros((3, 2), np.float32).T)
    np.save(tmp_path / "SHORT", x_of(4))
    for name in ("F64", "FORTRAN", "SHORT"):
        (tmp_path / f"{name}.npy").rename(tmp_path / name)
    (tmp_path / "SHORT").write_bytes((tmp_path / "SHORT").read_bytes()[:-4])
    done = subprocess.run([build / "bin" / "rac-run", toy, *arguments], check=False, text=True,
                          cwd=tmp_path, capture_output=True)
    assert done.returncode == 1
    assert done.stderr.startswith("rac-run: error: ") and message in done.stderr


def test_rac_run_reads_numpys_types(build, tmp_path, toy):
    """Each dtype is read: what is refused is refused by its right name."""
    names = {"f2": "f16", "f8": "f64", "i1": "i8", "u1": "u8", "i2": "i16", "u2": "u16",
             "i4": "i32", "u4": "u32", "i8": "i64", "u8": "u64", "?": "bool"}
    for dtype, name in names.items():
        np.save(tmp_path / "x.npy", np.zeros((1, 3), dtype))
        done = subprocess.run([build / "bin" / "rac-run", toy, "--input", f"x={tmp_path}/x.npy"],
                              check=False, text=True, capture_output=True)
        assert f"must be f32, is {name}\n" in done.stderr
