// RUN: rac-opt %s --rac-probe-precision | FileCheck %s

// Nothing that no contraction had a part in is rounded; nor is what is no f32, nor what runs in a branch.

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>, %[[D:.*]]: tensor<4x4xf64>, %[[C:.*]]: i1)
// CHECK-NOT: probe
// CHECK: return
func.func @main(%x: tensor<4xf32>, %d: tensor<4x4xf64>, %c: i1) -> (tensor<4xf32>, tensor<4x4xf64>) {
  %0 = rac.group @relu ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<4xf32>):
    %3 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %3 : tensor<4xf32>
  }
  %1 = rac.group @product ins(%d : tensor<4x4xf64>) -> (tensor<4x4xf64>) plan <kind = generated, precision = f64> {
  ^bb0(%a: tensor<4x4xf64>):
    %3 = rac.matmul %a, %a : (tensor<4x4xf64>, tensor<4x4xf64>) -> tensor<4x4xf64>
    rac.yield %3 : tensor<4x4xf64>
  }
  %2 = scf.if %c -> tensor<4xf32> {
    %3 = rac.group @inner ins(%0 : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32> {
    ^bb0(%a: tensor<4xf32>):
      %4 = rac.reshape %a to [1, 4] : (tensor<4xf32>) -> tensor<1x4xf32>
      %5 = rac.reshape %a to [4, 1] : (tensor<4xf32>) -> tensor<4x1xf32>
      %6 = rac.matmul %5, %4 : (tensor<4x1xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
      %7 = rac.reduce max %6 axes [0] : (tensor<4x4xf32>) -> tensor<4xf32>
      rac.yield %7 : tensor<4xf32>
    }
    scf.yield %3 : tensor<4xf32>
  } else {
    scf.yield %0 : tensor<4xf32>
  }
  return %2, %1 : tensor<4xf32>, tensor<4x4xf64>
}
