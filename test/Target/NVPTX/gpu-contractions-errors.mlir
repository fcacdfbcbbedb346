// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions{chip=sm_100}))' --verify-diagnostics

// expected-error@+1 {{plan has a cluster of blocks, which sm_100 doesn't have}}
func.func @cluster(%a: memref<256x128xbf16>, %b: memref<128x256xbf16>, %c: memref<256x256xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = bf16, tiles = [128, 128], reduction = [64], registers = [16, 128], warps = 8, stages = 4, cluster = [2, 1]>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<256x256xf32>)
  linalg.matmul ins(%a, %b : memref<256x128xbf16>, memref<128x256xbf16>) outs(%c : memref<256x256xf32>)
  return
}
