"""Files that are no models, or bad ones: rac-compile refuses them with a message, or compiles them;
it never crashes and leaves nothing behind (support.run_compiler checks that). scripts/fuzz_models.py
does more of the same."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import MODELS, ROOT, Refused, run_compiler

F, I = TensorProto.FLOAT, TensorProto.INT64
X = helper.make_tensor_value_info("x", F, [2, 3])
Y = helper.make_tensor_value_info("y", F, [2, 3])


def node(op, inputs, outputs="y", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def model(*nodes, inputs=(X,), outputs=(Y,), weights=(), opset=21):
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def tensor(name, values, dtype=np.int64):
    return onnx.numpy_helper.from_array(np.asarray(values, dtype), name)


def changed(made, change):
    change(made)
    return made


def short_weight():
    weight = TensorProto(name="w", data_type=F, dims=[2, 3], raw_data=b"\0" * 20)
    return model(node("Add", "x w"), weights=[weight])


def huge_weight():
    weight = TensorProto(name="w", data_type=F, dims=[1 << 40, 1 << 40], raw_data=b"\0" * 4)
    return model(node("Add", "x w"), weights=[weight])


def external(location, **entries):
    weight = TensorProto(name="w", data_type=F, dims=[2, 3], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        weight.external_data.add(key=key, value=str(value))
    return model(node("Add", "x w"), weights=[weight])


def deep(levels):
    """If in If in If …"""
    result = helper.make_tensor_value_info("r", F, [2, 3])
    leaf = branch = helper.make_graph([node("Neg", "x", "r")], "b", [], [result])
    for _ in range(levels):
        branch = helper.make_graph(
            [node("If", "c", "r", then_branch=branch, else_branch=leaf)], "b", [], [result])
    return model(*branch.node, node("Identity", "r"), inputs=[
        X, helper.make_tensor_value_info("c", TensorProto.BOOL, [])])


# Each must be refused.
REFUSED = {
    "cycle": lambda: model(node("Add", "x b", "a"), node("Neg", "a", "b"), node("Neg", "b")),
    "own_input": lambda: model(node("Add", "x y", "y")),
    "undefined": lambda: model(node("Neg", "nothing")),
    "twice": lambda: model(node("Neg", "x"), node("Abs", "x")),
    "no_output": lambda: model(node("Neg", "x", "z")),
    "unknown_op": lambda: model(node("Telepathy", "x")),
    "unknown_domain": lambda: model(node("Neg", "x", domain="com.example")),
    "opset_0": lambda: model(node("Neg", "x"), opset=0),
    "no_rank": lambda: model(node("Neg", "x"), inputs=[helper.make_tensor_value_info("x", F, None)]),
    "opset_999": lambda: model(node("Neg", "x"), opset=999),
    "no_opset": lambda: changed(model(node("Neg", "x")), lambda m: m.ClearField("opset_import")),
    "no_graph": lambda: changed(model(node("Neg", "x")), lambda m: m.ClearField("graph")),
    "dtypes": lambda: model(node("Add", "x i"),
                            inputs=[X, helper.make_tensor_value_info("i", I, [2, 3])]),
    "output_dtype": lambda: model(node("Neg", "x"),
                                  outputs=[helper.make_tensor_value_info("y", I, [2, 3])]),
    "output_shape": lambda: model(node("Neg", "x"),
                                  outputs=[helper.make_tensor_value_info("y", F, [4, 5])]),
    "output_rank": lambda: model(node("Neg", "x"),
                                 outputs=[helper.make_tensor_value_info("y", F, [6])]),
    "matmul_shapes": lambda: model(node("MatMul", "x x")),
    "broadcast": lambda: model(node("Add", "x w"), weights=[tensor("w", np.ones(5), np.float32)]),
    "reshape_count": lambda: model(node("Reshape", "x s"), weights=[tensor("s", [5, 5])]),
    "reshape_two_free": lambda: model(node("Reshape", "x s"), weights=[tensor("s", [-1, -1])]),
    "concat_shapes": lambda: model(node("Concat", "x w", axis=0),
                                   weights=[tensor("w", np.ones((2, 4)), np.float32)]),
    "axis": lambda: model(node("Softmax", "x", axis=7)),
    "transpose": lambda: model(node("Transpose", "x", perm=[0, 0])),
    "attribute_type": lambda: model(node("Softmax", "x", axis="one")),
    "missing_attribute": lambda: model(node("Concat", "x x")),
    "unknown_attribute": lambda: model(node("Neg", "x", colour=3)),
    "too_many_inputs": lambda: model(node("Neg", "x x x")),
    "too_few_inputs": lambda: model(node("Add", "x")),
    "conv_strides": lambda: model(
        node("Conv", "i w", strides=[0, 0]),
        inputs=[helper.make_tensor_value_info("i", F, [1, 3, 8, 8])],
        outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("w", np.ones((4, 3, 3, 3)), np.float32)]),
    "conv_groups": lambda: model(
        node("Conv", "i w", group=0),
        inputs=[helper.make_tensor_value_info("i", F, [1, 3, 8, 8])],
        outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("w", np.ones((4, 3, 3, 3)), np.float32)]),
    "conv_too_large": lambda: model(
        node("Conv", "i w"), inputs=[helper.make_tensor_value_info("i", F, [1, 3, 1, 1])],
        outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("w", np.ones((4, 3, 3, 3)), np.float32)]),
    "split": lambda: model(node("Split", "x s", "y z", axis=1), weights=[tensor("s", [9, 9])]),
    "short_weight": short_weight,
    "huge_weight": huge_weight,
    "huge_constant": lambda: model(
        node("ConstantOfShape", "s", "c"), node("Add", "x c"),
        outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("s", [1 << 20, 1 << 20, 2, 3])]),
    "external_missing": lambda: external("nowhere.bin"),
    "external_beyond": lambda: external("bad.onnx", offset=1 << 40, length=24),
    "external_negative": lambda: external("bad.onnx", offset=-8, length=24),
    "external_not_a_number": lambda: external("bad.onnx", offset="eight"),
    "external_escapes": lambda: external("../../../../etc/passwd"),
    "external_absolute": lambda: external("/etc/passwd"),
    "external_folder": lambda: external("."),
}

# Strange: refused or compiled, both are fine.
STRANGE = {
    "negative_dim": lambda: model(
        node("Neg", "x"), inputs=[helper.make_tensor_value_info("x", F, [-7, 3])]),
    "huge_dims": lambda: model(
        node("Neg", "x"), inputs=[helper.make_tensor_value_info("x", F, [1 << 62, 1 << 62])],
        outputs=[helper.make_tensor_value_info("y", F, None)]),
    "huge_pad": lambda: model(
        node("Pad", "x p"), outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("p", [1 << 61, 0, 1 << 61, 0])]),
    "negative_pad": lambda: model(
        node("Pad", "x p"), outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("p", [-9, 0, -9, 0])]),
    "huge_tile": lambda: model(
        node("Tile", "x r"), outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("r", [1 << 40, 1 << 40])]),
    "gather_outside": lambda: model(
        node("Gather", "x i"), outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("i", [100, -100])]),
    "division_by_zero": lambda: model(
        node("Div", "a b", "q"), node("Cast", "q", to=F),
        outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("a", [1]), tensor("b", [0])]),
    "smallest_by_minus_one": lambda: model(
        node("Div", "a b", "q"), node("Cast", "q", to=F),
        outputs=[helper.make_tensor_value_info("y", F, None)],
        weights=[tensor("a", [-(1 << 63)]), tensor("b", [-1])]),
    "empty_graph": lambda: model(outputs=(), inputs=()),
    "output_is_input": lambda: model(outputs=(X,)),
    "names": lambda: model(node("Neg", "x", '"%s\\"\n%n\x00;é'), node("Identity", '"%s\\"\n%n\x00;é')),
    "empty_reduction": lambda: model(
        node("ReduceMax", "x", keepdims=0),
        inputs=[helper.make_tensor_value_info("x", F, [0, 3])],
        outputs=[helper.make_tensor_value_info("y", F, [])]),
    "deep_4": lambda: deep(4),
    "deep_20": lambda: deep(20),
    "chain_1500": lambda: model(
        *[node("Neg", "x" if i == 0 else f"v{i}", f"v{i + 1}") for i in range(1500)],
        node("Neg", "v1500")),
}


def compile_bytes(tmp_path, content):
    (tmp_path / "bad.onnx").write_bytes(content)
    return run_compiler(tmp_path / "bad.onnx", tmp_path / "bad.so", "--threads=1")


@pytest.mark.parametrize("name", REFUSED)
def test_refused(compiler, tmp_path, name):
    made = REFUSED[name]().SerializeToString()
    with pytest.raises(Refused) as refusal:
        compile_bytes(tmp_path, made)
    assert "error: " in str(refusal.value)


@pytest.mark.parametrize("name", STRANGE)
def test_strange(compiler, tmp_path, name):
    try:
        compile_bytes(tmp_path, STRANGE[name]().SerializeToString())
    except Refused as refusal:
        assert "error: " in str(refusal)


@pytest.mark.parametrize(
    "content", [b"", b"hello, this is no model\n", b"\0" * 100, b"\xff" * 1000, b"\x7fELF"])
def test_other_files(compiler, tmp_path, content):
    with pytest.raises(Refused):
        compile_bytes(tmp_path, content)


def test_no_file(compiler, tmp_path):
    with pytest.raises(Refused, match="nothing.onnx"):
        run_compiler(tmp_path / "nothing.onnx", tmp_path / "out.so")
    with pytest.raises(Refused):
        run_compiler(tmp_path, tmp_path / "out.so")
    path = tmp_path / "good.onnx"
    path.write_bytes(model(node("Neg", "x")).SerializeToString())
    (tmp_path / "sub").mkdir()
    with pytest.raises(Refused):
        run_compiler(path, tmp_path / "sub")  # a folder stands there


@pytest.mark.parametrize("name", sorted(
    path.stem for path in MODELS.glob("*.onnx") if path.stat().st_size < 10 << 20))
def test_damaged(compiler, name):
    """A model cut off at 20 places, and with bytes flipped in 200 ways."""
    subprocess.run([sys.executable, ROOT / "scripts/fuzz_models.py", "--only", name, "--jobs", "1"], check=True)
