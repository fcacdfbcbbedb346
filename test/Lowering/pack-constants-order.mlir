// RUN: rac-opt %s --rac-pack-constants="panels=false" --canonicalize --split-input-file | FileCheck %s

// A filter whose terms lie in another order than the image's comes in the order
// of the loops, all its channels together.
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

// -----

// Both factors of a product lie along its terms: the filter stays.
// CHECK-LABEL: func @main
// CHECK: arith.constant dense<{{.*}}> : tensor<3x2x1xf32>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k, 0)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @main(%x: tensor<4x2xf32>, %o: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[[1.], [2.]], [[3.], [4.]], [[5.], [6.]]]> : tensor<3x2x1xf32>
  %0 = call @product(%x, %w, %o) : (tensor<4x2xf32>, tensor<3x2x1xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
func.func private @product(%x: tensor<4x2xf32>, %w: tensor<3x2x1xf32>, %o: tensor<4x3xf32>) -> tensor<4x3xf32> attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x2xf32>, tensor<3x2x1xf32>) outs(%o : tensor<4x3xf32>) {
  ^bb0(%i: f32, %j: f32, %s: f32):
    %1 = arith.mulf %i, %j : f32
    %2 = arith.addf %s, %1 fastmath<reassoc, contract> : f32
    linalg.yield %2 : f32
  } -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// -----

// Of bytes terms lie side by side, as tensor cores read both factors.
// CHECK: #[[$TERMS:.+]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func @main
// CHECK: arith.constant dense_resource<panels> : tensor<3x2xi8>
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[$TERMS]], #{{.+}}]
// CHECK: panels: "0x{{[0-9]+}}010203040506"
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @main(%x: tensor<4x2xi8>, %o: tensor<4x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<[[1, 3, 5], [2, 4, 6]]> : tensor<2x3xi8>
  %0 = call @product(%x, %w, %o) : (tensor<4x2xi8>, tensor<2x3xi8>, tensor<4x3xi32>) -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}
func.func private @product(%x: tensor<4x2xi8>, %w: tensor<2x3xi8>, %o: tensor<4x3xi32>) -> tensor<4x3xi32> attributes {rac.plan = #rac.plan<kind = generated, precision = i8>} {
  %0 = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x2xi8>, tensor<2x3xi8>) outs(%o : tensor<4x3xi32>) {
  ^bb0(%i: i8, %j: i8, %s: i32):
    %1 = arith.extsi %i : i8 to i32
    %2 = arith.extsi %j : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %s, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<4x3xi32>
  return %0 : tensor<4x3xi32>
}

// -----

// So do those of a window, whose channels lie side by side in the image.
// CHECK: #[[$CHANNELS:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d2, d3, d4)>
// CHECK-LABEL: func @main
// CHECK: arith.constant dense_resource<panels> : tensor<4x3x2xi8>
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[$CHANNELS]], #{{.+}}]
#in = affine_map<(n, x, f, k, c) -> (n, x + k, c)>
#filter = affine_map<(n, x, f, k, c) -> (f, c, k)>
#out = affine_map<(n, x, f, k, c) -> (n, x, f)>
func.func @main(%x: tensor<1x9x2xi8>, %o: tensor<1x7x4xi32>) -> tensor<1x7x4xi32> {
  %w = arith.constant dense<[[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]], [[7, 2, 3], [4, 5, 6]]]> : tensor<4x2x3xi8>
  %0 = call @conv(%x, %w, %o) : (tensor<1x9x2xi8>, tensor<4x2x3xi8>, tensor<1x7x4xi32>) -> tensor<1x7x4xi32>
  return %0 : tensor<1x7x4xi32>
}
func.func private @conv(%x: tensor<1x9x2xi8>, %w: tensor<4x2x3xi8>, %o: tensor<1x7x4xi32>) -> tensor<1x7x4xi32> attributes {rac.plan = #rac.plan<kind = generated, precision = i8>} {
  %0 = linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<1x9x2xi8>, tensor<4x2x3xi8>) outs(%o : tensor<1x7x4xi32>) {
  ^bb0(%i: i8, %j: i8, %s: i32):
    %1 = arith.extsi %i : i8 to i32
    %2 = arith.extsi %j : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %s, %3 : i32
    linalg.yield %4 : i32
  } -> tensor<1x7x4xi32>
  return %0 : tensor<1x7x4xi32>
}
