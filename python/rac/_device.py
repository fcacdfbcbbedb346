"""Arrays in the memory of a GPU, exchanged by DLPack."""

import ctypes
import os
import threading

import numpy as np

from ._types import CUDA, DLTensor, dlpack_type

_OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY
# CU_STREAM_LEGACY, by DLPack's rules for CUDA: whoever gives a tensor makes it ready for this
# stream, and runs of models begin after what is in it.
_DEFAULT_STREAM = 1


class _Driver:
    """What is needed of NVIDIA's driver, which a model that runs on a GPU has loaded already."""

    _lock = threading.Lock()
    _loaded = None

    def __init__(self):
        name = os.environ.get("RAC_CUDA_DRIVER") or "libcuda.so.1"
        self.library = ctypes.CDLL(name)
        self.contexts = {}
        self.call("cuInit", ctypes.c_uint(0))

    @classmethod
    def get(cls):
        with cls._lock:
            if cls._loaded is None:
                cls._loaded = _Driver()
            return cls._loaded

    def call(self, function, *arguments):
        status = getattr(self.library, function)(*arguments)
        if status == 0:
            return
        name = ctypes.c_char_p()
        self.library.cuGetErrorName(ctypes.c_int(status), ctypes.byref(name))
        text = f"{function}: {(name.value or b'an unknown error').decode()}"
        raise MemoryError(text) if status == _OUT_OF_MEMORY else RuntimeError(text)

    def on(self, device, function, *arguments):
        """Calls a function for a device."""
        with self._lock:
            if device not in self.contexts:
                handle, context = ctypes.c_int(), ctypes.c_void_p()
                self.call("cuDeviceGet", ctypes.byref(handle), ctypes.c_int(device))
                self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), handle)
                self.contexts[device] = context
        self.call("cuCtxPushCurrent_v2", self.contexts[device])
        try:
            self.call(function, *arguments)
        finally:
            self.call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))


class Pool:
    """Blocks of a device's memory that are used again once nobody has them any more, so that runs
    in a loop allocate nothing. stream: where they are written; None: whoever gives them to others
    has waited."""

    def __init__(self, device, stream=None):
        self.device, self.stream = device, stream
        self._lock = threading.Lock()
        self._free = {}  # by size: addresses
        self._closed = False

    def take(self, size):
        size = max(size, 1)
        with self._lock:
            if self._free.get(size):
                return _Block(self, self._free[size].pop(), size)
        address = ctypes.c_uint64()
        _Driver.get().on(
            self.device, "cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size)
        )
        return _Block(self, address.value, size)

    def give_back(self, address, size):
        with self._lock:
            if not self._closed:
                self._free.setdefault(size, []).append(address)
                return
        self._release(address)

    def close(self):
        """What is in use is released by its user."""
        with self._lock:
            self._closed = True
            blocks = [address for addresses in self._free.values() for address in addresses]
            self._free = {}
        for address in blocks:
            self._release(address)

    def _release(self, address):
        _Driver.get().on(self.device, "cuMemFree_v2", ctypes.c_uint64(address))


class _Block:
    __slots__ = ("pool", "address", "size")

    def __init__(self, pool, address, size):
        self.pool, self.address, self.size = pool, address, size

    def __del__(self):
        self.pool.give_back(self.address, self.size)

    def wait(self):
        if self.pool.stream:
            stream = ctypes.c_void_p(self.pool.stream)
            _Driver.get().on(self.pool.device, "cuStreamSynchronize", stream)

    def copy_from_host(self, array):
        """A contiguous array of numpy's."""
        if array.nbytes:
            _Driver.get().on(
                self.pool.device, "cuMemcpyHtoD_v2", ctypes.c_uint64(self.address),
                ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes),
            )

    def copy_from(self, address, size):
        """From elsewhere on the device; waits until it is done."""
        if size:
            driver, device = _Driver.get(), self.pool.device
            stream = ctypes.c_void_p(self.pool.stream or _DEFAULT_STREAM)
            driver.on(
                device, "cuMemcpyDtoDAsync_v2", ctypes.c_uint64(self.address),
                ctypes.c_uint64(address), ctypes.c_size_t(size), stream,
            )
            driver.on(device, "cuStreamSynchronize", stream)


class _Managed(ctypes.Structure):
    """DLManagedTensor."""


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = [
    ("tensor", DLTensor), ("manager_ctx", ctypes.c_void_p), ("deleter", _Deleter),
]
_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_NAME = b"dltensor"  # whoever takes the tensor out renames the capsule

_python = ctypes.pythonapi
_python.PyCapsule_New.restype = ctypes.py_object
_python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, _Destructor]
_python.PyCapsule_IsValid.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
_python.PyCapsule_GetPointer.restype = ctypes.c_void_p
_python.PyCapsule_GetPointer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]

_exported = {}  # what others hold: by the address of its _Managed


@_Deleter
def _delete(managed):
    _exported.pop(ctypes.addressof(managed.contents), None)


@_Destructor
def _destroy_capsule(capsule):
    # A capsule that nobody took the tensor out of.
    if _python.PyCapsule_IsValid(capsule, _NAME):
        _exported.pop(_python.PyCapsule_GetPointer(capsule, _NAME), None)


class DeviceArray:
    """An array in a GPU's memory: what Model.run gives for inputs that are there. Others take it by
    DLPack, as torch.from_dlpack(array), without a copy; numpy() copies it to the host.

    dtype, shape   as numpy's; device: the GPU's number
    """

    def __init__(self, info, shape, block):
        self.shape = tuple(shape)
        self.dtype = info.dtype
        self.device = block.pool.device
        self._rac_dtype = info.rac_dtype
        self._block = block

    @property
    def nbytes(self):
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def __repr__(self):
        return f"DeviceArray({self._rac_dtype}, {list(self.shape)}, device={self.device})"

    def numpy(self):
        array = np.empty(self.shape, self.dtype)
        self._block.wait()
        if array.nbytes:
            _Driver.get().on(
                self.device, "cuMemcpyDtoH_v2", ctypes.c_void_p(array.ctypes.data),
                ctypes.c_uint64(self._block.address), ctypes.c_size_t(array.nbytes),
            )
        return array

    def __dlpack_device__(self):
        return CUDA, self.device

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        """The array is ready for any stream: where runs don't wait until they are done, and the
        consumer's stream is another one (or -1: it orders them itself), this does."""
        if dl_device is not None and tuple(dl_device) != self.__dlpack_device__():
            raise BufferError("a DeviceArray stays on its device; numpy() copies it to the host")
        if copy:
            raise BufferError("a DeviceArray is not copied by __dlpack__")
        if stream not in (self._block.pool.stream, -1):
            self._block.wait()
        shape = (ctypes.c_int64 * max(len(self.shape), 1))(*self.shape)
        managed = _Managed()
        managed.tensor = DLTensor(
            self._block.address, CUDA, self.device, len(self.shape),
            *dlpack_type(self._rac_dtype), 1, ctypes.addressof(shape),
        )
        managed.deleter = _delete
        address = ctypes.addressof(managed)
        _exported[address] = (managed, shape, self._block)
        return _python.PyCapsule_New(address, _NAME, _destroy_capsule)


def borrow(value, stream):
    """The DLTensor of an array in a GPU's memory, ready for a stream, and what must be kept as long
    as it is used."""
    capsule = value.__dlpack__(stream=stream or _DEFAULT_STREAM)
    address = _python.PyCapsule_GetPointer(id(capsule), _NAME)
    return DLTensor.from_address(address), capsule
