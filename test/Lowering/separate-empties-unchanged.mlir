// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-separate-empties))' | FileCheck %s

// One use, and one that nothing uses.

// CHECK-LABEL: func.func @one
// CHECK: tensor.empty
// CHECK: tensor.empty
// CHECK-NOT: tensor.empty
// CHECK: return
func.func @one(%x: tensor<8xf32>) -> tensor<8xf32> {
  %unused = tensor.empty() : tensor<8xf32>
  %empty = tensor.empty() : tensor<8xf32>
  %0 = linalg.exp ins(%x : tensor<8xf32>) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
