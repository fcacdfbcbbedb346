"""check_device.py ROOT FILE: the calibrated device is valid, complete and keeps its origins."""

import json
import re
import sys
from pathlib import Path

import jsonschema

root, path = Path(sys.argv[1]), Path(sys.argv[2])
device = json.loads(path.read_text())
schema = json.loads((root / "docs/DeviceSchema.json").read_text())
jsonschema.validate(device, schema)
assert device["id"] == path.stem


def measured(number, key):
    assert number and number["how"] == "measured", f"{key}: {number}"
    assert re.match(r"rac-calibrate --quick: .", number["src"]), key
    assert number["v"] > 0 and number["unc"] >= 0, f"{key}: {number}"


for key in ["base_hz", "boost_hz"]:
    measured(device["clocks"][key], key)
simd = next(unit for unit in device["units"] if unit["kind"] == "simd")
for dtype in ["f64", "f32"]:
    measured(simd["ops_per_clock"][dtype], dtype)
for level in device["memory"]:
    for key in ["core_bytes_per_s", "device_bytes_per_s", "latency_s"]:
        measured(level[key], level["name"] + " " + key)
    assert level["core_bytes_per_s"]["v"] <= level["device_bytes_per_s"]["v"]
measured(device["overheads"]["launch_s"], "launch_s")
measured(device["topology"]["available_cores"], "available_cores")

# The cost model's coefficients: those that the groups of a quick run tell of.
fitted = [text for text in re.findall(r'"src": "([^"]*)"', path.read_text()) if "groups of small networks" in text]
assert fitted, "nothing was fitted to groups"

# Without a meter energies are what the device said that it started from.
assert device["power"]["tdp_w"]["how"] != "measured"
assert all(entry["how"] != "measured" for entry in simd["pj_per_op"].values())
