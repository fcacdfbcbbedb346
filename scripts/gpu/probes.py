"""Kernels that keep one thing of a GPU busy, in PTX, and the little of CUDA's driver that runs them.

A probe's launch does a known number of operations or moves a known number of bytes; calibrate asks NVML's
counter what a few seconds of them take. Operands are random: what they are changes the power."""

import ctypes
import functools
import time

HEADER = ".version 7.1\n.target sm_80\n.address_size 64\n"
UNROLLED = 8  # loads of a step
MIX = """
 mov.u32 %h, %ctaid.x; mad.lo.u32 %h, %h, 1024, %t; mad.lo.u32 %h, %h, 2654435761, 12345;
 shr.u32 %u, %h, 15; xor.b32 %h, %h, %u; mul.lo.u32 %h, %h, 2246822519;
"""
# Operands of products, from random bits: halves of 0.5 to 1 with any sign, or any bytes.
OPERANDS = {"bf16": (0x807F807F, 0x3F003F00), "f16": (0x83FF83FF, 0x38003800), "tf32": (0x807FE000, 0x3F000000),
            "i8": (0xFFFFFFFF, 0)}
PRODUCTS = {"bf16": ("m16n8k16.row.col.f32.bf16.bf16.f32", 16), "f16": ("m16n8k16.row.col.f32.f16.f16.f32", 16),
            "tf32": ("m16n8k8.row.col.f32.tf32.tf32.f32", 8), "i8": ("m16n8k32.row.col.s32.s8.s8.s32", 32)}


def entry(name, body, registers="", shared=""):
    """A kernel of two addresses, a count of steps and a mask of addresses."""
    return f"""{HEADER}
.visible .entry {name}(.param .u64 p0, .param .u64 p1, .param .u32 p2, .param .u64 p3)
{{
 .reg .u64 %x, %y, %m, %o, %a, %b, %s; .reg .u32 %n, %i, %t, %h, %u; .reg .b32 %v<64>; .reg .f32 %f<40>; .reg .pred %p;
 {registers}{shared}
 ld.param.u64 %x, [p0]; ld.param.u64 %y, [p1]; ld.param.u32 %n, [p2]; ld.param.u64 %m, [p3];
 cvta.to.global.u64 %x, %x; cvta.to.global.u64 %y, %y;
 mov.u32 %t, %tid.x; mov.u32 %i, 0;{MIX}
{body}
 ret;
}}
"""


def loop(step):
    return f"""LOOP:
{step}
 add.u32 %i, %i, 1; setp.lt.u32 %p, %i, %n; @%p bra LOOP;
"""


def keep(kind, numbers):
    """Results go to memory if the count of steps is one that never is: nobody may leave them out."""
    combined = "\n".join(f" xor.b32 %v0, %v0, %{kind}{i};" if kind == "v" else f" add.f32 %f0, %f0, %f{i};" for i in numbers[1:])
    return f"{combined}\n setp.eq.u32 %p, %n, 4294967295;\n @%p st.global.{'u32' if kind == 'v' else 'f32'} [%x], %{kind}0;"


def multiply_adds():
    start = " ".join(f"cvt.rn.f32.u32 %f{i}, %h; mul.f32 %f{i}, %f{i}, 0f2F800000; add.u32 %h, %h, 77777777;" for i in range(10))
    # x = 0.5 to 1, so that sums stay where they are.
    start += " fma.rn.f32 %f8, %f8, 0f3F000000, 0f3F000000;"
    step = "\n".join(f" fma.rn.f32 %f{i}, %f{i}, %f8, %f9;" for _ in range(8) for i in range(8))
    return entry("probe", f" {start}\n{loop(step)}{keep('f', range(8))}")


def products(dtype):
    form, _ = PRODUCTS[dtype]
    mask, bits = OPERANDS[dtype]
    start = "\n".join(f" mad.lo.u32 %h, %h, 1664525, 1013904223; and.b32 %v{i}, %h, {mask}; or.b32 %v{i}, %v{i}, {bits};"
                      for i in range(24))
    sums, kind = ("w", "u32") if dtype == "i8" else ("f", "f32")
    start += "\n" + "\n".join(f" mov.{kind} %{sums}{i}, {'0' if dtype == 'i8' else '0f00000000'};" for i in range(16))
    lines = []
    for k in range(4):  # four sums, each with all four left factors
        for j in range(4):
            a, b = 4 * ((j + k) % 4), 16 + 2 * j
            d = "{" + ", ".join(f"%{sums}{4 * j + r}" for r in range(4)) + "}"
            lines.append(f" mma.sync.aligned.{form} {d}, {{%v{a}, %v{a + 1}, %v{a + 2}, %v{a + 3}}}, {{%v{b}, %v{b + 1}}}, {d};")
    step, registers = "\n".join(lines), ".reg .u32 %w<16>;" if dtype == "i8" else ""
    end = "\n".join(f" mov.b32 %v{i}, %{sums}{i};" for i in range(16)) + "\n" + keep("v", range(16))
    return entry("probe", f"{start}\n{loop(step)}{end}", registers)


def reads(space, width):
    """Loads of 16 bytes a thread, `width` bytes of a step of all threads that share the addresses apart."""
    start = "\n".join(f" mov.u32 %v{i}, 0;" for i in range(4))
    cache = {"shared": "volatile.shared", "near": "global", "far": "global.cg"}[space]
    lines = []
    for j in range(UNROLLED):
        lines.append(f" and.b64 %a, %o, %m; add.u64 %a, %a, %s; ld.{cache}.v4.u32 {{%v4, %v5, %v6, %v7}}, [%a]; add.u64 %o, %o, {width};")
        lines += [f" xor.b32 %v{i}, %v{i}, %v{4 + i};" for i in range(4)]
    shared = ""
    if space == "shared":
        shared = ".shared .align 16 .b8 held[32768];"
        place = """ mov.u64 %s, held; cvt.u64.u32 %o, %t; shl.b64 %o, %o, 4; add.u64 %a, %s, %o;
 st.shared.v4.u32 [%a], {%h, %u, %h, %u}; xor.b32 %h, %h, 1431655765; st.shared.v4.u32 [%a+16384], {%u, %h, %h, %u}; bar.sync 0;"""
    elif space == "near":  # 64 KiB of its own for each block
        place = " cvt.u64.u32 %o, %t; shl.b64 %o, %o, 4; mov.u32 %u, %ctaid.x; mul.wide.u32 %b, %u, 65536; add.u64 %s, %x, %b;"
    else:
        place = " mov.u32 %u, %ctaid.x; mad.lo.u32 %u, %u, 1024, %t; mul.wide.u32 %o, %u, 16; mov.u64 %s, %x;"
    return entry("probe", f"{start}\n{place}\n{loop(chr(10).join(lines))}{keep('v', range(4))}", shared=shared)


def copy(width):
    lines = [" mov.u32 %u, %ctaid.x; mad.lo.u32 %u, %u, 1024, %t; mul.wide.u32 %o, %u, 16;"]
    step = "\n".join(f""" and.b64 %a, %o, %m; add.u64 %b, %a, %y; add.u64 %a, %a, %x;
 ld.global.cg.v4.u32 {{%v0, %v1, %v2, %v3}}, [%a]; st.global.v4.u32 [%b], {{%v0, %v1, %v2, %v3}}; add.u64 %o, %o, {width};""" for _ in range(UNROLLED))
    return entry("probe", "\n".join(lines) + "\n" + loop(step))


def fill(width):
    step = f""" mad.lo.u32 %h, %h, 1664525, 1013904223; shr.u32 %u, %h, 13; xor.b32 %u, %u, %h;
 and.b64 %a, %o, %m; add.u64 %a, %a, %x; st.global.v4.u32 [%a], {{%h, %u, %u, %h}}; add.u64 %o, %o, {width};"""
    return entry("probe", " mov.u32 %u, %ctaid.x; mad.lo.u32 %u, %u, 1024, %t; mul.wide.u32 %o, %u, 16;\n" + loop(step))


def sleep():
    return entry("probe", loop(" nanosleep.u32 2000;"))


def nothing():
    return entry("probe", "")


class Driver:
    """Modules, launches and events of the first GPU."""

    def __init__(self):
        self.library = ctypes.CDLL("libcuda.so.1")
        self.call("cuInit", 0)
        self.context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), 0)
        self.call("cuCtxSetCurrent", self.context)
        self.stream = ctypes.c_void_p()
        self.call("cuStreamCreate", ctypes.byref(self.stream), 1)
        number = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(number), 16, 0)  # MULTIPROCESSOR_COUNT
        self.multiprocessors = number.value

    def call(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status:
            text = ctypes.c_char_p()
            self.library.cuGetErrorName(status, ctypes.byref(text))
            raise RuntimeError(f"{name}: {(text.value or b'unknown error').decode()}")

    def load(self, ptx):
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuModuleLoadData", ctypes.byref(module), ptx.encode() + b"\0")
        self.call("cuModuleGetFunction", ctypes.byref(function), module, b"probe")
        return function

    def allocate(self, size):
        place = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(place), ctypes.c_size_t(size))
        return place

    def launch(self, function, blocks, threads, source, target, steps, mask):
        values = [ctypes.c_uint64(getattr(source, "value", source)), ctypes.c_uint64(getattr(target, "value", target)),
                  ctypes.c_uint32(steps), ctypes.c_uint64(mask)]
        pointers = (ctypes.c_void_p * 4)(*[ctypes.addressof(value) for value in values])
        self.call("cuLaunchKernel", function, blocks, 1, 1, threads, 1, 1, 0, self.stream, pointers, None)

    def wait(self):
        self.call("cuStreamSynchronize", self.stream)

    def graph(self, launch, count):
        """So many launches, recorded: a function that replays them."""
        graph, executable = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuStreamBeginCapture_v2", self.stream, 2)  # of this thread
        for _ in range(count):
            launch()
        self.call("cuStreamEndCapture", self.stream, ctypes.byref(graph))
        self.call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, ctypes.c_uint64(0))
        return lambda: self.call("cuGraphLaunch", executable, self.stream)


class Probe:
    """`run()` enqueues a launch of about 5 ms, which does `ops` ({unit.type: number}) and moves `bytes`
    ({level: B}) on `cores` multiprocessors, None: on all; `launches` kernels."""

    def __init__(self, name, run, ops=None, moved=None, launches=1, cores=None):
        self.name, self.run, self.ops, self.bytes, self.launches, self.cores = name, run, ops or {}, moved or {}, launches, cores


def seconds_of(driver, run, least=0.02):
    """Of one launch, when several run one after the other."""
    run()
    driver.wait()
    count, begin = 1, time.perf_counter()
    while True:
        for _ in range(count):
            run()
        driver.wait()
        took = time.perf_counter() - begin
        if took > least:
            return took / count
        count, begin = count * 4, time.perf_counter()


LARGE, SMALL = 1 << 32, 1 << 24  # bytes: many times the cache, and well within it


@functools.cache
def memory(driver):
    """Two places of LARGE bytes, full of random ones."""
    source, target = driver.allocate(LARGE), driver.allocate(LARGE)
    blocks = driver.multiprocessors * 2
    width = blocks * 1024 * 16
    function = driver.load(fill(width))
    for place in (source, target):
        driver.launch(function, blocks, 1024, place, 0, LARGE // width + 1, LARGE - 1)
    driver.wait()
    return source, target


def timed(driver, function, blocks, threads, source=0, target=0, mask=0, seconds=5e-3):
    """(a launch of about so many seconds, its steps)"""
    steps = 64
    while steps < 1 << 28:
        took = seconds_of(driver, lambda: driver.launch(function, blocks, threads, source, target, steps, mask), 2e-3)
        if took >= seconds / 3:
            break
        steps = int(steps * min(16, 1 + seconds / took))
    steps = max(1, int(steps * seconds / took))
    return lambda: driver.launch(function, blocks, threads, source, target, steps, mask), steps


def energy_probes(driver):
    """Each thing alone, all multiprocessors at it."""
    source, target = memory(driver)
    cores = driver.multiprocessors
    both = cores * 2

    for blocks, name in ((cores, "held, asleep"), (cores // 4, "a quarter held, asleep")):
        run, _ = timed(driver, driver.load(sleep()), blocks, 1024)
        yield Probe(name, run, cores=blocks)
    run, steps = timed(driver, driver.load(multiply_adds()), both, 1024)
    yield Probe("multiply-adds f32", run, {"simt.f32": 2.0 * 64 * steps * both * 1024})
    for dtype, (_, depth) in PRODUCTS.items():
        run, steps = timed(driver, driver.load(products(dtype)), both, 256)
        yield Probe(f"products {dtype}", run, {f"tensor.{dtype}": 2.0 * 16 * 8 * depth * 16 * steps * both * 8})
    each = 16.0 * UNROLLED * 1024
    run, steps = timed(driver, driver.load(reads("shared", 16384)), both, 1024, mask=32767)
    yield Probe("reads of shared memory", run, moved={"shared": each * steps * both})
    run, steps = timed(driver, driver.load(reads("near", 16384)), cores, 1024, source, mask=65535)
    yield Probe("reads of L1", run, moved={"L1": each * steps * cores})
    width = both * 1024 * 16
    run, steps = timed(driver, driver.load(reads("far", width)), both, 1024, source, mask=SMALL - 1)
    yield Probe("reads of L2", run, moved={"L2": each * steps * both, "L1": each * steps * both})
    run, steps = timed(driver, driver.load(reads("far", width)), both, 1024, source, mask=LARGE - 1, seconds=2e-2)
    moved = each * steps * both
    yield Probe("reads of memory", run, moved={"DRAM": moved, "L2": moved, "L1": moved})
    run, steps = timed(driver, driver.load(copy(width)), both, 1024, source, target, LARGE - 1, seconds=2e-2)
    moved = 2 * each * steps * both
    yield Probe("copy of memory", run, moved={"DRAM": moved, "L2": moved, "L1": moved})
    empty = driver.load(nothing())
    yield Probe("empty kernels", driver.graph(lambda: driver.launch(empty, cores, 256, 0, 0, 0, 0), 1000), launches=1000)


def time_probes(driver):
    """[{"name", "blocks", "threads", "seconds", "bytes"}]: launches, and reads by how much is asked for at once."""
    source, _ = memory(driver)
    cores, found = driver.multiprocessors, []
    empty = driver.load(nothing())
    for blocks in (1, cores, 8 * cores, 64 * cores):
        for threads in (32, 256, 1024):
            run = driver.graph(lambda: driver.launch(empty, blocks, threads, 0, 0, 0, 0), 200)
            found.append({"name": "empty", "blocks": blocks, "threads": threads, "seconds": seconds_of(driver, run) / 200})
    for name, mask in (("L2", SMALL - 1), ("DRAM", LARGE - 1)):
        for blocks, threads in ((1, 32), (1, 256), (1, 1024), (8, 1024), (cores // 4, 1024), (cores // 2, 1024), (cores, 128),
                                (cores, 256), (cores, 512), (cores, 1024), (2 * cores, 512), (2 * cores, 1024)):
            function = driver.load(reads("far", blocks * 1024 * 16))
            run, steps = timed(driver, function, blocks, threads, source, mask=mask, seconds=1e-3)
            found.append({"name": name, "blocks": blocks, "threads": threads, "seconds": seconds_of(driver, run, 3e-3),
                          "bytes": 16.0 * UNROLLED * threads * steps * blocks})
    return found
