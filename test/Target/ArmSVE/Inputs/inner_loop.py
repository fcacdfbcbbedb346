"""inner_loop.py CHIP FILE.s LEAST: what llvm-mca says of the innermost loop with the most accumulators, and what must hold of it."""

import re
import subprocess
import sys

MULTIPLIES = r"\s(f(?:mla|mad|mls|msb)|\w+mmla|\w*dot)\t(z\d+)\.s, (?:p\d/m, )?z\d+\.(\w)"


def innermost_loops(lines):
    """Those of one block: a label, and a branch back to it before any other label."""
    label, start = None, 0
    for i, line in enumerate(lines):
        if found := re.match(r"(\.LBB\w+):", line):
            label, start = found[1], i + 1
        elif label and re.match(rf"\s+(b\.\w+|cbn?z|tbn?z)\s.*{re.escape(label)}$", line):
            yield lines[start : i + 1]


def cycles(chip, code):
    """Of one iteration, of 200."""
    done = subprocess.run(
        ["llvm-mca", "-mtriple=aarch64", f"-mcpu={chip}", "-mattr=+sve,+bf16,+i8mm", "-iterations=200"],
        input="\n".join(code) + "\n", text=True, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return int(re.search(r"Total Cycles:\s+(\d+)", done.stdout)[1]) / 200


chip, path, least = sys.argv[1:]
loops = list(innermost_loops(open(path).read().splitlines()))
# Not the most multiplications: what is left at the ends may be unrolled.
body = max(loops, key=lambda loop: len({found[2] for line in loop if (found := re.search(MULTIPLIES, line))}))
products = [found for line in body if (found := re.search(MULTIPLIES, line))]
count, name, lanes = len(products), products[0][1], products[0][3]
# Multiplications that wait for nothing, as fast as the chip's units take them.
mask = "p0/m, " if name.startswith("f") else ""
alone = cycles(chip, [f"\t{name}\tz{i}.s, {mask}z30.{lanes}, z31.{lanes}" for i in range(24)])
rate = count / 24 * alone / cycles(chip, body)
found = {what: sum(bool(re.search(pattern, line)) for line in body) for what, pattern in
         {"stack accesses": r"\[sp\b", "fixed-width loads": r"\tldp?r?\t[dq]\d|\{ v\d", "gathers": r"\[z\d"}.items()}
print(f"{chip}: {count} {name} in {len(body)} instructions,",
      f"{'at least' if rate >= float(least) else 'BELOW'} {least} of the chip's rate ({rate:.2f});",
      ", ".join(f"{what}: {count}" for what, count in found.items()))
