"""Models for GPUs from Python, on a model written by hand (toy_gpu_model.cpp) and a driver that
stands for NVIDIA's."""

import gc
import os
import subprocess

import numpy as np
import pytest
import rac
from rac import _device
from support import ROOT


@pytest.fixture(scope="session")
def toy_gpu(build, tmp_path_factory):
    driver = build / "unittests" / "fake_cuda.so"
    if not driver.exists():
        pytest.skip("the driver that stands for NVIDIA's is not built")
    library = tmp_path_factory.mktemp("toy") / "toy_gpu.so"
    compiler = "/usr/lib/llvm-22/bin/clang++"
    subprocess.run(
        [compiler if os.path.exists(compiler) else "c++", "-std=c++17", "-shared", "-fPIC", "-O1",
         "-fvisibility=hidden", f"-I{ROOT}/include", f"-I{ROOT}",
         f"{ROOT}/test/python/toy_gpu_model.cpp", "-Wl,--whole-archive",
         f"{build}/lib/librac_cuda.a", "-Wl,--no-whole-archive", f"{build}/lib/librac_runtime.a",
         "-lpthread", "-ldl", "-o", library],
        check=True,
    )
    os.environ["RAC_CUDA_DRIVER"] = str(driver)
    yield library
    del os.environ["RAC_CUDA_DRIVER"]


@pytest.fixture
def model(toy_gpu):
    with rac.load(toy_gpu) as model:
        yield model


@pytest.fixture
def pool(model):
    pool = _device.Pool(0)
    yield pool
    pool.close()


def x_of(rows, value=1.0):
    return np.full((rows, 3), value, np.float32)


class Foreign:
    """An array on the device of another library's, as PyTorch's tensors are: all that can be done
    with it is to ask for DLPack's capsule."""

    def __init__(self, pool, array):
        info = rac.TensorInfo("", array.dtype, (), "f32" if array.dtype == np.float32 else "i64")
        self.streams = []
        block = pool.take(array.nbytes)
        block.copy_from_host(array)
        self.array = rac._device.DeviceArray(info, array.shape, block)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    def __dlpack__(self, stream=None):
        self.streams.append(stream)
        return self.array.__dlpack__(stream=stream)


def test_from_host_to_host(model):
    for rows in (2, 5, 0, 1, 1000):
        x = np.random.default_rng(1).normal(size=(rows, 3)).astype(np.float32)
        outputs = model.run({"x": x})
        np.testing.assert_allclose(outputs["y"], 2 * x + 1)
        np.testing.assert_array_equal(outputs["negatives"], x[x < 0])


def test_on_the_device(model, pool):
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    foreign = Foreign(pool, x)
    outputs = model.run({"x": foreign})
    assert foreign.streams == [1], "ready for the default stream, which runs wait for"
    y, negatives = outputs["y"], outputs["negatives"]
    assert y.shape == (5, 3) and y.dtype == np.float32 and y.device == 0
    assert y.__dlpack_device__() == (2, 0)
    assert repr(y) == "DeviceArray(f32, [5, 3], device=0)"
    np.testing.assert_allclose(y.numpy(), 2 * x + 1)
    np.testing.assert_array_equal(negatives.numpy(), x[x < 0])


def test_host_and_device_in_turn(model, pool):
    for rows in (4, 2, 7):
        x = x_of(rows, -rows)
        np.testing.assert_array_equal(model.run({"x": x})["y"], 2 * x + 1)
        outputs = model.run({"x": Foreign(pool, x)})
        np.testing.assert_array_equal(outputs["y"].numpy(), 2 * x + 1)
        assert outputs["negatives"].shape == (3 * rows,)


def test_outputs_are_inputs_and_stay_valid(model, pool):
    arrays = [Foreign(pool, x_of(2))]
    for _ in range(4):
        arrays.append(model.run({"x": arrays[-1]})["y"])
    values = [array.numpy()[0, 0] for array in arrays[1:]]
    assert values == [3, 7, 15, 31]


def test_memory_is_used_again(model, pool):
    x = Foreign(pool, x_of(2))
    addresses = {model.run({"x": x})["y"]._block.address for _ in range(10)}
    assert len(addresses) == 1


def test_exported_arrays_keep_their_memory(model, pool):
    x = Foreign(pool, x_of(2))
    capsule = model.run({"x": x})["y"].__dlpack__()
    gc.collect()
    tensor = _device.DLTensor.from_address(
        _device._python.PyCapsule_GetPointer(id(capsule), b"dltensor")
    )
    held = tensor.data
    assert model.run({"x": x})["y"]._block.address != held
    assert (tensor.ndim, tensor.code, tensor.bits, tensor.device_type) == (2, 2, 32, 2)
    before = len(_device._exported)
    del capsule
    gc.collect()
    assert len(_device._exported) == before - 1
    assert model.run({"x": x})["y"]._block.address is not None


def test_the_consumer_deletes(model, pool):
    y = model.run({"x": Foreign(pool, x_of(2))})["y"]
    gc.collect()
    before = len(_device._exported)
    capsule = y.__dlpack__()
    address = _device._python.PyCapsule_GetPointer(id(capsule), b"dltensor")
    _device._python.PyCapsule_SetName(_device.ctypes.py_object(capsule), b"used_dltensor")
    del capsule
    assert len(_device._exported) == before + 1, "it is the consumer's now"
    managed = _device._Managed.from_address(address)
    managed.deleter(managed)
    assert len(_device._exported) == before


def test_refuses_to_move(model, pool):
    y = model.run({"x": Foreign(pool, x_of(2))})["y"]
    with pytest.raises(BufferError, match="stays on its device"):
        y.__dlpack__(dl_device=(1, 0))
    with pytest.raises(BufferError, match="not copied"):
        y.__dlpack__(copy=True)


def test_the_callers_stream(toy_gpu, pool):
    stream = 2  # the thread's default one; the driver that stands for NVIDIA's takes any
    with rac.load(toy_gpu, stream=stream) as model:
        foreign = Foreign(pool, x_of(2))
        outputs = model.run({"x": foreign})
        assert foreign.streams == [stream]
        np.testing.assert_array_equal(outputs["y"].numpy(), x_of(2, 3))
        np.testing.assert_array_equal(model.run({"x": outputs["y"]})["y"].numpy(), x_of(2, 7))
        np.testing.assert_array_equal(model.run({"x": x_of(2)})["y"], x_of(2, 3))


def test_wrong_type_rank_and_shape(model, pool):
    with pytest.raises(TypeError, match="'x' must be float32, is DLPack's type 0 of 64 bits"):
        model.run({"x": Foreign(pool, np.zeros((2, 3), np.int64))})
    with pytest.raises(ValueError, match="must have 2 dimensions"):
        model.run({"x": Foreign(pool, np.zeros(3, np.float32))})
    with pytest.raises(ValueError, match=r"must be of shape \[batch, 3\], is \[2, 4\]"):
        model.run({"x": Foreign(pool, np.zeros((2, 4), np.float32))})
    np.testing.assert_array_equal(model.run({"x": x_of(2)})["y"], x_of(2, 3))


def test_wrong_device(model, pool):
    elsewhere = _device.Pool(1)
    with pytest.raises(ValueError, match="must be in CPU memory or on GPU 0"):
        model.run({"x": Foreign(elsewhere, x_of(2))})
    gc.collect()
    elsewhere.close()


def test_kernels_fail(model, pool):
    for x in (x_of(2, 1234), Foreign(pool, x_of(2, 1234))):
        with pytest.raises(rac.RunError, match="1234 is not allowed"):
            model.run({"x": x})


def test_which_device(toy_gpu):
    with rac.load(toy_gpu, device=1, graphs=False) as model:
        np.testing.assert_array_equal(model.run({"x": x_of(2)})["y"], x_of(2, 3))
    with pytest.raises(ValueError, match="options.device is 2"):
        rac.load(toy_gpu, device=2)


def test_models_for_the_cpu_refuse(toy, pool):
    with rac.load(toy) as model:
        with pytest.raises(ValueError, match="the model was compiled for the CPU"):
            model.run({"x": Foreign(pool, x_of(2))})
        np.testing.assert_array_equal(model.run({"x": x_of(2)})["y"], x_of(2, 3))


def test_arrays_outlive_the_model(toy_gpu):
    model = rac.load(toy_gpu)
    pool = _device.Pool(0)
    y = model.run({"x": Foreign(pool, x_of(2))})["y"]
    model.close()
    pool.close()
    np.testing.assert_array_equal(y.numpy(), x_of(2, 3))
