// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-separate-empties))' | FileCheck %s

func.func private @f(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32>

// Each result has its own.

// CHECK-LABEL: func.func @several
// CHECK-DAG: %[[A:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-DAG: %[[B:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-DAG: %[[C:.*]] = tensor.empty() : tensor<8xf32>
// CHECK: %[[X:.*]] = call @f(%arg0, %[[LAST:.*]])
// CHECK-NOT: call @f(%{{.*}}, %[[LAST]])
// CHECK: return
func.func @several(%x: tensor<8xf32>) -> tensor<8xf32> {
  %empty = tensor.empty() : tensor<8xf32>
  %0 = call @f(%x, %empty) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = call @f(%0, %empty) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %2 = call @f(%1, %empty) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// Sizes that only the run knows come along.

// CHECK-LABEL: func.func @dynamic
// CHECK: tensor.empty(%arg1)
// CHECK: tensor.empty(%arg1)
func.func @dynamic(%x: tensor<?xf32>, %n: index) -> (tensor<?xf32>, tensor<?xf32>) {
  %empty = tensor.empty(%n) : tensor<?xf32>
  %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  %1 = linalg.exp ins(%x : tensor<?xf32>) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  return %0, %1 : tensor<?xf32>, tensor<?xf32>
}
