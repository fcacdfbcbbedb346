// RUN: rac-opt %s --rac-pack-constants --canonicalize --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-pack-constants="vector-bits=256 registers=16" --canonicalize --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: rac-opt %s --rac-pack-constants="vector-bits=128 scalable" --canonicalize --split-input-file | FileCheck %s --check-prefix=SVE

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// Panels are as wide as the tile of registers that the plan names, or the default one; the columns that
// aren't there are zeros. What is packed alike is packed once.

// CHECK: #[[$PANELS:.+]] = affine_map<(d0, d1, d2) -> (d1 floordiv 16, d2, d1 mod 16)>
// CHECK-LABEL: func @main
// CHECK: %[[B:.+]] = arith.constant dense_resource<panels> : tensor<2x2x16xf32>
// CHECK: call @product(%arg0, %[[B]]
// CHECK: call @product(%arg1, %[[B]]
// CHECK-LABEL: func private @product
// CHECK-SAME: %arg1: tensor<2x2x16xf32>
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[$PANELS]], #{{.+}}]
// AVX2: affine_map<(d0, d1, d2) -> (d1 floordiv 8, d2, d1 mod 8)>
// One vector of the longest has all of these columns.
// SVE: affine_map<(d0, d1, d2) -> (d2, d1)>
func.func @main(%x: tensor<4x2xf32>, %y: tensor<4x2xf32>, %o: tensor<4x18xf32>) -> (tensor<4x18xf32>, tensor<4x18xf32>) {
  %b = arith.constant dense<[[1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15., 16., 17., 18.],
                             [-1., -2., -3., -4., -5., -6., -7., -8., -9., -10., -11., -12., -13., -14., -15., -16., -17., -18.]]> : tensor<2x18xf32>
  %0 = call @product(%x, %b, %o) : (tensor<4x2xf32>, tensor<2x18xf32>, tensor<4x18xf32>) -> tensor<4x18xf32>
  %1 = call @product(%y, %b, %o) : (tensor<4x2xf32>, tensor<2x18xf32>, tensor<4x18xf32>) -> tensor<4x18xf32>
  return %0, %1 : tensor<4x18xf32>, tensor<4x18xf32>
}
func.func private @product(%x: tensor<4x2xf32>, %w: tensor<2x18xf32>, %o: tensor<4x18xf32>) -> tensor<4x18xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32, registers = [4, 1]>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x2xf32>, tensor<2x18xf32>) outs(%o : tensor<4x18xf32>) {
  ^bb0(%i: f32, %j: f32, %s: f32):
    %1 = arith.mulf %i, %j : f32
    %2 = arith.addf %s, %1 fastmath<reassoc, contract> : f32
    linalg.yield %2 : f32
  } -> tensor<4x18xf32>
  return %0 : tensor<4x18xf32>
}
// 1 to 16, then -1 to -16; then 17, 18 and zeros.
// CHECK: panels: "0x{{.*}}0000803F00000040{{.*}}000080BF000000C0{{.*}}0000884100009041000000000000

// -----

// A filter: the window and the channels that are summed come before the lanes, those that are one panel.
// CHECK: #[[$FILTER:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d3, d4, d2)>
// CHECK-LABEL: func @main
// CHECK: arith.constant dense_resource<panels> : tensor<3x2x4xf32>
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[$FILTER]], #{{.+}}]
#in = affine_map<(n, x, f, k, c) -> (n, x + k, c)>
#filter = affine_map<(n, x, f, k, c) -> (f, c, k)>
#out = affine_map<(n, x, f, k, c) -> (n, x, f)>
func.func @main(%x: tensor<1x9x2xf32>, %o: tensor<1x7x4xf32>) -> tensor<1x7x4xf32> {
  %w = arith.constant dense<[[[1., 2., 3.], [4., 5., 6.]], [[1., 2., 3.], [4., 5., 6.]], [[1., 2., 3.], [4., 5., 6.]], [[7., 2., 3.], [4., 5., 6.]]]> : tensor<4x2x3xf32>
  %0 = call @conv(%x, %w, %o) : (tensor<1x9x2xf32>, tensor<4x2x3xf32>, tensor<1x7x4xf32>) -> tensor<1x7x4xf32>
  return %0 : tensor<1x7x4xf32>
}
func.func private @conv(%x: tensor<1x9x2xf32>, %w: tensor<4x2x3xf32>, %o: tensor<1x7x4xf32>) -> tensor<1x7x4xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<1x9x2xf32>, tensor<4x2x3xf32>) outs(%o : tensor<1x7x4xf32>) {
  ^bb0(%i: f32, %j: f32, %s: f32):
    %1 = arith.mulf %i, %j : f32
    %2 = arith.addf %s, %1 fastmath<reassoc, contract> : f32
    linalg.yield %2 : f32
  } -> tensor<1x7x4xf32>
  return %0 : tensor<1x7x4xf32>
}
