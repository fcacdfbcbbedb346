#!/usr/bin/env python3
"""Names what has no lit test: check_tests.py BUILD/bin

- an op of the dialect that no round trip in test/Dialect/Rac has, or that none of its *-errors.mlir
  does (elementwise ops share one verifier: wrong-examples.test has them)
- a pass that no test runs, or none named *-errors.mlir or *-unchanged.mlir, of what it refuses or
  leaves alone
- an importer lib/Import/<Name>Import.cpp without a test/Import/<name>.test of models that it takes
  and of some that it refuses
- a flag of rac-compile or rac-run that no test uses
"""

import re
import subprocess
import sys

import declared

TEST = declared.ROOT / "test"


def runs(path):
    """A test's RUN lines, continued ones as one."""
    return "\n".join(re.findall(r"RUN: (.*)", path.read_text())).replace("\\\n", " ")


def check_ops():
    texts = {path: path.read_text() for path in (TEST / "Dialect/Rac").glob("*.mlir")}
    # Without comments: what CHECK lines and prose say is no test.
    texts = {path: re.sub(r"//.*", "", text) for path, text in texts.items()}
    for mnemonic, op in declared.ops().items():
        used = [path for path, text in texts.items() if re.search(rf"\brac\.{mnemonic}\b(?!\.)", text)]
        if not any("| rac-opt" in runs(path) for path in used):
            yield f"op rac.{mnemonic} is in no round trip of test/Dialect/Rac"
        if not declared.is_elementwise(op) and not any(path.stem.endswith("-errors") for path in used):
            yield f"op rac.{mnemonic} is in no *-errors.mlir of test/Dialect/Rac"


def check_passes():
    tests = {path: runs(path) for path in TEST.rglob("*.mlir")}
    for name in declared.passes():
        stems = [path.stem for path, text in tests.items() if re.search(rf"{name}(?![\w-])", text)]
        negative = [stem for stem in stems if stem.endswith(("-errors", "-unchanged"))]
        if len(stems) == len(negative):
            yield f"pass {name} has no test of what it does"
        if not negative:
            yield f"pass {name} is run by no *-errors.mlir and no *-unchanged.mlir"


def check_importers():
    for source in sorted((declared.ROOT / "lib/Import").glob("?*Import.cpp")):
        stem = re.sub(r"(?<!^)(?=[A-Z])", "-", source.stem.removesuffix("Import")).lower()
        test = TEST / "Import" / f"{stem}.test"
        if not test.exists():
            yield f"{source.name} has no test/Import/{stem}.test"
        elif "not rac-compile" not in runs(test) or not re.search(r"^rac-compile", runs(test), re.M):
            yield f"test/Import/{stem}.test has not both models that are taken and models that are refused"


def check_flags(tools):
    used = "\n".join(runs(path) for path in TEST.rglob("*.test"))
    for tool in ["rac-compile", "rac-run"]:
        text = subprocess.run([f"{tools}/{tool}", "--help"], check=True, capture_output=True, text=True).stdout
        for flag in sorted(set(re.findall(r"^  (--[\w-]+)", text, re.M))):
            if not re.search(rf"{tool} .*{flag}\b", used):
                yield f"{tool} {flag} is in no test"


def main(tools):
    missing = [*check_ops(), *check_passes(), *check_importers(), *check_flags(tools)]
    print("\n".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
