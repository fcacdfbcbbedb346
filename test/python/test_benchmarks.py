"""The benchmarks run, and see wrong answers. Nothing here looks at a time."""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import BUILD, ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def tiny(tmp_path):
    """A model, a manifest that has it and one that isn't there."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Tanh", ["m"], ["y"])]
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8])],
        [onnx.numpy_helper.from_array(np.linspace(-1, 1, 128, dtype=np.float32).reshape(16, 8), "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10),
              tmp_path / "tiny.onnx")
    models = [{"name": name, "file": f"{name}.onnx",
               "inputs": {"x": {"shape": [4, 16], "dtype": "float32"}}} for name in ["tiny", "absent"]]
    (tmp_path / "models.json").write_text(json.dumps({"models": models}))
    return tmp_path


def run(script, *arguments):
    done = subprocess.run([sys.executable, BENCHMARKS / script, *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_models(compiler, tiny):
    page, readme = tiny / "page.md", tiny / "readme.md"
    page.write_text("before\n<!-- models -->\nold\n<!-- end of models -->\nafter\n")
    readme.write_text("<!-- ratios -->\n<!-- end of ratios -->\n")
    run("models.py", "--manifest", tiny / "models.json", "--models", tiny, "--engines=onnxruntime,rac",
        "--threads=1,2", "--rounds=1", "--burst-ms=1", "--firsts=1", "--json", tiny / "out.json",
        "--markdown", page, "--summary", readme)
    measured = json.loads((tiny / "out.json").read_text())
    assert measured["left_out"] == ["absent (absent.onnx is not there)"]
    assert [row["threads"] for row in measured["rows"]] == [1, 2]
    for row in measured["rows"]:
        assert set(row["engines"]) == {"onnxruntime", "rac"}
        assert not any("error" in result for result in row["engines"].values())
        assert set(row["first"]) == {"onnxruntime", "rac", "rac-run"}
        assert not any("error" in result for result in row["first"].values())
        # The product's 2 * 4 * 16 * 8 and some for tanh; 16 * 8 weights; x and y.
        assert row["flops"] > 1024
        assert row["compile"]["weights_bytes"] >= 512
        assert row["engines"]["rac"]["moved_bytes"] == 4 * (4 * 16 + 4 * 8)
    text = page.read_text()
    assert text.startswith("before\n<!-- models -->\n") and text.endswith("<!-- end of models -->\nafter\n")
    assert "old" not in text and "| tiny | 2 |" in text and "Left out: absent" in text
    assert "geometric mean of 1 models" in readme.read_text()


def test_kernels(compiler, tmp_path):
    run("kernels.py", "--only=a call;sum of rows", "--rounds=1", "--burst-ms=1", "--json",
        tmp_path / "out.json")
    rows = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert [row["kernel"].split(",")[0] for row in rows] == ["a call", "sum of rows"]
    for row in rows:
        assert set(row["engines"]) == {"onnxruntime", "rac", "copy"}
        assert not any("error" in result for result in row["engines"].values())


def test_wrong_answers_are_seen(compiler, tiny):
    """Beside answers that are a little off, rac differs."""
    inputs, library = tiny / "x.npy", tiny / "tiny.so"
    np.save(inputs, np.ones((4, 16), np.float32))
    subprocess.run([compiler, tiny / "tiny.onnx", "-o", library], check=True)
    (tiny / "job.json").write_text(json.dumps(
        {"model": str(tiny / "tiny.onnx"), "library": str(library), "threads": 1,
         "inputs": {"x": str(inputs)}, "answers": str(tiny / "answers.npz")}))

    def mismatch(engine):
        lines = subprocess.run([sys.executable, BENCHMARKS / "engines.py", engine, tiny / "job.json"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True,
                               env={"PYTHONPATH": str(BUILD / "python")}).stdout.splitlines()
        return json.loads(lines[1])["mismatch"]

    assert mismatch("onnxruntime") is None
    assert mismatch("rac") is None
    with np.load(tiny / "answers.npz") as answers:
        np.savez(tiny / "answers.npz", 1.01 * answers["arr_0"])
    assert "values differ" in mismatch("rac")
    np.savez(tiny / "answers.npz", np.zeros(1), np.zeros(1))
    assert "1 outputs, not 2" in mismatch("rac")


def test_engine_that_fails_says_why(compiler, tiny):
    job = tiny / "job.json"
    job.write_text(json.dumps({"model": str(tiny / "absent.onnx"), "threads": 1, "inputs": {},
                               "answers": str(tiny / "answers.npz")}))
    done = subprocess.run([sys.executable, BENCHMARKS / "engines.py", "onnxruntime", job],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "absent.onnx" in json.loads(done.stdout)["error"]


def test_page_without_a_place_for_the_table(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); import pathlib, table;"
         "table.replace_part(pathlib.Path(sys.argv[2]), 'models', 'text')", BENCHMARKS, page],
        stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "has no part between" in done.stderr
    assert page.read_text() == "nothing\n"
