"""What kind of work a group of a plan does, by the ops that it has (as rac-report/1 lists them)."""

PRODUCTS = {"rac.matmul"}
CONVOLUTIONS = {"rac.conv", "rac.conv_transpose"}
# Kinds in the order in which tables have them.
KINDS = ["library convolution", "library matmul", "generated convolution", "attention", "generated matmul",
         "recurrent", "pool", "normalisation", "reduction", "movement", "elementwise"]
_MOVEMENT = {"rac." + op for op in [
    "transpose", "expand", "concat", "slice", "pad", "reshape", "gather", "gather_elements", "gather_nd",
    "scatter_elements", "scatter_nd", "resize", "cast", "iota", "select"]}


def kind_of(ops, kernel):
    """`ops`: a group's ops, with repetitions; `kernel`: library or generated."""
    present = set(ops)
    if kernel == "library":
        return "library convolution" if present & CONVOLUTIONS else "library matmul"
    products = sum(op in PRODUCTS for op in ops)
    if "rac.attention" in present or products > 1:
        return "attention"
    if present & CONVOLUTIONS:
        return "generated convolution"
    if products:
        return "generated matmul"
    if "rac.lstm" in present:
        return "recurrent"
    if "rac.pool" in present:
        return "pool"
    if present & {"rac.softmax", "rac.normalize"}:
        return "normalisation"
    if present & {"rac.reduce", "rac.arg_reduce", "rac.scan", "rac.top_k"}:
        return "reduction"
    return "movement" if present <= _MOVEMENT else "elementwise"
