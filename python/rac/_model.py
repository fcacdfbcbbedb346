"""Compiled models, loaded."""

import _ctypes
import ctypes
import json
import math
import os
import struct
import threading

import numpy as np

from ._types import CPU, CUDA, DLTensor, TensorInfo, dlpack_type

_OK, _INVALID_ARGUMENT, _OUT_OF_MEMORY = 0, 1, 3
_SPIN_NONE = _GRAPHS_NONE = _OVERLAP_NONE = -1
_ELF = struct.Struct("<40xQ10xHH2x")  # of the header, where the table of sections is: offset, sizes
_FUNCTIONS = ["create", "run", "destroy", "describe", "last_error", "arena_size", "profile"]


class RunError(RuntimeError):
    """The model could not be loaded or run; the message says why."""


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("threads", ctypes.c_int32),
        ("spin_us", ctypes.c_int32),
        ("device", ctypes.c_int32),
        ("graphs", ctypes.c_int32),
        ("stream", ctypes.c_void_p),
        ("overlap", ctypes.c_int32),
    ]


class _GroupTime(ctypes.Structure):
    _fields_ = [("calls", ctypes.c_int64), ("seconds", ctypes.c_double)]


# What is loaded, by its real path: how often, and what the file was.
_loaded = {}
_loaded_lock = threading.Lock()


def _check_whole(path, size):
    """The system's loader dies of a library that is cut off: a table of sections ends it. What is no
    library at all is the loader's to say."""
    try:
        with open(path, "rb") as file:
            header = file.read(_ELF.size)
    except OSError:
        return
    if len(header) < _ELF.size or not header.startswith(b"\x7fELF"):
        return
    offset, entry_size, entries = _ELF.unpack(header)
    if offset + entry_size * entries > size:
        raise RunError(f"cannot load the model: {path} is cut off, it has {size} bytes")


def _open(path):
    """The library's handle. The system's loader knows a library by its path alone, so it would
    give the old one for a file that was compiled anew: that is refused."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise RunError(f"cannot load the model: {error}") from None
    _check_whole(path, status.st_size)
    identity = (status.st_dev, status.st_ino, status.st_mtime_ns)
    with _loaded_lock:
        count, known = _loaded.get(path, (0, identity))
        if known != identity:
            raise RunError(
                f"{path} was compiled anew while the version before is still loaded; close() it"
            )
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise RunError(f"cannot load the model: {error}") from None
        _loaded[path] = (count + 1, identity)
    return library


def _close(path, library):
    with _loaded_lock:
        count, identity = _loaded[path]
        if count > 1:
            _loaded[path] = (count - 1, identity)
        else:
            del _loaded[path]
        _ctypes.dlclose(library._handle)


class _Slot:
    """One input or output: its DLTensor and what was last put there."""

    __slots__ = ("info", "name", "dtype", "rank", "tensor", "sizes", "shape", "on_device")

    def __init__(self, info):
        self.info = info
        self.name = info.name
        self.dtype = info.dtype
        self.rank = len(info.shape)
        self.tensor, self.sizes = info.tensor()
        self.shape = None  # the tuple that is in `sizes`
        self.on_device = False  # what `tensor` says

    def set_shape(self, shape):
        self.sizes[: self.rank] = shape
        self.shape = shape

    def nbytes(self, shape):
        return math.prod(shape) * self.dtype.itemsize

    def on(self, device):
        """Its memory is the device's of this number."""
        self.tensor.device_type, self.tensor.device_id = CUDA, device
        self.on_device = True

    def on_host(self):
        self.tensor.device_type, self.tensor.device_id = CPU, 0
        self.tensor.strides, self.tensor.byte_offset = None, 0
        self.on_device = False

    def take_back(self):
        """The context has lent memory, so the DLTensor points to the context's arrays: makes it
        ours again. The shape that it was of."""
        shape = tuple((ctypes.c_int64 * self.rank).from_address(self.tensor.shape))
        self.tensor.shape, self.tensor.strides = ctypes.addressof(self.sizes), None
        return shape


def _pointers(slots):
    pointers = (ctypes.c_void_p * max(len(slots), 1))()
    for i, slot in enumerate(slots):
        pointers[i] = ctypes.addressof(slot.tensor)
    return pointers


def _as_array(value, slot):
    """The value as an array that the model can read: no copy if it is one already."""
    if not isinstance(value, np.ndarray):
        if hasattr(value, "__dlpack__"):
            value = np.from_dlpack(value)
        else:
            value = np.asarray(value, slot.dtype)
    if value.dtype != slot.dtype:
        raise TypeError(f"input {slot.name!r} must be {slot.dtype}, is {value.dtype}")
    if value.ndim != slot.rank:
        raise ValueError(
            f"input {slot.name!r} must have {slot.rank} dimensions, {list(slot.info.shape)}, "
            f"has {value.ndim}"
        )
    flags = value.flags
    if not (flags.c_contiguous and flags.aligned):
        value = value.copy(order="C")
    return value


def _is_on_device(value):
    return hasattr(value, "__dlpack_device__") and value.__dlpack_device__()[0] == CUDA


def _borrow(value, slot, stream):
    """Lets an input be an array on the device. Its shape, and what to keep until the run is made."""
    from ._device import borrow

    tensor, kept = borrow(value, stream)
    given = tensor.code, tensor.bits, tensor.lanes
    if given != (*dlpack_type(slot.info.rac_dtype), 1):
        raise TypeError(
            f"input {slot.name!r} must be {slot.dtype}, is DLPack's type %d of %d bits, %d lanes"
            % given
        )
    if tensor.ndim != slot.rank:
        raise ValueError(
            f"input {slot.name!r} must have {slot.rank} dimensions, {list(slot.info.shape)}, "
            f"has {tensor.ndim}"
        )
    slot.on(tensor.device_id)
    slot.tensor.data, slot.tensor.byte_offset = tensor.data, tensor.byte_offset
    slot.tensor.strides = tensor.strides
    return tuple((ctypes.c_int64 * slot.rank).from_address(tensor.shape or 1)), kept


class Model:
    """A compiled model with a context to run it in. Made by load().

    inputs, outputs   lists of TensorInfo, in the model's order
    describe          what the model says about itself (a dict, schema rac-model/1)

    Any thread may call run; calls are made one after the other. To run several at the same
    time, load the model once for each. close() gives the memory back; so does the end of a
    `with` block.
    """

    def __init__(self, path, threads=0, spin_us=None, device=0, graphs=True, stream=None, overlap=True):
        self._library = self._context = self._pool = None
        self.device, self.stream = device, stream
        self.path = os.path.realpath(os.fspath(path))
        self._lock = threading.Lock()
        self._library = _open(self.path)
        try:
            self._bind(threads, spin_us, graphs, overlap)
        except BaseException:
            self.close()
            raise

    def _bind(self, threads, spin_us, graphs, overlap):
        library = self._library
        try:
            prefix = ctypes.string_at(
                ctypes.addressof(ctypes.c_char.in_dll(library, "rac_model_prefix"))
            ).decode()
            functions = {
                name: getattr(library, f"{prefix}_{name}")
                for name in _FUNCTIONS
            }
        except (ValueError, AttributeError) as error:
            raise RunError(f"{self.path} is not a library that rac-compile made: {error}") from None
        pointer = ctypes.c_void_p
        functions["describe"].restype = ctypes.c_char_p
        functions["last_error"].restype = ctypes.c_char_p
        functions["last_error"].argtypes = [pointer]
        functions["destroy"].argtypes = [pointer]
        functions["destroy"].restype = None
        self._destroy = functions["destroy"]
        self._last_error = functions["last_error"]
        self._run = functions["run"]
        self._arena_size = functions["arena_size"]
        self._profile = functions["profile"]

        self.describe = json.loads(functions["describe"]())
        self._on_gpu = str(self.describe.get("target", "")).startswith("nvptx")
        self.inputs = [TensorInfo.parse(entry) for entry in self.describe["inputs"]]
        self.outputs = [TensorInfo.parse(entry) for entry in self.describe["outputs"]]
        self._in = [_Slot(info) for info in self.inputs]
        self._out = [_Slot(info) for info in self.outputs]
        # Converted once: they are the same in each call.
        self._in_pointers, self._out_pointers = _pointers(self._in), _pointers(self._out)
        context = pointer()
        # In C, 0 stands for the default, and -1 for none.
        spin = 0 if spin_us is None else int(spin_us) or _SPIN_NONE
        options = _Options(
            ctypes.sizeof(_Options), int(threads), spin, int(self.device),
            0 if graphs else _GRAPHS_NONE, self.stream, 0 if overlap else _OVERLAP_NONE,
        )
        status = functions["create"](ctypes.byref(options), ctypes.byref(context))
        if status != _OK:
            self._raise(status)
        self._context = context
        self._arguments = (
            context,
            self._in_pointers,
            ctypes.c_int32(len(self._in)),
            self._out_pointers,
            ctypes.c_int32(len(self._out)),
        )

    def __repr__(self):
        return f"Model({self.path!r}, inputs={self.inputs}, outputs={self.outputs})"

    @property
    def report(self):
        """What the compiler decided and what it expects that to cost (a dict, schema rac-report/1:
        docs/Report.md), or None if the library doesn't hold it."""
        if self._library is None:
            raise RunError("the model is closed")
        try:
            text = ctypes.c_char.in_dll(self._library, "rac_model_report")
        except ValueError:
            return None
        return json.loads(ctypes.string_at(ctypes.addressof(text)) or "null")

    def run(self, inputs):
        """Runs the model on {name: array}; gives {name: array}.

        Inputs are numpy arrays, anything with __dlpack__, or what numpy makes an array of. They
        must have the described dtype and rank; sizes of one symbolic dimension must agree. Nothing
        is copied unless an array is not contiguous. Outputs are new arrays.

        A model for GPUs takes arrays in its GPU's memory, too, by __dlpack__, as PyTorch's tensors;
        they must be contiguous. Outputs are then where the first input is: a DeviceArray, which
        torch.from_dlpack takes, or numpy's array.

        TypeError, ValueError: an input does not fit. RunError: the model failed on these data.
        MemoryError: there is not enough memory.
        """
        with self._lock:
            if self._context is None:
                raise RunError("the model is closed")
            try:
                keep = self._take(inputs)  # noqa: F841: until the run is made
            except BaseException:
                self._forget_shapes()
                raise
            if self._on_gpu and self._in and self._in[0].on_device:
                return self._run_on_device()
            arrays = []
            for slot in self._out:
                if slot.on_device:
                    slot.on_host()
                if slot.shape is None:  # the context's memory, its shape known after the run
                    arrays.append(None)
                    slot.tensor.data = None
                    continue
                array = np.empty(slot.shape, slot.dtype)
                arrays.append(array)
                slot.tensor.data = array.__array_interface__["data"][0]
            status = self._run(*self._arguments)
            if status != _OK:
                self._raise(status)
            return {
                slot.name: self._copy(slot) if array is None else array
                for slot, array in zip(self._out, arrays)
            }

    def _take(self, inputs):
        """Puts the inputs in place. What must be kept until the run is made."""
        keep, changed = [], False
        for slot in self._in:
            try:
                value = inputs[slot.name]
            except KeyError:
                self._refuse_names(inputs)
            except TypeError:
                raise TypeError(
                    f"inputs are a dict, {{name: array}}, not a {type(inputs).__name__}"
                ) from None
            if not isinstance(value, np.ndarray) and _is_on_device(value):
                shape, kept = _borrow(value, slot, self.stream)
                keep.append(kept)
                if shape != slot.shape:
                    slot.set_shape(shape)
                    changed = True
                continue
            value = _as_array(value, slot)
            keep.append(value)
            if slot.on_device:
                slot.on_host()
            slot.tensor.data = value.__array_interface__["data"][0]
            if value.shape != slot.shape:
                slot.set_shape(value.shape)
                changed = True
        if len(inputs) != len(keep):
            self._refuse_names(inputs)
        if changed:
            self._set_output_shapes()
        return keep

    def _forget_shapes(self):
        """The next run looks at them again."""
        for slot in self._in:
            slot.shape = None

    def _run_on_device(self):
        """Runs on the inputs that are in place; outputs stay on the device."""
        from ._device import DeviceArray, Pool

        if self._pool is None:
            self._pool = Pool(self.device, self.stream)
        blocks = []
        for slot in self._out:
            slot.on(self.device)
            known = slot.shape is not None
            blocks.append(self._pool.take(slot.nbytes(slot.shape)) if known else None)
            slot.tensor.data = blocks[-1].address if known else None
        status = self._run(*self._arguments)
        if status != _OK:
            self._raise(status)
        outputs = {}
        for slot, block in zip(self._out, blocks):
            shape = slot.shape
            if block is None:  # the context's memory, until its next run
                shape, lent = slot.take_back(), slot.tensor.data
                block = self._pool.take(slot.nbytes(shape))
                block.copy_from(lent, slot.nbytes(shape))
            outputs[slot.name] = DeviceArray(slot.info, shape, block)
        return outputs

    def measure_energy(self, inputs, seconds=0.0, repeat=1, meters=None):
        """Measures what runs on these inputs take; gives an EnergyMeasurement (J a run).

        After a run to warm up, the machine is watched while idle for 1 s at least; then the model
        runs `repeat` times at least, and until the window is long enough for the meter: 50 of its
        updates, 0.05 s for a processor's counter, or `seconds` if that is longer. Meters count
        what all programs take; what run() itself does around the model is in it.

        meters   an EnergyMeters; default: this machine's

        EnergyError: there is no meter of what the model runs on (the message says which were
        tried and why each failed), or one failed meanwhile.
        """
        from ._energy import EnergyMeters, measure

        run = lambda: self.run(inputs)  # noqa: E731
        if meters is not None:
            return measure(run, self._on_gpu, seconds, repeat, meters)
        with EnergyMeters() as found:
            return measure(run, self._on_gpu, seconds, repeat, found)

    def arena_size(self, **shapes):
        """Bytes of working memory that a run on inputs of these shapes needs, weights and outputs
        not counted; None where it depends on the data. For example arena_size(x=(1, 3, 224, 224)).
        """
        with self._lock:
            if shapes.keys() != {slot.name for slot in self._in}:
                self._refuse_names(shapes)
            for slot in self._in:
                shape = tuple(shapes[slot.name])
                if len(shape) != slot.rank:
                    raise ValueError(f"input {slot.name!r} must have {slot.rank} dimensions")
                slot.set_shape(shape)
                slot.shape = None  # so that the next run looks again
            size = ctypes.c_int64()
            status = self._arena_size(*self._arguments[:3], ctypes.byref(size))
            if status != _OK:
                self._raise(status)
            return None if size.value < 0 else size.value

    def profile(self):
        """How often each group ran and for how long in all, s, since the last call of this function
        or since the model was loaded; then those of the rest of the runs, whose calls are the runs:

            [{"name": "conv_relu_0", "calls": 20, "seconds": 0.012}, …, {"name": None, …}]

        Of models compiled with profile=True; else RunError.
        """
        groups = self.describe.get("groups", [])
        times = (_GroupTime * (len(groups) + 1))()
        with self._lock:
            status = self._profile(self._context, times, ctypes.c_int32(len(times)))
            if status != _OK:
                self._raise(status)
        names = [group["name"] for group in groups] + [None]
        return [
            {"name": name, "calls": time.calls, "seconds": time.seconds}
            for name, time in zip(names, times)
        ]

    def close(self):
        """Gives all memory back. The model cannot be run afterwards."""
        with self._lock:
            if self._context is not None:
                self._destroy(self._context)
                self._context = None
            if self._pool is not None:
                self._pool.close()
                self._pool = None
            if self._library is not None:
                _close(self.path, self._library)
                self._library = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_library", None) is not None:
            self.close()

    def _set_output_shapes(self):
        """Outputs whose shapes follow from the inputs' are written where the caller gets them."""
        sizes = {}
        for slot in self._in:
            sizes.update(zip(slot.info.shape, slot.shape))
        for slot in self._out:
            try:
                slot.set_shape(
                    tuple(
                        size if isinstance(size, int) else sizes[size] for size in slot.info.shape
                    )
                )
            except KeyError:
                slot.shape = None

    def _copy(self, slot):
        """The output that the context lent memory for."""
        array = np.empty(slot.take_back(), slot.dtype)
        if array.nbytes:
            ctypes.memmove(array.ctypes.data, slot.tensor.data, array.nbytes)
        return array

    def _refuse_names(self, inputs):
        names = [slot.name for slot in self._in]
        missing = [name for name in names if name not in inputs]
        unknown = [name for name in inputs if name not in names]
        parts = [f"{what} {names}" for what, names in
                 (("missing", missing), ("unknown", unknown)) if names]
        raise ValueError(f"the model's inputs are {names}: {', '.join(parts)}")

    def _raise(self, status):
        message = self._last_error(self._context).decode(errors="replace")
        self._forget_shapes()
        kinds = {_INVALID_ARGUMENT: ValueError, _OUT_OF_MEMORY: MemoryError}
        raise kinds.get(status, RunError)(message)


def load(path, threads=0, spin_us=None, command=None, device=0, graphs=True, stream=None, overlap=True):
    """Loads a library that rac-compile made.

    threads   how many a run may use; 0: as many as the model was compiled for
    spin_us   how long a thread looks for another run before it sleeps, in microseconds; 0: not at
              all, within a run as well; None: as the model was compiled for
              (docs/ThreadPool.md)
    command   for a library of another machine: words that start rac-run there or in an emulator,
              as ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "build/aarch64/bin/rac-run"].
              Each run is then a process of its own; gives a CommandModel
    device    of a model for GPUs: which one, as the driver counts
    graphs    of a model for GPUs: whether runs that repeat an earlier one are replayed by the
              driver (docs/Gpu.md)
    stream    of a model for GPUs: the address of a stream of that GPU's primary context to run in,
              as torch.cuda.Stream().cuda_stream, which runs on arrays on the device do not wait for;
              None: one of its own
    overlap   of a model for GPUs from sm_90 on: whether kernels are launched while the one before
              runs, and wait for it by themselves (docs/Gpu.md)

    RunError: it is no such library, its weights file is missing, or this CPU or the GPU and its
    driver lack what it was compiled for.
    """
    if command is not None:
        from ._command import CommandModel

        return CommandModel(path, command, threads)
    return Model(path, threads, spin_us, device, graphs, stream, overlap)
