// RUN: rac-opt %s --rac-outline-groups=profile | FileCheck %s

// Each call is between two marks; groups that share a function keep their own numbers.

// CHECK-LABEL: func.func @main(
// CHECK: rac.profile 0
// CHECK-NEXT: call @relu(
// CHECK-NEXT: rac.profile{{$}}
// CHECK: rac.profile 1
// CHECK-NEXT: call @relu(
// CHECK-NEXT: rac.profile{{$}}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = rac.group @relu ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4xf32>):
    %2 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %2 : tensor<4xf32>
  }
  %1 = rac.group @relu_1 ins(%0 : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4xf32>):
    %2 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %2 : tensor<4xf32>
  }
  return %1 : tensor<4xf32>
}
