"""Prints the examples in the dialect's .td files, as functions that rac-opt can read.

The values that an example takes from nowhere become the function's arguments.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "scripts"))
import declared  # noqa: E402

TYPE = r"(?:tensor|memref)<[^<>]*>"
LISTS = r"(?:ins|outs|args)\(((?:%\w+(?:, )?)+) : ([^()]*)\)"


def free_names(text):
    """Names that are used but not defined, those of lists with types first, in order of first use."""
    defined = set(re.findall(r"%\w+(?=: )", text))  # block arguments
    for results in re.findall(r"^\s*((?:%\w+(?:, )?)+) = ", text, re.M):
        defined.update(re.findall(r"%\w+", results))
    typed = " ".join(found.group(1) for found in re.finditer(LISTS, text.split("\n")[0]))
    return list(dict.fromkeys(name for name in re.findall(r"%\w+", f"{typed} {text}") if name not in defined))


def operand_types(op, text):
    """(start, end) of the types of `op`'s operands in its example, but for those that are index."""
    if set(declared.operands(op)) <= {"Index"}:
        return []
    first = text.split("\n")[0]
    spans = [found.span(2) for found in re.finditer(LISTS, first)]
    if not spans:
        start = first.rindex(" : ")
        spans = [(start, start + len(re.split(" -> | to ", first[start:])[0]))]
    return [(start + found.start(), start + found.end())
            for start, end in spans for found in re.finditer(TYPE, first[start:end])]


def function(symbol, op, text):
    """A function around an example. Operands come in the order of their types, sizes and scales last."""
    names = free_names(text)
    types = [text[start:end] for start, end in operand_types(op, text)]
    scales = re.search(r"by\((.*?)\)", text)
    types += ["f32" if scales and name in scales[1] else "index" for name in names[len(types):]]
    arguments = ", ".join(f"{name}: {type}" for name, type in zip(names, types, strict=True))
    return f"func.func @{symbol}({arguments}) {{\n{text.rstrip()}\nreturn\n}}\n"


def main():
    for mnemonic, op in declared.ops().items():
        for i, text in enumerate(declared.examples(op)):
            print(function(f"{mnemonic}_{i}", op, text))
    for mnemonic, attribute in declared.attributes().items():
        for text in declared.examples(attribute):
            print(f"module attributes {{test.{mnemonic} = {text.strip()}}} {{}}\n")


if __name__ == "__main__":
    main()
