"""Prints a plan with some of its groups' values changed: edit_plan.py PLAN.json GROUP.KEY=JSON ..."""

import json
import sys

plan = json.load(open(sys.argv[1]))
groups = {group["name"]: group for group in plan["groups"]}
for change in sys.argv[2:]:
    place, value = change.split("=", 1)
    group, key = place.split(".")
    groups[group][key] = json.loads(value)
json.dump(plan, sys.stdout)
