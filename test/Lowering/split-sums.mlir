// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-split-sums))' --mlir-print-local-scope | FileCheck %s

#image = affine_map<(n, h, w, c) -> (n, h, w, c)>
#sum = affine_map<(n, h, w, c) -> (n, c)>

// The rows and columns of an image are one loop, of which each part has a quarter. Parts are
// the outermost loop of their sums, and are added up afterwards, all of them for each channel.

// CHECK-LABEL: func.func @image(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8x6x16xf32>, %[[INIT:[^:]*]]: tensor<2x16xf32>)
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0], [1, 2], [3]]
// CHECK: %[[CUT:.*]] = tensor.expand_shape %[[FLAT]] {{\[\[}}0], [1, 2], [3]] output_shape [2, 4, 12, 16]
// CHECK: %[[ZEROS:.*]] = linalg.fill {{.*}} -> tensor<4x2x16xf32>
// CHECK: %[[SUMS:.*]] = linalg.generic
// CHECK-SAME: [affine_map<(d0, d1, d2, d3) -> (d1, d0, d2, d3)>, affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>]
// CHECK-SAME: iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
// CHECK-SAME: ins(%[[CUT]] : tensor<2x4x12x16xf32>) outs(%[[ZEROS]] : tensor<4x2x16xf32>)
// CHECK: linalg.generic
// CHECK-SAME: [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>]
// CHECK-SAME: iterator_types = ["reduction", "parallel", "parallel"]}
// CHECK-SAME: ins(%[[SUMS]] : tensor<4x2x16xf32>) outs(%[[INIT]] : tensor<2x16xf32>)
func.func @image(%x: tensor<2x8x6x16xf32>, %init: tensor<2x16xf32>) -> tensor<2x16xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, split = 4>} {
  %0 = linalg.generic {indexing_maps = [#image, #sum], iterator_types = ["parallel", "reduction", "reduction", "parallel"]} ins(%x : tensor<2x8x6x16xf32>) outs(%init : tensor<2x16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %a, %s : f32
    linalg.yield %1 : f32
  } -> tensor<2x16xf32>
  return %0 : tensor<2x16xf32>
}
