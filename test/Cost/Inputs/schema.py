"""Whether docs/*Schema.json and the loader agree: ROOT RAC_OPT RAC_COMPILE SCRATCH.

A broken file is a good one with one value replaced: jsonschema must refuse it, and so must
rac-opt (a device) or rac-compile (a site), naming the file and the key.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

ROOT, RAC_OPT, RAC_COMPILE, SCRATCH = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
DELETE = object()

# Path, what stands there instead, the key that the message names (default: the path).
DEVICES = [
    ("schema", "rac-device/2"),
    ("schema", DELETE),
    ("colour", "red"),
    ("id", ""),
    ("id", " \t"),
    ("id", 3),
    ("kind", "tpu"),
    ("features", ["avx512f", ""]),
    ("features", "avx512f"),
    ("topology", []),
    ("topology.cores", 96),
    ("topology.cores.v", 0),
    ("topology.cores.v", -1),
    ("topology.cores.v", 2.5),
    ("topology.cores.v", "96"),
    ("topology.cores.v", True),
    ("topology.cores.v", DELETE),
    ("topology.cores.how", "heard"),
    ("topology.cores.how", None),
    ("topology.cores.src", DELETE),
    ("topology.cores.src", ""),
    ("topology.cores.unc", -0.5),
    ("topology.cores.unc", None),
    ("topology.cores.r2", 1.5),
    ("topology.cores.mape", -1),
    ("topology.cores.scope", "path"),
    ("topology.gpu", {}, "topology.gpu.warp_size"),
    ("clocks.base_hz.v", 0),
    ("clocks.bose_hz", None),
    ("units", [], "units"),
    ("units.0.ops_per_clock.float32", None),
    ("units.0.ops_per_clock.f32.v", 0),
    ("units.0.pj_per_op.f32.scope", "house"),
    ("units.0.pj_per_op.f32.scope", DELETE),
    ("units.0.pj_per_op.f32.v", -1),
    ("units.0.scalable", "no"),
    ("units.0.vector_lengths", [0]),
    ("memory.1.size_bytes.v", -4),
    ("memory.1.size_bytes.v", 2**60),
    ("memory.1.scope", "socket"),
    ("memory.1.latency_s", "fast"),
    ("memory.2.ways", DELETE),
    ("overheads.launch_s.v", -1e-9),
    ("power.tdp_w.v", 0),
    ("embodied.kg_co2e", {"v": 1}),
    ("meters.0.window_s.v", 0),
    ("meters.0.kind", "wattmeter"),
    ("meters", None),
]
SITES = [
    ("schema", "rac-device/1"),
    ("g_per_kwh.v", -1),
    ("pue.v", 0.5),
    ("pue", DELETE),
    ("PUE", None),
]
# Wrong only together with another key, which no JSON Schema can say.
IMPOSSIBLE = [
    ("topology.cores", None),
    ("memory.1.size_bytes.v", 1024, "memory.1.size_bytes"),
    ("clocks.boost_hz.v", 1e9, "clocks.base_hz"),
    ("memory.3.kind", "cache", "memory"),
    ("memory.0.sharers.v", 2, "memory.0.sharers"),
]


def replaced(value, path, new):
    """A copy of a description with another value at the path."""
    result = copy.deepcopy(value)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    at = result
    for step in steps:
        at = at[step]
    if new is DELETE:
        del at[last]
    else:
        at[last] = new
    return result


def dotted(path):
    """memory.1.ways as messages have it: memory[1].ways."""
    return "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in path.split(".")).lstrip(".")


def message(kind, file):
    """What the tool that reads such files says against this one; None if it takes it."""
    if kind == "Device":
        command = [RAC_OPT, "-", f"--rac-attach-device=device={file}"]
    else:
        # The site is read before the model, which there is none of.
        command = [RAC_COMPILE, "no.onnx", f"--site={file}"]
    done = subprocess.run(command, input="module {}", capture_output=True, text=True, check=False)
    return done.stderr if done.returncode and str(file) in done.stderr else None


def main():
    SCRATCH.mkdir(parents=True, exist_ok=True)
    file = SCRATCH / "broken.json"
    validators = {}
    for kind in "Device", "Site":
        schema = json.loads((ROOT / f"docs/{kind}Schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        validators[kind] = Draft202012Validator(schema)

    counts = []
    for kind, folder in ("Device", "devices"), ("Site", "sites"):
        files = sorted((ROOT / folder).glob("*.json"))
        for valid in files:
            validators[kind].validate(json.loads(valid.read_text()))
            assert message(kind, valid) is None, valid
        counts.append(len(files))
    print(f"{counts[0]} devices and {counts[1]} sites are valid")

    good = {"Device": json.loads((ROOT / "devices/epyc-zen4.json").read_text()),
            "Site": json.loads((ROOT / "sites/deu.json").read_text())}

    def refused(kind, path, new, key=None):
        broken = replaced(good[kind], path, new)
        file.write_text(json.dumps(broken))
        said = message(kind, file)
        assert said and f"{file}: {dotted(key or path)}" in said, (path, new, said)
        return not validators[kind].is_valid(broken)

    cases = [("Device", *case) for case in DEVICES] + [("Site", *case) for case in SITES]
    for case in cases:
        assert refused(*case), ("the schema takes", case)
    print(f"{len(cases)} broken files are refused by both, with file, key and reason")
    for case in IMPOSSIBLE:
        assert not refused("Device", *case), ("the schema refuses", case)
    print(f"{len(IMPOSSIBLE)} impossible ones are refused by the tool alone")


if __name__ == "__main__":
    main()
