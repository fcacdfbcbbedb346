"""Elementwise ops, constants, and types on their way through functions and scf."""

import math

import numpy as np
from execution import ELEMENTS, dynamic, expect, run, tensor

generator = np.random.default_rng(0)
x = generator.standard_normal((3, 5)).astype(np.float32)
row = generator.standard_normal(5).astype(np.float32)
column = generator.standard_normal((3, 1)).astype(np.float32)
bytes_ = generator.integers(0, 256, (3, 5)).astype(np.uint8)
small = generator.integers(0, 5, (3, 5)).astype(np.uint8)
erf = np.vectorize(math.erf)


def unary(op, function, data=x, element="f32", to=None, tolerance=1e-5):
    source, result = tensor(["?", 5], element), tensor(["?", 5], to or element)
    expect(f"%r0 = rac.{op} %a0 : ({source}) -> {result}", [(source, data)], [(result, function(data))], tolerance)


for op, function in {
    "exp": np.exp,
    "neg": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
    "sin": np.sin,
    "tanh": np.tanh,
    "erf": erf,
    "relu": lambda v: np.maximum(v, 0),
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "gelu": lambda v: v / 2 * (1 + erf(v / math.sqrt(2))),
    "softplus": lambda v: np.log1p(np.exp(v)),
}.items():
    unary(op, function)
unary("sqrt", np.sqrt, np.abs(x))
unary("log", np.log, np.abs(x))
unary("is_nan", np.isnan, np.where(x > 0, np.nan, x), to="i1")
unary("is_inf", np.isinf, np.where(x > 0, np.inf, x), to="i1")
unary("exp", np.exp, x.astype(np.float16), "f16", tolerance=2e-3)
unary("cast", lambda v: v.astype(np.int64), x * 10, to="i64")
unary("cast", lambda v: v != 0, np.floor(x), to="i1")
unary("cast", lambda v: v.astype(np.float32), x > 0, "i1", to="f32")
unary("cast", lambda v: v.astype(np.float32), bytes_, "ui8", to="f32")
unary("cast", lambda v: v.astype(np.float16), x, to="f16", tolerance=1e-3)
unary("not", np.invert, bytes_, "ui8")
unary("not", np.invert, x > 0, "i1")
unary("exp", np.exp, x[:0])

for op, function in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
}.items():
    for a, a_type, b, b_type, result in [
        (x, tensor(["?", 5]), row, tensor([5]), tensor(["?", 5])),
        (column, tensor(["?", 1]), row, tensor(["?"]), tensor(["?", "?"])),
        (x[0, 0], tensor([]), row[0], tensor([]), tensor([])),
    ]:
        expect(
            f"%r0 = rac.{op} %a0, %a1 : ({a_type}, {b_type}) -> {result}",
            [(a_type, a), (b_type, b)],
            [(result, function(a, b))],
        )
    expect(
        f"%c = rac.constant dense<2.5> : tensor<1x1xf32>\n"
        f"%r0 = rac.{op} %a0, %c : (tensor<?x5xf32>, tensor<1x1xf32>) -> tensor<?x5xf32>",
        [("tensor<?x5xf32>", x)],
        [("tensor<?x5xf32>", function(x, np.float32(2.5)))],
    )

u8, i1 = tensor(["?", 5], "ui8"), tensor(["?", 5], "i1")
quotient = np.where(small == 0, 0, bytes_ // np.maximum(small, 1))
expect(f"%r0 = rac.div %a0, %a1 : ({u8}, {u8}) -> {u8}", [(u8, bytes_), (u8, small)], [(u8, quotient)])
# Integers wrap around; what is less than one is 0.
for element, bases, exponents in [("i32", [-3, -2, -1, 0, 1, 7], [-2, -1, 0, 1, 3, 31]), ("ui8", [0, 1, 3, 255], [0, 1, 5, 255])]:
    base, exponent = (a.ravel() for a in np.meshgrid(bases, exponents))
    power = [int(b) ** int(e) if e >= 0 or abs(b) == 1 else 0 for b, e in zip(base, exponent)]
    width = np.dtype(ELEMENTS[element]).itemsize * 8
    power = np.array([int(p) % 2**width for p in power], np.uint64).astype(ELEMENTS[element])
    type_ = tensor(["?"], element)
    expect(f"%r0 = rac.pow %a0, %a1 : ({type_}, {type_}) -> {type_}", [(type_, base), (type_, exponent)], [(type_, power)])
expect(f"%r0 = rac.less %a0, %a1 : ({u8}, {u8}) -> {i1}", [(u8, bytes_), (u8, small)], [(i1, bytes_ < small)])
expect(
    f"%c = rac.constant dense<[true, false, true, true, false]> : tensor<5xi1>\n"
    f"%r0 = rac.and %a0, %c : ({i1}, tensor<5xi1>) -> {i1}",
    [(i1, x > 0)],
    [(i1, (x > 0) & np.array([1, 0, 1, 1, 0], bool))],
)
expect(
    "%r0 = rac.select %a0, %a1, %a2 : (tensor<?x1xi1>, tensor<?x5xf32>, tensor<f32>) -> tensor<?x5xf32>",
    [("tensor<?x1xi1>", column > 0), ("tensor<?x5xf32>", x), ("tensor<f32>", 7)],
    [("tensor<?x5xf32>", np.where(column > 0, x, 7))],
)
expect(f"%r0 = rac.mul %a0, %a0 : ({u8}, {u8}) -> {u8}", [(u8, small)], [(u8, small * small)])

# ---- types: results of scf.if, scalars, constants
expect(
    f"""%zero = arith.constant 0 : index
    %v = tensor.extract %a1[%zero] : tensor<1xi1>
    %r0 = scf.if %v -> {i1} {{
      %n = rac.not %a0 : ({i1}) -> {i1}
      scf.yield %n : {i1}
    }} else {{
      scf.yield %a0 : {i1}
    }}""",
    [(i1, x > 0), ("tensor<1xi1>", [True])],
    [(i1, ~(x > 0))],
)
expect(
    """%t = arith.cmpi eq, %a0, %a0 : index
    %v = tensor.from_elements %t, %t : tensor<2xi1>
    %r0 = rac.not %v : (tensor<2xi1>) -> tensor<2xi1>""",
    [("index", 1)],
    [("tensor<2xi1>", np.array([False, False]))],
)
expect("%r0 = rac.constant dense<[1, 2, 255]> : tensor<3xui8>", [], [("tensor<3xui8>", np.array([1, 2, 255]))])
expect(
    "%r0 = rac.iota axis 1 sizes [%a0, 4] : tensor<?x4xi64>",
    [("index", 3)],
    [("tensor<?x4xi64>", np.broadcast_to(np.arange(4), (3, 4)))],
)
expect(f"%r0 = rac.abs %a0 : ({dynamic(x)}) -> {dynamic(x)}", [(dynamic(x), x)], [(dynamic(x), np.abs(x))])

run()
