"""Single operators, at the sizes that the benchmarked models have them: rac beside onnxruntime and a
copy of as many bytes.

  kernels.py [--only NAME;…] [--threads 1] [--rounds N] [--markdown docs/Benchmarks.md]

An operator that moves more than it computes can't be faster than a copy of what it reads and
writes, from wherever that lies: these tensors fit into caches, as they do in their models. Calls go
through Python; the row "a call" shows what that takes.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import measure as m
import table as t
from measure import PEERS, ratio

ENGINES = [PEERS[0], "rac", "copy"]
OPSET = 20


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def weights(name, *shape):
    return constant(name, np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape))


def kernels():
    """(name, shapes of the inputs, the node, its constants). Inputs are named a, b."""
    def node(kind, inputs, **attributes):
        return helper.make_node(kind, inputs, ["result"], **attributes)

    axes = constant("axes", np.array([2, 3], np.int64))
    sizes = constant("sizes", np.array([1, 96, 80, 80], np.int64))
    return [
        ("a call", [(1,)], node("Relu", ["a"]), []),
        ("ReLU, 1x64x112x112", [(1, 64, 112, 112)], node("Relu", ["a"]), []),
        ("hard swish, 1x16x112x112", [(1, 16, 112, 112)], node("HardSwish", ["a"]), []),
        ("GELU, 1x197x3072", [(1, 197, 3072)], node("Gelu", ["a"]), []),
        ("addition, 1x256x56x56", [(1, 256, 56, 56)] * 2, node("Add", ["a", "b"]), []),
        ("softmax, 1x12x197x197", [(1, 12, 197, 197)], node("Softmax", ["a"], axis=-1), []),
        ("softmax, 64x3x49x49", [(64, 3, 49, 49)], node("Softmax", ["a"], axis=-1), []),
        ("layer norm, 1x197x768", [(1, 197, 768)], node("LayerNormalization", ["a", "scale", "bias"]),
         [weights("scale", 768), weights("bias", 768)]),
        ("layer norm, 1x3136x96", [(1, 3136, 96)], node("LayerNormalization", ["a", "scale", "bias"]),
         [weights("scale", 96), weights("bias", 96)]),
        ("mean over the image, 1x2048x7x7", [(1, 2048, 7, 7)], node("ReduceMean", ["a", "axes"]), [axes]),
        ("sum of rows, 1x197x768", [(1, 197, 768)], node("ReduceSum", ["a", "last"]),
         [constant("last", np.array([2], np.int64))]),
        ("transposition of heads, 1x197x12x64", [(1, 197, 12, 64)],
         node("Transpose", ["a"], perm=[0, 2, 1, 3]), []),
        ("transposition, 1x768x196", [(1, 768, 196)], node("Transpose", ["a"], perm=[0, 2, 1]), []),
        ("concatenation, 12x1x12x128x64 and 1", [(12, 1, 12, 128, 64), (12, 1, 12, 1, 64)],
         node("Concat", ["a", "b"], axis=3), []),
        ("maximum pool 3x3, 1x64x112x112", [(1, 64, 112, 112)],
         node("MaxPool", ["a"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), []),
        ("nearest resize x2, 1x96x40x40", [(1, 96, 40, 40)],
         node("Resize", ["a", "", "", "sizes"], mode="nearest", coordinate_transformation_mode="asymmetric",
              nearest_mode="floor"), [sizes]),
        ("depthwise 3x3, 1x120x28x28", [(1, 120, 28, 28)],
         node("Conv", ["a", "filter"], group=120, pads=[1, 1, 1, 1]), [weights("filter", 120, 1, 3, 3)]),
    ]


def write(path, shapes, node, constants):
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
              for name, shape in zip("ab", shapes)]
    graph = helper.make_graph([node], "kernel", inputs, [helper.make_empty_tensor_value_info("result")],
                              initializer=constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    # The output's type.
    onnx.save(onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True), path)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="operators whose names begin so, separated by ;")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burst-ms", type=float, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the table in this page")
    return parser.parse_args()


def run(args):
    rows, prefixes = [], tuple(filter(None, args.only.split(";")))
    with tempfile.TemporaryDirectory(prefix="rac-kernels-") as folder:
        for name, shapes, node, constants in kernels():
            if prefixes and not name.startswith(prefixes):
                continue
            path = Path(folder) / "kernel.onnx"
            write(path, shapes, node, constants)
            specs = {key: {"shape": list(shape), "dtype": "float32"} for key, shape in zip("ab", shapes)}
            for threads in map(int, args.threads.split(",")):
                row = m.measure(path, specs, ENGINES, threads, args.rounds, args.burst_ms)
                rows.append({"kernel": name, **row})
                print(name, threads, file=sys.stderr, flush=True)
    return rows


def time_cell(result):
    return "fails" if "error" in result else t.number(result["median"], 1e6)


def markdown(rows):
    lines = []
    for row in rows:
        results = row["engines"]
        moved = next((r["moved_bytes"] for r in results.values() if "moved_bytes" in r), None)
        lines.append([row["kernel"], row["threads"], t.mebibytes(moved),
                      *(time_cell(results[name]) for name in ["rac", PEERS[0], "copy"]),
                      t.times(ratio(results, "rac", PEERS[0])), t.percent(ratio(results, "rac", "copy"))])
    problems = [f"- {row['kernel']}: {name}: {result['error']}"
                for row in rows for name, result in row["engines"].items() if "error" in result]
    versions = {"rac": m.commit(), PEERS[0]: t.version_of(rows, PEERS[0])}
    head = ["operator", "threads", "read and written, MiB", "rac, µs", f"{PEERS[0]}, µs", "copy, µs",
            f"rac : {PEERS[0]}", "rac's share of a copy's speed"]
    return "\n\n".join(filter(None, [t.run_of(m.processor(), versions), t.table(head, lines),
                                     "\n".join(problems)]))


def main():
    args = parse_arguments()
    rows = run(args)
    if not rows:
        sys.exit("error: no operator has such a name")
    t.publish(rows, markdown(rows), args, "kernels")


if __name__ == "__main__":
    main()
