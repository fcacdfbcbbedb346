// RUN: rac-opt %s --rac-attach-device=device=h200 --rac-plan-blocks | FileCheck %s
// RUN: rac-opt %s --rac-attach-device=device=h200 --rac-plan-blocks="per-second=0 per-joule=1" | FileCheck %s --check-prefix=ENERGY

// What had 64 terms of 16 bits has a line of 128 B of f8, which warp groups multiply: 16 rows a warp, and all columns.
// CHECK-LABEL: @narrowed
// CHECK: plan <kind = generated, precision = f8E4M3FN, activation = {{.*}}, tiles = [64, 64], reduction = [128], registers = [16, 64], warps = 4, stages = 4>
func.func @narrowed(%x: tensor<512x512xf8E4M3FN>, %w: tensor<512x512xf8E4M3FN>) -> tensor<512x512xf32> {
  %0 = rac.group @product ins(%x, %w : tensor<512x512xf8E4M3FN>, tensor<512x512xf8E4M3FN>) -> (tensor<512x512xf32>)
      plan <kind = generated, precision = f8E4M3FN, tiles = [128, 64], reduction = [64], registers = [64, 32], warps = 4, stages = 4,
            split = 2, activation = !quant.uniform<i8:f32, 0.5>> {
  ^bb0(%a: tensor<512x512xf8E4M3FN>, %b: tensor<512x512xf8E4M3FN>):
    %1 = rac.transpose %b, [1, 0] : (tensor<512x512xf8E4M3FN>) -> tensor<512x512xf8E4M3FN>
    %2 = rac.matmul %a, %1 : (tensor<512x512xf8E4M3FN>, tensor<512x512xf8E4M3FN>) -> tensor<512x512xf32>
    rac.yield %2 : tensor<512x512xf32>
  }
  return %0 : tensor<512x512xf32>
}

// More blocks are quicker, and larger tiles read less.
// CHECK-LABEL: @small
// CHECK: plan <kind = generated, precision = f16, tiles = [32, 32]
// ENERGY-LABEL: @small
// ENERGY: plan <kind = generated, precision = f16, tiles = [64, 64]
func.func @small(%x: tensor<256x256xf16>, %w: tensor<256x256xf16>) -> tensor<256x256xf16> {
  %0 = rac.group @product ins(%x, %w : tensor<256x256xf16>, tensor<256x256xf16>) -> (tensor<256x256xf16>) plan <kind = generated, precision = f16> {
  ^bb0(%a: tensor<256x256xf16>, %b: tensor<256x256xf16>):
    %1 = rac.matmul %a, %b : (tensor<256x256xf16>, tensor<256x256xf16>) -> tensor<256x256xf16>
    rac.yield %1 : tensor<256x256xf16>
  }
  return %0 : tensor<256x256xf16>
}

// Two stages and three are predicted to take as long, and two were measured to be quicker.
// CHECK-LABEL: @attention
// CHECK: plan <kind = generated, precision = bf16, tiles = [0, 128, 128], reduction = [32], registers = [16, 128], warps = 8, stages = 2>
func.func @attention(%q: tensor<32x4096x128xbf16>, %k: tensor<32x4096x128xbf16>, %v: tensor<32x4096x128xbf16>) -> tensor<32x4096x128xbf16> {
  %0 = rac.group @attention ins(%q, %k, %v : tensor<32x4096x128xbf16>, tensor<32x4096x128xbf16>, tensor<32x4096x128xbf16>) -> (tensor<32x4096x128xbf16>)
      plan <kind = generated, precision = bf16> {
  ^bb0(%a: tensor<32x4096x128xbf16>, %b: tensor<32x4096x128xbf16>, %c: tensor<32x4096x128xbf16>):
    %1 = rac.attention %a, %b, %c scale 0.125 : (tensor<32x4096x128xbf16>, tensor<32x4096x128xbf16>, tensor<32x4096x128xbf16>) -> tensor<32x4096x128xbf16>
    rac.yield %1 : tensor<32x4096x128xbf16>
  }
  return %0 : tensor<32x4096x128xbf16>
}
