// RUN: rac-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize --split-input-file | FileCheck %s
//
// Each size of a result is computed from the operands.

// CHECK-DAG: #[[$CONV:.*]] = affine_map<()[s0] -> ((s0 - 1) floordiv 2 + 1)>
// CHECK-LABEL: @conv
func.func @conv(%x: tensor<?x?x4xf32>, %f: tensor<8x4x3xf32>) -> index {
  %c1 = arith.constant 1 : index
  // CHECK: %[[D:.*]] = tensor.dim %arg0
  // CHECK: affine.apply #[[$CONV]]()[%[[D]]]
  %0 = rac.conv %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, groups = 1 : i64} : (tensor<?x?x4xf32>, tensor<8x4x3xf32>) -> tensor<?x?x8xf32>
  %d = tensor.dim %0, %c1 : tensor<?x?x8xf32>
  return %d : index
}

// -----

// CHECK-DAG: #[[$T:.*]] = affine_map<()[s0] -> (s0 * 2)>
// CHECK-LABEL: @conv_transpose
func.func @conv_transpose(%x: tensor<?x?x8xf32>, %f: tensor<8x4x3xf32>) -> index {
  %c1 = arith.constant 1 : index
  // CHECK: affine.apply #[[$T]]
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>, output_padding = array<i64: 1>, groups = 1 : i64} : (tensor<?x?x8xf32>, tensor<8x4x3xf32>) -> tensor<?x?x4xf32>
  %d = tensor.dim %0, %c1 : tensor<?x?x4xf32>
  return %d : index
}

// -----

// CHECK-DAG: #[[$SUM:.*]] = affine_map<()[s0, s1] -> (s0 + s1)>
// CHECK-LABEL: @concat
func.func @concat(%x: tensor<2x?xf32>, %y: tensor<2x?xf32>) -> index {
  %c1 = arith.constant 1 : index
  // CHECK-DAG: %[[A:.*]] = tensor.dim %arg0
  // CHECK-DAG: %[[B:.*]] = tensor.dim %arg1
  // CHECK: affine.apply #[[$SUM]]()[%[[A]], %[[B]]]
  %0 = rac.concat %x, %y axis 1 : (tensor<2x?xf32>, tensor<2x?xf32>) -> tensor<2x?xf32>
  %d = tensor.dim %0, %c1 : tensor<2x?xf32>
  return %d : index
}

// -----

// A static dimension tells what one that is not must be.
// CHECK-LABEL: @broadcast
func.func @broadcast(%x: tensor<?x1xf32>, %y: tensor<?xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK-DAG: %[[A:.*]] = tensor.dim %arg0, %c0
  // CHECK-DAG: %[[B:.*]] = tensor.dim %arg1, %c0
  // CHECK: return %[[A]], %[[B]]
  %0 = rac.add %x, %y : (tensor<?x1xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %d = tensor.dim %0, %c0 : tensor<?x?xf32>
  %e = tensor.dim %0, %c1 : tensor<?x?xf32>
  return %d, %e : index, index
}

// -----

// CHECK-LABEL: @sizes
func.func @sizes(%x: tensor<?x4xf32>, %i: tensor<?xi64>, %n: index) -> (index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK-DAG: %[[I:.*]] = tensor.dim %arg1
  // CHECK-DAG: %[[X:.*]] = tensor.dim %arg0
  // CHECK: return %arg2, %[[I]], %arg2, %[[X]]
  %0 = rac.slice %x [0, 0] [%n, 4] [1, 1] : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = rac.gather %x, %i axis 0 : (tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %2, %3 = rac.top_k %x, %n axis 0 {largest} : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xi64>)
  %4 = rac.transpose %x, [1, 0] : (tensor<?x4xf32>) -> tensor<4x?xf32>
  %d0 = tensor.dim %0, %c0 : tensor<?x4xf32>
  %d1 = tensor.dim %1, %c0 : tensor<?x4xf32>
  %d2 = tensor.dim %3, %c0 : tensor<?x4xi64>
  %d3 = tensor.dim %4, %c1 : tensor<4x?xf32>
  return %d0, %d1, %d2, %d3 : index, index, index, index
}

// -----

// How many elements aren't zero only the run can tell.
// CHECK-LABEL: @non_zero
func.func @non_zero(%x: tensor<?x4xf32>) -> index {
  %c1 = arith.constant 1 : index
  // CHECK: %[[Y:.*]] = rac.non_zero
  // CHECK: tensor.dim %[[Y]]
  %0 = rac.non_zero %x : (tensor<?x4xf32>) -> tensor<2x?xi64>
  %d = tensor.dim %0, %c1 : tensor<2x?xi64>
  return %d : index
}
