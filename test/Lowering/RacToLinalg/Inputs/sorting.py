"""top_k and scatters of more than a few elements, in order or, given "many-threads", by sorting. Rows are shorter,
longer and as long as the groups that are ranked at once (256, or 512 where that saves a merge)."""

import sys

import numpy as np
from execution import SCATTERS, dynamic, expect, fixed, run, tensor

generator = np.random.default_rng(7)


def top(data, axis, k, largest):
    """Stable, and NaN is the largest number."""
    keys = data.astype(np.float64) if data.dtype.kind == "f" else data.astype(np.int64)
    isnan = np.isnan(keys) if data.dtype.kind == "f" else np.zeros(keys.shape, bool)
    keys = np.where(isnan, 0, keys)
    order = np.lexsort((-keys, ~isnan) if largest else (keys, isnan), axis=axis)
    order = np.take(order, np.arange(k), axis)
    return np.take_along_axis(data, order, axis), order


def expect_top(data, element, axis, k, largest, static):
    values, order = top(data, axis, k, largest)
    typed = fixed if static else dynamic
    source, target, places = typed(data, element), typed(values, element), typed(values, "i64")
    constant = f"%k = arith.constant {k} : index" if static else ""
    ops = (f"{constant}\n%r0, %r1 = rac.top_k %a0, {'%k' if static else '%a1'} axis {axis} "
           f"{'{largest}' if largest else ''} : ({source}) -> ({target}, {places})")
    inputs = [(source, data)] + ([] if static else [("index", k)])
    expect(ops, inputs, [(target, values), (places, order)])


for number, (length, k) in enumerate([(1, 1), (2, 1), (255, 255), (256, 7), (257, 257), (500, 20), (513, 513),
                                      (1024, 1000), (1025, 3), (2049, 2049), (3000, 300), (5000, 5000), (0, 0)]):
    data = np.round(generator.standard_normal((2, length)) * 100).astype(np.float32)
    data[generator.random(data.shape) < 0.02] = np.nan
    data[generator.random(data.shape) < 0.02] = -np.inf
    for static in (False, True):
        expect_top(data, "f32", 1, k, bool((number + static) % 2), static)
data = np.round(generator.standard_normal((600, 3)) * 9)
expect_top(data.astype(np.float16), "f16", 0, 50, True, False)
expect_top(data.astype(np.int64), "i64", 0, 600, False, True)
expect_top((data + 99).astype(np.uint8), "ui8", 0, 300, True, True)
expect_top(data > 0, "i1", 0, 300, False, False)
for descends in (False, True):
    line = np.arange(700, dtype=np.float32)[None]
    expect_top(line[:, ::-1] if descends else line, "f32", 1, 600, True, True)

for (kind, function), count in zip(SCATTERS.items(), (17, 300, 513, 1100, 40)):
    for static in (False, True):
        typed = fixed if static else dynamic
        # More rows than there are updates of, and places that most updates share.
        data = generator.standard_normal((4, 30)).astype(np.float32)
        updates = (generator.standard_normal((3, count)) + 1).astype(np.float32)
        if kind == "mul":
            updates = np.sign(updates)
        indices = np.minimum(generator.integers(-30, 30, (3, count)), 5)
        result = data.copy()
        for i, j in np.ndindex(3, count):
            result[i, indices[i, j]] = function(result[i, indices[i, j]], updates[i, j])
        types = typed(data), typed(indices, "i64"), typed(updates)
        expect(f"%r0 = rac.scatter_elements {kind} %a0, %a1, %a2 axis 1 : ({', '.join(types)}) -> {types[0]}",
               list(zip(types, (data, indices, updates))), [(types[0], result)])
        for depth in (1, 2):
            data = generator.standard_normal((5, 4, 3)).astype(np.float32)
            tuples = generator.integers(-3, 3, (2, count, depth))
            updates = (generator.standard_normal((2, count, *data.shape[depth:])) + 1).astype(np.float32)
            if kind == "mul":
                updates = np.sign(updates)
            result = data.copy()
            for at in np.ndindex(2, count):
                place = tuple(tuples[at])
                result[place] = function(result[place], updates[at])
            types = typed(data), tensor([2 if static else "?", count if static else "?", depth], "i64"), typed(updates)
            expect(f"%r0 = rac.scatter_nd {kind} %a0, %a1, %a2 : ({', '.join(types)}) -> {types[0]}",
                   list(zip(types, (data, tuples, updates))), [(types[0], result)], tolerance=1e-4)

run(*sys.argv[1:])
