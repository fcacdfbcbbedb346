"""Models whose constant matrices become those of com.microsoft.MatMulNBits, which onnxruntime runs."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

DOMAIN = "com.microsoft"


def pack(steps, bits):
    """Unsigned steps, along the last dimension: of 4 bits two a byte, the first in the low half."""
    steps = steps.astype(np.uint8)
    if bits == 8:
        return steps
    if steps.shape[-1] % 2:
        steps = np.concatenate([steps, np.zeros_like(steps[..., :1])], axis=-1)
    return steps[..., 0::2] | steps[..., 1::2] << 4


def quantize(weights, bits, block, with_zeros=False):
    """Of a matrix terms x columns: steps columns x blocks x block, scales and zero points columns x
    blocks, and the matrix that these stand for."""
    terms, columns = weights.shape
    blocks = -(-terms // block)
    padded = np.zeros((columns, blocks * block), np.float32)
    padded[:, :terms] = weights.T
    padded = padded.reshape(columns, blocks, block)
    most, middle = 2**bits - 1, 2 ** (bits - 1)
    if with_zeros:
        low, high = padded.min(-1).clip(None, 0), padded.max(-1).clip(0)
        scales = ((high - low) / most).astype(np.float32)
    else:
        scales = (np.abs(padded).max(-1) / (middle - 1)).astype(np.float32)
    scales[scales == 0] = 1
    zeros = np.round(-low / scales).clip(0, most) if with_zeros else np.full(scales.shape, middle)
    steps = np.round(padded / scales[..., None] + zeros[..., None]).clip(0, most)
    wide = ((steps - zeros[..., None]) * scales[..., None]).reshape(columns, -1)[:, :terms].T
    return steps, scales, zeros, wide.astype(np.float32)


def constants(name, weights, bits, block, with_zeros=False, dtype=np.float32):
    """What a node has after its first input, and the matrix that this stands for. Names without zero points have
    an empty one."""
    steps, scales, zeros, wide = quantize(weights, bits, block, with_zeros)
    arrays = [numpy_helper.from_array(pack(steps, bits), f"{name}.steps"),
              numpy_helper.from_array(scales.astype(dtype), f"{name}.scales")]
    if with_zeros:
        arrays.append(numpy_helper.from_array(pack(zeros, bits), f"{name}.zeros"))
    return arrays, wide


def node(x, y, arrays, terms, columns, bits, block, bias=""):
    names = [array.name for array in arrays]
    inputs = [x, *names, *[""] * (3 - len(names)), "", bias]
    while not inputs[-1]:
        inputs.pop()
    return helper.make_node("MatMulNBits", inputs, [y], domain=DOMAIN, K=terms, N=columns, bits=bits, block_size=block)


def narrowed(model, bits, block=32):
    """The model with all products with constant matrices in so many bits."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    weights = {i.name: i for i in graph.initializer}
    made = {}
    for old in list(graph.node):
        plain = old.op_type == "MatMul" or old.op_type == "Gemm" and all(
            helper.get_attribute_value(a) in (0, 1.0) and not (a.name[:5] == "trans" and a.i) for a in old.attribute)
        if not plain or old.input[1] not in weights or len(weights[old.input[1]].dims) != 2:
            continue
        name = old.input[1]
        if name not in made:
            made[name] = constants(name, numpy_helper.to_array(weights[name]), bits, block)[0]
            graph.initializer.extend(made[name])
        bias = old.input[2] if len(old.input) > 2 else ""
        new = node(old.input[0], old.output[0], made[name], *weights[name].dims, bits, block, bias)
        at = list(graph.node).index(old)
        graph.node.remove(old)
        graph.node.insert(at, new)
    used = {name for n in graph.node for name in n.input} | {o.name for o in graph.output}
    for initializer in [i for i in graph.initializer if i.name not in used]:
        graph.initializer.remove(initializer)
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    return model
