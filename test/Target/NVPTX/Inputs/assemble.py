"""Compiles models of one operation each for NVIDIA's chips, and assembles their kernels: assemble.py RAC_COMPILE PTXAS FOLDER

Says what spills registers, waits for each product of a warp group, touches memory before the kernel before it has ended,
or can't be assembled; status 1 if something does."""

import re
import subprocess
import sys
from pathlib import Path


def in_launch(element, shared, tiles, depth, registers, warps):
    x, w, y = f"tensor<300x512x{element}>", f"tensor<512x200x{element}>", f"tensor<300x200x{element}>"
    return f"""func.func @main(%x: {x}, %w: {w}) -> {y} {{
      %0 = rac.group @product ins(%x, %w : {x}, {w}) -> ({y})
          plan <kind = generated, precision = {element}, {shared}, tiles = {tiles}, reduction = [{depth}],
                registers = {registers}, warps = {warps}, stages = 4, in_launch = true> {{
      ^bb0(%a: {x}, %b: {w}):
        %1 = rac.matmul %a, %b : ({x}, {w}) -> {y}
        rac.yield %1 : {y}
      }}
      return %0 : {y}
    }}"""


def bytes_in_groups(left, right, tiles, warps, then="", out="i32", more=""):
    """A product of bytes by warp groups; `then`: what follows in the group, of %1."""
    x, w, t, s, y = (f"tensor<{shape}x{element}>" for shape, element in [("300x512", left), ("200x512", right), ("512x200", right),
                                                                         ("300x200", "i32"), ("300x200", out)])
    return f"""func.func @main(%x: {x}, %w: {w}) -> {y} {{
      %0 = rac.group @product ins(%x, %w : {x}, {w}) -> ({y})
          plan <kind = generated, precision = i8, activation = !quant.uniform<i8:f32, 1.0>, tiles = {tiles}, reduction = [128],
                registers = [16, {tiles[1]}], warps = {warps}, stages = 4{more}> {{
      ^bb0(%a: {x}, %b: {w}):
        %t = rac.transpose %b, [1, 0] : ({w}) -> {t}
        %1 = rac.matmul %a, %t : ({x}, {t}) -> {s}
        {then}
        rac.yield {"%2" if then else "%1"} : {y}
      }}
      return %0 : {y}
    }}"""


def float_groups(tile, more="", along_terms=False):
    """A product of f32 by warp groups, whose right factor lies along its terms or along its columns."""
    x, w, t, y = (f"tensor<{shape}xf32>" for shape in ["300x512", "200x512" if along_terms else "512x200", "512x200", "300x200"])
    turned = f"%t = rac.transpose %b, [1, 0] : ({w}) -> {t}" if along_terms else ""
    return f"""func.func @main(%x: {x}, %w: {w}) -> {y} {{
      %0 = rac.group @product ins(%x, %w : {x}, {w}) -> ({y})
          plan <kind = generated, precision = f32, tiles = {tile}, reduction = [32],
                registers = [16, {tile[1]}], warps = {tile[0] // 16}, stages = 4{more}> {{
      ^bb0(%a: {x}, %b: {w}):
        {turned}
        %1 = rac.matmul %a, {"%t" if along_terms else "%b"} : ({x}, {t}) -> {y}
        rac.yield %1 : {y}
      }}
      return %0 : {y}
    }}"""


def cluster(element, depth, registers, cluster, batch=""):
    x, w, y = f"tensor<{batch}300x512x{element}>", f"tensor<{batch}512x200x{element}>", f"tensor<{batch}300x200x{element}>"
    return f"""func.func @main(%x: {x}, %w: {w}) -> {y} {{
      %0 = rac.group @product ins(%x, %w : {x}, {w}) -> ({y})
          plan <kind = generated, precision = {element}, tiles = [{"0, " if batch else ""}128, {registers[1]}], reduction = [{depth}],
                registers = {registers}, warps = 8, stages = 4, cluster = {cluster}> {{
      ^bb0(%a: {x}, %b: {w}):
        %1 = rac.matmul %a, %b : ({x}, {w}) -> {y}
        rac.yield %1 : {y}
      }}
      return %0 : {y}
    }}"""


MODELS = {
    "elementwise": "(float[n, 64] x, float[64] row) => (float[n, 64] y) { z = Add(x, row) t = Erf(z) y = Mul(t, x) }",
    "suppress": """(float[1, n, 4] x, float[1, 5, n] s) => (int64[k, 3] y) <int64 m = {9}, float t = {0.5}> {
        y = NonMaxSuppression(x, s, m, t) }""",
    "unique": "(float[n, 3] x) => (float[k, 3] y, int64[k] i, int64[n] v) { y, i, v = Unique<axis = 0, sorted = 0>(x) }",
    "top_k": "(float[4, 3000] x) => (float[4, 50] v, int64[4, 50] i) <int64[1] k = {50}> { v, i = TopK(x, k) }",
    "scatter": "(float[512, 64] x, int64[300, 1] i, float[300, 64] u) => (float[512, 64] y)"
               ' { y = ScatterND <reduction = "add"> (x, i, u) }',
    "product_f32": "(float[512, 256] x, float[256, 512] w) => (float[512, 512] y) { z = MatMul(x, w) y = Relu(z) }",
    "product_f16": "(float16[512, 256] x, float16[256, 512] w) => (float16[512, 512] y) { y = MatMul(x, w) }",
    "product_bf16": "(bfloat16[512, 256] x, bfloat16[256, 512] w) => (bfloat16[512, 512] y) { y = MatMul(x, w) }",
    "product_i8": "(int8[512, 256] x, int8[256, 512] w) => (int32[512, 512] y) { y = MatMulInteger(x, w) }",
    # With zero points that only the run knows, of rows and columns.
    "points": "(uint8[512, 256] x, uint8[256, 512] w, uint8 z, uint8[512] v) => (int32[512, 512] y)"
              " { y = MatMulInteger(x, w, z, v) }",
    "conv_points": "(uint8[2, 32, 28, 28] x, int8[64, 32, 3, 3] w, uint8 z, int8[64] v) => (int32[2, 64, 28, 28] y)"
                   " { y = ConvInteger <pads = [1, 1, 1, 1]> (x, w, z, v) }",
    # Of the right factor the columns lie side by side in memory, as constants do by then.
    "product_f8": """func.func @main(%x: tensor<512x256xf32>, %w: tensor<512x256xf32>) -> tensor<512x512xf32> {
      %a = rac.quantize %x {steps_type = !quant.uniform<i8:f32, 0.5>} : (tensor<512x256xf32>) -> tensor<512x256xf8E4M3FN>
      %b = rac.quantize %w {steps_type = !quant.uniform<i8:f32, 0.5>} : (tensor<512x256xf32>) -> tensor<512x256xf8E4M3FN>
      %c = rac.transpose %b, [1, 0] : (tensor<512x256xf8E4M3FN>) -> tensor<256x512xf8E4M3FN>
      %y = rac.matmul %a, %c : (tensor<512x256xf8E4M3FN>, tensor<256x512xf8E4M3FN>) -> tensor<512x512xf32>
      return %y : tensor<512x512xf32>
    }""",
    # Blocks that share the steps of all tiles.
    "product_workers": """func.func @main(%x: tensor<300x512xf32>, %w: tensor<512x200xf32>) -> tensor<300x200xf32> {
      %0 = rac.group @product ins(%x, %w : tensor<300x512xf32>, tensor<512x200xf32>) -> (tensor<300x200xf32>)
          plan <kind = generated, precision = f32, threads = 7, tiles = [64, 64], reduction = [32], registers = [32, 32],
                warps = 4, stages = 4> {
      ^bb0(%a: tensor<300x512xf32>, %b: tensor<512x200xf32>):
        %1 = rac.matmul %a, %b : (tensor<300x512xf32>, tensor<512x200xf32>) -> tensor<300x200xf32>
        rac.yield %1 : tensor<300x200xf32>
      }
      return %0 : tensor<300x200xf32>
    }""",
    # The same of warp groups, which one thread brings tiles for.
    "group_workers": """func.func @main(%x: tensor<300x512xbf16>, %w: tensor<512x200xbf16>) -> tensor<300x200xbf16> {
      %0 = rac.group @product ins(%x, %w : tensor<300x512xbf16>, tensor<512x200xbf16>) -> (tensor<300x200xbf16>)
          plan <kind = generated, precision = bf16, threads = 7, tiles = [128, 128], reduction = [64], registers = [16, 128],
                warps = 8, stages = 4> {
      ^bb0(%a: tensor<300x512xbf16>, %b: tensor<512x200xbf16>):
        %1 = rac.matmul %a, %b : (tensor<300x512xbf16>, tensor<512x200xbf16>) -> tensor<300x200xbf16>
        rac.yield %1 : tensor<300x200xbf16>
      }
      return %0 : tensor<300x200xbf16>
    }""",
    # Whose parts the last block adds up.
    "product_in_launch": in_launch("f32", "split = 4", "[64, 64]", 32, "[32, 32]", 4),
    "workers_in_launch": in_launch("f32", "threads = 7", "[64, 64]", 32, "[32, 32]", 4),
    "groups_in_launch": in_launch("bf16", "threads = 7", "[128, 128]", 64, "[16, 128]", 8),
    # Blocks that bring operands to each other, of the largest tile, too.
    "cluster": cluster("bf16", 64, [16, 256], [2, 1]),
    "square_cluster": cluster("f16", 64, [16, 128], [2, 2], batch="3x"),
    # Bytes by warp groups, of the largest tile; what follows on their sums; in a cluster; shared by blocks.
    "byte_groups": bytes_in_groups("ui8", "i8", [128, 256], 8),
    "requantized": bytes_in_groups(
        "i8", "i8", [128, 128], 8, out="ui8",
        then="""%f = rac.cast %1 : (tensor<300x200xi32>) -> tensor<300x200xf32>
        %r = rac.relu %f : (tensor<300x200xf32>) -> tensor<300x200xf32>
        %2 = rac.quantize %r {steps_type = !quant.uniform<u8:f32, 8.0:3>} : (tensor<300x200xf32>) -> tensor<300x200xui8>"""),
    "byte_cluster": bytes_in_groups("i8", "ui8", [128, 256], 8, more=", cluster = [2, 1]"),
    "split_cluster": bytes_in_groups("i8", "i8", [128, 128], 8, more=", split = 2, in_launch = true, cluster = [2, 2]"),
    "byte_workers": bytes_in_groups("ui8", "ui8", [128, 128], 8, more=", threads = 7, in_launch = true"),
    # f32 by warp groups, in parts of tf32, of the largest tiles.
    "float_groups": float_groups([128, 128]),
    "float_groups_along": float_groups([64, 128], ", threads = 7", along_terms=True),
    "float_cluster": float_groups([128, 128], ", split = 2, cluster = [2, 1]", along_terms=True),
    # Whose input has a zero point of its own, as one more product.
    "byte_conv": """func.func @main(%x: tensor<2x28x28x64xui8>) -> tensor<2x26x26x128xi32> {
      %w = rac.constant dense<1> : tensor<128x64x3x3xi8>
      %0 = rac.group @conv ins(%x, %w : tensor<2x28x28x64xui8>, tensor<128x64x3x3xi8>) -> (tensor<2x26x26x128xi32>)
          plan <kind = generated, precision = i8, activation = !quant.uniform<u8:f32, 1.0:128>, tiles = [0, 0, 128, 128],
                reduction = [128], registers = [16, 128], warps = 8, stages = 4> {
      ^bb0(%a: tensor<2x28x28x64xui8>, %f: tensor<128x64x3x3xi8>):
        %y = rac.conv %a, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>,
                              pads_high = array<i64: 0, 0>, groups = 1 : i64, input_zero = 128 : i64}
            : (tensor<2x28x28x64xui8>, tensor<128x64x3x3xi8>) -> tensor<2x26x26x128xi32>
        rac.yield %y : tensor<2x26x26x128xi32>
      }
      return %0 : tensor<2x26x26x128xi32>
    }""",
    "ragged_product": "(float[n, 100] x, float[100, 37] w) => (float[n, 37] y) { y = MatMul(x, w) }",
    "convolution": "(float[2, 32, 28, 28] x, float[64, 32, 3, 3] w, float[64] b) => (float[2, 64, 28, 28] y)"
                   " { z = Conv <pads = [1, 1, 1, 1]> (x, w, b) y = Relu(z) }",
    "depthwise": "(float[2, 32, 28, 28] x, float[32, 1, 3, 3] w) => (float[2, 32, 28, 28] y)"
                 " { y = Conv <group = 32, pads = [1, 1, 1, 1]> (x, w) }",
    "pool": "(float[2, 32, 28, 28] x) => (float[2, 32, 14, 14] y)"
            " { y = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 0, 0]> (x) }",
    "softmax": "(float[n, 1000] x) => (float[n, 1000] y) { y = Softmax <axis = -1> (x) }",
    "long_softmax": "(float[n, m] x) => (float[n, m] y) { y = Softmax <axis = -1> (x) }",
    "layer_norm": "(float[n, 768] x, float[768] scale, float[768] shift) => (float[n, 768] y)"
                  " { y = LayerNormalization <axis = -1> (x, scale, shift) }",
    "attention": "(bfloat16[2, 4, n, 64] q, bfloat16[2, 4, m, 64] k, bfloat16[2, 4, m, 64] v) => (bfloat16[2, 4, n, 64] y)"
                 " { y = Attention (q, k, v) }",
    "wide_attention": "(float16[2, 4, n, 128] q, float16[2, 4, m, 128] k, float16[2, 4, m, 128] v)"
                      " => (float16[2, 4, n, 128] y) { y = Attention <is_causal = 1> (q, k, v) }",
    "reduction": "(float[n, 1000] x) => (float[n, 1] y) { y = ReduceMean <axes = [1]> (x) }",
    "columns": "(float[5000, 256] x) => (float[1, 256] y) { y = ReduceMean <axes = [0]> (x) }",
    "everything": "(float16[500, 4096] x) => (float16[1, 1] y) { y = ReduceMax <axes = [0, 1]> (x) }",
    "running_sum": "(float16[16, 50000] x) => (float16[16, 50000] y) { a = Constant <value_int = 1> () y = CumSum (x, a) }",
    "running_sums": "(double[1000, n] x) => (double[1000, n] y) { a = Constant <value_int = 0> () y = CumSum <reverse = 1> (x, a) }",
    "non_zero": "(float[3, 100, n] x) => (int64[3, k] y) { y = NonZero (x) }",
    "pairs": "(float16[256, 512] x) => (float16[512, 256] y) { y = Transpose <perm = [1, 0]> (x) }",
    "bytes": "(uint8[256, 512] x) => (uint8[512, 256] y) { y = Transpose <perm = [1, 0]> (x) }",
    "transpose": "(float[n, 64, 100] x) => (float[n, 100, 64] y) { y = Transpose <perm = [0, 2, 1]> (x) }",
}
# Other chips refuse them; "byte_conv" has a plan for warp groups that they would not be given: for sm_80 ptxas takes 128
# registers of the 166 that it needs, for two blocks on a multiprocessor, and spills 8 B (docs/NVPTX.md).
HOPPER_ONLY = {"cluster", "square_cluster", "byte_cluster", "split_cluster", "float_cluster", "byte_conv"}
CHIPS = ["sm_80", "sm_89", "sm_90a", "sm_100"]
OPSET = {**dict.fromkeys(["reduction", "columns", "everything"], 17), **dict.fromkeys(["attention", "wide_attention"], 23)}


def run(*command):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def too_early(ptx):
    """The first access to memory of a kernel that has not waited for the one before it, or None."""
    waited = True
    for line in ptx.splitlines():
        if ".entry" in line:
            waited = False
        waited |= "griddepcontrol.wait" in line
        if not waited and re.match(r"\s*(@%p\d+ )?(ld\.global|st\.|cp\.|atom|red\.|mbarrier|fence|wgmma|ret)", line):
            return line
    return None


def check(compiler, ptxas, folder, name, chip):
    """What is wrong with a model's kernels on a chip, or None."""
    model, ptx = folder / f"{name}.onnxtxt", folder / f"{name}.{chip}.ptx"
    if MODELS[name].startswith("func"):
        model = model.with_suffix(".mlir")
        model.write_text(MODELS[name])
    else:
        opset = OPSET.get(name, 20)
        model.write_text(f'<ir_version: 10, opset_import: ["" : {opset}]>\n{name} {MODELS[name]}\n')
    done = run(compiler, model, "--target=nvptx", f"--chip={chip}", "--emit=ptx", "-o", ptx)
    if done.returncode:
        return done.stdout
    early = chip in ("sm_90a", "sm_100") and too_early(ptx.read_text())
    if early:
        return f"before the wait for the kernel before:\n{early}"
    done = run(ptxas, "-v", f"-arch={chip}", ptx, "-o", folder / f"{name}.{chip}.cubin")
    if done.returncode:
        return done.stdout
    spilled = [int(number) for number in re.findall(r"(\d+) bytes spill", done.stdout)]
    if not spilled:
        return f"{ptxas} says nothing of spills:\n{done.stdout}"
    if any(spilled) or "wgmma.mma_async instructions are serialized" in done.stdout:
        return done.stdout
    return None


def main(compiler, ptxas, folder):
    folder = Path(folder)
    folder.mkdir(parents=True)
    wrong = 0
    # Every chip has every kind of kernel, but not of the same types: half a second each.
    jobs = [(name, chip) for index, name in enumerate(MODELS) for step, chip in enumerate(CHIPS)
            if chip == "sm_90a" or ((index + step) % 3 == 0 and name not in HOPPER_ONLY)]
    for name, chip in jobs:
        problem = check(compiler, ptxas, folder, name, chip)
        if problem:
            wrong += 1
            print(f"{name} on {chip}: {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
