"""Makes something wrong in every op's example, and checks what comes of it: wrong_examples.py RAC_OPT

Each operand gets another element type, other sizes or more or fewer dimensions, and each number
another value. Verification, shapes and lowering may refuse that or make sense of it; they must not
crash. Every op that takes tensors must refuse some.
"""

import re
import subprocess
import sys

from examples import declared, function, operand_types

ELEMENTS = ["f64", "f16", "i1", "ui8", "i64", "f8E4M3FN", "i128"]
NUMBERS = ["-1", "0", "9", str(2**63 - 1), str(-(2**63))]
PASSES = ["--canonicalize", "--rac-refine-shapes", "--rac-lower-to-linalg", "--canonicalize"]


def other_types(type):
    kind, sizes, element = re.fullmatch(r"(\w+)<((?:[\d?]+x)*)(\w+)>", type).groups()
    sizes = sizes.split("x")[:-1]
    shapes = [["7", *sizes], sizes[1:]]
    shapes += [[*sizes[:i], size, *sizes[i + 1:]] for i in range(len(sizes)) for size in ("0", "1", "3", "5", "?")]
    for shape in shapes:
        yield f"{kind}<{''.join(size + 'x' for size in shape)}{element}>"
    for other in ELEMENTS:
        yield f"{kind}<{''.join(size + 'x' for size in sizes)}{other}>"


def mutants(op, text):
    for start, end in operand_types(op, text):
        for type in other_types(text[start:end]):
            yield text[:start] + type + text[end:]
    for number in re.finditer(r"(?<![\w%.@])-?\d+(?![\w.x])", text.split(" : ")[0]):
        for value in NUMBERS:
            yield text[:number.start()] + value + text[number.end():]


def check(rac_opt, mnemonic, op):
    """What is wrong with how rac-opt takes the wrong examples of an op, or None."""
    wrong = [function("wrong", op, mutant) for text in declared.examples(op) for mutant in mutants(op, text)]
    command = [rac_opt, "-", "--split-input-file", *PASSES]
    ran = subprocess.run(command, input="// -----\n".join(wrong), text=True, capture_output=True)
    if ran.returncode not in (0, 1):
        return f"crashed:\n{ran.stderr[-4000:]}"
    if any(operand_types(op, text) for text in declared.examples(op)) and "error: 'rac." not in ran.stderr:
        return "refuses nothing"
    return None


def main(rac_opt):
    problems = [f"rac.{mnemonic} {problem}" for mnemonic, op in declared.ops().items()
                if (problem := check(rac_opt, mnemonic, op))]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
