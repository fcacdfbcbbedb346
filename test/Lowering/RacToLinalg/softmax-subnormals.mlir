// RUN: rac-opt %s --rac-lower-to-linalg=keep-subnormals | FileCheck %s

// A softmax and what attention does with one, as GPUs compute it: reduction.mlir has cores' way.

// CHECK-LABEL: func @softmax
// CHECK-NOT: arith.select
// CHECK: math.exp
// CHECK-NOT: arith.select
func.func @softmax(%a: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = rac.softmax %a axis 1 : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// CHECK-LABEL: func @attention
// CHECK-NOT: arith.select
// CHECK: math.exp
// CHECK-NOT: arith.select
func.func @attention(%q: tensor<2x4x8xf32>, %k: tensor<2x6x8xf32>, %v: tensor<2x6x8xf32>) -> tensor<2x4x8xf32> {
  %0 = rac.attention %q, %k, %v scale 1.0 : (tensor<2x4x8xf32>, tensor<2x6x8xf32>, tensor<2x6x8xf32>) -> tensor<2x4x8xf32>
  return %0 : tensor<2x4x8xf32>
}
