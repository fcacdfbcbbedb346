"""The cost model against the clock: each group of each model, where it runs, and whole models.

  groups.py [--only NAME;…] [--threads 1,2] [--device NAME|FILE] [--markdown docs/Benchmarks.md]
  groups.py --predict-again --json FILE --device NAME|FILE    measured before, predicted anew

Models are compiled for the shapes of models.json with `--profile`, and timed by `rac-run --profile`:
a group is measured in its place in the run, with the caches as the run leaves them. Beside it stands
what the plan predicted for it. docs/Benchmarks.md says how to read the tables.
"""

import json
import re
import shlex
import statistics
import sys

import measure as m
import plans
import table as t
from kinds import KINDS, kind_of

# Shorter groups are counted apart, s: two readings of the clock are 50 ns, a cache that another
# group has left cold is more.
SHORT = 5e-6
WORST = 20


def parse_arguments():
    parser = plans.argument_parser(__doc__, "benchmark-groups")
    parser.add_argument("--only", default="", help="models whose names begin so, separated by ;")
    parser.add_argument("--seconds", type=float, default=0.5, help="of timed runs in a process")
    parser.add_argument("--rac-flags", default="", help="for rac-compile")
    parser.add_argument("--predict-again", action="store_true",
                        help="measure nothing: what --json has, with predictions for --device of the plans in --folder")
    return parser.parse_args()


# ---- measuring
def compile_for(model, path, library, threads, args):
    """The library, its plan and its report, beside each other."""
    flags = [*plans.flags_of(model, threads, args), *shlex.split(args.rac_flags)]
    plans.rac_compile(path, "-o", library, "--profile", f"--report={library.with_suffix('.json')}", *flags)
    plans.rac_compile(path, "-o", library.with_suffix(".mlir"), "--emit=plan", *flags)


def without_cost(line):
    """A line of a plan; what the group's own plan was predicted to cost is asked for again then."""
    return re.sub(r", cost = #rac\.cost<[^>]*>", "", line, count=1) if "rac.group @" in line else line


def predict_again(rows, args):
    """The same measurements with other predictions."""
    numbers = {model["name"]: i for i, model in enumerate(json.loads(args.manifest.read_text())["models"])}
    for row in rows:
        plan = args.folder / f"{numbers[row['model']]}-{row['threads']}.mlir"
        again, report = args.folder / "again.mlir", args.folder / "again.json"
        again.write_text("\n".join(map(without_cost, plan.read_text().splitlines())))
        plans.rac_compile(again, "-o", args.folder / "costed.mlir", "--emit=plan", "--random-constants",
                          f"--report={report}", f"--device={args.device}", f"--threads={row['threads']}")
        told = json.loads(report.read_text())
        row["device"] = told["device"]
        for group, again in zip(row["groups"], told["groups"], strict=True):
            assert group["name"] == again["name"]
            group.update(seconds=again["seconds"], breakdown=again["breakdown"],
                         predicted=None if again["seconds"] is None else again["seconds"] * group["calls"])


def measure_model(model, library, threads, args):
    """The groups of the report, with what they took: medians over processes of medians over runs."""
    report = json.loads(library.with_suffix(".json").read_text())
    files = m.write_inputs(model["inputs"], args.folder)
    once = plans.rac_run(library, files, threads, 5)["latency_s"]["median"]
    repeat = max(5, min(5000, int(args.seconds / once)))
    runs = [plans.rac_run(library, files, threads, repeat, "--profile") for _ in range(args.rounds)]
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
        row["energy"] = plans.rac_run(library, files, threads, repeat, "--energy")["energy"]
    return row


def run(args):
    prefixes = tuple(filter(None, args.only.split(";")))
    args.folder.mkdir(parents=True, exist_ok=True)
    models, left_out = plans.models_of(args)
    numbers = {model["name"]: i for i, model in enumerate(json.loads(args.manifest.read_text())["models"])}
    rows = []
    for model, path in models:
        if prefixes and not model["name"].startswith(prefixes):
            continue
        for threads in map(int, args.threads.split(",")):
            library = args.folder / f"{numbers[model['name']]}-{threads}.so"
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


def main():
    args = parse_arguments()
    if args.predict_again:
        rows, left_out = json.loads(args.json.read_text())["rows"], []
        predict_again(rows, args)
    else:
        rows, left_out = run(args)
    if args.compile_only:
        sys.exit(f"error: {'; '.join(left_out)}" if left_out else 0)
    if args.json:
        rows = plans.merged(args.json, rows, lambda row: (row["model"], row["threads"]))
        args.json.write_text(json.dumps({"rows": rows, "left_out": left_out}, indent=1))
    if not rows:
        sys.exit(f"error: no model to run; left out: {'; '.join(left_out) or 'none'}")
    print(markdown(rows, left_out))
    if args.markdown:
        t.replace_part(args.markdown, "groups", markdown(rows, left_out))


if __name__ == "__main__":
    main()
