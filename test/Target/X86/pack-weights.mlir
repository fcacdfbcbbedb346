// REQUIRES: onednn
// RUN: rac-opt %s --rac-pack-weights --mlir-elide-resource-strings-if-larger=0 | FileCheck %s

// The weights become bytes, of which the library knows the layout. Where a function is called with two
// weights, both are packed; what is packed alike is packed once.

// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[A:.*]] = rac.constant dense_resource<packed> : tensor<[[BYTES:[0-9]+]]xi8>
// CHECK-DAG: %[[B:.*]] = rac.constant dense_resource<packed_1> : tensor<[[BYTES]]xi8>
// CHECK: call @product(%arg0, %[[A]], %{{.*}})
// CHECK: call @product(%arg0, %[[B]], %{{.*}})
// CHECK: call @product(%arg0, %[[A]], %{{.*}})
// CHECK: func.func private @product(%{{.*}}: tensor<?x2xf32>, %{{.*}}: tensor<[[BYTES]]xi8>,
// CHECK: rac.library_call matmul
// CHECK-SAME: packed = array<i8:
// CHECK-SAME: weights_type = tensor<2x3xf32>
func.func @main(%x: tensor<?x2xf32>, %d: tensor<?x3xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  %a = rac.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %b = rac.constant dense<[[7.0, 8.0, 9.0], [1.0, 2.0, 3.0]]> : tensor<2x3xf32>
  %0 = call @product(%x, %a, %d) : (tensor<?x2xf32>, tensor<2x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = call @product(%x, %b, %d) : (tensor<?x2xf32>, tensor<2x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  %2 = call @product(%x, %a, %d) : (tensor<?x2xf32>, tensor<2x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return %0, %1, %2 : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}
func.func private @product(%x: tensor<?x2xf32>, %w: tensor<2x3xf32>, %d: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %0 = rac.library_call matmul ins(%x, %w : tensor<?x2xf32>, tensor<2x3xf32>) outs(%d : tensor<?x3xf32>) {post_ops = []} -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// A product with transposed weights packs them as the library sees them, and the view goes.

// CHECK: func.func private @transposed(
// CHECK: rac.library_call matmul
// CHECK-SAME: permutations = [array<i64>, array<i64>, array<i64>]
// CHECK-SAME: weights_type = tensor<2x3xf32>
func.func @caller(%x: tensor<4x2xf32>, %d: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %w = rac.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %0 = call @transposed(%x, %w, %d) : (tensor<4x2xf32>, tensor<3x2xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
func.func private @transposed(%x: tensor<4x2xf32>, %w: tensor<3x2xf32>, %d: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %0 = rac.library_call matmul ins(%x, %w : tensor<4x2xf32>, tensor<3x2xf32>) outs(%d : tensor<4x3xf32>) {permutations = [array<i64>, array<i64: 1, 0>, array<i64>], post_ops = []} -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}
