// RUN: rac-opt %s --rac-probe-precision | FileCheck %s

// Weights that are transposed before the group have no channels that rac-apply-precision knows: 16 bits only.

// CHECK: func.func @main(%[[X:arg0]]: tensor<?x4xf32>, %[[W:arg1]]: tensor<8x4xf32> {rac.name = "rac.probe.weights.0"}, %[[K:arg2]]: tensor<f32> {rac.name = "rac.probe.kind.0"}) -> tensor<?x8xf32>
// CHECK: %[[T:.*]] = rac.transpose %[[W]]
// CHECK: %[[R:.*]] = rac.group @probe_0 ins(%[[X]], %[[K]] :
// CHECK: rac.group @product ins(%[[R]], %[[T]] :

func.func @main(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %w = rac.constant dense<"0x0000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C0"> : tensor<8x4xf32>
  %t = rac.transpose %w, [1, 0] : (tensor<8x4xf32>) -> tensor<4x8xf32>
  %0 = rac.group @product ins(%x, %t : tensor<?x4xf32>, tensor<4x8xf32>) -> (tensor<?x8xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<?x4xf32>, %b: tensor<4x8xf32>):
    %1 = rac.matmul %a, %b : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
    rac.yield %1 : tensor<?x8xf32>
  }
  return %0 : tensor<?x8xf32>
}
