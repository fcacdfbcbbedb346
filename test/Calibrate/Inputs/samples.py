"""Samples of a GPU that takes twice as long as is predicted, and of its joules: PLAN.mlir REPORT.json OUT.json."""

import json
import sys

plan, report, out = sys.argv[1:]
with open(report) as file:
    groups = json.load(file)["groups"]
with open(plan) as file:
    text = file.read()
rows = [{"name": g["name"], "seconds": 2 * g["seconds"], "kernels": 1, "predicted": g["seconds"]} for g in groups]
total = sum(row["seconds"] for row in rows)
networks = [{"name": name, "model": name == "whole", "seconds": total, "kernel_seconds": total, "kernels": len(rows),
             "groups": rows, "plan": text} for name in ("operators", "whole")]
networks.append({"name": "failed", "error": "did not compile"})


def window(name, watts, cores=132, ops=None, moved=None):
    return {"name": name, "seconds": 5, "joules": 5 * watts, "active": cores > 0, "cores": cores,
            "ops": {key: 5 * value for key, value in (ops or {}).items()},
            "bytes": {key: 5 * value for key, value in (moved or {}).items()}}


windows = [window("idle", 80, 0), window("held", 130), window("multiply-adds", 130 + 6e-12 * 4e13, 132, {"simt.f32": 4e13}),
           window("products", 130 + 0.9e-12 * 3e14, 132, {"tensor.tf32": 3e14}),
           window("memory", 130 + 60e-12 * 4e12, 132, None, {"DRAM": 4e12}), {"name": "failed", "error": "no time was left"}]
with open(out, "w") as file:
    json.dump({"schema": "rac-samples/1", "date": "2026-01-02 03:04 UTC", "device": "a test", "networks": networks,
               "windows": windows}, file)
