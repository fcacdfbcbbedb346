// RUN: rac-opt %s --rac-separate-empties | FileCheck %s

// In a kernel, temporary buffers aren't packed: there fewer are better.

// CHECK-LABEL: func.func @kernel
// CHECK: tensor.empty
// CHECK-NOT: tensor.empty
// CHECK: return
func.func @kernel(%x: tensor<8xf32>) -> tensor<8xf32> {
  %empty = tensor.empty() : tensor<8xf32>
  %0 = linalg.exp ins(%x : tensor<8xf32>) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  %1 = linalg.exp ins(%0 : tensor<8xf32>) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// One use where it is, and one that nothing uses.

// CHECK-LABEL: func.func @main
// CHECK: tensor.empty
// CHECK: tensor.empty
// CHECK-NOT: tensor.empty
// CHECK: return
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %unused = tensor.empty() : tensor<8xf32>
  %empty = tensor.empty() : tensor<8xf32>
  %0 = linalg.exp ins(%x : tensor<8xf32>) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
