// RUN: rac-opt %s --rac-pack-constants --split-input-file | FileCheck %s

// CHECK-NOT: panels
// CHECK-NOT: floordiv

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// One call's operand is no constant.
func.func @main(%x: tensor<4x2xf32>, %y: tensor<2x64xf32>, %o: tensor<4x64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x64xf32>
  %0 = call @product(%x, %w, %o) : (tensor<4x2xf32>, tensor<2x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
  %1 = call @product(%x, %y, %o) : (tensor<4x2xf32>, tensor<2x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0, %1 : tensor<4x64xf32>, tensor<4x64xf32>
}
func.func private @product(%x: tensor<4x2xf32>, %w: tensor<2x64xf32>, %o: tensor<4x64xf32>) -> tensor<4x64xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x2xf32>, tensor<2x64xf32>) outs(%o : tensor<4x64xf32>) {
  ^bb0(%i: f32, %j: f32, %s: f32):
    %1 = arith.mulf %i, %j : f32
    %2 = arith.addf %s, %1 fastmath<reassoc, contract> : f32
    linalg.yield %2 : f32
  } -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}

// -----

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// Already in the order in which it is read, and as wide as a panel; and a library's call has a layout of its own.
func.func @main(%x: tensor<4x2xf32>, %o: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %0 = call @product(%x, %w, %o) : (tensor<4x2xf32>, tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0, %0 : tensor<4x3xf32>, tensor<4x3xf32>
}
func.func private @product(%x: tensor<4x2xf32>, %w: tensor<2x3xf32>, %o: tensor<4x3xf32>) -> tensor<4x3xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%o : tensor<4x3xf32>) {
  ^bb0(%i: f32, %j: f32, %s: f32):
    %1 = arith.mulf %i, %j : f32
    %2 = arith.addf %s, %1 fastmath<reassoc, contract> : f32
    linalg.yield %2 : f32
  } -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
