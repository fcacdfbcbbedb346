// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-tile-groups))' --split-input-file --verify-diagnostics

// What a plan asks for and can't be carried out is not left out in silence.

#id = affine_map<(i) -> (i)>
// expected-error @+1 {{can't have blocks of a reduction: not one op reduces}}
func.func @nothing_reduces(%x: tensor<8xf32>, %d: tensor<8xf32>) -> tensor<8xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [0], reduction = [4]>} {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%d : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#sum = affine_map<(m, n, k) -> (m, n)>
func.func @too_many_blocks(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %d: tensor<4x6xf32>) -> tensor<4x6xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, reduction = [4, 4]>} {
  // expected-error @+1 {{has 1 loops that reduce, the plan tiles for 2}}
  %0 = linalg.generic {indexing_maps = [#lhs, #rhs, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x8xf32>, tensor<8x6xf32>) outs(%d : tensor<4x6xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x6xf32>
  return %0 : tensor<4x6xf32>
}

// -----

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (n floordiv 32, k, n mod 32)>
#sum = affine_map<(m, n, k) -> (m, n)>
func.func @through_panels(%x: tensor<4x8xf32>, %w: tensor<2x8x32xf32>, %d: tensor<4x64xf32>) -> tensor<4x64xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [0, 48]>} {
  // expected-error @+1 {{can't be tiled by 48: its weights are in panels of 32}}
  %0 = linalg.generic {indexing_maps = [#lhs, #rhs, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x8xf32>, tensor<2x8x32xf32>) outs(%d : tensor<4x64xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}
