"""What is shared between C and Python: DLPack's tensor, data types, descriptions."""

import ctypes
from dataclasses import dataclass

import numpy as np

try:
    import ml_dtypes
except ImportError:
    ml_dtypes = None


class DLTensor(ctypes.Structure):
    """As in rac-c/DLPack.h, its small structures written out."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
    ]


CPU, CUDA = 1, 2

# rac's name: (DLPack's code, bits, numpy's type)
_DTYPES = {
    "f32": (2, 32, np.float32),
    "f16": (2, 16, np.float16),
    "f64": (2, 64, np.float64),
    "i8": (0, 8, np.int8),
    "u8": (1, 8, np.uint8),
    "i16": (0, 16, np.int16),
    "u16": (1, 16, np.uint16),
    "i32": (0, 32, np.int32),
    "u32": (1, 32, np.uint32),
    "i64": (0, 64, np.int64),
    "u64": (1, 64, np.uint64),
    "bool": (6, 8, np.bool_),
    # Without ml_dtypes numpy has no such type: the bits are passed on.
    "bf16": (4, 16, ml_dtypes.bfloat16 if ml_dtypes else np.uint16),
}


def dlpack_type(dtype):
    """DLPack's code and bits of one of rac's types."""
    return _DTYPES[dtype][:2]


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output of a model.

    name    as in the ONNX file
    dtype   numpy's; bf16 is ml_dtypes.bfloat16 where that is installed, else uint16
    shape   one entry per dimension: a size, or the name of a symbolic dimension
    """

    name: str
    dtype: np.dtype
    shape: tuple
    rac_dtype: str

    @staticmethod
    def parse(description):
        """From an entry of the model's description."""
        dtype = description["dtype"]
        return TensorInfo(
            description["name"],
            np.dtype(_DTYPES[dtype][2]),
            tuple(description["shape"]),
            dtype,
        )

    def __repr__(self):
        shape = ", ".join(str(size) for size in self.shape)
        return f"TensorInfo({self.name!r}, {self.rac_dtype}, [{shape}])"

    def tensor(self):
        """A DLTensor of this type without data, and the memory of its shape."""
        code, bits, _ = _DTYPES[self.rac_dtype]
        shape = (ctypes.c_int64 * max(len(self.shape), 1))()
        tensor = DLTensor(None, CPU, 0, len(self.shape), code, bits, 1)
        tensor.shape = ctypes.addressof(shape)
        return tensor, shape
