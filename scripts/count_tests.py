#!/usr/bin/env python3
"""Sums up the JUnit files of a test run: count_tests.py FOLDER

For every layer there are NAME.status, the exit status of its runner, and NAME.xml. A runner that
failed without naming a failed test (it crashed, say, or left no file) counts as one failure. Ends
with the line `N passed, N failed, N skipped`, and fails if anything failed or nothing ran.
"""

import collections
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

# A skipped test is counted by its reason; this many are printed.
REASONS = 12


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def main(folder):
    total = collections.Counter()
    reasons = collections.Counter()
    for status_file in sorted(folder.glob("*.status")):
        name = status_file.stem
        counts = collections.Counter()
        try:
            cases = list(ET.parse(folder / f"{name}.xml").getroot().iter("testcase"))
        except (OSError, ET.ParseError) as error:
            print(f"{name}: no results: {error}")
            cases = []
        for case in cases:
            result = outcome(case)
            counts[result] += 1
            if result == "failed":
                print(f"FAILED {name}: {case.get('classname', '')} {case.get('name')}")
            if result == "skipped":
                skipped = case.find("skipped")
                reasons[" ".join(((skipped is not None and skipped.get("message")) or "no reason given").split())] += 1
        # pytest's status 5 is "no tests": nothing failed.
        if int(status_file.read_text()) not in (0, 5) and not counts["failed"]:
            print(f"FAILED {name}: its runner ended with status {status_file.read_text().strip()}")
            counts["failed"] += 1
        print(f"{name:10} {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
        total += counts
    for reason, count in reasons.most_common(REASONS):
        print(f"skipped {count}: {reason[:160]}")
    if len(reasons) > REASONS:
        print(f"skipped {sum(reasons.values()) - sum(c for _, c in reasons.most_common(REASONS))}: for other reasons")
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped", flush=True)
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
