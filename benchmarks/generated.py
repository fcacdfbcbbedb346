"""Products and convolutions of real models, one by one: rac's generated kernels beside oneDNN's, with what is added
and applied after them.

  generated.py [--only NAME;…] [--threads 1] [--rounds N] [--seconds S] [--markdown docs/Benchmarks.md]
  generated.py --compile-only          compiles into --folder, and measures nothing
  generated.py --measure-only          measures what is there

Convolutions are those of the models themselves; of the transformers, the products as their papers give them. Each is a
model of its own, channels last, compiled by a plan that calls the library wherever it has such a kernel, and with
--no-library; the two run in turn, round after round, and the least time of each counts: what the kernel takes when nothing
disturbs it. "Planned" is what the planner takes of the two.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import measure as m
import table as t

OPSET = 20
# model: its file and the image that it gets.
CONVOLUTIONS = {"ResNet-50": ("resnet50.onnx", [1, 3, 224, 224]),
                "MobileNetV3": ("mobilenet_v3_large.onnx", [1, 3, 224, 224]),
                "PP-OCRv4 detector": ("ch_PP-OCRv4_det_infer.onnx", [1, 3, 320, 320])}
# model: (rows, sum, columns) of products with weights, a bias after them; and (batch, rows, sum, columns) of those of
# two tensors. 197 tokens of ViT-B/16, 128 of MiniLM-L6, the four stages of Swin-T, a step of GPT-2.
PRODUCTS = {
    "ViT-B/16": [(197, 768, 768), (197, 768, 3072), (197, 3072, 768), (1, 768, 1000), (12, 197, 64, 197), (12, 197, 197, 64)],
    "MiniLM-L6": [(128, 384, 384), (128, 384, 1536), (128, 1536, 384), (12, 128, 32, 128), (12, 128, 128, 32)],
    "Swin-T": [(3136, 96, 288), (3136, 96, 384), (3136, 384, 96), (784, 192, 768), (196, 384, 1536), (49, 768, 3072),
               (192, 49, 32, 49), (192, 49, 49, 32)],
    "GPT-2": [(1, 768, 2304), (1, 768, 768), (1, 768, 3072), (1, 3072, 768)],
    "ResNet-50": [(1, 2048, 1000)],
}
SMALL = [(1, 64, 64), (5, 10, 20), (16, 32, 16), (33, 48, 100), (64, 7, 64), (8, 256, 24)]
MODELS = [*PRODUCTS, *CONVOLUTIONS]
# Products with what follows them in the models: an activation; the residual and the norm after it.
FUSED = {
    "ViT-B/16": [("GELU", 197, 768, 3072), ("norm", 197, 768, 768)],
    "MiniLM-L6": [("GELU", 128, 384, 1536), ("norm", 128, 1536, 384)],
    "Swin-T": [("GELU", 3136, 96, 384), ("GELU", 49, 768, 3072), ("norm", 784, 192, 192)],
    "small": [("GELU", 16, 32, 64), ("norm", 33, 48, 96)],
}


def attribute(node, name, default):
    found = [helper.get_attribute_value(a) for a in node.attribute if a.name == name]
    return found[0] if found else default


def convolutions(path, image):
    """Those of a model and how often it has each: (image, filter, strides, pads, dilations, groups)."""
    model = onnx.load(path)
    for dim, size in zip(model.graph.input[0].type.tensor_type.shape.dim, image):
        dim.dim_value = size
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {i.name: [max(1, d.dim_value) for d in i.type.tensor_type.shape.dim]
              for i in [*graph.value_info, *graph.input]}
    shapes |= {i.name: list(i.dims) for i in graph.initializer}
    found = Counter()
    for node in graph.node:
        if node.op_type == "Conv":
            image, filters = shapes[node.input[0]], shapes[node.input[1]]
            found[(tuple(image), tuple(filters), tuple(attribute(node, "strides", [1, 1])),
                   tuple(attribute(node, "pads", [0] * 4)), tuple(attribute(node, "dilations", [1, 1])),
                   attribute(node, "group", 1))] += 1
    return found


class Kernel:
    def __init__(self, model, count, name, kind, flops, bytes_moved, write):
        self.model, self.count, self.name, self.kind = model, count, name, kind
        self.flops, self.bytes, self.write = flops, bytes_moved, write


def weights(name, *shape):
    values = np.random.default_rng(len(shape)).standard_normal(shape, np.float32)
    return numpy_helper.from_array(values / np.float32(np.sqrt(max(1, values[0].size))), name)


def save(path, nodes, shapes, constants):
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(nodes, "kernel", inputs, [helper.make_empty_tensor_value_info("result")], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


def convolution(model, count, image, filters, strides, pads, dilations, groups):
    n, c, h, w = image
    f, per_group, kh, kw = filters
    out = [(size + pads[i] + pads[i + 2] - dilations[i] * (k - 1) - 1) // strides[i] + 1
           for i, (size, k) in enumerate([(h, kh), (w, kw)])]

    def write(path):
        nodes = [helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2]),
                 helper.make_node("Conv", ["first", "w", "b"], ["y"], strides=strides, pads=pads,
                                  dilations=dilations, group=groups),
                 helper.make_node("Relu", ["y"], ["z"]),
                 helper.make_node("Transpose", ["z"], ["result"], perm=[0, 2, 3, 1])]
        save(path, nodes, {"x": [n, h, w, c]}, [weights("w", *filters), weights("b", f)])

    depthwise = groups == c == f and groups > 1
    kind = "depthwise" if depthwise else "1x1 convolution" if kh == kw == 1 else "convolution"
    step = f" / {strides[0]}" if strides[0] > 1 else ""
    name = f"{kh}x{kw}{step}, {c} → {f}, {h}x{w}"
    pixels = n * out[0] * out[1]
    return Kernel(model, count, name, kind, 2 * pixels * f * per_group * kh * kw,
                  4 * (n * h * w * c + pixels * f + f * per_group * kh * kw), write)


def product(model, *sizes):
    rows, inner, columns = sizes[-3:]
    batch = list(sizes[:-3])

    def write(path):
        if batch:
            nodes = [helper.make_node("MatMul", ["x", "w"], ["result"])]
            return save(path, nodes, {"x": [*batch, rows, inner], "w": [*batch, inner, columns]}, [])
        nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Add", ["y", "b"], ["result"])]
        save(path, nodes, {"x": [rows, inner]}, [weights("w", inner, columns), weights("b", columns)])

    times = batch[0] if batch else 1
    name = (f"{times} x " if batch else "") + f"{rows}x{inner} · {inner}x{columns}"
    kind = "batched product" if batch else "one row" if rows == 1 else "product"
    return Kernel(model, 1, name, kind, 2 * times * rows * inner * columns,
                  4 * times * (rows * inner + inner * columns + rows * columns), write)


def fused(model, what, rows, inner, columns):
    def write(path):
        constants = [weights("w", inner, columns), weights("b", columns)]
        nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Add", ["y", "b"], ["z"])]
        inputs = {"x": [rows, inner]}
        if what == "GELU":
            nodes.append(helper.make_node("Gelu", ["z"], ["result"]))
        else:
            inputs["r"] = [rows, columns]
            constants += [weights("scale", columns), weights("shift", columns)]
            nodes += [helper.make_node("Add", ["z", "r"], ["sum"]),
                      helper.make_node("LayerNormalization", ["sum", "scale", "shift"], ["result"], axis=-1)]
        save(path, nodes, inputs, constants)

    read = rows * inner + inner * columns + (rows * columns if what == "norm" else 0)
    return Kernel(model, 1, f"{rows}x{inner} · {inner}x{columns}, {what}", "fused product", 2 * rows * inner * columns,
                  4 * (read + rows * columns), write)


def kernels():
    for model, (file, image) in CONVOLUTIONS.items():
        if not (m.MODELS / file).exists():
            print(f"{file} is not among the models ({m.MODELS}): its convolutions are left out", file=sys.stderr)
            continue
        for key, count in convolutions(m.MODELS / file, image).items():
            yield convolution(model, count, *key)
    for model, products in {**PRODUCTS, "small": SMALL}.items():
        for sizes in products:
            yield product(model, *sizes)
    for model, products in FUSED.items():
        for sizes in products:
            yield fused(model, *sizes)


def least_seconds(library, threads, repeat):
    done = subprocess.run([m.BUILD / "bin/rac-run", library, f"--threads={threads}", "--warmup=2",
                           f"--repeat={repeat}", "--json"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)["latency_s"]["min"]


WAYS = ("library", "generated")


def compile_to(stem, *words):
    m.run_measured([m.BUILD / "bin/rac-compile", stem.with_suffix(".onnx"), *words])


def by_library(plan):
    """The same plan with the library's kernels wherever it has any."""
    for group in plan["groups"]:
        if group["kind"] != "library" and "library" in [other["kind"] for other in group["alternatives"]]:
            group.update(kind="library", tiles=[], reduction=[], order=[], registers=[])
    return plan


def compile_both(kernel, stem, threads):
    """Leaves STEM-library.so, STEM-generated.so and STEM.json, which says what is planned where both may be."""
    kernel.write(stem.with_suffix(".onnx"))
    plan, flag = Path(f"{stem}-plan.json"), f"--threads={threads}"
    compile_to(stem, flag, "--emit=plan", "-o", plan, f"--report={stem}.json")
    plan.write_text(json.dumps(by_library(json.loads(plan.read_text()))))
    compile_to(stem, flag, f"--plan={plan}", "-o", f"{stem}-library.so")
    compile_to(stem, flag, "--no-library", "-o", f"{stem}-generated.so")
    stem.with_suffix(".onnx").unlink()


def planned(stem):
    """The kind of the group that computes most."""
    groups = json.loads(stem.with_suffix(".json").read_text())["groups"]
    return max(groups, key=lambda group: group["flops"])["kind"]


def measure(stem, threads, rounds, seconds):
    """{"library": s, "generated": s}"""
    libraries = {name: f"{stem}-{name}.so" for name in WAYS}
    taken = {name: least_seconds(library, threads, 1) for name, library in libraries.items()}
    for _ in range(rounds):
        for name, library in libraries.items():
            repeat = int(min(2000, max(3, seconds / max(taken[name], 1e-7))))
            taken[name] = min(taken[name], least_seconds(library, threads, repeat))
    return taken


def markdown(rows, machine):
    lines, classes = [], {}
    for row in rows:
        ratio = row["library"] / row["generated"]
        keys = {row["kind"], "all"} | ({"small (less than 1 MFLOP)"} if row["flops"] < 1e6 else set())
        if row["model"] in MODELS:
            convolved = row["kind"] in ("convolution", "1x1 convolution", "depthwise")
            keys.add("all convolutions of models" if convolved else "all products of models")
        for key in keys:
            classes.setdefault(key, []).append(ratio)
        roof = max(row["flops"] / machine["flops_per_s"], row["bytes"] / machine["bytes_per_s"])
        lines.append([f"{row['model']}: {row['name']}", row["count"], row["kind"],
                      t.number(row["library"], 1e6), t.number(row["generated"], 1e6),
                      t.number(row["flops"] / row["generated"], 1e-9), t.percent(roof / row["generated"]),
                      t.times(ratio), row["planned"]])
    means = [[name, len(ratios), t.times(t.geometric_mean(ratios)), t.times(min(ratios)), t.times(max(ratios))]
             for name, ratios in sorted(classes.items())]
    return "\n\n".join([
        t.run_of(m.processor(), {"rac": m.commit()}),
        t.table(["kernels", "number", "generated : library, geometric mean", "least", "most"], means),
        t.table(["kernel", "in the model", "kind", "library, µs", "generated, µs", "generated, GFLOP/s",
                 "of the roof", "generated : library", "planned"], lines)])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="models, by the beginnings of their names, separated by ;")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.05, help="of each burst")
    parser.add_argument("--folder", type=Path, default=m.BUILD / "generated", metavar="DIR", help="of what is compiled")
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--measure-only", action="store_true", help="what --compile-only left")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add what was measured to this file")
    parser.add_argument("--markdown", type=Path, help="a page with a part <!-- generated -->")
    return parser.parse_args()


def merge(path, rows, machine):
    """With what the file has of other kernels."""
    known = json.loads(path.read_text())["rows"] if path.exists() else []
    every = {(row["model"], row["name"], row["kind"]): row for row in [*known, *rows]}
    path.write_text(json.dumps({"rows": list(every.values()), "machine": machine}, indent=1))
    return list(every.values())


def main():
    args = parse_arguments()
    prefixes = tuple(filter(None, args.only.split(";")))
    args.folder.mkdir(parents=True, exist_ok=True)
    wanted = [(kernel, args.folder / f"{i}-{args.threads}") for i, kernel in enumerate(kernels())
              if not prefixes or kernel.model.startswith(prefixes)]
    if not wanted:
        sys.exit("error: no model has such a name")
    if not args.measure_only:
        for kernel, stem in wanted:
            compile_both(kernel, stem, args.threads)
    if args.compile_only:
        return
    machine = m.measure_machine(2**20, args.threads)  # as much as a kernel has
    rows = []
    for kernel, stem in wanted:
        taken = measure(stem, args.threads, args.rounds, args.seconds)
        rows.append({"model": kernel.model, "count": kernel.count, "name": kernel.name, "kind": kernel.kind,
                     "flops": kernel.flops, "bytes": kernel.bytes, "planned": planned(stem), **taken})
        print(f"{kernel.model}: {kernel.name}: {taken['library'] / taken['generated']:.2f}x", file=sys.stderr, flush=True)
    if args.json:
        rows = merge(args.json, rows, machine)
    print(markdown(rows, machine))
    if args.markdown:
        t.replace_part(args.markdown, "generated", markdown(rows, machine))


if __name__ == "__main__":
    main()
