"""check_device.py ROOT FILE OUTPUT: the calibrated device is valid and keeps its origins. All that can be measured was,
but for what rac-calibrate's OUTPUT says could not be, since others took the cores meanwhile."""

import json
import re
import sys
from pathlib import Path

import jsonschema

root, path = Path(sys.argv[1]), Path(sys.argv[2])
refused = re.findall(r"not measured: (\S+): .*: others take the cores meanwhile; it stays as it was", Path(sys.argv[3]).read_text())
device = json.loads(path.read_text())
schema = json.loads((root / "docs/DeviceSchema.json").read_text())
jsonschema.validate(device, schema)
assert device["id"] == path.stem


def measured(number, key):
    if key in refused:
        assert not number or number["how"] != "measured", f"{key}: {number}"
        return
    assert number and number["how"] == "measured", f"{key}: {number}"
    assert re.match(r"rac-calibrate --quick: .", number["src"]), key
    assert number["v"] > 0 and number["unc"] >= 0, f"{key}: {number}"


for key in ["base_hz", "boost_hz"]:
    measured(device["clocks"][key], f"clocks.{key}")
simd = next(unit for unit in device["units"] if unit["kind"] == "simd")
for dtype in ["f64", "f32"]:
    measured(simd["ops_per_clock"][dtype], f"units.{simd['name']}.ops_per_clock.{dtype}")
for level in device["memory"]:
    for key in ["core_bytes_per_s", "device_bytes_per_s", "latency_s"]:
        measured(level[key], f"memory.{level['name']}.{key}")
    rates = [level[key] for key in ["core_bytes_per_s", "device_bytes_per_s"]]
    if all(rate and rate["how"] == "measured" for rate in rates):
        assert rates[0]["v"] <= rates[1]["v"], rates
measured(device["overheads"]["launch_s"], "overheads.launch_s")
measured(device["topology"]["available_cores"], "topology.available_cores")

# The cost model's coefficients: those that the groups of a quick run tell of.
fitted = [text for text in re.findall(r'"src": "([^"]*)"', path.read_text()) if "groups of small networks" in text]
assert fitted, "nothing was fitted to groups"

# Without a meter energies are what the device said that it started from.
assert device["power"]["tdp_w"]["how"] != "measured"
assert all(entry["how"] != "measured" for entry in simd["pj_per_op"].values())
