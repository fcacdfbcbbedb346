"""kernels: single operators against torch's, and against what the GPU can do."""

import re
import time

import numpy as np
from common import WORK, Deadline, Results, Worker, do_all, flags, print_table
from measuring import difference, latency, rate

COLUMNS = {"kernel": "name", "right": "right", "rel": "rel", "rac us": "rac_us", "in kernels us": "kernel_us",
           "torch us": "torch_us", "compiled us": "compiled_us", "of torch": "of_torch", "TFLOP/s": "tflops",
           "GB/s": "gbytes", "of copy": "of_copy", "kernels": "kernels"}

OPSET = 23
# Tokens that a sampler takes a choice of.
TOP = 50
# By norms. That of f32 is one that products in TF32 don't keep: they are off by 3e-4.
TOLERANCE = {"f32": 2e-5, "f16": 4e-3, "bf16": 2e-2, "f8": 2e-3, "i8": 1e-6}


def matmul(dtype, m, n, k):
    return {"name": f"matmul {m}x{n}x{k} {dtype}", "kind": "matmul", "dtype": dtype,
            "inputs": {"a": [m, k], "b": [k, n]}, "flops": 2 * m * n * k}


def matmul_along_terms(dtype, m, n, k):
    """The right factor has its terms side by side, as weights do. f8 is made of f32 first, in kernels of its own."""
    return {"name": f"matmul {m}x{n}x{k} {dtype}", "kind": f"matmul {dtype}", "dtype": dtype,
            "inputs": {"a": [m, k], "b": [n, k]}, "flops": 2 * m * n * k}


def attention(dtype, batch, heads, queries, keys, size, causal=False, kv_heads=None):
    kv = [batch, kv_heads or heads, keys, size]
    flops = 4 * batch * heads * queries * keys * size
    return {"name": f"attention {batch}x{heads}x{queries}x{keys}x{size} {dtype}{' causal' if causal else ''}",
            "kind": "attention", "dtype": dtype, "causal": causal, "flops": flops // 2 if causal else flops,
            "inputs": {"q": [batch, heads, queries, size], "k": kv, "v": kv}}


def memory(kind, dtype, *shape):
    inputs = {"x": list(shape)}
    if kind == "add+relu":
        inputs["y"] = list(shape)
    if kind == "layernorm":
        inputs.update(scale=[shape[-1]], bias=[shape[-1]])
    return {"name": f"{kind} {'x'.join(map(str, shape))} {dtype}", "kind": kind, "dtype": dtype, "inputs": inputs}


# Tensors of the memory-bound are many times as large as the cache.
ALL = [
    matmul("bf16", 4096, 4096, 4096), matmul("bf16", 8192, 8192, 8192), matmul("f16", 4096, 4096, 4096),
    matmul("f32", 4096, 4096, 4096), matmul("f32", 8192, 8192, 8192), matmul("bf16", 128, 768, 3072),
    matmul("bf16", 16, 4096, 4096), matmul("f32", 197, 768, 768), matmul("f32", 1, 4096, 4096),
    matmul_along_terms("f8", 4096, 4096, 4096), matmul_along_terms("f8", 8192, 8192, 8192),
    matmul_along_terms("i8", 4096, 4096, 4096), matmul_along_terms("i8", 8192, 8192, 8192),
    attention("bf16", 4, 16, 2048, 2048, 64), attention("bf16", 2, 16, 4096, 4096, 128),
    attention("bf16", 4, 16, 2048, 2048, 64, causal=True), attention("bf16", 2, 16, 4096, 4096, 128, causal=True),
    attention("f16", 4, 16, 2048, 2048, 64),
    attention("f32", 1, 12, 197, 197, 64), attention("bf16", 8, 32, 1, 4096, 128), attention("f32", 1, 12, 1, 129, 64),
    memory("add+relu", "f32", 8192, 16384), memory("add+relu", "bf16", 16384, 16384),
    memory("gelu", "f32", 8192, 16384), memory("layernorm", "f32", 65536, 1024), memory("layernorm", "bf16", 65536, 2048),
    memory("softmax", "f32", 65536, 1024), memory("softmax", "bf16", 65536, 2048),
    memory("transpose", "f32", 12288, 8192), memory("transpose", "bf16", 16384, 16384),
    memory("sum rows", "f32", 8192, 16384), memory("sum columns", "f32", 16384, 8192),
    memory("cumsum rows", "f32", 16384, 8192), memory("cumsum rows", "f32", 16, 65536), memory("cumsum columns", "f32", 8192, 16384),
    memory(f"top {TOP}", "f32", 1, 50257), memory(f"top {TOP}", "f32", 64, 50257), memory("sort", "f32", 64, 16384),
]


def model(job):
    """The operator as a model of its own."""
    from onnx import TensorProto, helper

    dtype = {"f32": TensorProto.FLOAT, "f16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}[job["dtype"]]
    initializers = []
    node = helper.make_node
    nodes = {
        "matmul": lambda: [node("MatMul", ["a", "b"], ["out"])],
        "attention": lambda: [node("Attention", ["q", "k", "v"], ["out"], is_causal=int(job["causal"]))],
        "add+relu": lambda: [node("Add", ["x", "y"], ["s"]), node("Relu", ["s"], ["out"])],
        "gelu": lambda: [node("Gelu", ["x"], ["out"])],
        "layernorm": lambda: [node("LayerNormalization", ["x", "scale", "bias"], ["out"], axis=-1)],
        "softmax": lambda: [node("Softmax", ["x"], ["out"], axis=-1)],
        "transpose": lambda: [node("Transpose", ["x"], ["out"], perm=[1, 0])],
        "sum rows": lambda: [node("ReduceSum", ["x", "axes"], ["out"], keepdims=0)],
        "sum columns": lambda: [node("ReduceSum", ["x", "axes"], ["out"], keepdims=0)],
        "cumsum rows": lambda: [node("CumSum", ["x", "axis"], ["out"])],
        "cumsum columns": lambda: [node("CumSum", ["x", "axis"], ["out"])],
        f"top {TOP}": lambda: [node("TopK", ["x", "k"], ["out", "places"], axis=-1)],
        "sort": lambda: [node("TopK", ["x", "k"], ["out", "places"], axis=-1)],
    }[job["kind"]]()
    axis = 1 if job["kind"].endswith("rows") else 0
    if job["kind"].startswith("sum"):
        initializers = [helper.make_tensor("axes", TensorProto.INT64, [1], [axis])]
    if job["kind"].startswith("cumsum"):
        initializers = [helper.make_tensor("axis", TensorProto.INT64, [], [axis])]
    if nodes[0].op_type == "TopK":
        initializers = [helper.make_tensor("k", TensorProto.INT64, [1], output_shape(job)[-1:])]
    inputs = [helper.make_tensor_value_info(name, dtype, shape) for name, shape in job["inputs"].items()]
    outputs = [helper.make_tensor_value_info("out", dtype, output_shape(job))]
    graph = helper.make_graph(nodes, "kernel", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


# Factors in rac's own ops, what the model is given, and what sums are.
OWN = {"f8": ("f8E4M3FN", "f32", "f32"), "i8": ("i8", "i8", "i32")}


def own_model(job):
    """The same in rac's own ops: ONNX has no product of f8, and none of bytes whose right factor lies so."""
    (m, k), (n, _) = job["inputs"].values()
    factor, given, sums = OWN[job["dtype"]]
    a, b, out = f"tensor<{m}x{k}x", f"tensor<{n}x{k}x", f"tensor<{m}x{n}x{sums}>"
    left, right, casts = "%a", "%b", ""
    if factor != given:
        left, right = "%0", "%1"
        casts = f"""%0 = rac.cast %a : ({a}{given}>) -> {a}{factor}>
      %1 = rac.cast %b : ({b}{given}>) -> {b}{factor}>"""
    return f"""func.func @main(%a: {a}{given}> {{rac.name = "a"}}, %b: {b}{given}> {{rac.name = "b"}}) -> ({out} {{rac.name = "out"}}) {{
      {casts}
      %2 = rac.transpose {right}, [1, 0] : ({b}{factor}>) -> tensor<{k}x{n}x{factor}>
      %3 = rac.matmul {left}, %2 : ({a}{factor}>, tensor<{k}x{n}x{factor}>) -> {out}
      return %3 : {out}
    }}"""


def output_shape(job):
    first, kind = next(iter(job["inputs"].values())), job["kind"]
    if kind == "matmul":
        return [first[0], job["inputs"]["b"][1]]
    if kind == "transpose":
        return first[::-1]
    if kind.startswith("sum"):
        return [first[0] if kind == "sum rows" else first[1]]
    if kind.startswith("top"):
        return [first[0], TOP]
    return first


def reference(job):
    """The same in torch."""
    import torch
    import torch.nn.functional as F

    def matmul_f8(a, b):
        a, b = a.to(torch.float8_e4m3fn), b.to(torch.float8_e4m3fn).t()
        if job.get("exact"):
            return a.double() @ b.double()
        one = torch.ones((), device=a.device)
        return torch._scaled_mm(a, b, scale_a=one, scale_b=one, out_dtype=torch.float32)

    def matmul_i8(a, b):
        return a.double() @ b.double().t() if job.get("exact") else torch._int_mm(a, b.t())

    return {
        "matmul": lambda a, b: a @ b,
        "matmul f8": matmul_f8,
        "matmul i8": matmul_i8,
        "attention": lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=job.get("causal", False)),
        "add+relu": lambda x, y: torch.relu(x + y),
        "gelu": lambda x: F.gelu(x),
        "layernorm": lambda x, scale, bias: F.layer_norm(x, x.shape[-1:], scale, bias),
        "softmax": lambda x: torch.softmax(x, -1),
        "transpose": lambda x: x.t().contiguous(),
        "sum rows": lambda x: x.sum(1),
        "sum columns": lambda x: x.sum(0),
        "cumsum rows": lambda x: x.cumsum(1),
        "cumsum columns": lambda x: x.cumsum(0),
        f"top {TOP}": lambda x: x.topk(TOP, -1)[0],
        "sort": lambda x: x.sort(-1, descending=True)[0],
    }[job["kind"]]


def with_tiles(job, tiles):
    """The job for each of the tiles ROWSxCOLUMNSxSTAGES that its plan shall have instead of its own."""
    if not tiles or job["kind"] != "attention":
        return [job]
    return [{**job, "name": f"{job['name']} {tile}", "tile": [int(part) for part in tile.split("x")]} for tile in tiles]


def with_clusters(job, clusters):
    """The job for each of the clusters ROWSxCOLUMNS that its plan shall have instead of its own; 1x1: none."""
    if not clusters or not job["kind"].startswith("matmul") or job["dtype"] not in ("f16", "bf16", "i8"):
        return [job]
    return [{**job, "name": f"{job['name']} cluster {cluster}", "cluster": [int(part) for part in cluster.split("x")]}
            for cluster in clusters]


def planned(job, source, plan):
    """The model's plan with the job's tile, or cluster."""
    import rac

    rac.compile(source, plan, emit="plan", **flags(job))
    if job.get("cluster"):
        rows, columns = job["cluster"]
        cluster = f", cluster = [{rows}, {columns}]" if rows * columns > 1 else ""
        text = re.sub(r", cluster = \[[^]]*\]", "", plan.read_text())
        plan.write_text(re.sub(r"(rac\.group @matmul.*? plan <[^<]*?, stages = \d+)", rf"\g<1>{cluster}", text))
        return {"plan": plan}
    rows, columns, stages = job["tile"]
    lines = plan.read_text().split("\n")
    (at,) = [i for i, line in enumerate(lines) if "rac.group" in line and "@attention" in line]
    before, after = lines[at].split("plan <kind = generated, precision = ", 1)
    after = re.sub(r", (tiles|reduction|registers) = \[[^]]*\]|, (warps|stages) = \d+", "", after)
    kind, rest = re.split("(?=[,>])", after, maxsplit=1)
    lines[at] = (f"{before}plan <kind = generated, precision = {kind}, tiles = [0, 0, {rows}, {columns}], reduction = [64], "
                 f"registers = [16, {columns}], warps = {rows // 16}, stages = {stages}{rest}")
    plan.write_text("\n".join(lines))
    return {"plan": plan}


def library(job):
    return WORK / "kernels" / f"{job['name'].replace(' ', '_').replace('+', '_')}-{job['target']}.so"


def prepare(job):
    import onnx
    import rac

    path = library(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".mlir" if job["dtype"] in OWN else ".onnx")
    if job["dtype"] in OWN:
        source.write_text(own_model(job))
    else:
        onnx.save(model(job), source)
    started = time.monotonic()
    plan = planned(job, source, path.with_suffix(".plan.mlir")) if job.get("tile") or job.get("cluster") else {}
    if plan and job["dtype"] in OWN:  # rac's own ops say themselves how they are planned
        source, plan = plan["plan"], {}
    rac.compile(source, path, **flags(job), **plan)
    return {"compile_seconds": time.monotonic() - started}


def copy_rate():
    """Bytes a second, read and written, of a copy within the GPU's memory."""
    import torch

    import device

    source = torch.empty(1 << 30, dtype=torch.uint8, device=device.place()).random_()
    target = torch.empty_like(source)
    return 2 * source.numel() / rate(lambda: target.copy_(source), device.wait)


def measure(job):
    import torch

    import device

    if job.get("ceiling"):
        return {"copy": copy_rate()}
    device.exact()
    torch.manual_seed(0)
    dtype = device.dtypes()[OWN[job["dtype"]][1] if job["dtype"] in OWN else job["dtype"]]

    def random(shape):
        if dtype.is_floating_point:
            return torch.randn(shape, device=device.place()).to(dtype)
        return torch.randint(-128, 128, shape, dtype=dtype, device=device.place())

    inputs = {name: random(shape) for name, shape in job["inputs"].items()}
    peer = reference(job)
    wide = torch.float64 if max(x.numel() for x in inputs.values()) < 1 << 26 else torch.float32
    answer = reference({**job, "exact": True})(*[x.to(wide) for x in inputs.values()]).float()
    run = device.OnDevice(library(job), inputs)
    run.poison()
    run()
    device.wait()
    (out,) = run.outputs.values()
    found = compare(answer, out.float(), TOLERANCE[job["dtype"]])
    del answer
    moved = sum(x.numel() * x.element_size() for x in [*inputs.values(), out])
    torch_run = lambda: peer(*inputs.values())  # noqa: E731
    # In turn, twice: what differs between the two is noise.
    ours, theirs = [], []
    for _ in range(2):
        ours.append(rate(run, device.wait))
        theirs.append(rate(torch_run, device.wait))
    found.update(rac_us=1e6 * min(ours), torch_us=1e6 * min(theirs), again_us=1e6 * max(ours), latency_us=1e6 * latency(
        run, device.wait, 0.1))
    try:
        trace = device.kernels(run)
        found.update(kernels=round(sum(entry["calls"] for entry in trace)), trace=trace,
                     kernel_us=1e6 * sum(entry["seconds"] for entry in trace))
        found["torch_trace"] = device.kernels(torch_run)
    except Exception as error:
        found["trace_error"] = str(error)[:300]
    if job["compile"] and not job["kind"].startswith("matmul") and job["kind"] != "attention":
        compiled = torch.compile(peer)
        found["compiled_us"] = 1e6 * rate(lambda: compiled(*inputs.values()), device.wait)
    best = min(found["torch_us"], found.get("compiled_us", float("inf")))
    found.update(of_torch=best / found["rac_us"], gbytes=moved / found["rac_us"] * 1e-3, moved_bytes=moved)
    if job.get("flops"):
        found["tflops"] = job["flops"] / found["rac_us"] * 1e-6
    if job["copy"]:
        found["of_copy"] = moved / (found["rac_us"] * 1e-6) / job["copy"]
    run.close()
    return found


def compare(want, got, tolerance):
    """On the device: these are large."""
    if want.shape != got.shape:
        return {"right": False, "error": f"shape {list(got.shape)}, not {list(want.shape)}"}
    if want.numel() < 1 << 22:
        scaled = difference(want.cpu().numpy(), got.cpu().numpy())
        rel, norm = scaled.get("rel", np.inf), scaled.get("norm", np.inf)
    else:
        off = got - want
        rel, norm = float(off.abs().max() / want.abs().max()), float(off.norm() / want.norm())
    right = norm <= tolerance and rel <= 10 * tolerance  # false where one isn't a number
    return {"right": right, "rel": rel, "norm": norm,
            **({} if right else {"error": f"wrong: {rel:.2g} of the largest value, {norm:.2g} by norms"})}


def main(args, about):
    deadline, results = Deadline(args.limit), Results("kernels", about)
    base = {"target": args.target, "chip": args.chip, "device": args.device, "compile": not args.no_torch_compile}
    jobs = [{**base, **tiled} for job in ALL if not args.only or any(word in job["name"] for word in args.only)
            for clustered in with_clusters(job, args.clusters) for tiled in with_tiles(clustered, args.tiles)]
    prepared = do_all("kernel-prepare", jobs, args.jobs, args.seconds, deadline)
    worker = Worker("kernel-measure")
    copy = worker.ask({"ceiling": True}, args.seconds).get("copy") if not args.prepare_only else None
    for job, ready in zip(jobs, prepared):
        if "error" not in ready and not args.prepare_only:
            ready.update(worker.ask({**job, "copy": copy}, min(args.seconds, deadline.left())))
        results.add(**{"name": job["name"], **ready})
    worker.close()
    if args.trace:
        for row in results.rows:
            for who in ("trace", "torch_trace"):
                for kernel in row.get(who, [])[:args.top]:
                    print(f"{row['name']}: {who}: {1e6 * kernel['seconds']:9.1f} us x {kernel['name']}")
    print(f"copy within the GPU's memory: {copy * 1e-9:.0f} GB/s read and written" if copy else "no copy was measured")
    print_table(COLUMNS, results.rows)
