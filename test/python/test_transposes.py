"""Groups that write in another order than they read, and compute on the way, against numpy: whole blocks and ragged ones,
a few rows side by side, sizes that only a run gives, and what is no number; with vectors of 512 and of 256 bits."""

import ml_dtypes
import numpy as np
import pytest
from support import FLAGS, VECTOR_BYTES, load, quantize_reference, run_compiler
from test_conversions import same_bits

pytestmark = pytest.mark.usefixtures("compiler")

BF16 = np.dtype(ml_dtypes.bfloat16)
DTYPES = {"f32": np.dtype(np.float32), "bf16": BF16, "i8": np.dtype(np.int8), "ui8": np.dtype(np.uint8)}
STEPS = "{steps_type = !quant.uniform<i8:f32, 5.0e-1:3>}"
# What is done to %x, of the type there, before it is transposed; the type that gives, and the same by numpy.
BODIES = {
    "nothing": ("f32", "f32", "", lambda x: x),
    "narrows": ("f32", "bf16", "rac.cast %x : ({x}) -> {y}", lambda x: x.astype(BF16)),
    "widens": ("bf16", "f32", "rac.cast %x : ({x}) -> {y}", lambda x: x.astype(np.float32)),
    "quantizes": ("f32", "i8", f"rac.quantize %x {STEPS} : ({{x}}) -> {{y}}",
                  lambda x: quantize_reference(x, np.float32(0.5), 3, -128, 127).astype(np.int8)),
    "dequantizes": ("i8", "f32", f"rac.dequantize %x {STEPS} : ({{x}}) -> {{y}}",
                    lambda x: (x.astype(np.float32) - 3) * np.float32(0.5)),
    "bytes": ("ui8", "f32", "rac.cast %x : ({x}) -> {y}", lambda x: x.astype(np.float32)),
    "halves": ("bf16", "bf16", "rac.relu %x : ({x}) -> {y}",
               lambda x: np.where(np.isnan(x.astype(np.float32)), x, np.maximum(x.astype(np.float32), 0).astype(BF16))),
}
SIZES = [(16, 16), (33, 50), (100, 17), (7, 40), (3, 50), (2, 333), (64, 3), (197, 36)]
TARGETS = [()] if VECTOR_BYTES else [(), ("--target=x86-avx2",)]


def with_types(body, x, y):
    return body.replace("{x}", x).replace("{y}", y)


def values(rng, shape, dtype):
    if dtype.kind in "iu":
        return rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    x = (rng.standard_normal(shape) * 50).astype(dtype)
    x.flat[::7] = np.nan
    x.flat[3::11] = np.inf
    x.flat[5::13] = -np.inf
    return x


def run_group(folder, signature, result, body, inputs, flags):
    """`body` computes %y of what `signature` has, as one group that generated code runs."""
    names = [part.split(":")[0] for part in signature]
    types = [part.split(": ")[1] for part in signature]
    inside = [f"{name}_in: {type}" for name, type in zip(names, types, strict=True)]
    for name in names:
        body = body.replace(name, name + "_in")
    (folder / "model.mlir").write_text(f"""func.func @main({", ".join(signature)}) -> {result} {{
  %g = rac.group @g ins({", ".join(names)} : {", ".join(types)}) -> ({result}) plan <kind = generated, precision = f32> {{
  ^bb0({", ".join(inside)}):
    {body}
    rac.yield %y : {result}
  }}
  return %g : {result}
}}""")
    with load(run_compiler(folder / "model.mlir", folder / "model.so", *FLAGS, *flags)) as model:
        return model.run(inputs)["output_0"].copy()


def compare(got, want):
    if want.dtype.kind in "iu":
        np.testing.assert_array_equal(got, want)
    else:
        same_bits(got, want)


@pytest.mark.parametrize("flags", TARGETS)
@pytest.mark.parametrize("name", BODIES)
def test_matrices(tmp_path, name, flags):
    source, target, body, reference = BODIES[name]
    rng = np.random.default_rng(5)
    for rows, columns in [*SIZES, (None, None)]:
        def type_of(a, b, element):
            return f"tensor<{a or '?'}x{b or '?'}x{element}>"
        x, y = type_of(rows, columns, source), type_of(rows, columns, target)
        steps = f"%0 = {with_types(body, x, y)}\n    " if body else ""
        text = (f"{steps}%y = rac.transpose {'%0' if body else '%x'}, [1, 0] : ({y}) -> "
                f"{type_of(columns, rows, target)}")
        for shape in [(rows, columns)] if rows else [(37, 21), (5, 3), (32, 48)]:
            data = values(rng, shape, DTYPES[source])
            got = run_group(tmp_path, [f"%x: {x}"], type_of(columns, rows, target), text, {"input_0": data}, flags)
            with np.errstate(all="ignore"):
                compare(got, np.ascontiguousarray(reference(data).T))


@pytest.mark.parametrize("flags", TARGETS)
@pytest.mark.parametrize("perm", [[0, 2, 3, 1], [0, 3, 1, 2], [2, 0, 1, 3], [3, 2, 1, 0]])
def test_images(tmp_path, perm, flags):
    """Channels to the end and back, with steps of bytes."""
    source, target, body, reference = BODIES["quantizes"]
    shape = [2, 19, 7, 24]
    x, y = (f"tensor<{'x'.join(map(str, shape))}x{element}>" for element in (source, target))
    result = f"tensor<{'x'.join(str(shape[p]) for p in perm)}x{target}>"
    text = f"%0 = {with_types(body, x, y)}\n    %y = rac.transpose %0, {perm} : ({y}) -> {result}"
    data = values(np.random.default_rng(6), shape, DTYPES[source])
    with np.errstate(all="ignore"):
        compare(run_group(tmp_path, [f"%x: {x}"], result, text, {"input_0": data}, flags),
                np.ascontiguousarray(reference(data).transpose(perm)))


@pytest.mark.parametrize("flags", TARGETS)
@pytest.mark.parametrize("rows, columns", [(32, 48), (37, 21)])
def test_others_beside(tmp_path, rows, columns, flags):
    """Another matrix in the same order, one in the result's, a vector along each of its dimensions."""
    rng = np.random.default_rng(7)
    straight, across = f"tensor<{rows}x{columns}xf32>", f"tensor<{columns}x{rows}xf32>"
    sources = {"%a": straight, "%b": straight, "%c": across, "%d": f"tensor<{rows}xf32>", "%e": f"tensor<{columns}x1xf32>"}
    data = {"%a": (rows, columns), "%b": (rows, columns), "%c": (columns, rows), "%d": (rows,), "%e": (columns, 1)}
    data = {name: rng.standard_normal(shape, np.float32) for name, shape in data.items()}
    for used in (["%a", "%b"], ["%a", "%c"], ["%a", "%d"], ["%a", "%e"], ["%a", "%d", "%e"], ["%a", "%b", "%c"]):
        lines, want, value = [], None, None
        straights = [name for name in used if sources[name] == straight]
        for i, name in enumerate(straights):
            want = data[name] if want is None else want + data[name]
            if i:
                lines.append(f"%s{i} = rac.add {value}, {name} : ({straight}, {straight}) -> {straight}")
            value = f"%s{i}" if i else name
        rest = [name for name in used if name not in straights]
        lines.append(f"{'%t' if rest else '%y'} = rac.transpose {value}, [1, 0] : ({straight}) -> {across}")
        want, value = want.T, "%t"
        for i, name in enumerate(rest):
            out = "%y" if name == rest[-1] else f"%u{i}"
            lines.append(f"{out} = rac.add {value}, {name} : ({across}, {sources[name]}) -> {across}")
            want, value = want + data[name], out
        inputs = {f"input_{i}": data[name] for i, name in enumerate(used)}
        got = run_group(tmp_path, [f"{name}: {sources[name]}" for name in used], across, "\n    ".join(lines), inputs, flags)
        np.testing.assert_array_equal(got, want)
