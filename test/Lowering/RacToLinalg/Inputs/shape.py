"""reshape, transpose, expand, concat, slice, pad."""

import numpy as np
from execution import dynamic, expect, expect_abort, run, tensor

generator = np.random.default_rng(1)


def random(*shape):
    return generator.standard_normal(shape).astype(np.float32)


x = random(2, 3, 4)
for permutation in [(0, 2, 1), (2, 1, 0), (1, 2, 0)]:
    expect(
        f"%r0 = rac.transpose %a0, {list(permutation)} : ({dynamic(x)}) -> {dynamic(x)}",
        [(dynamic(x), x)],
        [(dynamic(x), x.transpose(permutation))],
    )


def resized(op, data, known, result, sizes, values=()):
    """A reshape or expand from and to dimensions that are known, or "?" with the sizes in `values`."""
    source, target = tensor(known), tensor(result)
    text = f"%r0 = rac.{op} %a0 to [{sizes}] : ({source}) -> {target}"
    return text, [(source, data)] + [("index", value) for value in values], target


def reshape(data, known, result, sizes, shape, values=()):
    text, inputs, target = resized("reshape", data, known, result, sizes, values)
    expect(text, inputs, [(target, data.reshape(shape))])


def expand(data, known, result, sizes, shape, values=()):
    text, inputs, target = resized("expand", data, known, result, sizes, values)
    expect(text, inputs, [(target, np.broadcast_to(data, shape))])


reshape(x, [2, 3, 4], [6, 4], "6, 4", (6, 4))
reshape(x, ["?", 3, 4], ["?", 4], "%a1, 4", (6, 4), [6])
reshape(x, ["?", 3, 4], ["?", 12], "%a1, 12", (2, 12), [2])
reshape(x, ["?", 3, 4], ["?", 3, 2, 2], "%a1, 3, 2, 2", (2, 3, 2, 2), [2])
reshape(x, ["?", "?", 4], ["?", "?", 2, 2], "%a1, %a2, 2, 2", (3, 2, 2, 2), [3, 2])
reshape(x, ["?"] * 3, ["?"], "%a1", (24,), [24])
reshape(x, ["?"] * 3, [24], "24", (24,))
reshape(x, ["?"] * 3, [4, 6], "4, 6", (4, 6))
reshape(x, [2, 3, 4], ["?", "?"], "%a1, %a2", (4, 6), [4, 6])
reshape(random(1, 1), [1, 1], [], "", ())
reshape(random(), [], [1, 1], "1, 1", (1, 1))
reshape(random(1), ["?"], [], "", ())
reshape(random(), [], ["?", 1], "%a1, 1", (1, 1), [1])
reshape(random(0, 3), ["?", 3], ["?", 3, 1], "%a1, 3, 1", (0, 3, 1), [0])
reshape(random(4, 6), ["?", 6], ["?", 4], "%a1, 4", (6, 4), [6])
reshape(random(4, 6), ["?", "?"], ["?", "?"], "%a1, %a2", (3, 8), [3, 8])
reshape(random(1, 5), [1, "?"], ["?"], "%a1", (5,), [5])
reshape(random(5), ["?"], [1, "?", 1], "1, %a1, 1", (1, 5, 1), [5])
for known, result, sizes, values in [
    (["?", 3, 4], ["?", 4], "%a1, 4", [7]),
    (["?"] * 3, ["?", "?"], "%a1, %a2", [-4, -6]),
    (["?"] * 3, [5, 5], "5, 5", []),
]:
    text, inputs, target = resized("reshape", x, known, result, sizes, values)
    expect_abort(text, inputs, [target])
expect(
    """%c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %d = tensor.dim %a0, %c0 : tensor<?x?x4xf32>
    %e = tensor.dim %a0, %c1 : tensor<?x?x4xf32>
    %r0 = rac.reshape %a0 to [%d, %e, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>""",
    [("tensor<?x?x4xf32>", x)],
    [("tensor<?x?x2x2xf32>", x.reshape(2, 3, 2, 2))],
)
expect(
    "%r0 = rac.reshape %a0 to [8] : (tensor<2x4xi1>) -> tensor<8xi1>",
    [("tensor<2x4xi1>", x[:, 0] > 0)],
    [("tensor<8xi1>", (x[:, 0] > 0).reshape(8))],
)

expand(random(1, 4), [1, 4], ["?", 4], "%a1, 4", (3, 4), [3])
expand(random(1, 4), ["?", "?"], ["?", "?"], "%a1, %a2", (3, 4), [3, 4])
expand(random(3, 1), ["?", "?"], ["?", "?"], "%a1, %a2", (3, 4), [3, 4])
expand(random(4), ["?"], [2, "?"], "2, %a1", (2, 4), [4])
expand(random(1), ["?"], [2, 0], "2, 0", (2, 0))
expand(random(), [], ["?", 2], "%a1, 2", (5, 2), [5])
expand(random(3, 4), [3, 4], ["?", "?", 4], "%a1, %a2, 4", (2, 3, 4), [2, 3])
text, inputs, target = resized("expand", random(3), ["?"], ["?"], "%a1", [4])
expect_abort(text, inputs, [target])

a, b, none = random(2, 3), random(2, 2), random(2, 0)
expect(
    "%r0 = rac.concat %a0, %a1, %a2 axis 1 : (tensor<2x?xf32>, tensor<2x2xf32>, tensor<?x?xf32>) -> tensor<2x?xf32>",
    [("tensor<2x?xf32>", a), ("tensor<2x2xf32>", b), ("tensor<?x?xf32>", none)],
    [("tensor<2x?xf32>", np.concatenate([a, b, none], 1))],
)
t2 = "tensor<?x?xf32>"
join = f"%r0 = rac.concat %a0, %a1 axis 0 : ({t2}, {t2}) -> {t2}"
c = random(4, 3)
expect(join, [(t2, a), (t2, c)], [(t2, np.concatenate([a, c]))])
expect_abort(join, [(t2, a), (t2, b)], [t2])

source, target = "tensor<2x?x4xf32>", "tensor<2x?x2xf32>"
expect(
    f"%r0 = rac.slice %a0[0, %a1, 1] [2, %a2, 2] [1, 1, 2] : ({source}) -> {target}",
    [(source, x), ("index", 1), ("index", 2)],
    [(target, x[:, 1:3, 1::2])],
)
expect(
    f"%r0 = rac.slice %a0[0, %a1, 3] [2, %a2, 2] [1, -1, -2] : ({source}) -> {target}",
    [(source, x), ("index", 2), ("index", 3)],
    [(target, x[:, ::-1, 3::-2])],
)
part = "%r0 = rac.slice %a0[%a1] [%a2] [1] : (tensor<?xf32>) -> tensor<?xf32>"
t1 = "tensor<?xf32>"
expect(part, [(t1, random(3)), ("index", 3), ("index", 0)], [(t1, random(0))])
for offset, size in [(2, 2), (-1, 1), (0, -1)]:
    expect_abort(part, [(t1, random(3)), ("index", offset), ("index", size)], [t1])

expect(
    "%r0 = rac.pad constant %a0, %a1 low [0, %a2] high [0, 1] : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>",
    [("tensor<2x?xf32>", a), ("tensor<f32>", 3), ("index", 2)],
    [("tensor<2x?xf32>", np.pad(a, ((0, 0), (2, 1)), constant_values=3))],
)
expect(
    """%c = rac.constant dense<true> : tensor<i1>
    %r0 = rac.pad constant %a0, %c low [0, 2] high [1, 1] : (tensor<2x?xi1>, tensor<i1>) -> tensor<3x?xi1>""",
    [("tensor<2x?xi1>", a > 0)],
    [("tensor<3x?xi1>", np.pad(a > 0, ((0, 1), (2, 1)), constant_values=True))],
)
for mode in ("reflect", "edge", "wrap"):
    for low in (2, 7):
        expect(
            f"""%c = rac.constant dense<0.0> : tensor<f32>
            %r0 = rac.pad {mode} %a0, %c low [0, {low}] high [1, %a1] : (tensor<?x3xf32>, tensor<f32>) -> {t2}""",
            [("tensor<?x3xf32>", a), ("index", 5)],
            [(t2, np.pad(a, ((0, 1), (low, 5)), mode=mode))],
        )

run()
