#!/usr/bin/env python3
"""Makes docs/BackendTests.md of the results of test/python/test_backend.py.

  backend_table.py [RESULTS.xml] [-o FILE]

RESULTS.xml is pytest's JUnit file of a run (default: the one that scripts/test.sh left).
"""

import argparse
import collections
import re
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTCOMES = ["passed", "refused", "listed", "failed"]

HEADER = """\
# ONNX's backend tests

Made by `scripts/backend_table.py` of a run of `test/python/test_backend.py`, which gives ONNX's own
tests to `rac.backend`: {total} cases, of which {counts}. *Refused*: rac-compile says what it lacks
and writes nothing. *Listed*: in `test/python/known_failures.txt`, with a reason. A test of an
operator's function body counts to the operator.

| operator | passed | refused | listed | failed | most often refused because |
|---|---|---|---|---|---|
"""


# As wide as a cell may be.
WIDEST = 60


def short(reason):
    """The first thing that a refusal names, without what is different in each case: the file, the
    node, its version."""
    reason = re.sub(r"^the model uses what rac doesn't support: ", "", reason)
    first = re.search(r"^\S+ \(gives '[^']*'\)[^:]*: (.*)|^\S+ '[^']*'[^:]*: (.*)", reason)
    reason = next(filter(None, first.groups())) if first else reason
    # Where the next thing begins.
    reason = re.split(r" \S+ \(gives '| input '", reason)[0]
    return reason if len(reason) <= WIDEST else reason[: WIDEST - 1].rstrip() + "…"


def read(results):
    """{operator: (counts of outcomes, reasons of refusals)}"""
    table = collections.defaultdict(lambda: (collections.Counter(), collections.Counter()))
    for case in ET.parse(results).getroot().iter("testcase"):
        properties = {p.get("name"): p.get("value") for p in case.iter("property")}
        if "outcome" not in properties:
            continue
        counts, reasons = table[properties["operator"]]
        counts[properties["outcome"]] += 1
        if properties["outcome"] == "refused":
            reasons[short(properties["reason"])] += 1
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", type=Path, default=ROOT / "build/test-results/pytest.xml")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/BackendTests.md")
    args = parser.parse_args()
    table = read(args.results)
    if not table:
        parser.error(f"no results of test_backend.py in {args.results}")
    total = sum((counts for counts, _ in table.values()), collections.Counter())
    lines = []
    for operator, (counts, reasons) in sorted(table.items()):
        cells = [str(counts[outcome] or "") for outcome in OUTCOMES]
        why = "; ".join(reason.replace("|", "\\|") for reason, _ in reasons.most_common(1))
        lines.append(f"| {operator} | {' | '.join(cells)} | {why} |\n")
    counts = ", ".join(f"{total[outcome]} {outcome}" for outcome in OUTCOMES)
    args.output.parent.mkdir(exist_ok=True)
    args.output.write_text(HEADER.format(total=total.total(), counts=counts) + "".join(lines))
    print(f"{args.output}: {counts}")


if __name__ == "__main__":
    main()
