// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-plan-tiles))' | FileCheck %s
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-plan-tiles{inner-tile=8}))' | FileCheck %s --check-prefix=INNER

// What is combined stays whole, the rest goes one by one.
// CHECK-LABEL: @rows
// CHECK: plan <kind = generated, precision = f32, threads = 2, tiles = [1, 1, 0]>
func.func @rows(%x: tensor<4x?x64xf32>) -> tensor<4x?x64xf32> {
  %0 = rac.group @softmax ins(%x : tensor<4x?x64xf32>) -> (tensor<4x?x64xf32>) plan <kind = generated, precision = f32, threads = 2> {
  ^bb0(%a: tensor<4x?x64xf32>):
    %1 = rac.softmax %a axis 2 : tensor<4x?x64xf32>
    rac.yield %1 : tensor<4x?x64xf32>
  }
  return %0 : tensor<4x?x64xf32>
}

// The innermost dimension is for vectors.
// CHECK-LABEL: @columns
// CHECK: tiles = [1, 0, 64]
// INNER-LABEL: @columns
// INNER: tiles = [1, 0, 8]
func.func @columns(%x: tensor<4x16x640xf32>) -> tensor<4x16x640xf32> {
  %0 = rac.group @softmax ins(%x : tensor<4x16x640xf32>) -> (tensor<4x16x640xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x16x640xf32>):
    %1 = rac.softmax %a axis 1 : tensor<4x16x640xf32>
    rac.yield %1 : tensor<4x16x640xf32>
  }
  return %0 : tensor<4x16x640xf32>
}

// Every dimension that is normalised over; the reduction before it names none else.
// CHECK-LABEL: @normalize
// CHECK: tiles = [1, 0, 0]
func.func @normalize(%x: tensor<4x16x8xf32>, %s: tensor<16x8xf32>) -> tensor<4x16x8xf32> {
  %0 = rac.group @normalize ins(%x, %s : tensor<4x16x8xf32>, tensor<16x8xf32>) -> (tensor<4x16x8xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4x16x8xf32>, %b: tensor<16x8xf32>):
    %1 = rac.reduce mean %a axes [2] {keep_dims} : (tensor<4x16x8xf32>) -> tensor<4x16x1xf32>
    %2 = rac.sub %a, %1 : (tensor<4x16x8xf32>, tensor<4x16x1xf32>) -> tensor<4x16x8xf32>
    %3 = rac.normalize layer %2, %b axis 1 epsilon 1.0e-5 : (tensor<4x16x8xf32>, tensor<16x8xf32>) -> tensor<4x16x8xf32>
    rac.yield %3 : tensor<4x16x8xf32>
  }
  return %0 : tensor<4x16x8xf32>
}
