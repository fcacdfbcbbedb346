"""The cost model against the clock: each group of each model, where it runs, and whole models.

  groups.py [--only NAME;…] [--threads 1,2] [--device NAME|FILE] [--markdown docs/Benchmarks.md]

Models are compiled for the shapes of models.json with `--profile`, and timed by `rac-run --profile`:
a group is measured in its place in the run, with the caches as the run leaves them. Beside it stands
what the plan predicted for it. docs/Benchmarks.md says how to read the tables.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

import measure as m
import table as t
from kinds import KINDS, kind_of

# Shorter groups are counted apart, s: two readings of the clock are 50 ns, a cache that another
# group has left cold is more.
SHORT = 5e-6
WORST = 20


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, default=m.HERE / "models.json", metavar="FILE")
    parser.add_argument("--models", type=Path, default=m.MODELS, metavar="DIR", help="where the models are")
    parser.add_argument("--only", default="", help="models whose names begin so, separated by ;")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--device", default="host", help="what to plan and predict for")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each model; medians are taken")
    parser.add_argument("--seconds", type=float, default=0.5, help="of timed runs in a process")
    parser.add_argument("--rac-flags", default="", help="for rac-compile")
    parser.add_argument("--folder", type=Path, default=m.BUILD / "benchmark-groups", metavar="DIR",
                        help="where compiled models are kept")
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--measure-only", action="store_true", help="what --compile-only left")
    parser.add_argument("--energy", action="store_true", help="joules of whole runs too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add what was measured to this file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace the tables in this page")
    return parser.parse_args()


# ---- measuring
def compile_for(model, path, library, threads, args):
    shapes = [f"--shape={name}={'x'.join(map(str, spec['shape']))}"
              for name, spec in model["inputs"].items() if spec["shape"]]
    m.run_measured([m.BUILD / "bin/rac-compile", path, "-o", library, "--profile", f"--threads={threads}",
                    f"--device={args.device}", f"--report={library.with_suffix('.json')}", *shapes,
                    *shlex.split(args.rac_flags)])


def rac_run(library, files, threads, repeat, *flags):
    inputs = [word for name, file in files.items() for word in ("--input", f"{name}={file}")]
    done = subprocess.run([m.BUILD / "bin/rac-run", library, *inputs, "--json", f"--threads={threads}",
                           f"--repeat={repeat}", *flags], capture_output=True, text=True)
    if done.returncode:
        raise m.Failed(done.stderr.strip())
    return json.loads(done.stdout)


def measure_model(model, library, threads, args):
    """The groups of the report, with what they took: medians over processes of medians over runs."""
    report = json.loads(library.with_suffix(".json").read_text())
    files = m.write_inputs(model["inputs"], args.folder)
    once = rac_run(library, files, threads, 5)["latency_s"]["median"]
    repeat = max(5, min(5000, int(args.seconds / once)))
    runs = [rac_run(library, files, threads, repeat, "--profile") for _ in range(args.rounds)]
    groups = []
    for i, group in enumerate(report["groups"]):
        times = [run["profile"]["groups"][i] for run in runs]
        assert all(time["name"] == group["name"] for time in times)
        calls = times[0]["calls"]
        groups.append({**group, "calls": calls,
                       "predicted": None if group["seconds"] is None else group["seconds"] * calls,
                       "measured": statistics.median(time["median_s"] for time in times),
                       "what": kind_of(group["ops"], group["kind"])})
    row = {"model": model["name"], "threads": threads, "device": report["device"], "groups": groups,
           "rest": statistics.median(run["profile"]["rest"]["median_s"] for run in runs),
           "latency": statistics.median(run["latency_s"]["median"] for run in runs)}
    if args.energy:
        row["energy"] = rac_run(library, files, threads, repeat, "--energy")["energy"]
    return row


def run(args):
    models = json.loads(args.manifest.read_text())["models"]
    prefixes = tuple(filter(None, args.only.split(";")))
    args.folder.mkdir(parents=True, exist_ok=True)
    rows, left_out = [], []
    for number, model in enumerate(models):
        if prefixes and not model["name"].startswith(prefixes):
            continue
        path = args.models / model["file"]
        if not path.exists():
            left_out.append(f"{model['name']} ({model['file']} is not there)")
            continue
        for threads in map(int, args.threads.split(",")):
            library = args.folder / f"{number}-{threads}.so"
            try:
                if not args.measure_only:
                    compile_for(model, path, library, threads, args)
                if not args.compile_only:
                    rows.append(measure_model(model, library, threads, args))
            except m.Failed as error:
                left_out.append(f"{model['name']}, threads: {threads} ({error})")
            print(f"{model['name']}, {threads}", file=sys.stderr, flush=True)
    return rows, left_out


# ---- what it comes to
def known(groups):
    """Those that ran and have a prediction."""
    return [group for group in groups if group["predicted"] is not None and group["calls"]]


def error_of(group):
    return abs(group["predicted"] - group["measured"]) / group["measured"]


def mean_error(groups):
    """Every group counts the same."""
    return statistics.fmean(map(error_of, groups)) if groups else None


def weighted_error(groups):
    """Every second counts the same."""
    total = sum(group["measured"] for group in groups)
    return sum(abs(g["predicted"] - g["measured"]) for g in groups) / total if groups else None


def bias(groups):
    """Geometric mean of predicted to measured: above 1, predictions are too long."""
    return t.geometric_mean([group["predicted"] / group["measured"] for group in groups
                             if group["predicted"] > 0])


def split(groups):
    groups = known(groups)
    return ([group for group in groups if group["measured"] >= SHORT],
            [group for group in groups if group["measured"] < SHORT])


def whole(row):
    """Predicted and measured time of a run; None for what has an unpredicted group."""
    groups = [group for group in row["groups"] if group["calls"]]
    if any(group["predicted"] is None for group in groups):
        return None, row["latency"]
    return sum(group["predicted"] for group in groups), row["latency"]


def all_groups(rows, threads):
    return [group for row in rows if row["threads"] == threads for group in row["groups"]]


def summary(rows):
    lines = []
    for threads in sorted({row["threads"] for row in rows}):
        here = [row for row in rows if row["threads"] == threads]
        long, short = split(all_groups(here, threads))
        models = [abs(p - s) / s for p, s in map(whole, here) if p is not None]
        lines.append(
            f"- threads: {threads}. Groups of {SHORT * 1e6:.0f} µs and more: mean absolute error "
            f"{t.percent(mean_error(long))} ({len(long)} groups, each counting the same), "
            f"{t.percent(weighted_error(long))} weighted by time; shorter ones: "
            f"{t.percent(mean_error(short))} ({len(short)} groups, "
            f"{t.percent(share(short, long + short))} of the time). Whole models: mean "
            f"{t.percent(statistics.fmean(models) if models else None)}, at most "
            f"{t.percent(max(models, default=None))}.")
    return "\n".join(lines)


def share(part, groups):
    total = sum(group["measured"] for group in groups)
    return sum(group["measured"] for group in part) / total if total else None


def model_table(rows):
    lines = []
    for row in rows:
        long, short = split(row["groups"])
        predicted, measured = whole(row)
        off = None if predicted is None else predicted / measured - 1
        lines.append([row["model"], row["threads"], t.number(measured, 1e3), t.number(predicted, 1e3),
                      t.UNKNOWN if off is None else f"{100 * off:+.0f} %", len(long),
                      t.percent(mean_error(long)), t.percent(weighted_error(long)), len(short),
                      t.percent(mean_error(short)), t.percent(row["rest"] / measured)])
    return t.table(["model", "threads", "measured, ms", "predicted, ms", "off by", "groups",
                    "mean error", "weighted by time", "short groups", "their mean error",
                    "outside of groups"], lines)


def kind_table(rows, threads):
    groups = known(all_groups(rows, threads))
    lines = []
    for kind in KINDS:
        these = [group for group in groups if group["what"] == kind]
        if these:
            lines.append([kind, len(these), t.percent(share(these, groups)), t.percent(mean_error(these)),
                          t.percent(weighted_error(these)), t.times(bias(these))])
    return t.table(["kind", "groups", "share of the time", "mean error", "weighted by time",
                    "predicted : measured"], lines)


def worst_table(rows, threads):
    """Those whose error is the largest part of all time."""
    groups = [(abs(g["predicted"] - g["measured"]), row, g) for row in rows if row["threads"] == threads
              for g in known(row["groups"])]
    groups.sort(key=lambda entry: -entry[0] / entry[1]["latency"])
    lines = [[f"{row['model']}: {g['name']}", g["what"], t.number(g["measured"], 1e6),
              t.number(g["predicted"], 1e6), t.percent(off / row["latency"])]
             for off, row, g in groups[:WORST]]
    return t.table(["group", "kind", "measured, µs", "predicted, µs", "error, of its model's time"], lines)


def energy_lines(rows):
    lines = []
    for row in rows:
        energy = row.get("energy")
        if not energy:
            continue
        measured, predicted = energy["measured"], energy["predicted"]
        if not measured:
            return [f"No meter: {energy['problem']}. Joules are not compared."]
        lines.append([row["model"], row["threads"], t.number(measured["joules_per_run"]),
                      t.number(predicted and predicted["joules_per_run"]), measured["origin"]])
    return [t.table(["model", "threads", "measured, J", "predicted, J", "measured by"], lines)] if lines else []


def markdown(rows, left_out):
    devices = ", ".join(sorted({row["device"] for row in rows}))
    parts = [t.run_of(m.processor(), {"rac": m.commit(), "device": devices}), summary(rows), model_table(rows)]
    for threads in sorted({row["threads"] for row in rows}):
        parts += [f"### By kind, threads: {threads}", kind_table(rows, threads),
                  f"### The worst, threads: {threads}", worst_table(rows, threads)]
    parts += energy_lines(rows)
    if left_out:
        parts.append("Left out: " + "; ".join(left_out) + ".")
    return "\n\n".join(parts)


def merged(path, rows):
    """What the file has and `rows`, which replace those of the same model and threads."""
    before = json.loads(path.read_text())["rows"] if path.exists() else []
    new = {(row["model"], row["threads"]) for row in rows}
    return [row for row in before if (row["model"], row["threads"]) not in new] + rows


def main():
    args = parse_arguments()
    rows, left_out = run(args)
    if args.compile_only:
        sys.exit(f"error: {'; '.join(left_out)}" if left_out else 0)
    if args.json:
        rows = merged(args.json, rows)
        args.json.write_text(json.dumps({"rows": rows, "left_out": left_out}, indent=1))
    if not rows:
        sys.exit(f"error: no model to run; left out: {'; '.join(left_out) or 'none'}")
    print(markdown(rows, left_out))
    if args.markdown:
        t.replace_part(args.markdown, "groups", markdown(rows, left_out))


if __name__ == "__main__":
    main()
