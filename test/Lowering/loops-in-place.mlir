// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-loops-in-place))' | FileCheck %s

// The loop runs on the destination.

// CHECK-LABEL: func.func private @on_destination
// CHECK-NOT: materialize_in_destination
// CHECK: %[[INIT:.*]] = tensor.cast %arg1
// CHECK: %[[LOOP:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[INIT]])
// CHECK: %[[CAST:.*]] = tensor.cast %[[LOOP]]
// CHECK-NOT: materialize_in_destination
// CHECK: return %[[CAST]]
func.func private @on_destination(%x: tensor<?xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %init = tensor.cast %y : tensor<4xf32> to tensor<?xf32>
  %0 = scf.for %i = %c0 to %c3 step %c1 iter_args(%t = %init) -> (tensor<?xf32>) {
    %e = tensor.extract %x[%i] : tensor<?xf32>
    %n = tensor.insert %e into %t[%i] : tensor<?xf32>
    scf.yield %n : tensor<?xf32>
  }
  %1 = tensor.cast %0 : tensor<?xf32> to tensor<4xf32>
  %2 = bufferization.materialize_in_destination %1 in %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// So do both of two loops, one after the other.

// CHECK-LABEL: func.func private @one_after_the_other
// CHECK: %[[FIRST:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %arg1)
// CHECK: %[[SECOND:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[FIRST]])
// CHECK-NOT: materialize_in_destination
// CHECK: return %[[SECOND]]
func.func private @one_after_the_other(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %0 = scf.for %i = %c0 to %c3 step %c1 iter_args(%t = %y) -> (tensor<4xf32>) {
    %e = tensor.extract %x[%i] : tensor<4xf32>
    %n = tensor.insert %e into %t[%i] : tensor<4xf32>
    scf.yield %n : tensor<4xf32>
  }
  %1 = scf.for %i = %c1 to %c3 step %c1 iter_args(%t = %0) -> (tensor<4xf32>) {
    %e = tensor.extract %t[%c0] : tensor<4xf32>
    %n = tensor.insert %e into %t[%i] : tensor<4xf32>
    scf.yield %n : tensor<4xf32>
  }
  %2 = bufferization.materialize_in_destination %1 in %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
}
