"""Blocks of contractions on a GPU as a plan says them, on the simulator of NVIDIA GPUs: whatever the block,
the result is the same."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from support import BUILD, Reference, assert_same, run_compiler

FLAGS = ["--target=nvptx", "--chip=simulator"]
SIMULATOR = BUILD / "lib" / "librac_simulator.so"

# rows, columns, depth, a warp's rows and columns, warps, stages, parts of a sum, workers that share all steps. Sums
# that several share are added up by a second kernel and by the last block that ends.
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
    flags = [*FLAGS, *(["--size=n=200"] if model is many_rows else [])]
    file = run_compiler(path, tmp_path / "plan.json", *flags, "--emit=plan")
    plan = json.loads(file.read_text())
    if model is not convolution:  # whose images are transposed before and after
        assert len(plan["groups"]) == 1
    for block in [None, *blocks]:
        got = []
        for in_launch in [False, True] if block and is_shared(block) else [False]:
            if block:
                file.write_text(json.dumps(with_block(plan, block, in_launch)))
            library = run_compiler(path, tmp_path / "m.so", *flags, f"--plan={file}")
            with rac.load(library) as loaded:
                got.append([loaded.run(inputs) for inputs in feeds])
            for want, outputs in zip(wants, got[-1]):
                assert_same(want, outputs, where=str(block))
            library.unlink()
        assert_same_bits(got[0], got[-1])


def is_shared(block):
    *_, split, workers = block
    return split > 1 or workers > 0


def with_block(plan, block, in_launch=False):
    rows, columns, depth, *warp, warps, stages, split, workers = block
    [group] = [group for group in plan["groups"] if group["warps"]]
    group.update(tiles=[0] * (len(group["tiles"]) - 2) + [rows, columns], reduction=[depth], registers=warp, warps=warps,
                 stages=stages, split=split, threads=workers, in_launch=in_launch)
    return plan


def assert_same_bits(wants, gots):
    for want, got in zip(wants, gots, strict=True):
        for name in want:
            assert want[name].tobytes() == got[name].tobytes(), name


def random_product(generator, n=None):
    """Of any sizes, whose rows may be the run's to say."""
    k, m, batch = (int(generator.integers(*limits)) for limits in ((33, 400), (5, 90), (1, 4)))
    rows = n or int(generator.integers(5, 90))
    weights = generator.standard_normal((k, m), dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Relu", ["p"], ["y"])],
        "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, rows, k])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, rows, m])],
        [onnx.numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), (batch, rows, k)


SHARED = [block for block in BLOCKS if is_shared(block)]


@pytest.mark.parametrize("seed", range(8))
def test_last_block_adds_parts_up(seed, tmp_path, monkeypatch):
    """Of any sizes, again and again, replayed or not, whichever block ends last: the bits of the second kernel."""
    import rac

    generator = np.random.default_rng(seed)
    model, sizes = random_product(generator, "n" if seed % 2 else None)
    block = SHARED[generator.integers(len(SHARED))][:-1] + (int(generator.integers(2, 40)),)
    if seed % 3 == 0:
        block = block[:-2] + (int(generator.choice([2, 3, 4, 8])), 0)
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    plan = json.loads(run_compiler(path, tmp_path / "plan.json", *FLAGS, "--emit=plan").read_text())
    libraries = []
    for in_launch in (False, True):
        file = tmp_path / "plan.json"
        file.write_text(json.dumps(with_block(plan, block, in_launch)))
        libraries.append(run_compiler(path, tmp_path / f"m{in_launch}.so", *FLAGS, f"--plan={file}"))
    # Rows come and go, so that counters are too few, then more than needed; with few another tile is taken.
    counts = [20, 700, 1100, 900, 1100] * 2 if seed % 2 else [0] * 4
    feeds = [{"x": generator.standard_normal([n if d == "n" else d for d in sizes], dtype=np.float32)} for n in counts]
    reference = Reference(path)
    wants = [reference.run(inputs) for inputs in feeds]
    with rac.load(libraries[0]) as model:
        second = [model.run(inputs) for inputs in feeds]
    for want, got in zip(wants, second):
        assert_same(want, got, where=str(block))
    for order in ("", "reverse"):
        monkeypatch.setenv("RAC_SIMULATOR_ORDER", order)
        for graphs in (True, False):
            with rac.load(libraries[1], graphs=graphs) as model:
                assert_same_bits(second, [model.run(inputs) for inputs in feeds])


def test_contexts_count_apart(tmp_path):
    """Two contexts at once, each in a thread and a stream of its own."""
    import rac

    path = tmp_path / "m.onnx"
    onnx.save(product(), path)
    plan = json.loads(run_compiler(path, tmp_path / "plan.json", *FLAGS, "--emit=plan").read_text())
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(with_block(plan, (32, 32, 32, 32, 32, 1, 2, 1, 29), True)))
    library = run_compiler(path, tmp_path / "m.so", *FLAGS, f"--plan={file}")
    generator = np.random.default_rng(3)
    feeds = [{"x": generator.standard_normal((2, 37, 200), dtype=np.float32),
              "r": generator.standard_normal(45, dtype=np.float32)} for _ in range(2)]
    reference = Reference(path)
    alone = []
    for inputs in feeds:
        with rac.load(library) as model:
            alone.append(model.run(inputs))
        assert_same(reference.run(inputs), alone[-1], where="alone")
    with rac.load(library) as first, rac.load(library) as second, ThreadPoolExecutor(2) as pool:
        for i in range(20):
            order = (1, -1)[i % 2]  # what an earlier run has left is another's
            runs = [pool.submit(model.run, inputs) for model, inputs in zip((first, second), feeds[::order])]
            assert_same_bits(alone[::order], [run.result() for run in runs])


# As above, of four and of eight warps that multiply together.
GROUP_BLOCKS = [
    (64, 64, 16, 64, 4, 4, 2, 0),
    (128, 64, 16, 64, 8, 4, 16, 0),  # more parts than steps
    (64, 64, 16, 64, 4, 4, 1, 7),
    (128, 128, 16, 128, 8, 4, 1, 3),
    (64, 128, 16, 128, 4, 4, 1, 1),    # one has all tiles
    (64, 64, 16, 64, 4, 4, 1, 300),  # more than there are steps
]


def warp_group_product(folder, shape, element, plan, batch=None, along_columns=False, rows=None):
    """A product of `element`s with such a plan, and what it is fed with. Of the right factor terms lie side by side, or
    columns. `rows`: a name for those that only the run knows."""
    n, m, k = shape
    dims = [str(size) for size in ([batch] if batch else [])]
    sizes = {"x": dims + ["?" if rows else str(n), str(k)], "w": dims + ([str(k), str(m)] if along_columns else [str(m), str(k)]),
             "t": dims + [str(k), str(m)], "y": dims + ["?" if rows else str(n), str(m)]}
    x, w, t, y = ("tensor<" + "x".join(sizes[name]) + "x" for name in "xwty")
    unnamed = ", ".join(['""'] * len(sizes["w"]))
    named = unnamed if not rows else ", ".join([f'"{rows}"' if size == "?" else '""' for size in sizes["x"]])
    activation = ", activation = !quant.uniform<i8:f32, 1.0>" if element in ("f8E4M3FN", "i8") else ""
    sums = "i32" if element == "i8" else "f32"
    order = ", ".join(["0"] * bool(batch) + [str(bool(batch) + 1), str(int(bool(batch)))])
    turn = "" if along_columns else f"%t = rac.transpose %d, [{order}] : ({w}{element}>) -> {t}{element}>"
    right = "%d" if along_columns else "%t"
    casts, factors = "", "%x, %w"
    if element != "f32":
        casts = f"""%a = rac.cast %x : ({x}f32>) -> {x}{element}>
          %b = rac.cast %w : ({w}f32>) -> {w}{element}>"""
        factors = "%a, %b"
    (folder / "m.mlir").write_text(f"""
        func.func @main(%x: {x}f32> {{rac.dim_names = [{named}], rac.name = "x"}},
                        %w: {w}f32> {{rac.dim_names = [{unnamed}], rac.name = "w"}})
            -> ({y}{sums}> {{rac.dim_names = [{named}], rac.name = "y"}}) {{
          {casts}
          %0 = rac.group @product ins({factors} : {x}{element}>, {w}{element}>) -> ({y}{sums}>)
              plan <kind = generated, precision = {element}{activation}, {plan}> {{
          ^bb0(%c: {x}{element}>, %d: {w}{element}>):
            {turn}
            %1 = rac.matmul %c, {right} : ({x}{element}>, {t}{element}>) -> {y}{sums}>
            rac.yield %1 : {y}{sums}>
          }}
          return %0 : {y}{sums}>
        }}""")
    return folder / "m.mlir", [[n if size == "?" else int(size) for size in sizes[name]] for name in "xw"]


def block_text(block, depth, batched=False):
    rows, columns, *warp, warps, stages = block
    tiles = [0] * batched + [rows, columns]
    return f"tiles = {tiles}, reduction = [{depth}], registers = {warp}, warps = {warps}, stages = {stages}"


@pytest.mark.parametrize("copies", ["late", "early"])
@pytest.mark.parametrize("element, bytes", [("f16", 2), ("f8E4M3FN", 1), ("i8", 1)])
@pytest.mark.parametrize("in_launch", ["false", "true"])
@pytest.mark.parametrize("block", GROUP_BLOCKS, ids=str)
def test_shared_sums_of_warp_groups(compiler, tmp_path, monkeypatch, block, in_launch, element, bytes, copies):
    """Of whole numbers, so exactly; the copy unit brings tiles to where another tile's sums were."""
    import rac

    monkeypatch.setenv("RAC_SIMULATOR_COPIES", copies)
    *block, split, workers = block
    plan = f"threads = {workers}, {block_text(block, 128 // bytes)}, split = {split}, in_launch = {in_launch}"
    path, shapes = warp_group_product(tmp_path, (150, 136, 784), element, plan)
    generator = np.random.default_rng(2)
    feeds = {name: generator.integers(-16, 17, shape).astype(np.float32) for name, shape in zip("xw", shapes)}
    library = run_compiler(path, tmp_path / "m.so", "--target=nvptx", "--chip=simulator_sm_90a")
    with rac.load(library) as model:
        for _ in range(2):
            np.testing.assert_array_equal(model.run(feeds)["y"], feeds["x"] @ feeds["w"].T)


FLOAT_BLOCKS = [
    ((64, 64, 16, 64, 4, 4), ""),
    ((64, 128, 16, 128, 4, 4), ", split = 3"),
    ((128, 64, 16, 64, 8, 4), ", split = 2, in_launch = true"),
    ((128, 128, 16, 128, 8, 4), ", threads = 3"),
    ((128, 128, 16, 128, 8, 4), ", cluster = [2, 2]"),
]


@pytest.mark.parametrize("order, copies", [("", "late"), ("reverse", "early")])
@pytest.mark.parametrize("along_columns", [False, True])
@pytest.mark.parametrize("sizes", [(200, 136, 784), (150, 72, 36), (70, 140, 4), (1100, 260, 100)], ids=str)
@pytest.mark.parametrize("block, more", FLOAT_BLOCKS, ids=str)
def test_floats_by_warp_groups(compiler, tmp_path, monkeypatch, block, more, sizes, along_columns, order, copies):
    """Factors in parts of tf32: as exact as f32, and infinite or no number where f32 is."""
    import rac

    monkeypatch.setenv("RAC_SIMULATOR_ORDER", order)
    monkeypatch.setenv("RAC_SIMULATOR_COPIES", copies)
    path, shapes = warp_group_product(tmp_path, sizes, "f32", block_text(block, 32) + more, along_columns=along_columns)
    generator = np.random.default_rng(7)
    x, w = (generator.standard_normal(shape, dtype=np.float32) for shape in shapes)
    x[3, 1], x[5, 2], w[-1, 2] = np.inf, np.nan, -np.inf
    library = run_compiler(path, tmp_path / "m.so", "--target=nvptx", "--chip=simulator_sm_90a")
    with rac.load(library) as model:
        got = model.run({"x": x, "w": w})["y"]
    right = w if along_columns else w.T
    want, bound = x.astype(np.float64) @ right, np.abs(x).astype(np.float64) @ np.abs(right)
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(want))
    np.testing.assert_array_equal(got[~np.isfinite(want)], want[~np.isfinite(want)])
    close = np.isfinite(want)
    assert np.max(np.abs(got - want)[close] / bound[close]) < 2**-21


@pytest.mark.parametrize("chip", ["simulator", "simulator_sm_90a"])
def test_tf32(compiler, tmp_path, chip):
    """f32 of which tensor cores take 11 bits: errors of that size, and none where numbers have no more."""
    import rac

    path = tmp_path / "m.onnxtxt"
    path.write_text('<ir_version: 9, opset_import: ["" : 20]>\n'
                    "m (float[200, 512] x, float[512, 256] w) => (float[200, 256] y) { y = MatMul(x, w) }")
    library = run_compiler(path, tmp_path / "m.so", "--target=nvptx", f"--chip={chip}", "--precision=tf32")
    generator = np.random.default_rng(8)
    with rac.load(library) as model:
        for round in (np.asarray, np.rint):
            x, w = (round(4 * generator.standard_normal(shape, dtype=np.float32)) for shape in ((200, 512), (512, 256)))
            error = np.abs(model.run({"x": x, "w": w})["y"] - x.astype(np.float64) @ w)
            worst = np.max(error / (np.abs(x).astype(np.float64) @ np.abs(w)))
            assert worst == 0 if round is np.rint else 2**-16 < worst < 2**-9


# Blocks of four and of eight warps in clusters along rows, along columns and along both. Of rows and columns there are no
# whole clusters, so that some blocks have nothing but what they bring to others.
CLUSTERS = [
    ((64, 64, 16, 64, 4, 4), (2, 1)),
    ((64, 64, 16, 64, 4, 4), (1, 4)),
    ((64, 64, 16, 64, 4, 4), (8, 1)),  # eight lines of each tile
    ((64, 64, 16, 64, 4, 4), (4, 2)),
    ((128, 64, 16, 64, 8, 4), (1, 2)),
    ((64, 192, 16, 192, 4, 4), (2, 2)),
    ((192, 64, 16, 64, 12, 4), (2, 4)),
    ((128, 128, 16, 128, 8, 4), (2, 2)),
]


def runs_with_and_without(tmp_path, cluster, monkeypatch, feeds, write):
    """What blocks that bring operands to each other give, in either order and with copies late and early, and what
    blocks by themselves give."""
    import rac

    results = []
    for text in ("", f", cluster = {list(cluster)}"):
        library = run_compiler(write(text), tmp_path / "m.so", "--target=nvptx", "--chip=simulator_sm_90a")
        ways = [("", "late"), ("reverse", "early"), ("reverse", "late"), ("", "early")]
        for order, copies in ways if text else ways[:1]:
            monkeypatch.setenv("RAC_SIMULATOR_ORDER", order)
            monkeypatch.setenv("RAC_SIMULATOR_COPIES", copies)
            with rac.load(library) as model:
                results.append([model.run(inputs) for inputs in feeds])
        library.unlink()
    return results


@pytest.mark.parametrize("along_columns", [False, True])
@pytest.mark.parametrize("block, cluster", CLUSTERS, ids=str)
def test_clusters(compiler, tmp_path, monkeypatch, block, cluster, along_columns):
    def write(text):
        path, shapes[:] = warp_group_product(tmp_path, (200, 136, 784), "f16", block_text(block, 64) + text, along_columns=along_columns)
        return path

    shapes = []
    write("")
    generator = np.random.default_rng(4)
    feeds = [{name: generator.standard_normal(shape, dtype=np.float32) for name, shape in zip("xw", shapes)}]
    alone, *together = runs_with_and_without(tmp_path, cluster, monkeypatch, feeds, write)
    right = feeds[0]["w"] if along_columns else feeds[0]["w"].T
    np.testing.assert_allclose(alone[0]["y"], feeds[0]["x"] @ right, atol=0.1)
    for got in together:
        assert_same_bits(alone, got)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("element, depth", [("bf16", 64), ("f8E4M3FN", 128), ("i8", 128)])
def test_clusters_of_few_steps(compiler, tmp_path, monkeypatch, element, depth, steps):
    """As many as there are stages, fewer and more; of batches, whose blocks share nothing."""
    def write(text):
        return warp_group_product(tmp_path, (70, 70, steps * depth - 16), element, block_text(CLUSTERS[0][0], depth, True) + text, batch=3)[0]

    generator = np.random.default_rng(5)
    k = steps * depth - 16
    feeds = [{name: generator.integers(-4, 5, (3, 70, k)).astype(np.float32) for name in "xw"}]
    wants = [{"y": feeds[0]["x"] @ feeds[0]["w"].transpose(0, 2, 1)}]
    for got in runs_with_and_without(tmp_path, (2, 2), monkeypatch, feeds, write):
        np.testing.assert_array_equal(got[0]["y"], wants[0]["y"])


@pytest.mark.parametrize("in_launch", ["false", "true"])
@pytest.mark.parametrize("split", [2, 5, 16])  # of 16 some have no step
@pytest.mark.parametrize("block, cluster", [CLUSTERS[0], CLUSTERS[3], CLUSTERS[4]], ids=str)
@pytest.mark.parametrize("element, bytes", [("f16", 2), ("i8", 1)])
def test_clusters_of_split_sums(compiler, tmp_path, monkeypatch, element, bytes, block, cluster, split, in_launch):
    """Blocks of a cluster have the same part of their tiles' sums; each tile is added up by itself."""
    def write(text):
        more = f", split = {split}, in_launch = {in_launch}{text}"
        return warp_group_product(tmp_path, (200, 136, 784), element, block_text(block, 128 // bytes, True) + more, batch=2)[0]

    generator = np.random.default_rng(7)
    feeds = [{name: generator.integers(-16, 17, (2, rows, 784)).astype(np.float32) for name, rows in (("x", 200), ("w", 136))}] * 2
    want = feeds[0]["x"] @ feeds[0]["w"].transpose(0, 2, 1)
    for got in runs_with_and_without(tmp_path, cluster, monkeypatch, feeds, write):
        for outputs in got:
            np.testing.assert_array_equal(outputs["y"], want)


def test_clusters_of_rows_that_the_run_knows(compiler, tmp_path, monkeypatch):
    """With few of them another tile is taken, which has no cluster."""
    def write(text):
        return warp_group_product(tmp_path, (0, 2048, 128), "f16", block_text(CLUSTERS[0][0], 64) + text, rows="n")[0]

    generator = np.random.default_rng(6)
    w = generator.standard_normal((2048, 128), dtype=np.float32)
    feeds = [{"x": generator.standard_normal((n, 128), dtype=np.float32), "w": w} for n in (3, 300, 513, 0, 300, 576)]
    alone, *together = runs_with_and_without(tmp_path, (2, 1), monkeypatch, feeds, write)
    for inputs, outputs in zip(feeds, alone):
        np.testing.assert_allclose(outputs["y"], inputs["x"] @ w.T, atol=0.1)
    for got in together:
        assert_same_bits(alone, got)
