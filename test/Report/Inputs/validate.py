"""Whether reports keep to docs/ReportSchema.json, and add up: ROOT REPORT.json…"""

import json
import math
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

root, *files = map(Path, sys.argv[1:])
schema = json.loads((root / "docs/ReportSchema.json").read_text())
Draft202012Validator.check_schema(schema)


def sums(report, key):
    parts = [group[key] for group in report["groups"]]
    total = report["totals"][key]
    if None in parts:
        return total is None
    return math.isclose(total, math.fsum(parts), rel_tol=1e-9, abs_tol=1e-30)


for file in files:
    report = json.loads(file.read_text())
    for error in Draft202012Validator(schema).iter_errors(report):
        sys.exit(f"{file}: {error.json_path}: {error.message}")
    for key in ("seconds", "joules", "flops"):
        if not sums(report, key):
            sys.exit(f"{file}: totals.{key} is not the sum of the groups'")
    memory = report["memory"]
    if memory:
        live = max((step["live_bytes"] for step in memory["steps"]), default=0)
        end = max((buffer["offset"] + buffer["bytes"] for buffer in memory["buffers"]), default=0)
        if max(live, end) > memory["arena_bytes"]:
            sys.exit(f"{file}: buffers don't fit the arena")
    # A report that breaks the schema is told.
    broken = {**report, "threads": "many"}
    if Draft202012Validator(schema).is_valid(broken):
        sys.exit(f"{file}: the schema takes anything")
print(f"{len(files)} reports are valid")
