"""Prints the plan of mlp.onnx in argv[1] with a group of its own for the first one's activation."""

import re
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text()
first = re.search(r"(    (%\d+) = rac.group @matmul_relu_0.*?plan )(<kind.*?\n)(.*?)\n    }\n", text, re.S)
head, name, plan, body = first.groups()
product = body.split("\n")[1].split(" = ")[0].strip()
shape = re.search(r"-> \((.*?)\)", head)[1]
kind = "<kind = generated, precision = f32, threads = 1> {"
body = "\n".join([*body.split("\n")[:2], f"      rac.yield {product} : {shape}"])
activation = f"""    {name} = rac.group @relu_9 ins(%product : {shape}) -> ({shape}) plan {kind}
    ^bb0(%x: {shape}):
      %y = rac.relu %x : ({shape}) -> {shape}
      rac.yield %y : {shape}
    }}
"""
group = head.replace(f"{name} =", "%product =", 1).replace("matmul_relu_0", "matmul_0")
print(text.replace(first[0], f"{group}{kind}\n{body}\n    }}\n{activation}"))
