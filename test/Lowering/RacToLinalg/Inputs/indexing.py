"""gather, scatter, top_k, non_zero, resize."""

import itertools

import numpy as np
from execution import SCATTERS, dynamic, expect, expect_abort, run, tensor
from onnx.numpy_helper import saturate_cast
from onnx.reference.ops.op_resize import _cubic_coeffs, _interpolate_nd, _linear_coeffs, _nearest_coeffs

generator = np.random.default_rng(2)


def random(*shape):
    return generator.standard_normal(shape).astype(np.float32)


# ---- gather
x, y = random(3, 4), random(3, 4, 5)
t2, t3 = dynamic(x), dynamic(y)
indices = np.array([[0, -1, 1], [2, 1, -3]])
i2 = dynamic(indices, "i64")
for axis in (0, 1):
    pick = f"%r0 = rac.gather %a0, %a1 axis {axis} : ({t2}, {i2}) -> {t3}"
    expect(pick, [(t2, x), (i2, indices)], [(t3, np.take(x, indices, axis))])
    expect_abort(pick, [(t2, x), (i2, indices + 2)], [t3])
    pick = f"%r0 = rac.gather %a0, %a1 axis {axis} : ({t2}, tensor<i32>) -> tensor<?xf32>"
    expect(pick, [(t2, x), ("tensor<i32>", -1)], [("tensor<?xf32>", np.take(x, -1, axis))])
    expect_abort(pick, [(t2, x), ("tensor<i32>", -5)], ["tensor<?xf32>"])
expect(
    """%c = rac.constant dense<[1, -1]> : tensor<2xi64>
    %r0 = rac.gather %a0, %c axis 1 : (tensor<?x4xi1>, tensor<2xi64>) -> tensor<?x2xi1>""",
    [("tensor<?x4xi1>", x > 0)],
    [("tensor<?x2xi1>", (x > 0)[:, [1, -1]])],
)
along = np.array([[1, -1], [0, 2], [3, 1]])
pick = f"%r0 = rac.gather_elements %a0, %a1 axis 1 : ({t2}, {i2}) -> {t2}"
expect(pick, [(t2, x), (i2, along)], [(t2, np.take_along_axis(x, along, 1))])
expect_abort(pick, [(t2, x[:2]), (i2, along)], [t2])
tuples, each = np.array([[0, 1], [2, -1]]), np.array([[[0], [1]], [[2], [3]], [[-1], [0]]])
pick = f"%r0 = rac.gather_nd %a0, %a1 batch_dims 0 : ({t3}, tensor<?x2xi64>) -> {t2}"
expect(pick, [(t3, y), ("tensor<?x2xi64>", tuples)], [(t2, y[tuples[:, 0], tuples[:, 1]])])
expect_abort(pick, [(t3, y), ("tensor<?x2xi64>", tuples + 3)], [t2])
expect(
    f"%r0 = rac.gather_nd %a0, %a1 batch_dims 1 : ({t3}, tensor<?x2x1xi64>) -> tensor<?x2x?xf32>",
    [(t3, y), ("tensor<?x2x1xi64>", each)],
    [("tensor<?x2x?xf32>", np.stack([y[i][each[i, :, 0]] for i in range(3)]))],
)

# ---- scatter: indices that repeat
along = np.array([[1, -1], [0, 2], [1, 1]])
for kind, function in SCATTERS.items():
    updates, result = random(3, 2), x.copy()
    for i, j in np.ndindex(3, 2):
        result[i, along[i, j]] = function(result[i, along[i, j]], updates[i, j])
    place = f"%r0 = rac.scatter_elements {kind} %a0, %a1, %a2 axis 1 : ({t2}, {i2}, {t2}) -> {t2}"
    expect(place, [(t2, x), (i2, along), (t2, updates)], [(t2, result)])
    expect_abort(place, [(t2, x), (i2, along + 3), (t2, updates)], [t2])
    for tuples in (np.array([[0], [2], [0]]), np.array([[0, 1], [2, -1], [0, 1]]), np.array([[0, 1, 2]] * 2)):
        depth = tuples.shape[1]
        updates, result = random(len(tuples), *y.shape[depth:]), y.copy()
        for position, update in zip(tuples, updates):
            result[tuple(position)] = function(result[tuple(position)], update)
        index_type = tensor(["?", depth], "i64")
        place = f"%r0 = rac.scatter_nd {kind} %a0, %a1, %a2 : ({t3}, {index_type}, {dynamic(updates)}) -> {t3}"
        expect(place, [(t3, y), (index_type, tuples), (dynamic(updates), updates)], [(t3, result)])
        expect_abort(place, [(t3, y), (index_type, tuples - 5), (dynamic(updates), updates)], [t3])

# ---- top_k and non_zero
rounded = np.round(random(3, 6, 2) * 2)
for axis, k, largest in itertools.product(range(3), range(4), (False, True)):
    if k > rounded.shape[axis]:
        continue
    order = np.argsort(-rounded if largest else rounded, axis=axis, kind="stable")
    order = np.take(order, np.arange(k), axis)
    expect(
        f"%r0, %r1 = rac.top_k %a0, %a1 axis {axis}{' {largest}' if largest else ''} : "
        f"({t3}) -> ({t3}, {dynamic(order, 'i64')})",
        [(t3, rounded), ("index", k)],
        [(t3, np.take_along_axis(rounded, order, axis)), (dynamic(order, "i64"), order)],
    )
bytes_ = generator.integers(0, 5, 40).astype(np.uint8)
order = np.argsort(-bytes_.astype(int), kind="stable")
expect(
    """%k = arith.constant 40 : index
    %r0, %r1 = rac.top_k %a0, %k axis 0 {largest} : (tensor<?xui8>) -> (tensor<40xui8>, tensor<40xi64>)""",
    [("tensor<?xui8>", bytes_)],
    [("tensor<40xui8>", bytes_[order]), ("tensor<40xi64>", order)],
)
expect_abort(
    "%r0, %r1 = rac.top_k %a0, %a1 axis 0 : (tensor<?xui8>) -> (tensor<?xui8>, tensor<?xi64>)",
    [("tensor<?xui8>", bytes_), ("index", 41)],
    ["tensor<?xui8>", "tensor<?xi64>"],
)
for data, element in [(x > 0.3, "i1"), (np.array([0, 1, -2, 0]), "f32"), (np.zeros(2), "f32"), (np.array(1), "f32")]:
    result = np.array(np.nonzero(np.atleast_1d(data)))[: data.ndim]
    target = tensor([data.ndim, "?"], "i64")
    expect(
        f"%r0 = rac.non_zero %a0 : ({dynamic(data, element)}) -> {target}",
        [(dynamic(data, element), data)],
        [(target, result)],
    )


# ---- resize
def resize(mode, coordinate, nearest, data, sizes, scales=None, element="f32", a=-0.75, exclude=False):
    weights = {
        "nearest": lambda ratio, scale: _nearest_coeffs(ratio, nearest),
        "linear": _linear_coeffs,
        "cubic": lambda ratio, scale: _cubic_coeffs(ratio, scale, A=a),
    }[mode]
    result = _interpolate_nd(
        data,
        weights,
        output_size=None if scales else sizes,
        scale_factors=scales,
        coordinate_transformation_mode=coordinate,
        exclude_outside=exclude,
    )
    if element == "ui8":
        result = saturate_cast(result, np.dtype(np.uint8))
    source, target = dynamic(data, element), dynamic(result, element)
    attributes = f"cubic_a = {a} : f64" + (", exclude_outside" if exclude else "")
    if scales:
        attributes += f", scales = array<f64: {', '.join(repr(float(scale)) for scale in scales)}>"
    expect(
        f"%r0 = rac.resize {mode} {coordinate} {nearest} %a0 "
        f"to [{', '.join(f'%a{i + 1}' for i in range(data.ndim))}] {{{attributes}}} : ({source}) -> {target}",
        [(source, data)] + [("index", size) for size in result.shape],
        [(target, result)],
        1e-4,
    )


x = random(1, 4, 5, 2)
for coordinate in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"):
    for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
        resize("nearest", coordinate, nearest, x, [1, 7, 3, 2])
        resize("nearest", coordinate, nearest, x, None, [1, 2.0, 1.5, 1])
    for mode in ("linear", "cubic"):
        resize(mode, coordinate, "floor", x, [1, 7, 3, 2])
        resize(mode, coordinate, "floor", x, None, [1, 2.0, 0.6, 1])
        resize(mode, coordinate, "floor", x, [1, 1, 8, 2])
        resize(mode, coordinate, "floor", x, [1, 8, 3, 2], exclude=True, a=-0.5)
bytes_ = generator.integers(0, 256, (1, 4, 5, 2)).astype(np.uint8)
for mode in ("nearest", "linear", "cubic"):
    resize(mode, "half_pixel", "floor", bytes_, [1, 7, 9, 2], element="ui8")
resize("linear", "half_pixel", "floor", random(1, 4, 5, 3, 2), [1, 3, 7, 5, 2])
resize("linear", "asymmetric", "floor", random(4), [9])

run()
