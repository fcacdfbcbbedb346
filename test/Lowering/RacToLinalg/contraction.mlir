// RUN: rac-opt %s --rac-lower-to-linalg --split-input-file | FileCheck %s

// CHECK-DAG: #[[$LHS:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$RHS:.+]] = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
// CHECK-LABEL: func @batched
// CHECK-NOT: cf.assert
// CHECK: linalg.generic {indexing_maps = [#[[$LHS]], #[[$RHS]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK: arith.mulf
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<reassoc,contract>
func.func @batched(%a: tensor<?x4x8xf32>, %b: tensor<8x16xf32>) -> tensor<?x4x16xf32> {
  %0 = rac.matmul %a, %b : (tensor<?x4x8xf32>, tensor<8x16xf32>) -> tensor<?x4x16xf32>
  return %0 : tensor<?x4x16xf32>
}

// -----

// CHECK-LABEL: func @integers
// CHECK: cf.assert %{{.*}}, "contracted dimensions of a product differ"
// CHECK-DAG: arith.extui %{{.*}} : i8 to i32
// CHECK-DAG: arith.extsi %{{.*}} : i8 to i32
func.func @integers(%a: tensor<4x?xui8>, %b: tensor<?x16xi8>) -> tensor<4x16xi32> {
  %0 = rac.matmul %a, %b : (tensor<4x?xui8>, tensor<?x16xi8>) -> tensor<4x16xi32>
  return %0 : tensor<4x16xi32>
}

// -----

// CHECK-DAG: #[[$INPUT:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 * 2 + d3, d4)>
// CHECK-DAG: #[[$FILTER:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d2, d4, d3)>
// CHECK-LABEL: func @conv
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 1, 0]
// CHECK: linalg.generic {indexing_maps = [#[[$INPUT]], #[[$FILTER]], #{{.*}}]
func.func @conv(%x: tensor<1x9x4xf32>, %f: tensor<8x4x3xf32>) -> tensor<1x5x8xf32> {
  %0 = rac.conv %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x4x3xf32>) -> tensor<1x5x8xf32>
  return %0 : tensor<1x5x8xf32>
}

// -----

// CHECK-LABEL: func @grouped
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1], [2, 3]] output_shape [1, 9, 2, 2]
// CHECK: linalg.generic
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0], [1], [2, 3]]
func.func @grouped(%x: tensor<1x9x4xf32>, %f: tensor<8x2x3xf32>) -> tensor<1x7x8xf32> {
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 2 : i64} : (tensor<1x9x4xf32>, tensor<8x2x3xf32>) -> tensor<1x7x8xf32>
  return %0 : tensor<1x7x8xf32>
}

// -----

// One filter a channel: parallel over the channels.
// CHECK-DAG: #[[$INPUT:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1 + d3, d2)>
// CHECK-DAG: #[[$FILTER:.+]] = affine_map<(d0, d1, d2, d3) -> (d2, 0, d3)>
// CHECK-LABEL: func @depthwise
// CHECK: linalg.generic {indexing_maps = [#[[$INPUT]], #[[$FILTER]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK-SAME: ins(%arg0, %arg1
func.func @depthwise(%x: tensor<1x9x4xf32>, %f: tensor<4x1x3xf32>) -> tensor<1x7x4xf32> {
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 4 : i64} : (tensor<1x9x4xf32>, tensor<4x1x3xf32>) -> tensor<1x7x4xf32>
  return %0 : tensor<1x7x4xf32>
}

// -----

// A window of one element has no loops: a product of matrices.
// CHECK-DAG: #[[$INPUT:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$FILTER:.+]] = affine_map<(d0, d1, d2, d3) -> (d2, d3, 0)>
// CHECK-LABEL: func @pointwise
// CHECK: linalg.generic {indexing_maps = [#[[$INPUT]], #[[$FILTER]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
func.func @pointwise(%x: tensor<1x9x4xf32>, %f: tensor<8x4x1xf32>) -> tensor<1x9x8xf32> {
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x4x1xf32>) -> tensor<1x9x8xf32>
  return %0 : tensor<1x9x8xf32>
}

// -----

// A convolution of the input with zeros between its elements.
// CHECK-LABEL: func @conv_transpose
// CHECK: tensor.insert_slice %arg0 into %{{.*}}[0, 1, 0] [1, 5, 8] [1, 2, 1] : tensor<1x5x8xf32> into tensor<1x12x8xf32>
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel", "reduction", "reduction"]
func.func @conv_transpose(%x: tensor<1x5x8xf32>, %f: tensor<8x4x3xf32>) -> tensor<1x10x4xf32> {
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, output_padding = array<i64: 1>, groups = 1 : i64} : (tensor<1x5x8xf32>, tensor<8x4x3xf32>) -> tensor<1x10x4xf32>
  return %0 : tensor<1x10x4xf32>
}

// -----

// CHECK-LABEL: func @pool
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0] [1, 4, 4] [1, 2, 1]
// CHECK: tensor.extract_slice %{{.*}}[0, 1, 0] [1, 4, 4] [1, 2, 1]
// CHECK: linalg.generic
// CHECK: arith.maximumf
func.func @pool(%x: tensor<1x7x4xf32>) -> tensor<1x4x4xf32> {
  %0 = rac.pool max %x {window = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 1>, ceil_extra = array<i64: 1>} : (tensor<1x7x4xf32>) -> tensor<1x4x4xf32>
  return %0 : tensor<1x4x4xf32>
}

// -----

// Where padding doesn't count, a small table says how many elements do.
// CHECK-LABEL: func @average
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}} ["parallel"]
// CHECK: linalg.index 0
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @average(%x: tensor<1x8x4xf32>) -> tensor<1x8x4xf32> {
  %0 = rac.pool average %x {window = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, ceil_extra = array<i64: 0>} : (tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  return %0 : tensor<1x8x4xf32>
}

// -----

// CHECK-LABEL: func @attention
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel", "reduction"]
// CHECK: arith.mulf
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel", "reduction"]
func.func @attention(%q: tensor<2x5x8xf32>, %k: tensor<2x7x8xf32>, %v: tensor<2x7x4xf32>) -> tensor<2x5x4xf32> {
  %0 = rac.attention %q, %k, %v scale 0.125 : (tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32>) -> tensor<2x5x4xf32>
  return %0 : tensor<2x5x4xf32>
}

// -----

// CHECK-LABEL: func @causal
// CHECK: %[[SCALED:.+]] = arith.mulf %in, %{{.+}} : f32
// CHECK: %[[ROW:.+]] = linalg.index 1
// CHECK: %[[COLUMN:.+]] = linalg.index 2
// CHECK: %[[LATER:.+]] = arith.cmpi ult, %[[ROW]], %[[COLUMN]]
// CHECK: arith.select %[[LATER]], %{{.+}}, %[[SCALED]]
func.func @causal(%q: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
  %0 = rac.attention %q, %q, %q scale 0.125 causal : (tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>) -> tensor<2x5x8xf32>
  return %0 : tensor<2x5x8xf32>
}

// -----

// The input's share of the gates is one product; the state's is in the loop.
// CHECK-LABEL: func @lstm
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel", "reduction"]
// CHECK: scf.for
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "reduction"]
// CHECK: math.tanh
// CHECK: scf.yield
func.func @lstm(%x: tensor<?x1x8xf32>, %w: tensor<16x8xf32>, %r: tensor<16x4xf32>, %b: tensor<16xf32>, %h: tensor<1x4xf32>, %c: tensor<1x4xf32>) -> tensor<?x1x4xf32> {
  %0, %1, %2 = rac.lstm %x, %w, %r, %b, %h, %c : (tensor<?x1x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> (tensor<?x1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>)
  return %0 : tensor<?x1x4xf32>
}
