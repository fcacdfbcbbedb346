"""Prints a device description with some numbers changed.

device.py BASE.json memory.DRAM.device_bytes_per_s=1e9 ...
"""
import json
import sys


def child(node, key):
    if isinstance(node, list):
        return next(item for item in node if item["name"] == key)
    return node[key]


device = json.load(open(sys.argv[1]))
for change in sys.argv[2:]:
    path, value = change.split("=")
    *parents, last = path.split(".")
    node = device
    for key in parents:
        node = child(node, key)
    assert last in node, path
    number = {"v": json.loads(value), "how": "guess", "src": "a test", "unc": 0}
    if last.startswith("pj_per") or parents[-1].startswith("pj_per"):
        number["scope"] = "package"
    node[last] = number
json.dump(device, sys.stdout, indent=1)
