"""Bytes that the cost model predicts against a cache simulator's misses.

Generated kernels are compiled for AVX2, which valgrind knows, run once on cold caches, and counted
by cachegrind, which is told the levels of the device that the model is told."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from support import BUILD, ROOT, sanitized

RAC_OPT = BUILD / "bin" / "rac-opt"
LLVM = "/usr/lib/llvm-22/bin"
LINE = 64  # B
D1, LL = 32 << 10, 256 << 10  # B, both of 8 ways


def tensor(*sizes):
    return f"tensor<{'x'.join(map(str, sizes))}xf32>"


class Kernel:
    """A group: types of its operands, its body on %0, %1, ..., its result's type, its tilings."""

    def __init__(self, name, operands, body, result, tilings):
        self.name, self.operands, self.body = name, operands, body
        self.result, self.tilings = result, tilings


def matmul(m, n, k, tilings):
    a, b, c = tensor(m, k), tensor(k, n), tensor(m, n)
    return Kernel(f"matmul_{m}x{n}x{k}", [a, b], f"%r = rac.matmul %0, %1 : ({a}, {b}) -> {c}", c, tilings)


def chain(rows, columns, tilings):
    x, row = tensor(rows, columns), tensor(columns)
    return Kernel(
        f"chain_{rows}x{columns}", [x, x, row],
        f"""%a = rac.add %0, %1 : ({x}, {x}) -> {x}
            %b = rac.relu %a : ({x}) -> {x}
            %r = rac.mul %b, %2 : ({x}, {row}) -> {x}""", x, tilings)


def softmax(rows, columns, tilings):
    x = tensor(rows, columns)
    return Kernel(f"softmax_{rows}x{columns}", [x], f"%r = rac.softmax %0 axis 1 : {x}", x, tilings)


def normalize(rows, columns, tilings):
    x, row = tensor(rows, columns), tensor(columns)
    return Kernel(
        f"normalize_{rows}x{columns}", [x, row, row],
        f"%r = rac.normalize layer %0, %1, %2 axis 1 epsilon 1.0e-5 : ({x}, {row}, {row}) -> {x}", x, tilings)


def transpose(rows, columns, tilings):
    x, y = tensor(rows, columns), tensor(columns, rows)
    return Kernel(f"transpose_{rows}x{columns}", [x], f"%r = rac.transpose %0, [1, 0] : ({x}) -> {y}", y, tilings)


def reduce(rows, columns, tilings):
    x, y = tensor(rows, columns), tensor(rows)
    return Kernel(f"reduce_{rows}x{columns}", [x], f"%r = rac.reduce max %0 axes [1] : ({x}) -> {y}", y, tilings)


def conv(size, channels, features, groups, tilings):
    x, f = tensor(1, size + 2, size + 2, channels), tensor(features, channels // groups, 3, 3)
    y = tensor(1, size, size, features)
    return Kernel(
        f"conv_{size}_{channels}_{features}_{groups}", [x, f],
        "%r = rac.conv %0, %1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,"
        f" pads_high = array<i64: 0, 0>, groups = {groups} : i64}} : ({x}, {f}) -> {y}", y, tilings)


def attention(rows, keys, width, tilings):
    q, k, s, v, y = tensor(rows, width), tensor(width, keys), tensor(rows, keys), tensor(keys, width), tensor(rows, width)
    return Kernel(
        f"attention_{rows}x{keys}x{width}", [q, k, v],
        f"""%a = rac.matmul %0, %1 : ({q}, {k}) -> {s}
            %b = rac.softmax %a axis 1 : {s}
            %r = rac.matmul %b, %2 : ({s}, {v}) -> {y}""", y, tilings)


NONE = ()
KERNELS = [
    matmul(192, 192, 192, [NONE, (192, 16), (192, 64), (64, 192), (16, 192), (48, 48), (96, 96), (24, 24)]),
    matmul(96, 320, 256, [NONE, (96, 32), (96, 160), (48, 320), (12, 320), (48, 80), (24, 32)]),
    matmul(256, 64, 128, [NONE, (256, 16), (64, 64), (32, 16), (128, 32)]),
    chain(128, 512, [NONE, (1, 0), (8, 64), (64, 128)]),
    softmax(128, 512, [NONE, (1, 0), (8, 0), (64, 0)]),
    normalize(96, 768, [NONE, (1, 0), (32, 0)]),
    transpose(192, 256, [NONE, (16, 16), (256, 8), (8, 192), (64, 64)]),
    reduce(256, 256, [NONE, (32,)]),
    conv(24, 32, 32, 32, [NONE, (1, 1, 0, 0), (1, 4, 0, 0), (1, 8, 8, 0)]),
    conv(14, 32, 32, 1, [NONE, (1, 1, 0, 0), (1, 7, 0, 0), (1, 0, 0, 8)]),
    attention(128, 128, 32, [NONE, (8, 0), (32, 0)]),
]


def program(kernels):
    """A function of all kernels under all tilings, each with operands of its own."""
    arguments, results, lines, names = [], [], [], {}
    for kernel in kernels:
        for i, tiles in enumerate(kernel.tilings):
            name = f"k_{kernel.name}_{i}"
            names[name] = (kernel.name, tiles)
            own = range(len(arguments), len(arguments) + len(kernel.operands))
            arguments += kernel.operands
            block = ", ".join(f"%{n}: {t}" for n, t in enumerate(kernel.operands))
            types = ", ".join(kernel.operands)
            tiled = f", tiles = {list(tiles)}" if tiles else ""
            lines.append(
                f"%r{len(results)} = rac.group @{name} ins({', '.join(f'%x{n}' for n in own)} : {types}) -> "
                f"({kernel.result}) plan <kind = generated, precision = f32, threads = 1{tiled}> {{\n"
                f"^bb0({block}):\n{kernel.body}\nrac.yield %r : {kernel.result}\n}}")
            results.append(kernel.result)
    parameters = ", ".join(f"%x{n}: {t}" for n, t in enumerate(arguments))
    values = ", ".join(f"%r{n}" for n in range(len(results)))
    text = f"func.func @main({parameters}) -> ({', '.join(results)}) {{\n" + "\n".join(lines)
    return f"{text}\nreturn {values} : {', '.join(results)}\n}}\n", names


def device():
    """A machine of AVX2 with the simulated caches."""
    described = json.loads((ROOT / "devices" / "generic-avx512.json").read_text())

    def exactly(v):
        return {"v": v, "how": "guess", "src": "as simulated", "unc": 0}

    unit = next(u for u in described["units"] if u["kind"] == "simd")
    unit["vector_bits"], unit["registers"] = exactly(256), exactly(16)
    caches = [level for level in described["memory"] if level["kind"] == "cache"][:2]
    for level, name, size in zip(caches, ("D1", "LL"), (D1, LL)):
        level.update(name=name, scope="core", sharers=exactly(1), size_bytes=exactly(size),
                     line_bytes=exactly(LINE), ways=exactly(8))
    described["memory"] = [*caches, described["memory"][-1]]
    described["id"] = "simulated"
    return described


def predict(source, described):
    """B that D1 and LL bring in, by kernel."""
    run = subprocess.run(
        [RAC_OPT, source, f"--rac-cost-groups=device={described} cold traffic", "-o", "/dev/null"],
        check=True, capture_output=True, text=True)
    found = {}
    group = None
    for line in run.stderr.splitlines():
        if match := re.search(r"remark: brings (\d+) B into D1 (\d+) B into LL", line):
            group = (int(match[1]), int(match[2]))
        elif group and (match := re.search(r"rac\.group @(k_\w+)", line)):
            found[match[1]] = group
            group = None
    return found


def compile_program(source, folder):
    """The program for AVX2, its kernels apart from each other."""
    ir = subprocess.run(
        [RAC_OPT, source, "--rac-pipeline-linalg", "--rac-pipeline-buffers=vector-bits=256 registers=16",
         "--rac-pipeline-llvm"], check=True, capture_output=True, text=True).stdout
    ir = re.sub(r"rac\.plan = #rac\.plan<[^>]*>(, )?", "", ir)
    ir = subprocess.run([f"{LLVM}/mlir-translate", "--mlir-to-llvmir"], input=ir, check=True,
                        capture_output=True, text=True).stdout
    ir = ir.replace("@main(", "@model(")
    # What the C library's memset touches would be nobody's.
    ir = re.sub(r"^(define .*@k_.*\)[^{]*)\{$", r'\1noinline "no-builtins" {', ir, flags=re.M)
    begin = re.search(r"^define .*@model\(", ir, flags=re.M).start()
    end = ir.index("\n}", begin)
    model = re.sub(r"^( *)(call .*@k_)", r"\1call void @make_cold()\n\1\2", ir[begin:end], flags=re.M)
    assert model.count("@make_cold") == sum(len(kernel.tilings) for kernel in KERNELS)
    ir = ir[:begin] + model + ir[end:] + "\ndeclare void @make_cold()\n"
    (folder / "model.ll").write_text(ir)
    subprocess.run(
        [f"{LLVM}/clang", "-O2", "-march=haswell", "-Wno-override-module", f"-DINPUT_BYTES={1 << 19}", f"-DCACHE_BYTES={LL}",
         folder / "model.ll", ROOT / "test/python/traffic_driver.c", "-lm", "-o", folder / "model"], check=True)
    return folder / "model"


def simulate(binary, folder):
    """B that D1 and LL bring in, by kernel."""
    out = folder / "cachegrind.out"
    subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=yes", f"--D1={D1},8,{LINE}", f"--LL={LL},8,{LINE}",
         f"--cachegrind-out-file={out}", binary], check=True, capture_output=True, text=True)
    events, found, name = [], {}, None
    for line in out.read_text().splitlines():
        if line.startswith("events:"):
            events = line.split()[1:]
        elif line.startswith("fn="):
            match = re.match(r"fn=(k_\w+?_\d+)(_(loop|body)(_\d+)?)?$", line)
            name = match[1] if match else None
        elif name and line[:1].isdigit():
            counts = dict(zip(events, map(int, line.split()[1:])))
            before = found.get(name, (0, 0))
            found[name] = (before[0] + LINE * (counts["D1mr"] + counts["D1mw"]),
                           before[1] + LINE * (counts["DLmr"] + counts["DLmw"]))
    return found


def ranks(values):
    """Positions in ascending order; what differs by less than 2 % shares one."""
    order = np.argsort(values, kind="stable")
    result, start = np.empty(len(values)), 0
    for end in range(1, len(values) + 1):
        if end == len(values) or values[order[end]] > 1.02 * values[order[start]]:
            result[order[start:end]] = (start + end - 1) / 2
            start = end
    return result


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """By kernel and tiles: predicted and simulated bytes of D1 and of LL."""
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    if sanitized():
        pytest.skip("valgrind and a sanitizer exclude each other")
    if not RAC_OPT.exists():
        pytest.skip("rac-opt is not built")
    folder = tmp_path_factory.mktemp("traffic")
    text, names = program(KERNELS)
    (folder / "model.mlir").write_text(text)
    (folder / "device.json").write_text(json.dumps(device()))
    predicted = predict(folder / "model.mlir", folder / "device.json")
    counted = simulate(compile_program(folder / "model.mlir", folder), folder)
    assert set(predicted) == set(counted) == set(names)
    rows = {names[name]: (predicted[name], counted[name]) for name in names}
    for (kernel, tiles), (p, c) in rows.items():
        print(f"{kernel:24} {str(list(tiles)):16}", *(f"{level} {x:9} {y:9} {x / y:5.2f}  " for level, x, y in zip(("D1", "LL"), p, c)))
    return rows


@pytest.mark.parametrize("level", [pytest.param(0, id="D1"), pytest.param(1, id="LL")])
def test_bytes(measured, level):
    """Within 20 % in the median over at least 30 kernels and tile choices."""
    assert len(measured) >= 30
    errors = [abs(p[level] - c[level]) / c[level] for p, c in measured.values()]
    print(f"median {np.median(errors):.3f}, mean {np.mean(errors):.3f}, worst {max(errors):.3f}")
    assert np.median(errors) < 0.2


@pytest.mark.parametrize("level", [pytest.param(0, id="D1"), pytest.param(1, id="LL")])
def test_ranking(measured, level):
    """Of each kernel's tile choices, the one that is thought to move less does: Spearman's rank
    correlation, over all kernels, of ranks within a kernel."""
    x, y = [], []
    for kernel in KERNELS:
        rows = [row for (name, _), row in measured.items() if name == kernel.name]
        for values, side in ((x, 0), (y, 1)):
            of = ranks(np.array([row[side][level] for row in rows], dtype=float))
            values.extend(of - of.mean())
    correlation = np.corrcoef(x, y)[0, 1]
    print(f"Spearman {correlation:.3f}")
    assert correlation > 0.9
