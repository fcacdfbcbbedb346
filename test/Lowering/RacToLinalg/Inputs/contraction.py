"""matmul, attention, conv, conv_transpose, pool, lstm."""

import numpy as np
from execution import expect, expect_abort, fixed, run, tensor

generator = np.random.default_rng(1)


def random(*shape):
    return generator.standard_normal(shape).astype(np.float32)


def array(values):
    return f"array<i64: {', '.join(map(str, values))}>"


def matmul(a, a_type, b, b_type, result, product=None, tolerance=1e-4):
    expect(
        f"%r0 = rac.matmul %a0, %a1 : ({a_type}, {b_type}) -> {result}",
        [(a_type, a), (b_type, b)],
        [(result, a @ b if product is None else product)],
        tolerance,
    )


a, b = random(2, 4, 8), random(8, 5)
t2 = tensor(["?", "?"])
matmul(a, tensor(["?", 4, 8]), b, tensor([8, 5]), tensor(["?", 4, 5]))
matmul(a[0], t2, b, t2, t2)
matmul(random(3, 1, 4, 8), tensor([3, 1, 4, 8]), random(2, 8, 5), tensor([2, 8, 5]), tensor([3, 2, 4, 5]))
matmul(random(0, 8), tensor(["?", 8]), b, tensor([8, 5]), tensor(["?", 5]))
matmul(random(2, 0), tensor([2, "?"]), random(0, 3), tensor(["?", 3]), tensor([2, 3]))
signed = generator.integers(-128, 128, (4, 8)).astype(np.int8)
unsigned = generator.integers(0, 256, (8, 5)).astype(np.uint8)
product = signed.astype(np.int32) @ unsigned.astype(np.int32)
matmul(signed, tensor([4, 8], "i8"), unsigned, tensor([8, 5], "ui8"), tensor([4, 5], "i32"), product)
half = [v.astype(np.float16) for v in (a[0], b)]
product = half[0].astype(np.float32) @ half[1].astype(np.float32)
matmul(half[0], fixed(half[0], "f16"), half[1], fixed(half[1], "f16"), tensor([4, 5], "f16"), product, 1e-2)
expect_abort(f"%r0 = rac.matmul %a0, %a1 : ({t2}, {t2}) -> {t2}", [(t2, random(2, 3)), (t2, random(4, 3))], [t2])

query, key, value, mask = random(2, 3, 5, 8), random(2, 3, 7, 8), random(2, 3, 7, 4), random(2, 1, 1, 7)
types = [tensor(["?", 3, "?", 8])] * 2 + [tensor(["?", 3, "?", 4]), tensor(["?", 1, 1, "?"])]
later = np.where(np.arange(7) > np.arange(5)[:, None], -np.inf, 0)
for causal, hidden in (("", 0), (" causal", later)):
    scores = query @ key.transpose(0, 1, 3, 2) * 0.125 + mask + hidden
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    expect(
        f"%r0 = rac.attention %a0, %a1, %a2, %a3 scale 0.125{causal} : ({', '.join(types)}) -> {types[2]}",
        list(zip(types, (query, key, value, mask))),
        [(types[2], (scores / scores.sum(-1, keepdims=True) @ value).astype(np.float32))],
        1e-4,
    )


def positions(window, start_shape, strides, dilations):
    """For each window position, the slices of what it touches."""
    for at in np.ndindex(*window):
        yield at, tuple(
            slice(k * d, k * d + s * (n - 1) + 1, s) for k, d, s, n in zip(at, dilations, strides, start_shape)
        )


def windowed(sizes, window, strides, dilations):
    return [(n - d * (w - 1) - 1) // s + 1 for n, w, s, d in zip(sizes, window, strides, dilations)]


def types_of(x, result, element, result_element, known):
    if known:
        return fixed(x, element), fixed(result, result_element)
    unknown = ["?"] * (x.ndim - 1)
    return tensor([*unknown, x.shape[-1]], element), tensor([*unknown, result.shape[-1]], result_element)


def conv(shape, filter_shape, strides, dilations, low, high, groups, element="f32"):
    x, taps, summed = random(*shape), random(*filter_shape), np.float32
    if element == "i8":
        x, taps, summed = (x * 50).astype(np.int8), (taps * 50).astype(np.int8), np.int32
    padded = np.pad(x, [(0, 0), *zip(low, high), (0, 0)]).astype(summed)
    sizes = windowed(padded.shape[1:-1], filter_shape[2:], strides, dilations)
    result = np.zeros([shape[0], *sizes, filter_shape[0]], summed)
    inputs, outputs = filter_shape[1], filter_shape[0] // groups
    for at, where in positions(filter_shape[2:], sizes, strides, dilations):
        part = padded[(slice(None), *where)]
        for g in range(groups):
            out = slice(g * outputs, (g + 1) * outputs)
            result[..., out] += (
                part[..., g * inputs : (g + 1) * inputs] @ taps[(out, slice(None), *at)].T.astype(summed)
            )
    attributes = (
        f"strides = {array(strides)}, dilations = {array(dilations)}, pads_low = {array(low)}, "
        f"pads_high = {array(high)}, groups = {groups} : i64"
    )
    for known in (False, True):
        source, target = types_of(x, result, element, "i32" if element == "i8" else element, known)
        expect(
            f"%r0 = rac.conv %a0, %a1 {{{attributes}}} : ({source}, {fixed(taps, element)}) -> {target}",
            [(source, x), (fixed(taps, element), taps)],
            [(target, result)],
            1e-4,
        )


conv((2, 9, 4), (8, 4, 3), [2], [1], [1], [1], 1)
conv((2, 9, 8, 4), (6, 4, 3, 2), [1, 2], [2, 1], [1, 0], [2, 1], 1)
conv((1, 7, 6, 6), (4, 3, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1], 2)
conv((2, 7, 6, 5), (5, 1, 3, 3), [2, 1], [1, 1], [1, 1], [1, 1], 5)
conv((2, 7, 6, 5), (10, 1, 3, 3), [2, 1], [1, 1], [1, 1], [1, 1], 5)
conv((1, 5, 5, 5, 2), (3, 2, 2, 2, 2), [1, 2, 1], [1, 1, 2], [0, 1, 0], [1, 0, 0], 1)
conv((1, 9, 4), (8, 4, 3), [2], [1], [1], [1], 1, "i8")
conv((1, 30, 4), (4, 1, 27), [2], [1], [13], [13], 4)


def conv_transpose(shape, filter_shape, strides, dilations, low, high, extra, groups):
    x, taps = random(*shape), random(*filter_shape)
    inputs, outputs, window = filter_shape[0] // groups, filter_shape[1], filter_shape[2:]
    reach = [
        (n - 1) * s + d * (w - 1) + 1 for n, s, d, w in zip(shape[1:-1], strides, dilations, window)
    ]
    whole = np.zeros([shape[0], *(r + e for r, e in zip(reach, extra)), outputs * groups], np.float32)
    for at, where in positions(window, shape[1:-1], strides, dilations):
        for g in range(groups):
            inside = slice(g * inputs, (g + 1) * inputs)
            out = slice(g * outputs, (g + 1) * outputs)
            whole[(slice(None), *where, out)] += x[..., inside] @ taps[(inside, slice(None), *at)]
    ends = [r + e - h for r, e, h in zip(reach, extra, high)]
    result = whole[(slice(None), *(slice(start, end) for start, end in zip(low, ends)))]
    attributes = (
        f"strides = {array(strides)}, dilations = {array(dilations)}, pads_low = {array(low)}, "
        f"pads_high = {array(high)}, output_padding = {array(extra)}, groups = {groups} : i64"
    )
    for known in (False, True):
        source, target = types_of(x, result, "f32", "f32", known)
        expect(
            f"%r0 = rac.conv_transpose %a0, %a1 {{{attributes}}} : ({source}, {fixed(taps)}) -> {target}",
            [(source, x), (fixed(taps), taps)],
            [(target, result)],
            1e-4,
        )


conv_transpose((2, 5, 8), (8, 4, 3), [2], [1], [1], [1], [1], 1)
conv_transpose((1, 4, 5, 6), (6, 2, 3, 2), [2, 3], [1, 2], [0, 3], [4, 0], [0, 1], 1)
conv_transpose((1, 4, 5, 6), (6, 2, 3, 3), [1, 2], [1, 1], [1, 1], [1, 1], [0, 1], 3)
conv_transpose((1, 3, 4), (4, 2, 2), [2], [1], [0], [0], [0], 1)
conv_transpose((1, 5, 2), (2, 2, 1), [2], [1], [1], [1], [0], 1)


def pool(kind, shape, window, strides, dilations, low, high, extra, element="f32"):
    x = random(*shape) * 50 + 100 if element == "ui8" else random(*shape)
    x = x.astype(np.uint8) if element == "ui8" else x
    fill = -np.inf if kind == "max" else 0
    padded = np.pad(x.astype(np.float32), [(0, 0), *zip(low, high), (0, 0)], constant_values=fill)
    if kind == "average":
        counts = np.pad(np.ones(shape[1:-1]), list(zip(low, high)))
    else:
        counts = np.pad(
            np.ones([n + lo + hi - e for n, lo, hi, e in zip(shape[1:-1], low, high, extra)]), [(0, e) for e in extra]
        )
    sizes = windowed(padded.shape[1:-1], window, strides, dilations)
    result, count = np.full([shape[0], *sizes, shape[-1]], fill, np.float32), np.zeros(sizes)
    for _, where in positions(window, sizes, strides, dilations):
        part = padded[(slice(None), *where)]
        result = np.maximum(result, part) if kind == "max" else result + part
        count += counts[where]
    if kind != "max":
        result = result / count[None, ..., None]
    attributes = (
        f"window = {array(window)}, strides = {array(strides)}, dilations = {array(dilations)}, "
        f"pads_low = {array(low)}, pads_high = {array(high)}, ceil_extra = {array(extra)}"
    )
    for known in (False, True):
        source, target = types_of(x, result, element, element, known)
        expect(
            f"%r0 = rac.pool {kind} %a0 {{{attributes}}} : ({source}) -> {target}",
            [(source, x)],
            [(target, result)],
            1e-2 if element == "f16" else 1e-4,
        )


for kind in ("max", "average", "average_with_padding"):
    pool(kind, (2, 8, 4), [3], [2], [1], [0], [1], [1])
    pool(kind, (2, 8, 7, 3), [3, 2], [2, 1], [1, 2], [1, 1], [1, 0], [0, 0])
    pool(kind, (1, 9, 9, 2), [6, 6], [2, 3], [1, 1], [2, 1], [1, 2], [0, 1])
    pool(kind, (1, 9, 9, 2), [2, 2], [2, 2], [1, 1], [0, 0], [0, 0], [0, 0])
    pool(kind, (1, 9, 9, 2), [2, 2], [2, 2], [1, 1], [0, 1], [0, 0], [0, 0], "f16")
pool("max", (1, 9, 9, 2), [2, 2], [2, 2], [1, 1], [0, 1], [0, 0], [0, 0], "ui8")
t3 = tensor(["?", "?", 4])
expect_abort(
    "%r0 = rac.pool max %a0 {window = array<i64: 5>, strides = array<i64: 1>, dilations = array<i64: 1>, "
    f"pads_low = array<i64: 0>, pads_high = array<i64: 0>, ceil_extra = array<i64: 0>}} : ({t3}) -> {t3}",
    [(t3, random(1, 2, 4))],
    [t3],
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, weight, recurrence, bias, hidden, cell, reverse):
    states = np.zeros((len(x), *hidden.shape), np.float32)
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        i, o, f, c = np.split(x[t] @ weight.T + hidden @ recurrence.T + bias, 4, 1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
        hidden = states[t] = sigmoid(o) * np.tanh(cell)
    return states, hidden, cell


operands = [random(5, 2, 8), random(16, 8), random(16, 4), random(16), random(2, 4), random(2, 4)]
for reverse in (False, True):
    for batch, state, steps, element in [
        ("?", "?", 5, "f32"),
        (2, 2, 5, "f32"),
        ("?", 2, 5, "f32"),
        ("?", "?", 0, "f32"),
        (2, 2, 5, "f16"),
    ]:
        shapes = [["?", batch, 8], [16, 8], [16, 4], [16], [state, 4], [state, 4]]
        types = [tensor(shape, element) for shape in shapes]
        results = [tensor(shape, element) for shape in (["?", batch, 4], [state, 4], [state, 4])]
        values = [operands[0][:steps], *operands[1:]]
        expect(
            f"%r0, %r1, %r2 = rac.lstm %a0, %a1, %a2, %a3, %a4, %a5{' {reverse}' if reverse else ''} : "
            f"({', '.join(types)}) -> ({', '.join(results)})",
            list(zip(types, values)),
            list(zip(results, lstm(*values, reverse))),
            2e-2 if element == "f16" else 1e-4,
        )

run()
