"""What the .td files declare, read with llvm-tblgen: ops, attributes, passes and their examples."""

import functools
import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPS = "include/rac/Dialect/Rac/IR/RacOps.td"


@functools.cache
def llvm_bin():
    """The folder of LLVM's tools: the one on the path that has mlir-tblgen, else Debian's."""
    found = shutil.which("mlir-tblgen")
    if found:
        return Path(found).resolve().parent
    major = re.search(r"^LLVM_MAJOR=(\d+)", (ROOT / "scripts/versions.env").read_text(), re.M)[1]
    return Path(f"/usr/lib/llvm-{major}/bin")


def tablegen(tool, td, *flags):
    """What one of LLVM's TableGen tools prints for a .td file."""
    command = [llvm_bin() / tool, *flags, "-I", ROOT / "include", "-I", llvm_bin().parent / "include", ROOT / td]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@functools.cache
def records(td):
    """All records of a .td file, as `llvm-tblgen --dump-json` gives them."""
    return json.loads(tablegen("llvm-tblgen", td, "--dump-json"))


def _of_class(td, name):
    found = records(td)
    return [found[record] for record in sorted(found["!instanceof"].get(name, []))]


def ops():
    """{mnemonic: record} of the rac dialect's ops."""
    return {op["opName"]: op for op in _of_class(OPS, "Op") if op["opDialect"]["def"] == "Rac_Dialect"}


def is_elementwise(op):
    return "Rac_ElementwiseOp" in op["!superclasses"]


def operands(op):
    """The names of an op's operands' type constraints: "Index" for Variadic<Index> too."""
    found = records(OPS)
    kinds = [found[kind["def"]] for kind, _ in op["arguments"]["args"]]
    kinds = [found[kind["baseType"]["def"]] if "baseType" in kind else kind
             for kind in kinds if "TypeConstraint" in kind["!superclasses"]]
    return [kind["!name"] for kind in kinds]


def attributes():
    """{mnemonic: record} of the rac dialect's attributes."""
    return {attr["mnemonic"]: attr for attr in _of_class(OPS, "AttrDef") if attr["dialect"]["def"] == "Rac_Dialect"}


def passes():
    """{argument: the Passes.td that declares it}"""
    return {record["argument"]: td.relative_to(ROOT)
            for td in sorted((ROOT / "include/rac").rglob("Passes.td"))
            for record in _of_class(td.relative_to(ROOT), "PassBase")}


def examples(record):
    """The ```mlir blocks of a record's description, without their indentation."""
    blocks = re.findall(r"^[ \t]*```mlir\n(.*?)^[ \t]*```", record["description"] or "", re.S | re.M)
    return [textwrap.dedent(block) for block in blocks]
