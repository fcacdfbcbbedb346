"""Groups that cross contractions: what is planned, and what both ways take.

  chains.py [--threads 1] [--device NAME|FILE] [--rounds N] [--compile-only] [--markdown docs/Benchmarks.md]

Pairs of products with an activation between them, and the depthwise and pointwise convolutions of MobileNetV3, are models
of their own. Each is compiled as planned, and for the same device with 10 ms for starting a kernel, which makes one group
of it. The two run in turn, round after round, and the least median of each counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import measure as m
import table as t

# (rows, width, hidden, out)
PAIRS = [(1, 64, 128, 64), (8, 64, 256, 64), (32, 32, 64, 32), (64, 128, 512, 128), (128, 384, 1536, 384),
         (512, 32, 128, 32), (4096, 16, 64, 16)]
# (height and width, channels, stride, results, window) of MobileNetV3-Large without what lies between in some blocks.
SEPARABLE = [(112, 16, 1, 16, 3), (112, 64, 2, 24, 3), (56, 72, 1, 24, 3), (28, 240, 2, 80, 3), (14, 200, 1, 80, 3),
             (14, 184, 1, 80, 3)]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="generic-avx512", help="a name in devices/, or a file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile-only", action="store_true", help="nothing is measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the table in this page")
    return parser.parse_args()


def weights(name, *shape):
    values = np.random.default_rng(len(shape)).standard_normal(shape, np.float32)
    return numpy_helper.from_array(values / np.float32(np.sqrt(max(1, values[0].size))), name)


def save(path, shape, nodes, constants):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "chain", [x], [helper.make_empty_tensor_value_info("y")], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


def pair(path, rows, width, hidden, out):
    save(path, [rows, width],
         [helper.make_node("MatMul", ["x", "v"], ["a"]), helper.make_node("Add", ["a", "b"], ["c"]),
          helper.make_node("Relu", ["c"], ["d"]), helper.make_node("MatMul", ["d", "w"], ["y"])],
         [weights("v", width, hidden), weights("b", hidden), weights("w", hidden, out)])


def separable(path, size, channels, stride, results, window):
    save(path, [1, channels, size, size],
         [helper.make_node("Conv", ["x", "v", "b"], ["a"], group=channels, strides=[stride] * 2, pads=[window // 2] * 4),
          helper.make_node("Relu", ["a"], ["c"]), helper.make_node("Conv", ["c", "w", "d"], ["y"])],
         [weights("v", channels, 1, window, window), weights("b", channels), weights("w", results, channels, 1, 1),
          weights("d", results)])


def one_group(device, folder):
    """The device, but that each kernel takes 10 ms to start."""
    path = Path(device) if device.endswith(".json") else m.ROOT / "devices" / f"{device}.json"
    description = json.loads(path.read_text())
    description["overheads"]["launch_s"] = {"v": 1e-2, "how": "guess", "src": "to have one group", "unc": 0}
    file = folder / "one_group.json"
    file.write_text(json.dumps(description))
    return file


def compile_for(device, model, library, args):
    report = library.with_suffix(".json")
    m.run_measured([m.BUILD / "bin/rac-compile", model, "-o", library, f"--report={report}", "--prefix=model",
                    f"--device={device}", f"--threads={args.threads}"])
    return json.loads(report.read_text())


def seconds_of(library, args):
    done = subprocess.run([m.BUILD / "bin/rac-run", library, f"--threads={args.threads}", "--warmup=20", "--repeat=200", "--json"],
                          capture_output=True, text=True)
    if done.returncode:
        raise m.Failed(done.stderr.strip()[-300:])
    return json.loads(done.stdout)["latency_s"]["median"]


def told(report):
    """Its groups with a contraction."""
    groups = [g for g in report["groups"] if {"rac.matmul", "rac.conv"} & set(g["ops"])]
    return " + ".join(g["kind"] + (f" {g['tiles']}" if g["tiles"] else "") for g in groups)


def main():
    args = parse_arguments()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        other = one_group(args.device, folder)
        for write, shapes, name in [(pair, PAIRS, "products {}x{}x{}x{}"),
                                    (separable, SEPARABLE, "convolutions {0}x{0}x{1}, by {2}, to {3}")]:
            for shape in shapes:
                model = folder / "m.onnx"
                write(model, *shape)
                libraries = [folder / "planned.so", folder / "one.so"]
                reports = [compile_for(device, model, library, args)
                           for device, library in zip([args.device, other], libraries)]
                times = [[], []]
                for _ in range(0 if args.compile_only else args.rounds):
                    for library, list_ in zip(libraries, times):
                        list_.append(seconds_of(library, args))
                least = [min(list_) if list_ else None for list_ in times]
                rows.append([name.format(*shape), told(reports[0]), t.number(reports[0]["totals"]["seconds"], 1e6),
                             t.number(least[0], 1e6), told(reports[1]), t.number(least[1], 1e6)])
                print("; ".join(rows[-1]), file=sys.stderr, flush=True)
    text = f"{args.threads} thread(s), planned for {args.device}.\n\n" + t.table(
        ["model", "planned", "predicted, µs", "measured, µs", "as one group", "measured, µs"], rows)
    print(text)
    if args.markdown:
        t.replace_part(args.markdown, "chains", text)


if __name__ == "__main__":
    main()
