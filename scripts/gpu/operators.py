"""Models of one operator or two, in sizes that no particular model has: what calibrate times."""

import functools
import zlib

import numpy as np

OPSET = 23
TYPES = {"f32": 1, "f16": 10, "bf16": 16, "i64": 7, "i32": 6, "i8": 3}  # ONNX's TensorProto.DataType


def raw(values, dtype):
    """The bytes of a tensor; bf16 cuts off, numpy having none."""
    if dtype == "bf16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return values.astype({"f32": "<f4", "f16": "<f2", "i64": "<i8", "i8": "i1"}[dtype]).tobytes()


class Graph:
    """A model that is being built: inputs, weights (seeded random numbers), nodes, one output, "out"."""

    def __init__(self, dtype):
        self.dtype, self.result, self.inputs, self.below = dtype, dtype, {}, {}
        self.weights, self.nodes, self.count = [], [], 0

    def input(self, name, *shape, dtype=None, below=None):
        self.inputs[name] = (dtype or self.dtype, list(shape))
        if below:
            self.below[name] = below
        return name

    def weight(self, *shape, dtype=None, values=None):
        from onnx import helper

        self.count += 1
        name, dtype = f"w{self.count}", dtype or self.dtype
        if values is None:
            random = np.random.default_rng(zlib.crc32(repr((shape, self.count)).encode()))
            values = random.standard_normal(shape, dtype=np.float32) * 0.1
        self.weights.append(helper.make_tensor(name, TYPES[dtype], shape, raw(np.asarray(values), dtype), raw=True))
        return name

    def node(self, op, *inputs, out=None, **attributes):
        from onnx import helper

        self.count += 1
        out = out or f"t{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out

    def axes(self, *values):
        return self.weight(len(values), dtype="i64", values=values)

    def model(self):
        from onnx import helper, shape_inference

        inputs = [helper.make_tensor_value_info(name, TYPES[dtype], shape) for name, (dtype, shape) in self.inputs.items()]
        out = helper.make_tensor_value_info("out", TYPES[self.result], None)
        graph = helper.make_graph(self.nodes, "operator", inputs, [out], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        return shape_inference.infer_shapes(model)


ALL = {}  # {name: function that gives (ONNX model, {input: (type, shape)}, {input: indices are below this})}


def add(name, dtype, build):
    def make():
        graph = Graph(dtype)
        build(graph)
        return graph.model(), graph.inputs, graph.below

    assert name not in ALL, name
    ALL[name] = make


def product(m, n, k, dtype="f32", batch=(), weight=True, after=()):
    def build(g):
        x = g.input("a", *batch, m, k)
        y = g.weight(k, n) if weight and not batch else g.input("b", *batch, k, n)
        out = g.node("MatMul", x, y, out=None if after else "out")
        for i, op in enumerate(after):
            second = [g.weight(n)] if op == "Add" else []
            out = g.node(op, out, *second, out="out" if i + 1 == len(after) else None)

    size = "x".join(map(str, (*batch, m, n, k)))
    add(f"matmul {size} {dtype}{''.join(' ' + op.lower() for op in after)}{'' if weight or batch else ' ab'}", dtype, build)


def byte_product(m, n, k):
    """Of constant weights, which rac lays out along the terms."""
    def build(g):
        g.result = "i32"
        weights = np.random.default_rng(zlib.crc32(repr((n, k)).encode())).integers(-128, 128, (k, n))
        g.node("MatMulInteger", g.input("a", m, k), g.weight(k, n, values=weights), out="out")

    add(f"matmul {m}x{n}x{k} i8", "i8", build)


def conv(channels, out, size, window, stride=1, batch=1, groups=1, dtype="f32", relu=True):
    def build(g):
        x = g.input("x", batch, channels, size, size)
        w, b, pad = g.weight(out, channels // groups, window, window), g.weight(out), window // 2
        y = g.node("Conv", x, w, b, strides=[stride] * 2, pads=[pad] * 4, group=groups, out=None if relu else "out")
        if relu:
            g.node("Relu", y, out="out")

    kind = "depthwise" if groups > 1 else "conv"
    add(f"{kind} {batch}x{channels}x{size}x{size} to {out} by {window} step {stride} {dtype}", dtype, build)


def unary(op, dtype, *shape, **attributes):
    add(f"{op.lower()} {'x'.join(map(str, shape))} {dtype}", dtype,
        lambda g: g.node(op, g.input("x", *shape), out="out", **attributes))


def binary(op, dtype, *shape):
    add(f"{op.lower()} {'x'.join(map(str, shape))} {dtype}", dtype,
        lambda g: g.node(op, g.input("x", *shape), g.input("y", *shape), out="out"))


def chain(dtype, *shape):
    """Some operations an element: y sigmoid(y), of y = a x + b."""
    def build(g):
        y = g.node("Add", g.node("Mul", g.input("x", *shape), g.weight(shape[-1])), g.weight(shape[-1]))
        g.node("Mul", y, g.node("Sigmoid", y), out="out")

    add(f"chain {'x'.join(map(str, shape))} {dtype}", dtype, build)


def reduce(op, dtype, axes, *shape):
    add(f"{op.lower()} {'x'.join(map(str, shape))} over {'+'.join(map(str, axes))} {dtype}", dtype,
        lambda g: g.node(op, g.input("x", *shape), g.axes(*axes), keepdims=0, out="out"))


def norm(dtype, *shape):
    add(f"layernorm {'x'.join(map(str, shape))} {dtype}", dtype,
        lambda g: g.node("LayerNormalization", g.input("x", *shape), g.weight(shape[-1]), g.weight(shape[-1]), axis=-1, out="out"))


def attention(dtype, batch, heads, queries, keys, size, causal=False):
    add(f"attention {batch}x{heads}x{queries}x{keys}x{size} {dtype}{' causal' if causal else ''}", dtype,
        lambda g: g.node("Attention", g.input("q", batch, heads, queries, size), g.input("k", batch, heads, keys, size),
                         g.input("v", batch, heads, keys, size), is_causal=int(causal), out="out"))


def gather(dtype, rows, width, count):
    add(f"gather {count} of {rows}x{width} {dtype}", dtype,
        lambda g: g.node("Gather", g.input("x", rows, width), g.input("i", count, dtype="i64", below=rows), axis=0, out="out"))


def pool(op, channels, size, window, stride):
    unary(op, "f32", 1, channels, size, size, kernel_shape=[window] * 2, strides=[stride] * 2)


def concat(dtype, rows, *widths):
    add(f"concat {rows} of {'+'.join(map(str, widths))} {dtype}", dtype,
        lambda g: g.node("Concat", *[g.input(f"x{i}", rows, width) for i, width in enumerate(widths)], axis=1, out="out"))


def resize(channels, size, factor):
    add(f"resize {channels}x{size}x{size} by {factor}", "f32",
        lambda g: g.node("Resize", g.input("x", 1, channels, size, size), "", g.weight(4, values=[1, 1, factor, factor]),
                         mode="nearest", out="out"))


@functools.cache
def make_all():
    for m, n, k in [(1, 1000, 2048), (1, 3000, 900), (3, 2500, 1300), (5, 333, 777), (10, 4096, 4096), (16, 2048, 2048),
                    (37, 411, 333), (49, 1500, 380), (64, 1024, 4096), (100, 100, 100), (128, 128, 1024), (150, 500, 500),
                    (197, 640, 640), (197, 2560, 640), (256, 256, 256), (300, 500, 700), (400, 64, 2000), (512, 512, 512),
                    (513, 1025, 257), (784, 288, 96), (1000, 3000, 200), (1024, 1024, 64), (1024, 1024, 1024),
                    (1500, 1500, 40), (2048, 2048, 2048), (3000, 111, 3000), (3136, 96, 384), (6000, 600, 600)]:
        product(m, n, k)
    for m, n, k in [(128, 1200, 320), (500, 320, 1280), (2000, 700, 350)]:
        product(m, n, k, after=("Add", "Gelu"))
        product(m, n, k, weight=False)
    for dtype in ("bf16", "f16"):
        for m, n, k in [(1, 3000, 3000), (17, 2048, 2048), (64, 4096, 1024), (200, 640, 640), (333, 555, 777),
                        (512, 512, 512), (1000, 1000, 1000), (1024, 1024, 1024), (1600, 4800, 1600), (2048, 2048, 2048),
                        (4096, 4096, 512), (4000, 4000, 4000)]:
            product(m, n, k, dtype)
    for m, n, k in [(64, 4096, 1024), (200, 640, 640), (512, 512, 512), (1024, 1024, 1024), (1600, 4800, 1600), (4096, 4096, 512),
                    (4096, 4096, 4096)]:
        byte_product(m, n, k)
    for dtype, m, n, k, batch in [("f32", 100, 100, 40, (12,)), ("f32", 49, 49, 32, (100,)), ("f32", 200, 64, 200, (12,)),
                                  ("f32", 30, 70, 50, (500,)), ("bf16", 256, 256, 64, (64,)), ("f16", 120, 64, 120, (96,))]:
        product(m, n, k, dtype, batch)
    for channels, out, size, window, stride, batch in [
            (3, 40, 160, 7, 2, 1), (3, 64, 224, 3, 1, 1), (3, 24, 300, 3, 2, 4), (48, 48, 60, 3, 1, 1), (80, 160, 40, 3, 2, 1),
            (96, 400, 28, 1, 1, 1), (400, 96, 28, 1, 1, 1), (160, 160, 28, 3, 1, 1), (320, 320, 14, 3, 1, 1),
            (300, 1200, 14, 1, 1, 1), (1200, 300, 14, 1, 1, 1), (640, 640, 7, 3, 1, 1), (700, 2100, 7, 1, 1, 1),
            (20, 120, 80, 1, 1, 1), (36, 36, 100, 5, 1, 1), (48, 48, 60, 3, 1, 16), (160, 160, 28, 3, 1, 16),
            (400, 96, 28, 1, 1, 32), (64, 64, 200, 3, 1, 2)]:
        conv(channels, out, size, window, stride, batch)
    for dtype in ("bf16", "f16"):
        for channels, out, size, window, batch in [(160, 160, 28, 3, 8), (320, 320, 14, 3, 1), (96, 400, 28, 1, 16)]:
            conv(channels, out, size, window, 1, batch, dtype=dtype)
    for channels, size, window, stride, batch in [(20, 120, 3, 1, 1), (90, 60, 5, 2, 1), (150, 28, 5, 1, 1), (500, 14, 3, 1, 1),
                                                  (700, 7, 5, 1, 1), (64, 112, 3, 1, 32)]:
        conv(channels, channels, size, window, stride, batch, groups=channels)
    for dtype in ("f32", "bf16"):
        for shape in [(1000,), (100, 1000), (700, 1500), (3000, 3000), (8000, 6000)]:
            unary("Relu", dtype, *shape)
            chain(dtype, *shape)
        for shape in [(300, 333), (2000, 2000), (8000, 5000)]:
            binary("Add", dtype, *shape)
            unary("Gelu", dtype, *shape)
        for shape in [(20, 500), (300, 300), (300, 1000), (5000, 1000), (30000, 2000), (100, 30000)]:
            unary("Softmax", dtype, *shape, axis=-1)
            norm(dtype, *shape)
        for shape in [(100, 300), (1000, 1000), (6000, 7000)]:
            unary("Transpose", dtype, *shape, perm=[1, 0])
            reduce("ReduceSum", dtype, [1], *shape)
            reduce("ReduceSum", dtype, [0], *shape)
        unary("Transpose", dtype, 8, 100, 12, 50, perm=[0, 2, 1, 3])
        gather(dtype, 20000, 500, 200)
        gather(dtype, 100000, 300, 40000)
    for shape in [(1, 20, 100, 100), (1, 300, 14, 14), (1, 100, 56, 56), (16, 500, 20, 20)]:
        reduce("ReduceMean", "f32", [2, 3], *shape)
    reduce("ReduceSum", "f32", [0, 1], 1000, 1000)
    unary("Exp", "f32", 4000, 4000)
    unary("Sqrt", "f32", 4000, 4000)
    for op in ("MaxPool", "AveragePool"):
        pool(op, 48, 112, 3, 2)
        pool(op, 200, 50, 2, 2)
    concat("f32", 500, 300, 200, 70)
    concat("f32", 20000, 1000, 500)
    resize(60, 40, 2.0)
    resize(100, 100, 2.0)
    for sizes in [("f32", 1, 10, 150, 150, 64), ("f32", 4, 8, 300, 300, 64), ("f32", 40, 3, 49, 49, 32), ("f32", 1, 16, 1000, 1000, 64),
                  ("f32", 1, 10, 1, 300, 64), ("bf16", 2, 16, 1000, 1000, 64), ("f16", 1, 8, 2000, 2000, 128),
                  ("bf16", 4, 16, 1, 2000, 128)]:
        attention(*sizes)
    attention("bf16", 2, 8, 1500, 1500, 64, causal=True)
    return ALL
