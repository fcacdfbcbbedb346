// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-tile-groups))' 2> %t.remarks | diff %t -
// RUN: FileCheck %s < %t.remarks

#id = affine_map<(i) -> (i)>

// Nobody planned tiles.
func.func @unplanned(%x: tensor<8xf32>, %d: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%d : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// All dimensions are planned whole.
func.func @whole(%x: tensor<8xf32>, %d: tensor<8xf32>) -> tensor<8xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [0]>} {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%d : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// A result that no loop computes can't be computed by tiles; that is said.
// CHECK: remark: is not tiled: its result is not a loop nest of its own
func.func @no_loops(%x: tensor<8xf32>) -> tensor<8xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [4]>} {
  return %x : tensor<8xf32>
}

// Tiles of a block on a GPU are its kernel's.
func.func @block(%a: tensor<64x32xf32>, %b: tensor<32x64xf32>, %d: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [32, 32], reduction = [16], registers = [16, 16], warps = 4, stages = 2>} {
  %0 = linalg.matmul ins(%a, %b : tensor<64x32xf32>, tensor<32x64xf32>) outs(%d : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}

// Nor can what computes nothing.
// CHECK: remark: is not tiled: a loop of it has no iterations
func.func @empty(%x: tensor<0x8xf32>, %d: tensor<8xf32>) -> tensor<8xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [4]>} {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, k) -> (k, i)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<0x8xf32>) outs(%d : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = arith.maximumf %a, %o : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
