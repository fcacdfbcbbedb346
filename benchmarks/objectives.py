"""Plans for energy beside plans for latency: objectives.py [--only NAME;…] [--threads 2] [--device NAME|FILE]

For each model both are compiled, from the same predictions, and run in turn, round after round. The
table has the predicted time, energy and working memory, the measured time, in how many groups the
two plans differ and how, and what of the joules that changes or why nothing does. Where energy comes from, modelled or only an upper bound by the device's
TDP, stands above the table.
"""

import argparse
import collections
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import measure as m
import table as t

OBJECTIVES = ["latency", "energy"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, default=m.HERE / "models.json", metavar="FILE")
    parser.add_argument("--models", type=Path, default=m.MODELS, metavar="DIR", help="where the models are")
    parser.add_argument("--only", default="", help="models whose names begin so, separated by ;")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="host", help="what to plan for")
    parser.add_argument("--rounds", type=int, default=3, help="0: nothing is measured")
    parser.add_argument("--repeat", type=int, default=20, help="runs in a round")
    parser.add_argument("--libraries", type=Path, metavar="DIR",
                        help="keep what is compiled here, and take what is here already: compile with --rounds=0, measure then")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the table in this page")
    return parser.parse_args()


def shape_of(name, spec):
    return "=".join([name, "x".join(map(str, spec["shape"]))])


def compile_for(objective, model, path, folder, args):
    """The report of the model compiled for the objective."""
    kept = args.libraries / "".join(c if c.isalnum() else "-" for c in model["name"]) if args.libraries else folder
    kept.mkdir(parents=True, exist_ok=True)
    library = kept / f"{objective}.so"
    shapes = [f"--shape={shape_of(*entry)}" for entry in model["inputs"].items()]
    report = library.with_suffix(".json")
    if not report.exists():
        m.run_measured([m.BUILD / "bin/rac-compile", path, "-o", library, f"--report={report}", "--prefix=model",
                        f"--objective={objective}", f"--device={args.device}", f"--threads={args.threads}", *shapes])
    return {"library": library, **json.loads(report.read_text())}


def run_once(library, inputs, args):
    given = [f"--input={name}={file}" for name, file in inputs.items()]
    done = subprocess.run([m.BUILD / "bin/rac-run", library, *given, f"--threads={args.threads}", "--warmup=3",
                           f"--repeat={args.repeat}", "--json"], capture_output=True, text=True)
    if done.returncode:
        raise m.Failed(done.stderr.strip()[-300:])
    return json.loads(done.stdout)["latency_s"]["median"]


def measured(reports, inputs, args):
    """The median of the rounds' medians, for each objective."""
    times = {objective: [] for objective in reports}
    for _ in range(args.rounds):
        for objective, report in reports.items():
            times[objective].append(run_once(report["library"], inputs, args))
    return {objective: statistics.median(list_) if list_ else None for objective, list_ in times.items()}


def differences(one, other):
    """What another plan does otherwise, in words."""
    same = {group["name"]: group for group in one["groups"]}
    counts = collections.Counter()
    for group in other["groups"]:
        before = same.get(group["name"])
        if not before or before["ops"] != group["ops"]:
            counts["grouped otherwise"] += 1
        else:
            for key in ["kind", "precision", "threads", "tiles", "reduction", "order", "registers"]:
                counts[f"other {key}"] += before[key] != group[key]
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def joules_by_part(report):
    """What a plan's joules are made of; nothing where only a bound is known."""
    parts = collections.Counter()
    for group in report["groups"]:
        breakdown = group["breakdown"]
        if not breakdown or breakdown["static_j"] is None:
            return None
        parts["static power"] += breakdown["static_j"]
        parts["operations"] += breakdown["ops_j"]
        parts["bytes"] += sum(breakdown["bytes_j"].values())
    return parts


def reason(latency, energy, differs):
    """Why the two plans differ, or why they don't."""
    before, after = joules_by_part(latency), joules_by_part(energy)
    if before is None or after is None:
        return "joules are seconds times the TDP: one optimum" if not differs else "a TDP's share falls with threads"
    whole = sum(before.values())
    if not differs:
        return f"{before['static power'] / whole:.0%} of it is static power: the fastest takes the fewest joules too"
    changes = {part: (after[part] - before[part]) / whole for part in before}
    return ", ".join(f"{part} {change:+.1%}" for part, change in changes.items() if abs(change) >= 5e-4)


def row_of(model, reports, times):
    cells = [model["name"]]
    for key, scale in [("seconds", 1e3), ("joules", 1e3)]:
        cells += [t.number(reports[objective]["totals"][key], scale) for objective in OBJECTIVES]
    cells += [t.mebibytes(reports[objective]["totals"]["peak_bytes"]) for objective in OBJECTIVES]
    cells += [t.number(times[objective], 1e3) for objective in OBJECTIVES]
    latency, energy = (reports[objective] for objective in OBJECTIVES)
    differs = differences(latency, energy)
    return [*cells, f"{len(energy['groups'])} groups: {differs or 'the same plan'}", reason(latency, energy, differs)]


def head():
    columns = ["predicted, ms", "predicted, mJ", "memory, MiB", "measured, ms"]
    return ["model", *(f"{objective}: {column}" for column in columns for objective in OBJECTIVES), "energy's plan", "why, of latency's joules"]


def main():
    args = parse_arguments()
    prefixes = tuple(filter(None, args.only.split(";")))
    rows, failed, origins = [], [], set()
    for model in json.loads(args.manifest.read_text())["models"]:
        path = args.models / model["file"]
        if (prefixes and not model["name"].startswith(prefixes)) or not path.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            try:
                reports = {objective: compile_for(objective, model, path, folder, args) for objective in OBJECTIVES}
                times = measured(reports, m.write_inputs(model["inputs"], folder), args)
            except m.Failed as failure:
                failed.append(f"{model['name']}: {failure}")
                continue
        rows.append(row_of(model, reports, times))
        origins |= {report["totals"]["joules_origin"] for report in reports.values()}
        print("; ".join(map(str, rows[-1])), file=sys.stderr, flush=True)
    energy = ", ".join(sorted(filter(None, origins))) or t.UNKNOWN
    text = f"{args.threads} threads, planned for {args.device}; energy: {energy}.\n\n" + t.table(head(), rows)
    print(text)
    if args.markdown:
        t.replace_part(args.markdown, "objectives", text)
    if failed:
        sys.exit("error: " + "; ".join(failed))


if __name__ == "__main__":
    main()
