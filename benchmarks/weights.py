"""Weights in few bits: what share of a copy's bandwidth products of one row reach with them, and how many tokens a second
a decoder makes.

  weights.py [--only NAME;…] [--threads 1] [--rounds N] [--markdown docs/Precision.md]

Both engines run the same models: products with constant matrices are com.microsoft.MatMulNBits, blocks of 32 terms
sharing a scale, or plain ones in f32. With accuracy_level = 4 onnxruntime rounds rows to bytes before it multiplies,
which costs an error that is in the table; rac multiplies in f32, or with rows of three bytes. A layer's products take turns with those of other layers, so that no cache has
them all, as in a decoder. The copy moves as many bytes as the matrices have (reading one half of them and writing the
other), in the same run; rac's share is bytes of steps and scales a second, of the copy's bytes a second.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import measure as m
import table as t
from measure import PEERS, ratio

sys.path.insert(0, str(m.ROOT / "test/python"))
import nbits  # noqa: E402

BYTES = "onnxruntime, rows in bytes"
BITS = [32, 8, 4]
# GPT-2's products in a step, terms x columns, and how many layers take turns.
PRODUCTS = {"768 x 2304": (768, 2304), "768 x 768": (768, 768), "768 x 3072": (768, 3072), "3072 x 768": (3072, 768)}
LAYERS = 12
# Sums in another order, through all layers.
MOST_ERROR = 1e-3
DECODER = ("GPT-2, a step after 128", "gpt2_step.onnx")


def products(terms, columns):
    """Rows, each times a matrix of its own. They come and go as one array: what a call from Python takes for each of its
    inputs and outputs, 2 us, is nothing that a product does."""
    random, arrays, layers = np.random.default_rng(terms), [], range(LAYERS)
    nodes = [helper.make_node("Split", ["x"], [f"x{i}" for i in layers], axis=0, num_outputs=LAYERS)]
    for i in layers:
        values = random.standard_normal((terms, columns), np.float32) / np.float32(np.sqrt(terms))
        arrays.append(numpy_helper.from_array(values, f"w{i}"))
        nodes.append(helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"y{i}"]))
    nodes.append(helper.make_node("Concat", [f"y{i}" for i in layers], ["y"], axis=0))
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [LAYERS, size])
            for name, size in (("x", terms), ("y", columns)))
    graph = helper.make_graph(nodes, "products", [x], [y], arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def models(prefixes):
    """(name, model, its inputs' specs)"""
    for name, sizes in PRODUCTS.items():
        if not prefixes or name.startswith(prefixes):
            yield name, products(*sizes), {"x": {"shape": [LAYERS, sizes[0]], "dtype": "float32"}}
    name, file = DECODER
    if (not prefixes or name.startswith(prefixes)) and (m.MODELS / file).exists():
        manifest = json.loads((m.HERE / "models.json").read_text())["models"]
        yield name, onnx.load(m.MODELS / file), next(e for e in manifest if e["name"] == name)["inputs"]


def matrix_bytes(model):
    """Of what products multiply with."""
    sizes = {i.name: numpy_helper.to_array(i).nbytes for i in model.graph.initializer}
    names = {name for node in model.graph.node if node.op_type in ("MatMul", "Gemm", "MatMulNBits")
             for name in node.input[1:]}
    return sum(sizes.get(name, 0) for name in names)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="products or models whose names begin so, separated by ;")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burst-ms", type=float, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the table in this page")
    return parser.parse_args()


def run(args):
    rows = []
    for name, model, specs in models(tuple(filter(None, args.only.split(";")))):
        for bits in BITS:
            narrow = model if bits == 32 else nbits.narrowed(model, bits)
            engines = [PEERS[0], *([BYTES] if bits < 32 else []), "rac", "copy"]
            with tempfile.TemporaryDirectory(prefix="rac-weights-") as folder:
                path = Path(folder) / "model.onnx"
                onnx.save(narrow, path)
                more = {"moved": matrix_bytes(narrow), "bytes": str(path.with_name("bytes.onnx"))}
                for node in [n for n in narrow.graph.node if n.op_type == "MatMulNBits"]:
                    node.attribute.append(helper.make_attribute("accuracy_level", 4))
                onnx.save(narrow, more["bytes"])
                row = m.measure(path, specs, engines, args.threads, args.rounds, args.burst_ms, allowed=0.1, more=more)
            rac = row["engines"]["rac"]
            if rac.get("distance", 0) > MOST_ERROR:
                rac["error"] = f"differs by {rac['distance']:.2e}"
            rows.append({"name": name, "bits": bits, "bytes": more["moved"], **row})
            print(name, bits, {k: v.get("median", v.get("error")) for k, v in row["engines"].items()}, file=sys.stderr,
                  flush=True)
    return rows


def rate(row, engine, amount, scale=1):
    result = row["engines"].get(engine, {})
    return t.number(amount / result["median"], scale) if "median" in result else "fails"


def error(row, engine):
    distance = row["engines"].get(engine, {}).get("distance")
    return t.UNKNOWN if distance is None else f"{distance:.0e}"


def together(rows):
    """All products of a step as a row for each number of bits: times added, where all are known."""
    for bits in BITS:
        parts = [row for row in rows if row["bits"] == bits]
        if len(parts) < len(PRODUCTS):
            continue
        engines = {name: {"median": sum(part["engines"][name]["median"] for part in parts)}
                   for name in parts[0]["engines"] if all("median" in part["engines"].get(name, {}) for part in parts)}
        yield {"name": f"all {LAYERS * len(parts)}", "bits": bits, "bytes": sum(part["bytes"] for part in parts),
               "engines": engines}


def bits_of(row):
    return "f32" if row["bits"] == 32 else f"i{row['bits']}"


def markdown(rows):
    engines, steps = [PEERS[0], BYTES, "rac"], []

    def line(name, row):
        results = row["engines"]
        rates = [rate(row, engine, row["bytes"], 1e-9) if engine in results else t.UNKNOWN
                 for engine in [*engines, "copy"]]
        return [name, bits_of(row), t.mebibytes(row["bytes"]), *rates, t.percent(ratio(results, "rac", "copy"))]

    products = [row for row in rows if row["name"] != DECODER[0]]
    decoder = [row for row in rows if row["name"] == DECODER[0]]
    lines = [line(f"{row['name']}, {LAYERS} of them", row) for row in products]
    lines += [line(row["name"], row) for row in [*together(products), *decoder]]
    for row in decoder:
        results = row["engines"]
        steps.append([bits_of(row), *(rate(row, engine, 1) if engine in results else t.UNKNOWN for engine in engines),
                      t.times(ratio(results, "rac", PEERS[0])), t.times(ratio(results, "rac", BYTES)),
                      error(row, BYTES), error(row, "rac")])
    versions = {"rac": m.commit(), PEERS[0]: t.version_of(rows, PEERS[0])}
    parts = [t.run_of(m.processor(), versions) + f" Threads: {rows[0]['threads']}."]
    if lines:
        parts.append(t.table(["products of one row", "weights", "MiB", f"{PEERS[0]}, GB/s", f"{BYTES}, GB/s", "rac, GB/s",
                              "copy, GB/s", "rac's share of the copy's"], lines))
    if steps:
        parts.append(t.table([DECODER[0], f"{PEERS[0]}, tokens/s", f"{BYTES}, tokens/s", "rac, tokens/s",
                              f"rac : {PEERS[0]}", f"rac : {BYTES}", f"error, {BYTES}", "error, rac"], steps))
    return "\n\n".join(parts)


def main():
    args = parse_arguments()
    rows = run(args)
    if not rows:
        sys.exit("error: nothing has such a name")
    t.publish(rows, markdown(rows), args, "weights")


if __name__ == "__main__":
    main()
