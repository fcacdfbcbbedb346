// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-separate-fills))' --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-pipeline-buffers --split-input-file | FileCheck %s --check-prefix=BUFFERS

// Two products that start with one fill.

// CHECK-LABEL: func.func private @products
// CHECK: %[[E:.*]] = tensor.empty()
// CHECK: %[[A:.*]] = linalg.fill {{.*}} outs(%[[E]]
// CHECK: linalg.matmul {{.*}} outs(%[[A]]
// CHECK: %[[B:.*]] = linalg.fill {{.*}} outs(%[[E]]
// CHECK: linalg.matmul {{.*}} outs(%[[B]]

// In buffers the sums begin in registers: nothing but them is written.
// BUFFERS-LABEL: func.func private @products
// BUFFERS-NOT: vector.store
// BUFFERS: scf.for {{.*}} iter_args(%{{.*}} = %cst
// BUFFERS: vector.store
// BUFFERS: scf.for {{.*}} iter_args(%{{.*}} = %cst
func.func private @products(%x: tensor<4x16xf32>, %y: tensor<16x16xf32>, %out: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x16xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x16xf32>) -> tensor<4x16xf32>
  %0 = linalg.matmul ins(%x, %y : tensor<4x16xf32>, tensor<16x16xf32>) outs(%fill : tensor<4x16xf32>) -> tensor<4x16xf32>
  %1 = linalg.matmul ins(%0, %y : tensor<4x16xf32>, tensor<16x16xf32>) outs(%fill : tensor<4x16xf32>) -> tensor<4x16xf32>
  %2 = bufferization.materialize_in_destination %1 in %out : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  return %2 : tensor<4x16xf32>
}
func.func @main() {
  %x = rac.input_buffer 0 [] : memref<4x16xf32>
  return
}
