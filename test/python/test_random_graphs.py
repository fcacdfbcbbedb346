"""Random graphs of some twenty nodes of many kinds against onnxruntime: what passes make of ops beside
each other. Seeded: a graph is the same in every run. More of them:

  python test/python/test_random_graphs.py FIRST LAST     prints the seeds that fail, and smaller graphs that do
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from graphs import F32, Graph, check
from onnx import TensorProto, helper

# A dimension is a tuple of its sizes in these runs; a number is the same in all.
RUNS = [{"n": 3, "m": 8}, {"n": 1, "m": 17}, {"n": 6, "m": 1}]
MOST_ELEMENTS = 20000


def same(size):
    return (size,) * len(RUNS)


N, M = (tuple(run[name] for run in RUNS) for name in "nm")


class RandomGraph(Graph):
    """Adds nodes at random; `values` are those whose shape is known: a list of (name, shape)."""

    def __init__(self, seed, nodes=20):
        super().__init__(seed)
        self.values = []
        for name, shape, dims in [("a", [N, same(6), M], ["n", 6, "m"]), ("b", [N, M], ["n", "m"]),
                                  ("image", [N, same(4), same(9), same(7)], ["n", 4, 9, 7]),
                                  ("c", [same(6), M], [6, "m"]), ("d", [same(5)], [5])]:
            self.values.append((self.input(name, dims), shape))
        kinds = [name for name in dir(self) if name.startswith("add_")]
        while len(self.nodes) < nodes:
            getattr(self, self.pick(kinds))()
        used = {name for node in self.nodes for name in node.input}
        for name, _ in self.values:
            if name not in self.inputs and (name not in used or self.rng.random() < 0.1):
                self.output(name)

    # ---- what nodes are made of
    def pick(self, what):
        return what[self.rng.integers(len(what))]

    def value(self, rank=None, fits=lambda shape: True):
        """A value, a recent one rather than an old one; None where none fits."""
        fitting = [v for v in self.values
                   if (rank is None or len(v[1]) in rank) and all(min(d) > 0 for d in v[1]) and fits(v[1])]
        return fitting[-1 - min(int(self.rng.geometric(0.2)) - 1, len(fitting) - 1)] if fitting else None

    def add(self, kind, inputs, shape, **attributes):
        if max(np.prod([d[run] for d in shape], initial=1) for run in range(len(RUNS))) <= MOST_ELEMENTS:
            self.values.append((self.op(kind, *inputs, **attributes), list(shape)))

    def ints(self, *values):
        return self.weight(np.asarray(values, np.int64))

    def axis(self, shape):
        return int(self.rng.integers(len(shape)))

    def scaled(self, fan, *shape):
        return self.weight(self.rng.standard_normal(shape) / np.sqrt(max(fan, 1)), F32)

    # ---- elementwise
    def add_unary(self):
        name, shape = self.value()
        self.add(self.pick(["Tanh", "Sigmoid", "Relu", "Abs", "Neg", "LeakyRelu", "Erf", "HardSwish", "Gelu", "Elu",
                            "Softplus", "Identity"]), [name], shape)

    add_unary_again = add_unary

    def add_binary(self):
        name, shape = self.value()
        fits = [v for v in self.values if v[1] == shape or self.broadcasts(v[1], shape)]
        self.add(self.pick(["Add", "Sub", "Mul", "Max", "Min"]), [name, self.pick(fits)[0]], shape)

    add_binary_again = add_binary

    @staticmethod
    def broadcasts(shape, to):
        pairs = list(zip(reversed(shape), reversed(to)))
        return len(shape) <= len(to) and all(x in (y, same(1)) for x, y in pairs)

    def add_parameter(self):
        name, shape = self.value()
        last = shape[-1] if shape else same(1)
        size = last[0] if last == same(last[0]) else 1
        self.add(self.pick(["Add", "Mul"]), [name, self.normal(*self.pick([(), (1,), (size,)]))],
                 shape or [same(1)] if not shape else shape)

    def add_where(self):
        name, shape = self.value()
        other = self.pick([v for v in self.values if v[1] == shape])[0]
        condition = self.op("Less", name, self.weight(0.1, F32))
        self.add("Where", [condition, self.op("Tanh", name), other], shape)

    def add_cast(self):
        name, shape = self.value()
        whole = self.op("Cast", self.op("Greater", name, self.weight(0.0, F32)), to=TensorProto.INT32)
        self.add("Cast", [whole], shape, to=TensorProto.FLOAT)

    # ---- movement
    def add_transpose(self):
        name, shape = self.value((2, 3, 4))
        perm = self.rng.permutation(len(shape)).tolist()
        self.add("Transpose", [name], [shape[i] for i in perm], perm=perm)

    add_transpose_again = add_transpose

    def add_merge(self):
        """Reshape that makes one dimension of two."""
        name, shape = self.value((2, 3, 4))
        at = int(self.rng.integers(len(shape) - 1))
        merged = tuple(x * y for x, y in zip(shape[at], shape[at + 1]))
        target = [0] * at + [-1] + [s[0] if s == same(s[0]) else None for s in shape[at + 2:]]
        if None not in target:
            self.add("Reshape", [name, self.ints(*target)], shape[:at] + [merged] + shape[at + 2:])

    def add_split_dim(self):
        name, shape = self.value((1, 2, 3))
        ways = [(at, size) for at, d in enumerate(shape) for size in (2, 3) if d == same(d[0]) and d[0] % size == 0]
        if ways:
            at, size = self.pick(ways)
            target = [0] * at + [size, -1] if at == len(shape) - 1 else None
            if target:
                self.add("Reshape", [name, self.ints(*target)],
                         shape[:at] + [same(size), same(shape[at][0] // size)])

    def add_unsqueeze(self):
        name, shape = self.value((0, 1, 2, 3))
        at = int(self.rng.integers(len(shape) + 1))
        self.add("Unsqueeze", [name, self.ints(at)], shape[:at] + [same(1)] + shape[at:])

    def add_squeeze(self):
        found = self.value((1, 2, 3, 4), lambda shape: same(1) in shape)
        if found:
            at = found[1].index(same(1))
            self.add("Squeeze", [found[0], self.ints(at)], found[1][:at] + found[1][at + 1:])

    def add_slice(self):
        name, shape = self.value((1, 2, 3, 4))
        at = self.axis(shape)
        if self.rng.random() < 0.3:
            self.add("Slice", [name, self.ints(-1), self.ints(-(1 << 60)), self.ints(at), self.ints(-1)], shape)
            return
        start, step = int(self.rng.integers(0, 2)), int(self.rng.integers(1, 3))
        sizes = tuple(max(0, -(-(size - start) // step)) for size in shape[at])
        self.add("Slice", [name, self.ints(start), self.ints(1 << 60), self.ints(at), self.ints(step)],
                 shape[:at] + [sizes] + shape[at + 1:])

    def add_concat(self):
        name, shape = self.value((1, 2, 3, 4))
        at = self.axis(shape)
        fits = [v for v in self.values if len(v[1]) == len(shape) and
                all(i == at or x == y for i, (x, y) in enumerate(zip(v[1], shape)))]
        others = [self.pick(fits) for _ in range(int(self.rng.integers(1, 3)))]
        sizes = tuple(sum(parts) for parts in zip(shape[at], *[v[1][at] for v in others]))
        self.add("Concat", [name] + [v[0] for v in others], shape[:at] + [sizes] + shape[at + 1:], axis=at)

    def add_split(self):
        found = self.value((1, 2, 3, 4), lambda shape: any(d == same(d[0]) and d[0] > 1 for d in shape))
        if found:
            name, shape = found
            at = self.pick([i for i, d in enumerate(shape) if d == same(d[0]) and d[0] > 1])
            first = int(self.rng.integers(1, shape[at][0]))
            parts = [first, shape[at][0] - first]
            names = self.op("Split", name, self.ints(*parts), axis=at, outputs=2)
            self.values += [(n, shape[:at] + [same(p)] + shape[at + 1:]) for n, p in zip(names, parts)]

    def add_pad(self):
        name, shape = self.value((1, 2, 3, 4))
        low, high = self.rng.integers(0, 3, (2, len(shape)))
        mode = self.pick(["constant", "edge"])
        self.add("Pad", [name, self.ints(*low, *high)],
                 [tuple(s + lo + hi for s in d) for d, lo, hi in zip(shape, low, high)], mode=mode)

    def add_gather(self):
        name, shape = self.value((1, 2, 3))
        at = self.axis(shape)
        least = min(shape[at])
        indices = self.weight(self.rng.integers(-least, least, (2, 3) if self.rng.random() < 0.5 else 4), np.int64)
        count = [same(2), same(3)] if len(self.weights[-1].dims) == 2 else [same(4)]
        self.add("Gather", [name, indices], shape[:at] + count + shape[at + 1:], axis=at)

    def add_expand(self):
        found = self.value((1, 2, 3), lambda shape: same(1) in shape)
        if found:
            at = found[1].index(same(1))
            shape = [1] * len(found[1])
            shape[at] = int(self.rng.integers(2, 6))
            self.add("Expand", [found[0], self.ints(*shape)],
                     found[1][:at] + [same(shape[at])] + found[1][at + 1:])

    # ---- what has loops of its own
    def add_reduce(self):
        name, shape = self.value((1, 2, 3, 4))
        axes = sorted(self.rng.choice(len(shape), int(self.rng.integers(1, len(shape) + 1)), replace=False).tolist())
        keep = int(self.rng.integers(2))
        left = [same(1) if i in axes else d for i, d in enumerate(shape) if keep or i not in axes]
        kind = self.pick(["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"])
        self.add(kind, [name, self.ints(*axes)], left, keepdims=keep)

    def add_softmax(self):
        name, shape = self.value((1, 2, 3, 4))
        self.add(self.pick(["Softmax", "LogSoftmax"]), [name], shape, axis=self.axis(shape))

    def add_layer_norm(self):
        found = self.value((2, 3, 4), lambda shape: shape[-1] == same(shape[-1][0]) and shape[-1][0] > 2)
        if found:
            size = found[1][-1][0]
            self.add("LayerNormalization", [found[0], self.normal(size), self.normal(size)], found[1], axis=-1)

    def add_linear(self):
        found = self.value((2, 3, 4), lambda shape: shape[-1] == same(shape[-1][0]))
        if found:
            size, wide = found[1][-1][0], int(self.rng.integers(1, 40))
            self.add("MatMul", [found[0], self.scaled(size, size, wide)], found[1][:-1] + [same(wide)])

    add_linear_again = add_linear

    def add_product(self):
        """With itself transposed, scaled, as attention has it."""
        name, shape = self.value((2, 3, 4))
        perm = list(range(len(shape) - 2)) + [len(shape) - 1, len(shape) - 2]
        turned = self.op("Transpose", self.op("Tanh", name), perm=perm)
        if shape[-2] != same(1):
            scores = self.op("Mul", self.op("MatMul", name, turned), self.weight(0.25, F32))
            self.add("Softmax", [scores], shape[:-1] + [shape[-2]], axis=-1)

    def add_conv(self):
        found = self.value((4,), lambda shape: shape[1] == same(shape[1][0]) and min(*shape[2], *shape[3]) >= 3)
        if found:
            name, shape = found
            channels, out = shape[1][0], 2 * int(self.rng.integers(1, 9))
            group = channels if self.rng.random() < 0.3 else 1
            out = channels if group > 1 else out
            kernel = self.pick([1, 3])
            stride, pad = int(self.rng.integers(1, 3)), int(self.rng.integers(0, 2)) if kernel == 3 else 0
            weight = self.scaled(channels // group * kernel * kernel, out, channels // group, kernel, kernel)
            bias = [self.normal(out)] if self.rng.random() < 0.6 else []
            self.add("Conv", [name, weight, *bias],
                     [shape[0], same(out)] + [tuple((s + 2 * pad - kernel) // stride + 1 for s in d) for d in shape[2:]],
                     strides=[stride, stride], pads=[pad] * 4, group=group)

    add_conv_again = add_conv

    def add_batch_norm(self):
        found = self.value((2, 3, 4), lambda shape: shape[1] == same(shape[1][0]))
        if found:
            size = found[1][1][0]
            self.add("BatchNormalization", [found[0], *[self.normal(size) for _ in range(3)],
                                            self.weight(self.rng.random(size) + 0.5, F32)], found[1])

    def add_pool(self):
        found = self.value((4,), lambda shape: min(*shape[2], *shape[3]) >= 2)
        if found:
            name, shape = found
            if self.rng.random() < 0.3:
                self.add("GlobalAveragePool", [name], shape[:2] + [same(1), same(1)])
            else:
                self.add(self.pick(["MaxPool", "AveragePool"]), [name],
                         shape[:2] + [tuple((s - 2) // 2 + 1 for s in d) for d in shape[2:]],
                         kernel_shape=[2, 2], strides=[2, 2])


def run(graph, folder):
    check(graph, folder, RUNS, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("seed", range(40))
def test_graph(compiler, tmp_path, seed):
    run(RandomGraph(seed), tmp_path)


# ---- as a program
def problem(graph):
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(graph, Path(folder))
        except Exception as error:  # whatever it is, it is reported
            return f"{type(error).__name__}: {error}"
    return None


def smaller(seed, said):
    """Fewer nodes of the same graph, and one output, where that fails too."""
    graph = RandomGraph(seed)
    for count in range(1, len(graph.nodes) + 1):
        graph = RandomGraph(seed)
        graph.nodes = graph.nodes[:count]
        graph.outputs = list(graph.nodes[-1].output)
        wrong = problem(graph)
        if wrong:
            needed, kept = set(graph.outputs), []
            for node in reversed(graph.nodes):
                if needed & set(node.output):
                    needed |= set(node.input)
                    kept.insert(0, node)
            return wrong, [helper.printable_node(node) for node in kept]
    return said, []


def main(first, last):
    failed = 0
    for seed in range(first, last):
        said = problem(RandomGraph(seed))
        if said:
            failed += 1
            said, nodes = smaller(seed, said)
            print(f"seed {seed}: {said[:600]}", *nodes, sep="\n    ", flush=True)
    print(f"{last - first - failed} of {last - first} graphs are right")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
