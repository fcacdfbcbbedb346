"""Slices that are read where they lie, of random bounds and steps, by what puts them together, computes with them or
transposes them: against numpy, on one thread and on two."""

import numpy as np
import onnx.parser
import pytest
import rac

HEADER = '<ir_version: 9, opset_import: ["" : 17]>\n'
THREADS = [1, 2]


def run(tmp_path, text, inputs, threads, **flags):
    path = tmp_path / "model.onnx"
    onnx.save(onnx.parser.parse_model(HEADER + text), path)
    return rac.load(rac.compile(path, threads=threads, **flags)).run(inputs)


def values(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def numbers(name, entries):
    return f"int64[{len(entries)}] {name} = {{{', '.join(map(str, entries))}}}"


class Graph:
    """The text of a model, of slices with constant bounds and what reads them, and numpy's answer to it."""

    def __init__(self, x):
        self.constants, self.nodes, self.arrays = [], [], {"x": x}

    def slice(self, source, bounds):
        """`bounds`: a Python slice for each dimension."""
        name = f"s{len(self.nodes)}"
        far = 1 << 40
        parts = {"b": [(s.start if s.start is not None else (0 if (s.step or 1) > 0 else far)) for s in bounds],
                 "e": [(s.stop if s.stop is not None else (far if (s.step or 1) > 0 else -far)) for s in bounds],
                 "a": list(range(len(bounds))), "p": [s.step or 1 for s in bounds]}
        self.constants += [numbers(name + key, entries) for key, entries in parts.items()]
        self.add(name, f"Slice({source}, {name}b, {name}e, {name}a, {name}p)", self.arrays[source][tuple(bounds)])
        return name

    def add(self, name, text, array):
        self.nodes.append(f"{name} = {text}")
        self.arrays[name] = array

    def check(self, tmp_path, shape, outputs, threads):
        shapes = {name: ",".join("d%s%d" % (name, i) for i in range(self.arrays[name].ndim)) for name in outputs}
        text = (f"g (float[{shape}] x) => ({', '.join(f'float[{shapes[name]}] {name}' for name in outputs)})\n"
                f"<{', '.join(self.constants)}> {{\n" + "\n".join(self.nodes) + "\n}")
        answers = run(tmp_path, text, {"x": self.arrays["x"]}, threads)
        for name in outputs:
            assert answers[name].shape == self.arrays[name].shape, text
            np.testing.assert_allclose(answers[name], self.arrays[name], rtol=1e-5, atol=1e-6, err_msg=text)


def random_bounds(rng, size):
    """Some of a dimension; of it all, nothing, or backwards now and then."""
    kind = rng.integers(8)
    if kind == 0:
        return slice(None)
    if kind == 1:
        return slice(size, size)
    if kind == 2:
        return slice(None, None, -int(rng.integers(1, 4)))
    begin = int(rng.integers(0, max(1, size)))
    return slice(begin, int(rng.integers(begin, size + 3)), int(rng.integers(1, 4)))


def random_graph(rng, x):
    graph = Graph(x)
    outputs = []
    for number in range(4):
        first = graph.slice("x", [random_bounds(rng, size) for size in x.shape])
        array = graph.arrays[first]
        if rng.integers(2):
            first = graph.slice(first, [random_bounds(rng, size) for size in array.shape])
            array = graph.arrays[first]
        name, kind = f"y{number}", rng.integers(5)
        if kind == 0:
            axis = int(rng.integers(x.ndim))
            bounds = [slice(None)] * x.ndim
            bounds[axis] = random_bounds(rng, array.shape[axis])
            second = graph.slice(first, bounds)
            graph.add(name, f"Concat<axis={axis}>({second}, {first}, {second})",
                      np.concatenate([graph.arrays[second], array, graph.arrays[second]], axis))
        elif kind == 1:
            order = [int(i) for i in rng.permutation(x.ndim)]
            graph.add(name, f"Transpose<perm={order}>({first})", array.transpose(order))
        elif kind == 2:
            graph.add(name + "e", f"Sigmoid({first})", 1 / (1 + np.exp(-array)))
            graph.add(name, f"Mul({first}, {name}e)", array * graph.arrays[name + "e"])
        elif kind == 3:
            axis = int(rng.integers(x.ndim))
            graph.add(name, f"ReduceSum<keepdims=1>({first}, axis{number})", array.sum(axis, keepdims=True))
            graph.constants.append(numbers(f"axis{number}", [axis]))
        else:
            graph.add(name + "n", f"Neg({first})", -array)
            graph.add(name, f"Concat<axis=0>({name}n, {first})", np.concatenate([-array, array]))
        outputs.append(name)
    return graph, outputs


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("seed", range(12))
def test_random(tmp_path, seed, threads):
    rng = np.random.default_rng(seed)
    x = values(*(int(size) for size in rng.integers(1, 40, rng.integers(1, 5))))
    graph, outputs = random_graph(rng, x)
    graph.check(tmp_path, ",".join(map(str, x.shape)), outputs, threads)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("seed", range(6))
def test_random_sizes_of_the_run(tmp_path, seed, threads):
    rng = np.random.default_rng(100 + seed)
    x = values(*(int(size) for size in rng.integers(1, 20, 3)))
    graph, outputs = random_graph(rng, x)
    graph.check(tmp_path, "n,m,k", outputs, threads)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("shape, by", [((1, 56, 56, 96), 3), ((2, 14, 14, 36), 3), ((3, 7, 5, 1), 2)])
def test_rolls(tmp_path, shape, by, threads):
    """One after the other along two axes, and what they give is added to; back again."""
    x = values(*shape)
    graph = Graph(x)

    def roll(source, axis, by):
        bounds = [slice(None)] * x.ndim
        parts = []
        for part in (slice(by, None), slice(0, by)):
            bounds[axis] = part
            parts.append(graph.slice(source, bounds))
        name = f"r{len(graph.nodes)}"
        graph.add(name, f"Concat<axis={axis}>({', '.join(parts)})", np.roll(graph.arrays[source], -by, axis))
        return name

    there = roll(roll("x", 1, by), 2, by)
    graph.add("e", f"Exp({there})", np.exp(graph.arrays[there]))
    back = roll(roll("e", 1, shape[1] - by), 2, shape[2] - by)
    graph.add("y", f"Add(x, {back})", x + graph.arrays[back])
    assert np.allclose(graph.arrays["y"], x + np.exp(x))
    graph.check(tmp_path, ",".join(map(str, shape)), ["y", there], threads)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("shape", [(1, 56, 56, 96), (2, 6, 8, 5)])
def test_patches(tmp_path, shape, threads):
    """Every second row and column, four times, side by side."""
    x = values(*shape)
    graph = Graph(x)
    parts = []
    for column in (0, 1):
        for row in (0, 1):
            rows = graph.slice("x", [slice(None), slice(row, None, 2), slice(None), slice(None)])
            parts.append(graph.slice(rows, [slice(None), slice(None), slice(column, None, 2), slice(None)]))
    graph.add("y", f"Concat<axis=3>({', '.join(parts)})", np.concatenate([graph.arrays[part] for part in parts], 3))
    graph.check(tmp_path, ",".join(map(str, shape)), ["y"], threads)


@pytest.mark.parametrize("threads", THREADS)
def test_rotary(tmp_path, threads):
    """Halves of each row change places, one of them negated."""
    x = values(2, 4, 33, 64)
    graph = Graph(x)
    low = graph.slice("x", [slice(None)] * 3 + [slice(0, 32)])
    high = graph.slice("x", [slice(None)] * 3 + [slice(32, None)])
    graph.add("n", f"Neg({high})", -graph.arrays[high])
    graph.add("t", f"Concat<axis=3>(n, {low})", np.concatenate([graph.arrays["n"], graph.arrays[low]], 3))
    graph.add("y", "Add(t, x)", graph.arrays["t"] + x)
    graph.check(tmp_path, "2,4,33,64", ["y"], threads)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("begin, end, rows", [(0, 5, 5), (2, 2, 4), (1, 9, 9), (-3, 100, 7), (3, 1, 4)])
def test_bounds_of_the_run(tmp_path, begin, end, rows, threads):
    """Where a slice begins and ends only the run knows; another is taken of it."""
    x = values(rows, 8)
    answers = run(tmp_path, """g (float[n,8] x, int64[1] b, int64[1] e) => (float[m,8] y, float[m,4] z)
    <int64[1] zero = {0}, int64[1] one = {1}, int64[1] three = {3}, int64[1] seven = {7}> {
      s = Slice(x, b, e, zero)
      y = Concat<axis=0>(s, x, s)
      t = Slice(s, three, seven, one)
      z = Exp(t)
    }""", {"x": x, "b": np.array([begin]), "e": np.array([end])}, threads)
    part = x[begin:end]
    np.testing.assert_array_equal(answers["y"], np.concatenate([part, x, part]))
    np.testing.assert_allclose(answers["z"], np.exp(part[:, 3:7]), rtol=1e-5)
