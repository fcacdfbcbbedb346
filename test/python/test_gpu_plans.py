"""Blocks of contractions on a GPU as a plan says them, on the simulator of NVIDIA GPUs: whatever the block,
the result is the same."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from support import BUILD, Reference, assert_same, run_compiler

FLAGS = ["--target=nvptx", "--chip=simulator"]
SIMULATOR = BUILD / "lib" / "librac_simulator.so"

# rows, columns, depth, a warp's rows and columns, warps, stages, parts of a sum, workers that share all steps
BLOCKS = [
    (32, 32, 32, 32, 32, 1, 2, 1, 0),
    (64, 32, 32, 32, 16, 4, 4, 1, 0),
    (16, 8, 32, 16, 8, 4, 4, 1, 0),    # four warps share each step
    (16, 64, 32, 16, 32, 8, 2, 4, 0),  # and four blocks each sum
    (32, 32, 32, 32, 32, 1, 2, 1, 5),
    (16, 8, 32, 16, 8, 4, 4, 1, 7),
    (64, 32, 32, 32, 16, 4, 4, 1, 1),    # one has all tiles
    (32, 32, 32, 16, 32, 2, 2, 1, 300),  # more than there are steps
    (16, 32, 32, 16, 32, 1, 2, 1, 13),
]


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    if not SIMULATOR.exists():
        pytest.skip("the simulator is not built")
    monkeypatch.setenv("RAC_CUDA_DRIVER", str(SIMULATOR))


def product():
    """A product of odd sizes with all that may follow on its registers."""
    weights = np.random.default_rng(0).standard_normal((200, 45), dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Add", ["p", "r"], ["s"]),
         helper.make_node("Relu", ["s"], ["y"])],
        "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 37, 200]),
              helper.make_tensor_value_info("r", TensorProto.FLOAT, [45])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 37, 45])],
        [onnx.numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def convolution():
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "f"], ["y"], pads=[1, 1, 1, 1], strides=[2, 2])],
        "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 12, 13, 11]),
              helper.make_tensor_value_info("f", TensorProto.FLOAT, [20, 12, 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 20, 7, 6])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def many_rows():
    """As many as the run says."""
    weights = np.random.default_rng(0).standard_normal((136, 45), dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Relu", ["p"], ["y"])],
        "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 136])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 45])],
        [onnx.numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def transposed():
    """Operands and result whose dimensions are another order of those of the product."""
    nodes = [helper.make_node("Transpose", ["x"], ["a"], perm=[0, 2, 1, 3]),
             helper.make_node("Transpose", ["z"], ["b"], perm=[0, 2, 3, 1]),
             helper.make_node("MatMul", ["a", "b"], ["p"]),
             helper.make_node("Transpose", ["p"], ["y"], perm=[0, 2, 1, 3])]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 33, 3, 40]),
                     helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 21, 3, 40])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 33, 3, 21])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


@pytest.mark.parametrize("model,blocks", [(product, BLOCKS), (convolution, BLOCKS[3:5]), (transposed, BLOCKS[3:5]),
                                          (many_rows, BLOCKS[4:])],
                         ids=["product", "convolution", "transposed", "many_rows"])
def test_blocks_as_planned(model, blocks, tmp_path):
    import rac

    path = tmp_path / "m.onnx"
    onnx.save(model(), path)
    reference = Reference(path)
    generator = np.random.default_rng(1)
    feeds = [{i.name: generator.standard_normal([n if d == "n" else d for d in i.shape], dtype=np.float32)
              for i in reference.session.get_inputs()} for n in ((0, 1, 200) if model is many_rows else (1,))]
    wants = [reference.run(inputs) for inputs in feeds]
    file = run_compiler(path, tmp_path / "plan.json", *FLAGS, "--emit=plan")
    plan = json.loads(file.read_text())
    [group] = [group for group in plan["groups"] if group["warps"]]
    if model is not convolution:  # whose images are transposed before and after
        assert len(plan["groups"]) == 1
    for block in [None, *blocks]:
        if block:
            rows, columns, depth, *warp, warps, stages, split, workers = block
            group.update(tiles=[0] * (len(group["tiles"]) - 2) + [rows, columns], reduction=[depth], registers=warp,
                         warps=warps, stages=stages, split=split, threads=workers)
            file.write_text(json.dumps(plan))
        library = run_compiler(path, tmp_path / "m.so", *FLAGS, f"--plan={file}")
        for inputs, want in zip(feeds, wants):
            assert_same(want, rac.load(library).run(inputs), where=str(block))
        library.unlink()


# As above, of four and of eight warps that multiply together.
GROUP_BLOCKS = [
    (64, 64, 16, 64, 4, 4, 2, 0),
    (128, 64, 16, 64, 8, 4, 16, 0),  # more parts than steps
    (64, 64, 16, 64, 4, 4, 1, 7),
    (128, 128, 16, 128, 8, 4, 1, 3),
    (64, 128, 16, 128, 4, 4, 1, 1),    # one has all tiles
    (64, 64, 16, 64, 4, 4, 1, 300),  # more than there are steps
]


@pytest.mark.parametrize("copies", ["late", "early"])
@pytest.mark.parametrize("element, bytes", [("f16", 2), ("f8E4M3FN", 1)])
@pytest.mark.parametrize("block", GROUP_BLOCKS, ids=str)
def test_shared_sums_of_warp_groups(compiler, tmp_path, monkeypatch, block, element, bytes, copies):
    """Of whole numbers, so exactly; the copy unit brings tiles to where another tile's sums were."""
    import rac

    monkeypatch.setenv("RAC_SIMULATOR_COPIES", copies)
    rows, columns, *warp, warps, stages, split, workers = block
    n, m, k = 150, 136, 784
    x, w, y = f"tensor<{n}x{k}x", f"tensor<{m}x{k}x", f"tensor<{n}x{m}xf32>"
    activation = ", activation = !quant.uniform<i8:f32, 1.0>" if bytes == 1 else ""
    (tmp_path / "m.mlir").write_text(f"""
        func.func @main(%x: {x}f32> {{rac.dim_names = ["", ""], rac.name = "x"}},
                        %w: {w}f32> {{rac.dim_names = ["", ""], rac.name = "w"}})
            -> ({y} {{rac.dim_names = ["", ""], rac.name = "y"}}) {{
          %a = rac.cast %x : ({x}f32>) -> {x}{element}>
          %b = rac.cast %w : ({w}f32>) -> {w}{element}>
          %0 = rac.group @product ins(%a, %b : {x}{element}>, {w}{element}>) -> ({y})
              plan <kind = generated, precision = {element}{activation}, threads = {workers}, tiles = [{rows}, {columns}],
                    reduction = [{128 // bytes}], registers = {warp}, warps = {warps}, stages = {stages}, split = {split}> {{
          ^bb0(%c: {x}{element}>, %d: {w}{element}>):
            %t = rac.transpose %d, [1, 0] : ({w}{element}>) -> tensor<{k}x{m}x{element}>
            %1 = rac.matmul %c, %t : ({x}{element}>, tensor<{k}x{m}x{element}>) -> {y}
            rac.yield %1 : {y}
          }}
          return %0 : {y}
        }}""")
    generator = np.random.default_rng(2)
    feeds = {name: generator.integers(-16, 17, shape).astype(np.float32) for name, shape in [("x", (n, k)), ("w", (m, k))]}
    library = run_compiler(tmp_path / "m.mlir", tmp_path / "m.so", "--target=nvptx", "--chip=simulator_sm_90a")
    with rac.load(library) as model:
        got = model.run(feeds)["y"]
    np.testing.assert_array_equal(got, feeds["x"] @ feeds["w"].T)
