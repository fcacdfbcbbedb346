"""The planner's choices against their alternatives: groups of real models, each measured alone.

  picks.py [--groups 48] [--threads 1,2] [--device NAME|FILE] [--markdown docs/Benchmarks.md]

Distinct groups of the models of models.json are taken out of their plans (`rac-compile --group`),
compiled as planned and with other plans (library or generated, other tiles, registers, threads), and
timed in turn, round after round. A choice is right if no alternative is more than 5 % faster.
docs/Benchmarks.md says how to read the table.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import measure as m
import plans
import table as t
from kinds import KINDS, kind_of

TOLERANCE = 0.05
# Shorter groups are not looked at, s: they are all overhead.
SHORTEST = 4e-6
# Of a plan: what changes the code.
FIELDS = ["kind", "precision", "threads", "tiles", "reduction", "order", "registers"]


def parse_arguments():
    parser = plans.argument_parser(__doc__, "benchmark-picks")
    parser.add_argument("--groups", type=int, default=48, help="how many, of all kinds")
    parser.add_argument("--seconds", type=float, default=0.05, help="of timed runs in a round")
    parser.add_argument("--part", default="1/1", metavar="I/N", help="only every N-th group, from the I-th")
    return parser.parse_args()


# ---- plans as text
def split_fields(text):
    """"a = 1, b = [2, 3]" as a dictionary of texts, in order."""
    fields, depth, start = {}, 0, 0
    for i, c in enumerate(text + ","):
        depth += (c in "[<(") - (c in "]>)")
        if c == "," and depth == 0:
            key, _, value = text[start:i].partition(" = ")
            fields[key.strip()] = value.strip()
            start = i + 1
    return fields


def closed(text, begin):
    """Where the bracket closes that is open before `begin`."""
    depth, end = 1, begin
    while depth:
        depth += (text[end] in "<[") - (text[end] in ">]")
        end += 1
    return end - 1


def find_plan(module):
    """Where the attribute of the module's group is: (fields, begin, end)."""
    begin = re.search(r" plan (#rac\.plan)?<", module).end()
    end = closed(module, begin)
    return split_fields(module[begin:end]), begin, end


def planners_own(module):
    """Plans for the same ops in one group that the planner has looked at and not chosen."""
    for found in re.finditer(r'#rac\.alternative<form = "([^"]*)", plan = (#rac\.plan)?<', module):
        if not set("|+") & set(found.group(1)):
            yield split_fields(module[found.end():closed(module, found.end())])


def numbers(fields, name):
    return [int(n) for n in re.findall(r"-?\d+", fields.get(name, ""))]


def with_plan(module, changes):
    """The module with other fields in its plan; None takes one out."""
    fields, begin, end = find_plan(module)
    fields = {key: value for key, value in {**fields, **changes}.items()
              if value is not None}
    fields = {key: fields[key] for key in FIELDS if key in fields}
    return module[:begin] + ", ".join(f"{k} = {v}" for k, v in fields.items()) + module[end:]


def result_shape(module):
    types = re.search(r"rac\.group @.*? -> \((.*?)\)", module).group(1)
    dims = re.match(r"tensor<((?:\d+x)*)", types).group(1)
    return [int(n) for n in dims.split("x") if n]


def scaled(sizes, limits):
    """Each size halved and doubled, one at a time."""
    for i, size in enumerate(sizes):
        for other in (size // 2, size * 2):
            if size and 0 < other <= (limits[i] if i < len(limits) else 1 << 30):
                yield sizes[:i] + [other] + sizes[i + 1:]


def alternatives(module, ops, threads):
    """{label: the module under another plan}; the planner's own is "planned"."""
    fields, _, _ = find_plan(module)
    found = {"planned": module}
    kernel, tiles, shape = fields["kind"], numbers(fields, "tiles"), result_shape(module)
    nest = {"tiles": None, "reduction": None, "order": None, "registers": None}
    product = any(op in ("rac.matmul", "rac.conv", "rac.conv_transpose") for op in ops)
    if product:
        other = "generated" if kernel == "library" else "library"
        found[other] = with_plan(module, {"kind": other, **nest})
    if kernel == "generated" or product:
        generated = {"kind": "generated"}
        if tiles:
            found["untiled"] = with_plan(module, {**generated, **nest})
            for size in scaled(tiles, shape):
                found[f"tiles {size}"] = with_plan(module, {**generated, "order": None, "tiles": str(size)})
        elif len(shape) > 1:
            for rows in {max(1, shape[0] // 8), max(1, shape[0] // 2)} - {0}:
                size = [rows] + [0] * (len(shape) - 1)
                if shape[0] > 1:
                    found[f"tiles {size}"] = with_plan(module, {**generated, **nest, "tiles": str(size)})
            if len(shape) > 2 and shape[-2] > 1:
                for rows in sorted({48, 8} & set(range(1, shape[-2]))):
                    size = [1] * (len(shape) - 2) + [rows, 0]
                    found[f"tiles {size}"] = with_plan(module, {**generated, **nest, "tiles": str(size)})
        for size in scaled(numbers(fields, "reduction"), []):
            found[f"reduction {size}"] = with_plan(module, {"order": None, "reduction": str(size)})
    if threads > 1:
        now = int(fields.get("threads", 0))
        for count in {1, threads} - {now or threads}:
            found[f"threads {count}"] = with_plan(module, {"threads": str(count)})
    for plan in planners_own(module):
        text = with_plan(module, {**dict.fromkeys(FIELDS), **plan})
        if text not in found.values():
            found[plan_text(plan)] = text
    return found


# ---- choosing groups
def plan_model(model, path, threads, args):
    """The module and the report of the model's plan."""
    stem = args.folder / f"plan-{threads}"
    plans.rac_compile(path, "--emit=plan", "-o", f"{stem}.mlir", f"--report={stem}.json",
                      *plans.flags_of(model, threads, args))
    return Path(f"{stem}.mlir").read_text(), json.loads(Path(f"{stem}.json").read_text())["groups"]


def signature(module, name):
    """The types that a group takes and gives."""
    return re.search(rf"rac\.group @\"?{re.escape(name)}\"? (ins\(.*? : .*?\)) -> (\(.*?\)) ?(plan|\{{)",
                     module).group(1, 2)


def candidates(models, threads, args):
    """{kind: [(model, name, ops)]}, each distinct, those that cost most first."""
    found, seen = {kind: [] for kind in KINDS}, set()
    for model, path in models:
        module, groups = plan_model(model, path, threads, args)
        for group in groups:
            _, types = (group["name"], signature(module, group["name"]))
            key = (tuple(group["ops"]), re.sub(r"%[\w#:]+", "", types[0]), types[1])
            static = "?" not in types[0] + types[1]
            if key not in seen and static and (group["seconds"] or 0) >= SHORTEST:
                seen.add(key)
                found[kind_of(group["ops"], group["kind"])].append(
                    (group["seconds"], model, group["name"], group["ops"]))
    return {kind: sorted(groups, key=lambda group: -group[0]) for kind, groups in found.items()}


def choose(found, count):
    """As many, a kind as often as the next where it has so many, spread over their costs."""
    quota = {kind: 0 for kind, groups in found.items() if groups}
    while sum(quota.values()) < min(count, sum(map(len, found.values()))):
        kind = min((k for k in quota if quota[k] < len(found[k])), key=lambda k: quota[k])
        quota[kind] += 1
    for kind, n in quota.items():
        groups = found[kind]
        for i in range(n):
            yield kind, groups[i * len(groups) // n]


# ---- compiling and measuring
def compile_group(number, kind, model, name, ops, threads, args):
    """Writes the group's libraries; what could be compiled."""
    stem = args.folder / f"{threads}-{number}"
    flags = [f"--threads={threads}", f"--device={args.device}"]
    module = Path(f"{stem}.mlir")
    plans.rac_compile(args.models / model["file"], "--emit=plan", f"--group={name}", "-o", module,
                      *plans.flags_of(model, threads, args))
    job = {"model": model["name"], "group": name, "kind": kind, "threads": threads, "ops": ops,
           "plan": find_plan(module.read_text())[0], "shape": result_shape(module.read_text()),
           "libraries": {}}
    for i, (label, text) in enumerate(alternatives(module.read_text(), ops, threads).items()):
        edited, library = Path(f"{stem}-{i}.mlir"), f"{stem}-{i}.so"
        edited.write_text(text)
        done = subprocess.run([m.BUILD / "bin/rac-compile", edited, "-o", library, "--profile",
                               "--random-constants", *flags], capture_output=True, text=True)
        if done.returncode == 0:
            job["libraries"][label] = library
        elif label == "planned":
            raise m.Failed(f"{model['name']}: {name}: {done.stderr.strip()[-300:]}")
    return job


def compile_all(args):
    models, _ = plans.models_of(args)
    args.folder.mkdir(parents=True, exist_ok=True)
    jobs, counts = [], [int(n) for n in args.threads.split(",")]
    for threads in counts:
        found = candidates(models, threads, args)
        chosen = list(choose(found, args.groups // len(counts)))
        for number, (kind, (_, model, name, ops)) in enumerate(chosen):
            jobs.append(compile_group(number, kind, model, name, ops, threads, args))
            print(f"{number + 1} of {len(chosen)}: {model['name']}: {name}, threads: {threads}: "
                  f"{', '.join(jobs[-1]['libraries'])}", file=sys.stderr, flush=True)
    (args.folder / "jobs.json").write_text(json.dumps(jobs, indent=1))


def measure_group(job, args):
    """The least of the rounds' medians, for each plan, and the answers' agreement."""
    libraries = dict(job["libraries"])
    repeats = {}
    for label, library in list(libraries.items()):
        try:
            once = plans.rac_run(library, {}, job["threads"], 3)["latency_s"]["min"]
        except m.Failed as error:
            print(f"{job['model']}: {job['group']}, {label}: {error}", file=sys.stderr)
            del libraries[label]
            continue
        repeats[label] = max(5, min(5000, int(args.seconds / once)))
    times = {label: [] for label in libraries}
    for _ in range(args.rounds):
        for label, library in libraries.items():
            profile = plans.rac_run(library, {}, job["threads"], repeats[label], "--profile")["profile"]
            times[label].append(profile["groups"][0]["median_s"])
    row = {key: job[key] for key in ["model", "group", "kind", "threads", "plan", "shape"]}
    row["seconds"] = {label: min(taken) for label, taken in times.items()}
    if args.energy:
        row["energy"] = plans.rac_run(libraries["planned"], {}, job["threads"], 5, "--energy")["energy"]
    return row


def measure_all(args):
    jobs = json.loads((args.folder / "jobs.json").read_text())
    part, parts = map(int, args.part.split("/"))
    rows = []
    # What runs in one way only is no choice.
    for job in [job for job in jobs if len(job["libraries"]) > 1][part - 1::parts]:
        rows.append(measure_group(job, args))
        print(f"{job['model']}: {job['group']}: {verdict(rows[-1])}", file=sys.stderr, flush=True)
    return rows


# ---- tables
def best(row):
    return min(row["seconds"], key=row["seconds"].get)


def lost(row):
    """How much longer the choice takes than the best: 0 if it is the best."""
    return row["seconds"]["planned"] / row["seconds"][best(row)] - 1


def is_right(row):
    return lost(row) <= TOLERANCE


def verdict(row):
    return "best" if best(row) == "planned" else f"{best(row)} is {100 * lost(row):.0f} % faster"


def plan_text(plan):
    parts = [plan["kind"]] + [f"{key} {plan[key]}" for key in ("tiles", "reduction", "registers", "threads")
                              if key in plan]
    return ", ".join(parts)


def summary(rows):
    lines = []
    for threads in sorted({row["threads"] for row in rows}):
        here = [row for row in rows if row["threads"] == threads]
        right = sum(map(is_right, here))
        firsts = sum(best(row) == "planned" for row in here)
        lines.append(f"- threads: {threads}. In {right} of {len(here)} groups ({t.percent(right / len(here))}) the "
                     f"planner's choice is the best or within 5 % of it; in {firsts} it is the best. On average "
                     f"the best takes {t.percent(1 - 1 / t.geometric_mean([1 + lost(row) for row in here]))} less.")
    return "\n".join(lines)


def kind_table(rows):
    lines = []
    for kind in KINDS:
        here = [row for row in rows if row["kind"] == kind]
        if here:
            lines.append([kind, len(here), sum(map(is_right, here)),
                          t.percent(max(map(lost, here)))])
    return t.table(["kind", "groups", "right", "most lost"], lines)


def pick_table(rows):
    lines = []
    for row in sorted(rows, key=lambda row: (row["threads"], KINDS.index(row["kind"]), -lost(row))):
        others = {label: s for label, s in row["seconds"].items() if label != "planned"}
        rival = min(others, key=others.get, default=None)
        lines.append([f"{row['model']}: {row['group']}", row["threads"], "x".join(map(str, row["shape"])),
                      plan_text(row["plan"]), t.number(row["seconds"]["planned"], 1e6),
                      rival or t.UNKNOWN, t.number(others[rival], 1e6) if rival else t.UNKNOWN,
                      len(others), "yes" if is_right(row) else f"{100 * lost(row):.0f} % lost"])
    return t.table(["group", "threads", "result", "planned", "µs", "best alternative", "µs",
                    "alternatives", "right"], lines)


def energy_part(rows):
    lines = []
    for row in rows:
        if not row.get("energy"):
            continue
        measured, predicted = row["energy"]["measured"], row["energy"]["predicted"]
        if not measured:
            return [f"No meter: {row['energy']['problem']}. Joules of groups are not compared."]
        lines.append([f"{row['model']}: {row['group']}", row["kind"], t.number(measured["joules_per_run"]),
                      t.number(predicted and predicted["joules_per_run"]), measured["origin"]])
    return [t.table(["group", "kind", "measured, J", "predicted, J", "measured by"], lines)] if lines else []


def markdown(rows):
    return "\n\n".join([t.run_of(m.processor(), {"rac": m.commit()}), summary(rows), kind_table(rows),
                        pick_table(rows), *energy_part(rows)])


def main():
    args = parse_arguments()
    if not args.measure_only:
        compile_all(args)
    if args.compile_only:
        return
    rows = measure_all(args)
    if args.json:
        rows = plans.merged(args.json, rows, lambda row: (row["model"], row["group"], row["threads"]))
        args.json.write_text(json.dumps({"rows": rows}, indent=1))
    if not rows:
        sys.exit("error: no group to measure")
    print(markdown(rows))
    if args.markdown:
        t.replace_part(args.markdown, "picks", markdown(rows))


if __name__ == "__main__":
    main()
