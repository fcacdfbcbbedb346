"""reduce, arg_reduce, scan, softmax, normalize."""

import numpy as np
from execution import dynamic, expect, fixed, run, tensor

generator = np.random.default_rng(0)
x = generator.standard_normal((4, 3, 6)).astype(np.float32)
bytes_ = generator.integers(0, 256, (3, 5)).astype(np.uint8)
t3 = dynamic(x)


def reduce(kind, data, axes, result, element="f32", keep=False, tolerance=1e-4):
    source, attributes = dynamic(data, element), " {keep_dims}" if keep else ""
    shape = [1 if i in axes and keep else "?" for i in range(data.ndim) if keep or i not in axes]
    target = tensor(shape, element)
    expect(
        f"%r0 = rac.reduce {kind} %a0 axes {list(axes)}{attributes} : ({source}) -> {target}",
        [(source, data)],
        [(target, result)],
        tolerance,
    )


for kind, function in {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod}.items():
    for axes in [(1,), (2,), (0, 2), (0, 1, 2), (0,)]:
        for keep in (False, True):
            reduce(kind, x, axes, function(x, axis=axes, keepdims=keep), keep=keep)
reduce("max", x > 1, (1,), (x > 1).any(1), "i1")
reduce("min", bytes_, (1,), bytes_.min(1), "ui8")
reduce("mean", bytes_.astype(np.int64), (1,), bytes_.astype(np.int64).sum(1) // 5, "i64")
reduce("mean", x.astype(np.float16), (1,), x.mean(1), "f16", tolerance=1e-2)
for kind, value in {"sum": 0, "prod": 1, "max": -np.inf, "min": np.inf, "mean": np.nan}.items():
    reduce(kind, x[:, :0], (1,), np.full((4, 6), value))
nan = np.where(x > 1, np.nan, x)
reduce("max", nan, (2,), nan.max(2))
expect(
    f"""%s = rac.reduce sum %a0 axes [1] {{keep_dims}} : ({t3}) -> tensor<?x1x?xf32>
    %r0 = rac.div %a0, %s : ({t3}, tensor<?x1x?xf32>) -> {t3}""",
    [(t3, x)],
    [(t3, x / x.sum(1, keepdims=True))],
    1e-3,
)

rounded = np.round(x * 2)
holed = rounded.copy()
holed[1, 2, 3] = holed[1, 2, 5] = holed[0, 0, 0] = np.nan
for data in (rounded, holed):
    for kind, function in {"max": np.argmax, "min": np.argmin}.items():
        for axis in range(3):
            target = tensor(["?", "?"], "i64")
            expect(
                f"%r0 = rac.arg_reduce {kind} %a0 axis {axis} : ({t3}) -> {target}",
                [(t3, data)],
                [(target, function(data, axis=axis))],
            )
            last = data.shape[axis] - 1 - function(np.flip(data, axis), axis=axis, keepdims=True)
            expect(
                f"%r0 = rac.arg_reduce {kind} %a0 axis {axis} {{keep_dims, last}} : ({fixed(x)}) -> "
                + fixed(last, "i64"),
                [(fixed(x), data)],
                [(fixed(last, "i64"), last)],
            )

for axis in range(3):
    sums = np.cumsum(x, axis=axis)
    products = np.flip(np.cumprod(np.flip(x, axis), axis=axis), axis)
    for kind, attributes, result in [
        ("sum", "", sums),
        ("sum", " {exclusive}", sums - x),
        ("prod", " {reverse}", products),
    ]:
        expect(
            f"%r0 = rac.scan {kind} %a0 axis {axis}{attributes} : {t3}", [(t3, x)], [(t3, result)], 1e-4
        )
    exps = np.exp(x - x.max(axis, keepdims=True))
    softmax = exps / exps.sum(axis, keepdims=True)
    expect(f"%r0 = rac.softmax %a0 axis {axis} : {t3}", [(t3, x)], [(t3, softmax)])
    half = fixed(x, "f16")
    expect(f"%r0 = rac.softmax %a0 axis {axis} {{log}} : {half}", [(half, x)], [(half, np.log(softmax))], 1e-2)
# No part is subnormal: where a mask takes 80 to 104 away, it is a normal number or zero.
masked = x.copy()
masked[..., 1:] -= generator.uniform(80, 104, (4, 3, 5)).astype(np.float32)
exps = np.exp((masked - masked.max(2, keepdims=True)).astype(np.float64))
softmax = exps / exps.sum(2, keepdims=True)
softmax[softmax < np.finfo(np.float32).tiny] = 0
large = np.full_like(x, 1e38)
expect(
    f"%s = rac.softmax %a0 axis 2 : {t3}\n  %r0 = rac.mul %s, %a1 : ({t3}, {t3}) -> {t3}",
    [(t3, masked), (t3, large)],
    [(t3, softmax * large)],
)
expect("%r0 = rac.scan sum %a0 axis 0 : tensor<?xi64>", [("tensor<?xi64>", [1, 2, 3])], [("tensor<?xi64>", np.array([1, 3, 6]))])

scale = generator.standard_normal((3, 6)).astype(np.float32)
bias = generator.standard_normal(6).astype(np.float32)
mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
t36 = tensor(["?", 3, 6])
expect(
    "%r0 = rac.normalize layer %a0, %a1, %a2 axis 1 epsilon 1.0e-5 : "
    f"({t36}, tensor<3x6xf32>, tensor<6xf32>) -> {t36}",
    [(t36, x), ("tensor<3x6xf32>", scale), ("tensor<6xf32>", bias)],
    [(t36, (x - mean) / np.sqrt(variance + 1e-5) * scale + bias)],
    1e-4,
)
expect(
    f"%r0 = rac.normalize rms %a0, %a1 axis 2 epsilon 1.0e-5 : ({t3}, tensor<?xf32>) -> {t3}",
    [(t3, x), ("tensor<?xf32>", bias)],
    [(t3, x / np.sqrt((x * x).mean(2, keepdims=True) + 1e-5) * bias)],
    1e-4,
)

run()
