"""Whole models: rac beside onnxruntime and OpenVINO, in f32 or, with --precision=bf16, in bf16.

  models.py [--only NAME,…] [--threads 1,2] [--rounds N] [--markdown docs/Benchmarks.md]

For each model and number of threads: the time of a run, that of the first answer from a process's
start, the memory then, what compiling takes, and what the machine could do at most. An engine whose
answers aren't onnxruntime's (1e-3) has no time. In bf16 onnxruntime computes in f32 all the same, and
answers may be a tenth from its (relative L2); how far they are is a column. docs/Benchmarks.md says how to read the tables.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

import measure as m
import table as t
from measure import PEERS, ratio

FIRST = ["rac-run", "rac", *PEERS]
# Of answers in bf16, which has 8 bits, after some tens of layers.
ALLOWED = 0.1


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, default=m.HERE / "models.json", metavar="FILE")
    parser.add_argument("--models", type=Path, default=m.MODELS, metavar="DIR", help="where the models are")
    parser.add_argument("--only", default="", help="models whose names begin so, separated by ;")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--engines", default="", help="default: the peers and rac")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--burst-ms", type=float, default=400)
    parser.add_argument("--firsts", type=int, default=5, help="fresh processes of each engine")
    parser.add_argument("--rac-flags", default="", help="for rac-compile")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the tables in this page")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="replace the ratios in this page")
    args = parser.parse_args()
    if args.precision == "bf16":
        PEERS[1:] = ["OpenVINO bf16"]
        FIRST[2:] = PEERS
        args.rac_flags += " --precision=bf16"
    args.engines = args.engines or ",".join([*PEERS, "rac"])
    args.allowed = None if args.precision == "f32" else ALLOWED
    return args


def chosen(args):
    models = json.loads(args.manifest.read_text())["models"]
    prefixes = tuple(filter(None, args.only.split(";")))
    return [model for model in models if not prefixes or model["name"].startswith(prefixes)]


def roofline(rows):
    """Adds to each row the shortest time that the machine would allow: the work at the rate of the
    best matrix product, or the reading of weights, inputs and outputs, whichever takes longer."""
    for row in rows:
        row["peak_flops_per_s"] = max(other["machine"]["flops_per_s"] for other in rows
                                      if other["threads"] == row["threads"])
        row["limit"] = None
        results = row["engines"].get("rac", {})
        if row["flops"] is not None and "median" in results:
            row["read_bytes"] = row["compile"]["weights_bytes"] + results["moved_bytes"]
            row["limit"] = max(row["flops"] / row["peak_flops_per_s"],
                               row["read_bytes"] / row["machine"]["bytes_per_s"])


def run(args):
    rows, left_out = [], []
    for model in chosen(args):
        path = args.models / model["file"]
        if not path.exists():
            left_out.append(f"{model['name']} ({model['file']} is not there)")
            continue
        for threads in map(int, args.threads.split(",")):
            row = m.measure(path, model["inputs"], args.engines.split(","), threads, args.rounds,
                            args.burst_ms, args.firsts, shlex.split(args.rac_flags), args.allowed)
            weights = row["compile"].get("weights_bytes", path.stat().st_size)
            rows.append({"model": model["name"], **row, "machine": m.measure_machine(weights, threads)})
            times = [f"{name} {result.get('error') or t.number(result['median'], 1e3) + ' ms'}"
                     for name, result in row["engines"].items()]
            print(f"{model['name']}, {threads}: {'; '.join(times)}", file=sys.stderr, flush=True)
    roofline(rows)
    return rows, left_out


# ---- tables
def label(row):
    return [row["model"], row["threads"]]


def fastest_peer(results):
    ratios = [ratio(results, "rac", peer) for peer in PEERS]
    return min((r for r in ratios if r), default=None)


def time_cell(result):
    if "error" in result:
        return "fails"
    return f"{t.number(result['median'], 1e3)} ({t.number(result['min'], 1e3)})" if result else t.UNKNOWN


def speed_table(rows):
    lines = []
    for row in rows:
        results = row["engines"]
        rac = results.get("rac", {}).get("median")
        lines.append([*label(row), *(time_cell(results.get(name, {})) for name in ["rac", *PEERS]),
                      t.times(ratio(results, "rac", PEERS[0])), t.times(fastest_peer(results)),
                      t.number(row["limit"], 1e3), t.percent(row["limit"] and row["limit"] / rac)])
    return t.table(["model", "threads", "rac, ms", *(f"{name}, ms" for name in PEERS),
                    f"rac : {PEERS[0]}", "rac : fastest peer", "limit, ms", "rac's share of it"], lines)


def first_table(rows):
    lines = [[*label(row),
              *(t.number(row["first"].get(name, {}).get("seconds")) for name in FIRST),
              *(t.mebibytes(row["first"].get(name, {}).get("peak_bytes")) for name in FIRST)]
             for row in rows]
    return t.table(["model", "threads", *(f"{name}, s" for name in FIRST),
                    *(f"{name}, MiB" for name in FIRST)], lines)


def error_table(rows):
    """How far the answers are from onnxruntime's in f32."""
    names = ["rac", PEERS[1]]
    lines = [[*label(row), *(t.number(row["engines"].get(name, {}).get("distance")) for name in names)]
             for row in rows]
    return t.table(["model", "threads", *(f"{name}, relative L2" for name in names)], lines)


def compile_table(rows):
    lines = []
    for row in rows:
        made = row["compile"]
        weights, library = made.get("weights_bytes"), made.get("library_bytes")
        lines.append([*label(row), t.number(made.get("seconds")), t.mebibytes(made.get("peak_bytes")),
                      t.mebibytes(library), t.mebibytes(weights),
                      t.mebibytes(library and library - weights),
                      t.mebibytes(row["engines"].get("rac", {}).get("arena_bytes"))])
    return t.table(["model", "threads", "rac-compile, s", "its peak, MiB", "library, MiB",
                    "weights in it, MiB", "the rest, MiB", "arena of a run, MiB"], lines)


def machine_table(rows):
    lines = []
    for row in rows:
        flops, read, machine = row["flops"], row.get("read_bytes"), row["machine"]
        lines.append([*label(row), t.number(flops, 1e-9), t.mebibytes(read),
                      t.number(row["peak_flops_per_s"], 1e-9), t.number(machine["bytes_per_s"], 1e-9)])
    return t.table(["model", "threads", "work, GFLOP", "to read and write, MiB",
                    "matrix product, GFLOP/s", "plain read, GB/s"], lines)


def summary(rows):
    """A line for each peer and number of threads, and one for the first answer."""
    lines = []
    for threads in sorted({row["threads"] for row in rows}):
        for peer in PEERS:
            ratios = {row["model"]: r for row in rows
                      if row["threads"] == threads and (r := ratio(row["engines"], "rac", peer))}
            if ratios:
                worst = min(ratios, key=ratios.get)
                lines.append(f"- {peer}, threads: {threads}. rac is {t.times(t.geometric_mean(ratios.values()))} "
                             f"as fast, the geometric mean of {len(ratios)} models; "
                             f"at least {t.times(ratios[worst])} ({worst}).")
    lines.append(f"- First answer: rac is before every peer in {before_all(rows, 'seconds')} rows, from Python "
                 f"too, and takes less memory in {before_all(rows, 'peak_bytes')}.")
    return "\n".join(lines)


def before_all(rows, what):
    """In how many rows rac's figure is below that of each peer that has one: "8 of 9"."""
    wins = [0, 0]
    for row in rows:
        mine, *peers = (row["first"].get(name, {}).get(what) for name in ["rac", *PEERS])
        peers = [peer for peer in peers if peer is not None]
        if mine is not None and peers:
            wins[0] += mine < min(peers)
            wins[1] += 1
    return f"{wins[0]} of {wins[1]}"


def errors(rows):
    # What fails to answer at all fails both times.
    return [f"- {row['model']}, threads: {row['threads']}: {name}: {result['error']}"
            for row in rows for name, result in {**row["first"], **row["engines"]}.items()
            if "error" in result]


def markdown(rows, left_out):
    versions = {"rac": m.commit()}
    for row in rows:
        for name, result in row["engines"].items():
            if result.get("version"):
                versions[name] = result["version"]
    parts = [t.run_of(m.processor(), versions), summary(rows),
             "### Time of a run", speed_table(rows), "### Distance from the answers in f32", error_table(rows),
             "### First answer", first_table(rows),
             "### Compiling", compile_table(rows), "### What the limits are made of", machine_table(rows)]
    if problems := errors(rows):
        parts += ["### What fails", "\n".join(problems)]
    if left_out:
        parts.append("Left out: " + "; ".join(left_out) + ".")
    return "\n\n".join(parts)


def main():
    args = parse_arguments()
    rows, left_out = run(args)
    if args.json:
        args.json.write_text(json.dumps({"rows": rows, "left_out": left_out}, indent=1))
    if not rows:
        sys.exit(f"error: no model to run; left out: {'; '.join(left_out) or 'none'}")
    print(markdown(rows, left_out))
    if args.markdown:
        t.replace_part(args.markdown, "models", markdown(rows, left_out))
    if args.summary:
        t.replace_part(args.summary, "ratios", summary(rows))
    if any("error" in row["engines"].get("rac", {}) for row in rows):
        sys.exit("error: rac fails or differs on some model")


if __name__ == "__main__":
    main()
