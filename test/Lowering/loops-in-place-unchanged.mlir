// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-loops-in-place))' | FileCheck %s

// It runs on something else, which must be copied.

// CHECK-LABEL: func.func private @elsewhere
// CHECK: materialize_in_destination
// CHECK: materialize_in_destination
func.func private @elsewhere(%x: tensor<4xf32>, %y: tensor<4xf32>, %z: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %cst = arith.constant 0.0 : f32
  %0 = scf.for %i = %c0 to %c3 step %c1 iter_args(%t = %x) -> (tensor<4xf32>) {
    %n = tensor.insert %cst into %t[%i] : tensor<4xf32>
    scf.yield %n : tensor<4xf32>
  }
  %1 = bufferization.materialize_in_destination %0 in %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = bufferization.materialize_in_destination %x in %z : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}
