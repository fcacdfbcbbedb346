// RUN: rac-opt %s --rac-propagate-layout --split-input-file | FileCheck %s

// Transposes on both sides of elementwise ops cancel.
// CHECK-LABEL: @between_convs
func.func @between_convs(%x: tensor<1x8x8x4xf32>, %f: tensor<4x4x1x1xf32>) -> tensor<1x8x8x4xf32> {
  // CHECK-NOT: rac.transpose
  // CHECK: rac.sigmoid {{.*}} tensor<1x8x8x4xf32>
  // CHECK: rac.mul {{.*}} tensor<1x8x8x4xf32>
  // CHECK-NOT: rac.transpose
  // CHECK: return
  %0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<4x4x1x1xf32>) -> tensor<1x8x8x4xf32>
  %1 = rac.transpose %0, [0, 3, 1, 2] : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %2 = rac.sigmoid %1 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %3 = rac.mul %1, %2 : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %4 = rac.transpose %3, [0, 2, 3, 1] : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  %5 = rac.conv %4, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x8x8x4xf32>, tensor<4x4x1x1xf32>) -> tensor<1x8x8x4xf32>
  return %5 : tensor<1x8x8x4xf32>
}

// -----

// Constants per channel and squeeze-excite go along.
// CHECK-LABEL: @squeeze_excite
func.func @squeeze_excite(%x: tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32> {
  %c = rac.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  // CHECK-DAG: rac.constant dense<{{.*}}> : tensor<1x1x1x4xf32>
  // CHECK-NOT: rac.transpose
  // CHECK: rac.reduce mean %{{.*}} axes [1, 2] {keep_dims} : (tensor<?x8x8x4xf32>) -> tensor<?x1x1x4xf32>
  // CHECK: rac.mul {{.*}} tensor<?x8x8x4xf32>
  // CHECK-NOT: rac.transpose
  %0 = rac.transpose %x, [0, 3, 1, 2] : (tensor<?x8x8x4xf32>) -> tensor<?x4x8x8xf32>
  %1 = rac.add %0, %c : (tensor<?x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<?x4x8x8xf32>
  %2 = rac.reduce mean %1 axes [2, 3] {keep_dims} : (tensor<?x4x8x8xf32>) -> tensor<?x4x1x1xf32>
  %3 = rac.sigmoid %2 : (tensor<?x4x1x1xf32>) -> tensor<?x4x1x1xf32>
  %4 = rac.mul %1, %3 : (tensor<?x4x8x8xf32>, tensor<?x4x1x1xf32>) -> tensor<?x4x8x8xf32>
  %5 = rac.transpose %4, [0, 2, 3, 1] : (tensor<?x4x8x8xf32>) -> tensor<?x8x8x4xf32>
  return %5 : tensor<?x8x8x4xf32>
}

// -----

// Attributes that name dimensions follow.
// CHECK-LABEL: @attributes
func.func @attributes(%x: tensor<1x8x6x4xf32>, %v: tensor<f32>, %n: index) -> (tensor<1x8x6x8xf32>, tensor<1x?x9x4xf32>, tensor<1x8x6xi64>) {
  %0 = rac.transpose %x, [0, 3, 1, 2] : (tensor<1x8x6x4xf32>) -> tensor<1x4x8x6xf32>
  // CHECK-DAG: rac.softmax %arg0 axis 3 : tensor<1x8x6x4xf32>
  %1 = rac.softmax %0 axis 1 : tensor<1x4x8x6xf32>
  // CHECK-DAG: rac.concat {{.*}} axis 3
  %2 = rac.concat %0, %1 axis 1 : (tensor<1x4x8x6xf32>, tensor<1x4x8x6xf32>) -> tensor<1x8x8x6xf32>
  %3 = rac.transpose %2, [0, 2, 3, 1] : (tensor<1x8x8x6xf32>) -> tensor<1x8x6x8xf32>
  // CHECK-DAG: rac.slice %arg0 [0, 1, 0, 0] [1, %arg2, 6, 4] [1, 2, 1, 1]
  %4 = rac.slice %0[0, 0, 1, 0] [1, 4, %n, 6] [1, 1, 2, 1] : (tensor<1x4x8x6xf32>) -> tensor<1x4x?x6xf32>
  // CHECK-DAG: rac.pad constant {{.*}} low [0, 0, 1, 0] high [0, 0, 2, 0]
  %5 = rac.pad constant %4, %v low [0, 0, 0, 1] high [0, 0, 0, 2] : (tensor<1x4x?x6xf32>, tensor<f32>) -> tensor<1x4x?x9xf32>
  %6 = rac.transpose %5, [0, 2, 3, 1] : (tensor<1x4x?x9xf32>) -> tensor<1x?x9x4xf32>
  // CHECK-DAG: rac.arg_reduce max %arg0 axis 3
  %7 = rac.arg_reduce max %0 axis 1 : (tensor<1x4x8x6xf32>) -> tensor<1x8x6xi64>
  // CHECK-NOT: rac.transpose
  // CHECK: return
  return %3, %6, %7 : tensor<1x8x6x8xf32>, tensor<1x?x9x4xf32>, tensor<1x8x6xi64>
}

// -----

// A residual from the model's border: a transpose there is as dear as the one
// after the sum, and nothing moves.
// CHECK-LABEL: @no_gain
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x4xf32>, %[[R:.*]]: tensor<1x4x8x8xf32>)
func.func @no_gain(%x: tensor<1x8x8x4xf32>, %r: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  // CHECK: %[[T:.*]] = rac.transpose %[[X]], [0, 3, 1, 2]
  // CHECK: rac.add %[[T]], %[[R]]
  %0 = rac.transpose %x, [0, 3, 1, 2] : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %1 = rac.add %0, %r : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// -----

// The reduction makes the tensor small: the transpose waits until then.
// CHECK-LABEL: @after_reduction
func.func @after_reduction(%x: tensor<2x8x8x4xf32>) -> tensor<2x4x8xf32> {
  // CHECK: %[[R:.*]] = rac.reduce sum %arg0 axes [2]
  // CHECK: rac.transpose %[[R]], [0, 2, 1]
  %0 = rac.transpose %x, [0, 3, 1, 2] : (tensor<2x8x8x4xf32>) -> tensor<2x4x8x8xf32>
  %1 = rac.reduce sum %0 axes [3] : (tensor<2x4x8x8xf32>) -> tensor<2x4x8xf32>
  return %1 : tensor<2x4x8xf32>
}

// -----

// Normalising is over the last dimensions, which therefore stay.
// CHECK-LABEL: @normalize_stays
func.func @normalize_stays(%x: tensor<1x4x8xf32>, %s: tensor<4xf32>) -> tensor<1x4x8xf32> {
  // CHECK: rac.transpose
  // CHECK: rac.normalize
  // CHECK: rac.transpose
  %0 = rac.transpose %x, [0, 2, 1] : (tensor<1x4x8xf32>) -> tensor<1x8x4xf32>
  %1 = rac.normalize layer %0, %s axis 2 epsilon 1.0e-5 : (tensor<1x8x4xf32>, tensor<4xf32>) -> tensor<1x8x4xf32>
  %2 = rac.transpose %1, [0, 2, 1] : (tensor<1x8x4xf32>) -> tensor<1x4x8xf32>
  return %2 : tensor<1x4x8xf32>
}

// -----

// CHECK-LABEL: @unit_dimensions
func.func @unit_dimensions(%x: tensor<?x1x1x4xf32>) -> tensor<?x4x1x1xf32> {
  // CHECK: %[[N:.*]] = tensor.dim %arg0
  // CHECK: rac.reshape %arg0 to [%[[N]], 4, 1, 1]
  %0 = rac.transpose %x, [0, 3, 1, 2] : (tensor<?x1x1x4xf32>) -> tensor<?x4x1x1xf32>
  return %0 : tensor<?x4x1x1xf32>
}

// -----

// Heads are split and moved in front, once with the batch joined to them.
// CHECK-LABEL: @heads
func.func @heads(%x: tensor<?x?x8xf32>, %q: tensor<?x2x?x4xf32>) -> tensor<?x2x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x8xf32>
  %l = tensor.dim %x, %c1 : tensor<?x?x8xf32>
  %bh = affine.apply affine_map<()[s0] -> (s0 * 2)>()[%b]
  // CHECK: %[[R:.*]] = rac.reshape %arg0 to [%{{.*}}, %{{.*}}, 2, 4]
  // CHECK-NEXT: %[[T:.*]] = rac.transpose %[[R]], [0, 2, 3, 1]
  // CHECK-NEXT: rac.matmul %arg1, %[[T]]
  %0 = rac.reshape %x to [%b, %l, 2, 4] : (tensor<?x?x8xf32>) -> tensor<?x?x2x4xf32>
  %1 = rac.transpose %0, [0, 2, 1, 3] : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %2 = rac.reshape %1 to [%bh, %l, 4] : (tensor<?x2x?x4xf32>) -> tensor<?x?x4xf32>
  %3 = rac.transpose %2, [0, 2, 1] : (tensor<?x?x4xf32>) -> tensor<?x4x?xf32>
  %4 = rac.reshape %3 to [%b, 2, 4, %l] : (tensor<?x4x?xf32>) -> tensor<?x2x4x?xf32>
  %5 = rac.matmul %q, %4 : (tensor<?x2x?x4xf32>, tensor<?x2x4x?xf32>) -> tensor<?x2x?x?xf32>
  return %5 : tensor<?x2x?x?xf32>
}

// -----

// A reshape that joins dimensions which the transpose tore apart stays behind it.
// CHECK-LABEL: @flatten
func.func @flatten(%x: tensor<1x2x3x4xf32>) -> tensor<1x24xf32> {
  // CHECK: %[[T:.*]] = rac.transpose %arg0
  // CHECK: rac.reshape %[[T]] to [1, 24]
  %0 = rac.transpose %x, [0, 3, 1, 2] : (tensor<1x2x3x4xf32>) -> tensor<1x4x2x3xf32>
  %1 = rac.reshape %0 to [1, 24] : (tensor<1x4x2x3xf32>) -> tensor<1x24xf32>
  return %1 : tensor<1x24xf32>
}

// -----

// The shuffle of channels is one transpose, not three.
// CHECK-LABEL: @channel_shuffle
func.func @channel_shuffle(%x: tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32> {
  // CHECK: %[[R:.*]] = rac.reshape %arg0 to [1, 4, 4, 2, 3]
  // CHECK: %[[T:.*]] = rac.transpose %[[R]], [0, 1, 2, 4, 3]
  // CHECK: rac.reshape %[[T]] to [1, 4, 4, 6]
  %0 = rac.transpose %x, [0, 3, 1, 2] : (tensor<1x4x4x6xf32>) -> tensor<1x6x4x4xf32>
  %1 = rac.reshape %0 to [1, 2, 3, 4, 4] : (tensor<1x6x4x4xf32>) -> tensor<1x2x3x4x4xf32>
  %2 = rac.transpose %1, [0, 2, 1, 3, 4] : (tensor<1x2x3x4x4xf32>) -> tensor<1x3x2x4x4xf32>
  %3 = rac.reshape %2 to [1, 6, 4, 4] : (tensor<1x3x2x4x4xf32>) -> tensor<1x6x4x4xf32>
  %4 = rac.transpose %3, [0, 2, 3, 1] : (tensor<1x6x4x4xf32>) -> tensor<1x4x4x6xf32>
  return %4 : tensor<1x4x4x6xf32>
}

// -----

// A product cut in two by columns is two products.
// CHECK-LABEL: @split_product
func.func @split_product(%x: tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = rac.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]> : tensor<3x4xf32>
  %b = rac.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  // CHECK-DAG: rac.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [5.000000e+00, 6.000000e+00], [9.000000e+00, 1.000000e+01]]>
  // CHECK-DAG: rac.constant dense<[3.000000e+00, 4.000000e+00]>
  // CHECK-NOT: rac.slice
  // CHECK-COUNT-2: rac.matmul {{.*}} -> tensor<2x2xf32>
  %0 = rac.matmul %x, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = rac.add %0, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %2 = rac.reshape %1 to [2, 2, 2] : (tensor<2x4xf32>) -> tensor<2x2x2xf32>
  %3 = rac.transpose %2, [1, 0, 2] : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  %4 = rac.slice %3[0, 0, 0] [1, 2, 2] [1, 1, 1] : (tensor<2x2x2xf32>) -> tensor<1x2x2xf32>
  %5 = rac.slice %3[1, 0, 0] [1, 2, 2] [1, 1, 1] : (tensor<2x2x2xf32>) -> tensor<1x2x2xf32>
  %6 = rac.reshape %4 to [2, 2] : (tensor<1x2x2xf32>) -> tensor<2x2xf32>
  %7 = rac.reshape %5 to [2, 2] : (tensor<1x2x2xf32>) -> tensor<2x2xf32>
  return %6, %7 : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

// Not where the slices overlap: columns would be computed twice.
// CHECK-LABEL: @overlapping_slices
func.func @overlapping_slices(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %w = rac.constant dense<1.0> : tensor<3x4xf32>
  // CHECK: rac.matmul {{.*}} -> tensor<2x4xf32>
  // CHECK-COUNT-2: rac.slice
  %0 = rac.matmul %x, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = rac.slice %0[0, 0] [2, 3] [1, 1] : (tensor<2x4xf32>) -> tensor<2x3xf32>
  %2 = rac.slice %0[0, 1] [2, 3] [1, 1] : (tensor<2x4xf32>) -> tensor<2x3xf32>
  return %1, %2 : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// Elementwise ops come before a reshape if they can then join a product.
// CHECK-LABEL: @join_product
func.func @join_product(%x: tensor<6x3xf32>, %w: tensor<3x4xf32>, %r: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %b = rac.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  // CHECK: %[[Y:.*]] = rac.matmul
  // CHECK: %[[B:.*]] = rac.add %[[Y]], %{{.*}} -> tensor<6x4xf32>
  // CHECK: rac.add %[[B]], %{{.*}} -> tensor<6x4xf32>
  // CHECK: rac.reshape {{.*}} to [2, 3, 4] : (tensor<6x4xf32>)
  %0 = rac.matmul %x, %w : (tensor<6x3xf32>, tensor<3x4xf32>) -> tensor<6x4xf32>
  %1 = rac.reshape %0 to [2, 3, 4] : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %2 = rac.add %1, %b : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %3 = rac.add %2, %r : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %3 : tensor<2x3x4xf32>
}

// -----

// One value for each of two joined dimensions has no shape before the reshape.
// CHECK-LABEL: @partial_block
func.func @partial_block(%x: tensor<6x3xf32>, %w: tensor<3x4xf32>, %r: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  // CHECK: rac.matmul
  // CHECK-NEXT: rac.reshape
  // CHECK-NEXT: rac.add
  %0 = rac.matmul %x, %w : (tensor<6x3xf32>, tensor<3x4xf32>) -> tensor<6x4xf32>
  %1 = rac.reshape %0 to [2, 3, 4] : (tensor<6x4xf32>) -> tensor<2x3x4xf32>
  %2 = rac.add %1, %r : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
  return %2 : tensor<2x3x4xf32>
}

// -----

// Rolls along two dimensions move each element once.
// CHECK-LABEL: @rolls
func.func @rolls(%x: tensor<?x8xf32>, %n: index) -> tensor<?x8xf32> {
  // CHECK-DAG: %[[A:.*]] = rac.slice %arg0 [2, 3] [%arg1, 5] [1, 1]
  // CHECK-DAG: %[[B:.*]] = rac.slice %arg0 [0, 3] [2, 5] [1, 1]
  // CHECK-DAG: %[[C:.*]] = rac.slice %arg0 [2, 0] [%arg1, 3] [1, 1]
  // CHECK-DAG: %[[D:.*]] = rac.slice %arg0 [0, 0] [2, 3] [1, 1]
  // CHECK-DAG: %[[AB:.*]] = rac.concat %[[A]], %[[B]] axis 0
  // CHECK-DAG: %[[CD:.*]] = rac.concat %[[C]], %[[D]] axis 0
  // CHECK: rac.concat %[[AB]], %[[CD]] axis 1
  %0 = rac.slice %x [2, 0] [%n, 8] [1, 1] : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %1 = rac.slice %x [0, 0] [2, 8] [1, 1] : (tensor<?x8xf32>) -> tensor<2x8xf32>
  %2 = rac.concat %0, %1 axis 0 : (tensor<?x8xf32>, tensor<2x8xf32>) -> tensor<?x8xf32>
  %rows = affine.apply affine_map<()[s0] -> (s0 + 2)>()[%n]
  %3 = rac.slice %2 [0, 3] [%rows, 5] [1, 1] : (tensor<?x8xf32>) -> tensor<?x5xf32>
  %4 = rac.slice %2 [0, 0] [%rows, 3] [1, 1] : (tensor<?x8xf32>) -> tensor<?x3xf32>
  %5 = rac.concat %3, %4 axis 1 : (tensor<?x5xf32>, tensor<?x3xf32>) -> tensor<?x8xf32>
  return %5 : tensor<?x8xf32>
}

// -----

// Sizes that a type leaves open, though they are known, stay open.
// CHECK-LABEL: @open_sizes
func.func @open_sizes(%x: tensor<?x4xf32>) -> tensor<?x?xf32> {
  // CHECK: rac.slice
  // CHECK: %[[CAST:.*]] = tensor.cast %{{.*}} : tensor<2x2xf32> to tensor<?x?xf32>
  // CHECK: return %[[CAST]]
  %0 = rac.reshape %x to [2, 2, 2] : (tensor<?x4xf32>) -> tensor<?x?x?xf32>
  %1 = rac.transpose %0, [1, 0, 2] : (tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %2 = rac.slice %1[0, 0, 0] [1, 2, 2] [1, 1, 1] : (tensor<?x?x?xf32>) -> tensor<1x?x?xf32>
  %3 = rac.reshape %2 to [2, 2] : (tensor<1x?x?xf32>) -> tensor<?x?xf32>
  return %3 : tensor<?x?xf32>
}
