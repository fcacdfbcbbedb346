"""Compiles products and convolutions without a library, runs them, and compares with sums in double precision:
generated.py FOLDER TARGET…

A target as arm-sve=RAC-RUN runs in an emulator, at every length of vectors, with a few of the sizes at each."""

import itertools
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import rac

RANDOM = np.random.default_rng(7)
SIZES = [0, 1, 2, 5, 13, 29, 64]
EMULATE = Path(__file__).resolve().parents[3] / "scripts/emulate.sh"
LENGTHS = [16, 32, 64, 128, 256]  # bytes of vectors in an emulator


def numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


class Graph:
    """Nodes that each have an input of their own; `expected` has a function of it for each output."""

    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.constants = [], {}, [], []
        self.expected = {}

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def op(self, kind, *operands, **attributes):
        result = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, operands, [result], **attributes))
        return result

    def input(self, *shape):
        name = f"x{len(self.inputs)}"
        self.inputs[name] = shape
        return name

    def output(self, value, expected):
        self.expected[value] = expected
        self.outputs.append(value)

    def save(self, path):
        def info(name, shape=None):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes, path.stem, [info(*item) for item in self.inputs.items()],
            [helper.make_empty_tensor_value_info(name) for name in self.outputs], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)


def products(graph):
    """Of m rows, which is not known, and some numbers of them that are."""
    for k, n in [(1, 1), (3, 5), (7, 16), (64, 31), (33, 32), (20, 33), (130, 100), (1024, 48), (2, 200)]:
        weights, bias = numbers(k, n), numbers(n)
        for rows in ["m", 1, 6, 15] if k < 1024 else ["m", 9]:
            x = graph.input(rows, k)
            y = graph.op("MatMul", x, graph.constant(weights))
            if (k + n) % 2:
                graph.output(y, lambda x, w=weights: x @ w)
                continue
            y = graph.op("Relu", graph.op("Add", y, graph.constant(bias)))
            graph.output(y, lambda x, w=weights, b=bias: np.maximum(x @ w + b, 0))
    # The right side comes transposed; batches share weights.
    weights = numbers(37, 24)
    x = graph.input(2, "m", 24)
    graph.output(graph.op("MatMul", x, graph.op("Transpose", graph.constant(weights), perm=[1, 0])),
                 lambda x, w=weights: x @ w.T)


def convolve(x, w, bias, strides, pads, dilations, groups):
    """Plain loops over the window; x is N x C x H x W."""
    x = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    size = [(x.shape[i + 2] - dilations[i] * (w.shape[i + 2] - 1) - 1) // strides[i] + 1 for i in (0, 1)]
    out = np.zeros((x.shape[0], w.shape[0], *size))
    per_in, per_out = w.shape[1], w.shape[0] // groups
    for f, kh, kw in itertools.product(range(w.shape[0]), range(w.shape[2]), range(w.shape[3])):
        first = f // per_out * per_in
        h, v = kh * dilations[0], kw * dilations[1]
        part = x[:, first:first + per_in, h:h + size[0] * strides[0]:strides[0], v:v + size[1] * strides[1]:strides[1]]
        out[:, f] += np.einsum("nchw,c->nhw", part, w[f, :, kh, kw])
    return out + bias[:, None, None]


def convolutions(graph):
    cases = [  # channels, filters, height, width, window, strides, pads, dilations, groups
        (3, 16, 19, 17, (7, 7), (2, 2), (3, 3, 3, 3), (1, 1), 1),
        (16, 33, 14, 14, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
        (5, 64, 7, 9, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
        (40, 70, 7, 7, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
        (24, 32, 15, 13, (1, 1), (2, 2), (0, 0, 0, 0), (1, 1), 1),
        (8, 8, 11, 12, (3, 2), (1, 2), (2, 0, 1, 1), (2, 3), 1),
        (24, 24, 14, 14, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 24),  # depthwise
        (40, 40, 15, 15, (5, 5), (2, 2), (2, 2, 2, 2), (1, 1), 40),
        (19, 19, 9, 8, (3, 3), (1, 1), (1, 1, 1, 1), (2, 2), 19),
        (3, 3, 5, 5, (7, 7), (1, 1), (3, 3, 3, 3), (1, 1), 3),
        (12, 24, 9, 9, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 12),
        # Wide enough for tiles that don't reach over a border, and others that do on one side.
        (24, 24, 6, 61, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 24),
        (36, 36, 7, 64, (5, 5), (2, 2), (2, 2, 1, 1), (1, 1), 36),
        (17, 17, 9, 48, (3, 3), (1, 1), (3, 2, 0, 4), (2, 2), 17),
        (8, 20, 5, 90, (3, 5), (1, 2), (1, 2, 1, 2), (1, 1), 1),
        (16, 40, 9, 9, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 4),  # grouped
        (70, 10, 1, 1, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),  # of one pixel
    ]
    for c, f, h, w, window, strides, pads, dilations, groups in cases:
        filters, bias = numbers(f, c // groups, *window), numbers(f)
        how = {"strides": strides, "pads": pads, "dilations": dilations}
        for height in (h, "h"):
            if height == "h" and f in (16, 70, 3):
                continue
            x = graph.input(2 if h < 10 else 1, c, height, w)
            y = graph.op("Conv", x, graph.constant(filters), graph.constant(bias), group=groups, **how)
            expected = lambda x, a=(filters, bias, strides, pads, dilations, groups): convolve(x, *a)
            if f % 3 == 0:
                other = graph.op("HardSwish", y)
                graph.output(other, lambda x, e=expected: (lambda y: y * np.clip(y / 6 + 0.5, 0, 1))(e(x)))
            else:
                graph.output(y, expected)


def pool(x, window, strides, pads, dilations, combine, start):
    """Plain loops over the window; x is N x C x H x W."""
    x = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])], constant_values=start)
    size = [(x.shape[i + 2] - dilations[i] * (window[i] - 1) - 1) // strides[i] + 1 for i in (0, 1)]
    out = np.full((*x.shape[:2], *size), float(start))
    for kh, kw in itertools.product(*map(range, window)):
        h, v = kh * dilations[0], kw * dilations[1]
        out = combine(out, x[:, :, h:h + size[0] * strides[0]:strides[0], v:v + size[1] * strides[1]:strides[1]])
    return out


def pools(graph):
    cases = [  # channels, height, width, window, strides, pads, dilations
        (64, 14, 15, (3, 3), (2, 2), (1, 1, 1, 1), (1, 1)),
        (19, 9, 8, (2, 3), (1, 1), (1, 0, 0, 2), (1, 1)),
        (5, 12, 12, (3, 3), (1, 2), (2, 2, 2, 2), (2, 2)),
        (40, 7, 7, (7, 7), (1, 1), (3, 3, 3, 3), (1, 1)),
        (24, 8, 8, (2, 2), (2, 2), (0, 0, 0, 0), (1, 1)),
    ]
    for c, h, w, window, strides, pads, dilations in cases:
        how = {"kernel_shape": window, "strides": strides, "pads": pads, "dilations": dilations}
        a = (window, strides, pads, dilations)
        for height in (h, "h"):
            y = graph.op("MaxPool", graph.input(1, c, height, w), **how)
            graph.output(y, lambda x, a=a: pool(x, *a, np.maximum, -np.inf))
            y = graph.op("AveragePool", graph.input(2, c, height, w), **how)
            graph.output(y, lambda x, a=a: pool(x, *a, np.add, 0) / pool(np.ones_like(x), *a, np.add, 0))


PLANS = {
    "planned": ["registers = [5, 1]", "tiles = [24, 32]", "reduction = [64]",
                "tiles = [0, 64], reduction = [7], registers = [8, 2]",
                "tiles = [24, 32], reduction = [64], order = [1, 2, 0], registers = [8, 2]"],
    "window": ["tiles = [1, 0, 0, 64], reduction = [0, 0, 16]", "tiles = [1, 2, 8, 0]", "tiles = [0, 3, 0, 64]",
               "reduction = [1, 0, 0]"],
}


def planned(graph):
    """One product with what comes after it."""
    weights, bias = numbers(300, 70), numbers(70)
    y = graph.op("Add", graph.op("MatMul", graph.input("m", 300), graph.constant(weights)), graph.constant(bias))
    graph.output(graph.op("Relu", y), lambda x: np.maximum(x @ weights + bias, 0))


def window(graph):
    """One convolution of pixels that lie together, which reaches over all borders."""
    weights, bias = numbers(128, 40, 3, 3), numbers(128)
    x = graph.op("Transpose", graph.input(1, 7, 21, 40), perm=[0, 3, 1, 2])
    y = graph.op("Conv", x, graph.constant(weights), graph.constant(bias), pads=[1, 1, 1, 1])
    graph.output(graph.op("Transpose", graph.op("Relu", y), perm=[0, 2, 3, 1]),
                 lambda x: np.maximum(convolve(x.transpose(0, 3, 1, 2), weights, bias, (1, 1), (1, 1, 1, 1), (1, 1), 1), 0)
                 .transpose(0, 2, 3, 1))


def by_hand(fill, folder, target, sizes):
    """A model by plans that are written by hand."""
    graph, name = Graph(), fill.__name__
    fill(graph)
    path, plan = folder / f"{name}.onnx", folder / f"{name}.mlir"
    graph.save(path)
    rac.compile(path, output=plan, no_library=True, target=target.name, emit="plan")
    text, count = plan.read_text(), 0
    for i, fields in enumerate(PLANS[name]):
        edited, places = re.subn(r"(plan <kind = generated, precision = f32)(, \w+ = \[[^]]*\])*", rf"\1, {fields}", text)
        assert places == 1, f"{places} plans in {plan}"
        plan.write_text(edited)
        library = rac.compile(path, output=folder / f"{name}{i}-{target.name}.so", no_library=True, target=target.name,
                              plan=str(plan))
        for model, share in target.models(library, [2]):
            for size in share(sizes):
                count += run(graph, model, size, special=False)
    return count


class Target:
    """`name`, and how its libraries run."""

    def __init__(self, text):
        self.name, _, self.rac_run = text.partition("=")

    def models(self, library, threads):
        """Each a model, and a function that chooses among sizes."""
        if not self.rac_run:
            for count in threads:
                yield rac.load(library, threads=count), lambda sizes: sizes
            return
        for i, length in enumerate(LENGTHS):
            command = [str(EMULATE), str(length), self.rac_run]
            yield (rac.load(library, threads=threads[i % len(threads)], command=command),
                   lambda sizes, first=i: sizes[first % len(sizes)::len(LENGTHS)])


def at(shape, size):
    return [size if isinstance(dim, str) else dim for dim in shape]


def run(graph, model, size, special):
    inputs = {name: numbers(*at(shape, size)) for name, shape in graph.inputs.items()}
    if special:
        for x in inputs.values():
            flat = x.reshape(-1)
            flat[::11] = np.inf
            flat[5::17] = np.nan
            flat[3::13] = -np.inf
    results = model.run(inputs)
    for (name, x), (result, expected) in zip(inputs.items(), graph.expected.items()):
        with np.errstate(all="ignore"):
            want = expected(x.astype(np.float64))
        got = results[result]
        assert got.shape == want.shape, (name, graph.inputs[name], size, got.shape, want.shape)
        # Sums of infinities of both signs, however they are added up, are NaN.
        np.testing.assert_allclose(got, want, 1e-4, 1e-4, err_msg=f"{result} of {graph.inputs[name]} at {size}")
    return len(results)


def main():
    folder, targets = Path(sys.argv[1]), sys.argv[2:]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for target in map(Target, targets):
        count = 0
        for fill, sizes in [(products, SIZES), (convolutions, [9, 16]), (pools, [7, 16])]:
            graph = Graph()
            fill(graph)
            path = folder / f"{fill.__name__}.onnx"
            graph.save(path)
            library = rac.compile(path, output=folder / f"{path.stem}-{target.name}.so", no_library=True,
                                  target=target.name)
            for model, share in target.models(library, [1, 2]):
                for size in share(sizes):
                    count += run(graph, model, size, special=False)
                count += run(graph, model, sizes[-1], special=True)
        count += by_hand(planned, folder, target, [0, 1, 23, 100])
        count += by_hand(window, folder, target, [1])
        print(f"{count} results of {target.name} are right")


if __name__ == "__main__":
    main()
