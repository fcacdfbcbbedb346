"""Compiled models on tensors of the GPU, and what torch tells of the GPU."""

import ctypes
import time

try:
    import torch
except ImportError:  # models and node tests then run on arrays of the host
    torch = None

CPU, CUDA = 1, 2  # DLPack's


def have_gpu():
    return torch is not None and torch.cuda.is_available()


def place():
    """Where tensors are: without a GPU on the CPU, to try this script with other targets."""
    return "cuda" if have_gpu() else "cpu"


def wait():
    if have_gpu():
        torch.cuda.synchronize()


def exact():
    """f32 is f32: no TF32 anywhere."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


def describe():
    if not have_gpu():
        return {"device": "no GPU"}
    properties = torch.cuda.get_device_properties(0)
    return {"device": properties.name, "multiprocessors": properties.multi_processor_count,
            "memory_bytes": properties.total_memory, "torch": torch.__version__, "cuda": torch.version.cuda}


def default_chip():
    major, minor = torch.cuda.get_device_capability() if have_gpu() else (9, 0)
    return f"sm_{major}{minor}" + ("a" if major >= 9 else "")


def dtypes():
    return {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64,
            "i8": torch.int8, "u8": torch.uint8, "i16": torch.int16, "i32": torch.int32, "i64": torch.int64,
            "bool": torch.bool}


class OnDevice:
    """A compiled model bound to torch's tensors, by its C interface: calling it runs it. Outputs
    whose shapes follow from the inputs' are in `outputs`; the others stay in the model's memory."""

    def __init__(self, path, inputs, graphs=True, overlap=True):
        import rac

        stream = None
        if have_gpu():
            # Not torch's default: that has no address.
            if torch.cuda.current_stream() == torch.cuda.default_stream():
                torch.cuda.set_stream(torch.cuda.Stream())
            torch.cuda.synchronize()
            stream = torch.cuda.current_stream().cuda_stream
        self.model = rac.load(path, stream=stream, graphs=graphs, overlap=overlap)
        self.kept, self.outputs, self.lent = inputs, {}, []
        for slot in self.model._in:
            tensor = inputs[slot.name]
            assert tensor.is_contiguous() and tensor.dtype == dtypes()[slot.info.rac_dtype]
            self._point(slot, tensor)
            slot.set_shape(tuple(tensor.shape))
        self.model._set_output_shapes()
        for slot in self.model._out:
            if slot.shape is None:
                self.lent.append((slot, ctypes.addressof(slot.sizes)))
                continue
            tensor = torch.empty(slot.shape, dtype=dtypes()[slot.info.rac_dtype], device=place())
            self.outputs[slot.name] = tensor
            self._point(slot, tensor)
        self._run, self._arguments = self.model._run, self.model._arguments

    @staticmethod
    def _point(slot, tensor):
        slot.tensor.data, slot.tensor.device_type = tensor.data_ptr(), CUDA if tensor.is_cuda else CPU
        slot.tensor.device_id = tensor.device.index or 0

    def __call__(self):
        for slot, sizes in self.lent:
            slot.tensor.data, slot.tensor.shape, slot.tensor.strides = None, sizes, None
        status = self._run(*self._arguments)
        if status:
            self.model._raise(status)

    def poison(self):
        """So that what a run leaves out is seen: huge numbers, or none."""
        for tensor in self.outputs.values():
            tensor.view(torch.uint8).fill_(0x7F) if tensor.dim() else tensor.fill_(0)

    def close(self):
        self.model.close()


def kernels(run, repeat=5):
    """The kernels of a run by the driver's own trace: [{"name", "calls", "seconds"}] of one run, the
    longest first; those of any library in this process."""
    from torch.profiler import ProfilerActivity, profile

    if not have_gpu():
        return []
    run()
    wait()
    with profile(activities=[ProfilerActivity.CUDA]) as trace:
        for _ in range(repeat):
            run()
        wait()
    found = {}
    for event in trace.events():
        if event.device_type == torch.autograd.DeviceType.CUDA:
            entry = found.setdefault(event.name, {"name": event.name[:80], "calls": 0, "seconds": 0.0})
            entry["calls"] += 1 / repeat
            entry["seconds"] += event.time_range.elapsed_us() * 1e-6 / repeat
    return sorted(found.values(), key=lambda entry: -entry["seconds"])


class Meter:
    """Joules that the GPU's board took, by NVML's counter."""

    def __init__(self):
        import pynvml

        pynvml.nvmlInit()
        self.nvml, self.handle = pynvml, pynvml.nvmlDeviceGetHandleByIndex(0)

    def joules(self):
        return self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.handle) * 1e-3

    def idle(self, seconds):
        """W, of the GPU with nothing to do but with its contexts there."""
        wait()
        time.sleep(1.0)  # clocks fall
        joules, before = self.joules(), time.perf_counter()
        time.sleep(seconds)
        return (self.joules() - joules) / (time.perf_counter() - before)

    def of(self, run, seconds, idle_watts):
        """A run's, in a window of `seconds`: {"joules", "joules_above_idle", "watts", "runs", "seconds"}."""
        run()
        wait()
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < 1.0:  # to the clocks and the temperature of work
            run()
            wait()
        joules, start = self.joules(), time.perf_counter()
        while time.perf_counter() - start < seconds:
            run()
            wait()
            count += 1
        took = time.perf_counter() - start
        joules = self.joules() - joules
        return {"joules": joules / count, "joules_above_idle": (joules - idle_watts * took) / count,
                "watts": joules / took, "runs": count, "seconds": took}
