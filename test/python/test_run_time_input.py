"""What a caller can get wrong with a compiled model, through its C interface: each is a status and a
message, and the model still gives the right answer afterwards. Runs at the same time; several models
in one process."""

import ctypes
import threading

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import run_compiler

OK, INVALID, BUSY, FAILED = 0, 1, 4, 5


def info(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def write_model(path, weight, scale=1.0):
    """y = gather((a + b) @ w * scale, i): a, b [n, 16], i [k]."""
    weights = [onnx.numpy_helper.from_array(weight, "w"),
               onnx.numpy_helper.from_array(np.float32(scale), "s")]
    nodes = [helper.make_node("Add", ["a", "b"], ["c"]), helper.make_node("MatMul", ["c", "w"], ["d"]),
             helper.make_node("Mul", ["d", "s"], ["e"]), helper.make_node("Gather", ["e", "i"], ["y"])]
    graph = helper.make_graph(
        nodes, "g", [info("a", ["n", 16]), info("b", ["n", 16]), info("i", ["k"], TensorProto.INT64)],
        [info("y", ["k", weight.shape[1]])], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)


WEIGHT = np.random.default_rng(0).standard_normal((16, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def library(compiler, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run-time")
    write_model(folder / "m.onnx", WEIGHT)
    return run_compiler(folder / "m.onnx", folder / "m.so")


def inputs(rows=5, picks=3, seed=1):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, rows, 16)).astype(np.float32)
    return a, b, rng.integers(0, rows, picks)


def answer(a, b, i, weight=WEIGHT):
    return ((a + b) @ weight)[i]


class Raw:
    """The C interface, without rac.Model's own checks."""

    def __init__(self, library):
        from rac._types import CPU, DLTensor

        self.tensor_type, self.cpu = DLTensor, CPU
        self.library = ctypes.CDLL(str(library))
        prefix = ctypes.string_at(
            ctypes.addressof(ctypes.c_char.in_dll(self.library, "rac_model_prefix"))).decode()
        self.call = lambda name: getattr(self.library, f"{prefix}_{name}")
        self.call("last_error").restype = ctypes.c_char_p
        self.call("last_error").argtypes = [ctypes.c_void_p]
        self.call("destroy").argtypes = [ctypes.c_void_p]
        self.context = ctypes.c_void_p()
        assert self.call("create")(None, ctypes.byref(self.context)) == OK

    def close(self):
        self.call("destroy")(self.context)

    def tensor(self, array):
        codes = {"f": 2, "i": 0, "u": 1, "b": 6}
        made = self.tensor_type(array.ctypes.data, self.cpu, 0, array.ndim,
                                codes[array.dtype.kind], array.dtype.itemsize * 8, 1)
        made.keep = [array, (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)]
        made.shape = ctypes.addressof(made.keep[1])
        return made

    def tensors(self, arrays=None, out=None):
        arrays = inputs() if arrays is None else arrays
        if out is None:
            out = np.zeros((len(arrays[2]), 8), np.float32)
        return [self.tensor(array) for array in arrays], [self.tensor(out)], out

    def run(self, ins, outs, num_ins=None, num_outs=None):
        def pointers(tensors):
            if tensors is None:
                return None
            return (ctypes.c_void_p * max(len(tensors), 1))(
                *[None if t is None else ctypes.addressof(t) for t in tensors])

        return self.call("run")(
            self.context, pointers(ins), len(ins) if num_ins is None else num_ins,
            pointers(outs), len(outs) if num_outs is None else num_outs)

    def message(self):
        return self.call("last_error")(self.context).decode()


@pytest.fixture
def raw(library):
    raw = Raw(library)
    yield raw
    raw.close()


def strides_of(tensor, *strides):
    tensor.keep.append((ctypes.c_int64 * len(strides))(*strides))
    tensor.strides = ctypes.addressof(tensor.keep[-1])


def sizes_of(tensor, *sizes):
    tensor.keep.append((ctypes.c_int64 * len(sizes))(*sizes))
    tensor.shape, tensor.ndim = ctypes.addressof(tensor.keep[-1]), len(sizes)


# Each spoils a list of good inputs or the output.
WRONG = {
    "rank_low": lambda ins, outs: sizes_of(ins[0], 80),
    "rank_high": lambda ins, outs: sizes_of(ins[0], 1, 5, 16),
    "rank_negative": lambda ins, outs: setattr(ins[0], "ndim", -1),
    "fixed_size": lambda ins, outs: sizes_of(ins[0], 5, 15),
    "negative_size": lambda ins, outs: sizes_of(ins[0], -5, 16),
    "huge_size": lambda ins, outs: (sizes_of(ins[0], 1 << 60, 16), sizes_of(ins[1], 1 << 60, 16)),
    "symbol": lambda ins, outs: sizes_of(ins[1], 4, 16),
    "dtype": lambda ins, outs: setattr(ins[0], "bits", 64),
    "dtype_code": lambda ins, outs: setattr(ins[2], "code", 2),
    "lanes": lambda ins, outs: setattr(ins[0], "lanes", 4),
    "device": lambda ins, outs: setattr(ins[0], "device_type", 2),
    "null_data": lambda ins, outs: setattr(ins[0], "data", None),
    "null_shape": lambda ins, outs: setattr(ins[0], "shape", None),
    "null_tensor": lambda ins, outs: ins.__setitem__(1, None),
    "null_output": lambda ins, outs: outs.__setitem__(0, None),
    "unaligned": lambda ins, outs: setattr(ins[0], "data", ins[0].data + 1),
    "unaligned_offset": lambda ins, outs: setattr(ins[0], "byte_offset", 2),
    "columns_first": lambda ins, outs: strides_of(ins[0], 1, 5),
    "gaps": lambda ins, outs: strides_of(ins[0], 32, 1),
    "backwards": lambda ins, outs: strides_of(ins[0], -16, 1),
    "output_rank": lambda ins, outs: sizes_of(outs[0], 24),
    "output_size": lambda ins, outs: sizes_of(outs[0], 4, 8),
    "output_dtype": lambda ins, outs: setattr(outs[0], "code", 0),
    "output_device": lambda ins, outs: setattr(outs[0], "device_type", 2),
    "output_unaligned": lambda ins, outs: setattr(outs[0], "data", outs[0].data + 2),
    "output_overlaps": lambda ins, outs: setattr(outs[0], "data", ins[0].data + 32),
}


def check_right(raw):
    arrays = inputs(rows=7, seed=3)
    ins, outs, out = raw.tensors(arrays)
    assert raw.run(ins, outs) == OK, raw.message()
    np.testing.assert_allclose(out, answer(*arrays), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_tensors(raw, name):
    ins, outs, _ = raw.tensors()
    WRONG[name](ins, outs)
    assert raw.run(ins, outs) == INVALID
    assert raw.message()
    check_right(raw)


@pytest.mark.parametrize("num_ins, num_outs", [(2, 1), (4, 1), (3, 0), (3, 2), (-1, 1), (0, 0)])
def test_wrong_counts(raw, num_ins, num_outs):
    ins, outs, _ = raw.tensors()
    assert raw.run(ins + ins, outs + outs, num_ins, num_outs) == INVALID
    assert raw.message()
    check_right(raw)


def test_null_lists_and_context(raw):
    ins, outs, _ = raw.tensors()
    assert raw.run(None, outs, 3, 1) == INVALID and raw.message()
    assert raw.run(ins, None, 3, 1) == INVALID and raw.message()
    context, raw.context = raw.context, None
    assert raw.run(ins, outs) == INVALID and raw.message()
    raw.call("destroy")(None)
    raw.context = context
    assert raw.call("create")(None, None) == INVALID
    check_right(raw)


@pytest.mark.parametrize("index", [5, -6, 1 << 40, -(1 << 63)])
def test_index_out_of_range(raw, index):
    a, b, i = inputs()
    i = np.array([0, index, 1])
    ins, outs, _ = raw.tensors((a, b, i))
    assert raw.run(ins, outs) == FAILED
    assert raw.message()
    check_right(raw)


def test_edges(raw):
    """What is unusual and right: no rows to pick, negative indices, an offset, lent memory."""
    a, b, _ = inputs()
    for i in ([], [-1, -5, 4]):
        arrays = a, b, np.array(i, np.int64)
        ins, outs, out = raw.tensors(arrays)
        assert raw.run(ins, outs) == OK, raw.message()
        np.testing.assert_allclose(out, answer(*arrays), rtol=1e-4, atol=1e-5)
    ins, outs, out = raw.tensors(arrays)
    ins[0].data, ins[0].byte_offset = ins[0].data - 64, 64
    outs[0].data = None
    assert raw.run(ins, outs) == OK, raw.message()
    lent = (ctypes.c_float * 24).from_address(outs[0].data)
    np.testing.assert_allclose(np.array(lent).reshape(3, 8), answer(*arrays), rtol=1e-4, atol=1e-5)


def in_threads(count, work):
    errors = []

    def guarded(index):
        try:
            work(index)
        except BaseException as error:  # raised in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_contexts_at_the_same_time(library):
    import rac

    def work(index):
        with rac.load(library, threads=1 + index % 2) as model:
            for step in range(60):
                a, b, i = inputs(1 + (index * 37 + step * 11) % 200, step % 9, seed=step)
                got = model.run({"a": a, "b": b, "i": i})["y"]
                np.testing.assert_allclose(got, answer(a, b, i), rtol=1e-4, atol=1e-5)

    in_threads(6, work)


def test_one_context_at_the_same_time(raw):
    """It runs one thing at a time: others are told that it is busy, none gets a wrong answer."""
    statuses = set()

    def work(index):
        for step in range(50):
            arrays = inputs(300, 50, seed=index * 50 + step)
            ins, outs, out = raw.tensors(arrays)
            status = raw.run(ins, outs)
            statuses.add(status)
            if status == OK:
                np.testing.assert_allclose(out, answer(*arrays), rtol=1e-4, atol=1e-4)

    in_threads(4, work)
    assert statuses <= {OK, BUSY} and OK in statuses
    check_right(raw)


def test_several_models(compiler, tmp_path):
    """Models of the same and of other prefixes in one process, used in turn and closed in turn."""
    import rac

    models, scales = [], [1.0, 2.0, -3.0, 4.0]
    for index, scale in enumerate(scales):
        write_model(tmp_path / f"m{index}.onnx", WEIGHT, scale)
        flags = ["--prefix=same"] if index < 2 else []
        models.append(rac.load(run_compiler(
            tmp_path / f"m{index}.onnx", tmp_path / f"m{index}.so", *flags)))
    while models:
        for model, scale in zip(models, scales):
            a, b, i = inputs()
            got = model.run({"a": a, "b": b, "i": i})["y"]
            np.testing.assert_allclose(got, scale * answer(a, b, i), rtol=1e-4, atol=1e-4)
        models.pop(0).close()
        scales.pop(0)


def test_shapes_that_leave_nothing(compiler, tmp_path):
    """Windows larger than what they move over: sizes between would be negative."""
    import rac

    filters = onnx.numpy_helper.from_array(np.ones((4, 1, 9), np.float32), "f")
    nodes = [helper.make_node("Conv", ["x", "f"], ["c"], strides=[2]), helper.make_node("Relu", ["c"], ["r"]),
             helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[3]),
             helper.make_node("ReduceSum", ["p"], ["y"], keepdims=0)]
    graph = helper.make_graph(nodes, "g", [info("x", ["n", 1, "length"])], [info("y", [])], [filters])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), tmp_path / "m.onnx")
    model = rac.load(run_compiler(tmp_path / "m.onnx", tmp_path / "m.so"))
    for length in (0, 1, 3, 8):
        with pytest.raises(rac.RunError, match="too small|negative|larger"):
            model.run({"x": np.ones((2, 1, length), np.float32)})
    # Nine of each sum; 14 - 9 leaves 3 positions, of which one pool is left: 2 images of 4 channels.
    np.testing.assert_allclose(model.run({"x": np.ones((2, 1, 14), np.float32)})["y"], 2 * 4 * 9)


def test_after_a_refusal(library):
    """Sizes of a run that was refused are not those of the next."""
    import rac

    with rac.load(library) as model:
        for rows in (5, 7):
            a, b, i = inputs(rows, picks=rows)
            with pytest.raises(TypeError, match="'i' must be int64, is float32"):
                model.run({"a": a, "b": b, "i": i.astype(np.float32)})
            with pytest.raises(ValueError, match="unknown"):
                model.run({"a": a, "b": b, "j": i})
            got = model.run({"a": a, "b": b, "i": i})["y"]
            np.testing.assert_allclose(got, answer(a, b, i), rtol=1e-4, atol=1e-5)
