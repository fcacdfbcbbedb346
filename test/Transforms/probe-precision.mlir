// RUN: rac-opt %s --rac-probe-precision | FileCheck %s
// RUN: rac-opt %s --rac-probe-precision=half=f16 | FileCheck %s --check-prefix=HALF
// RUN: rac-opt %s --rac-probe-precision=float8 | FileCheck %s --check-prefix=FLOAT8

// Weights become an input; the product's first operand may be
// rounded to steps, of each channel, what else a contraction had a part in to 16 bits, and what none had, the mask, to nothing.

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:arg0]]: tensor<?x4xf32> {rac.name = "x"}
// CHECK-SAME: %[[M:arg1]]: tensor<?x8xf32>
// CHECK-SAME: %[[W:arg2]]: tensor<4x8xf32> {rac.name = "rac.probe.weights.0"}
// CHECK-SAME: %[[K0:arg3]]: tensor<f32> {rac.name = "rac.probe.kind.0"}
// CHECK-SAME: %[[S0:arg4]]: tensor<4xf32> {rac.name = "rac.probe.scale.0"}
// CHECK-SAME: %[[Z0:arg5]]: tensor<f32> {rac.name = "rac.probe.zero.0"}
// CHECK-SAME: %[[K1:arg6]]: tensor<f32> {rac.name = "rac.probe.kind.1"}
// CHECK-SAME: -> (tensor<?x8xf32> {rac.name = "y"}, tensor<?x4xf32> {rac.name = "rac.probe.tensor.0"})
// CHECK: %[[R:.*]] = rac.group @probe_0 ins(%[[X]], %[[K0]], %[[S0]], %[[Z0]]
// CHECK: ^bb0(%[[A:.*]]: tensor<?x4xf32>, %[[K:.*]]: tensor<f32>, %[[S:.*]]: tensor<4xf32>, %[[Z:.*]]: tensor<f32>):
// CHECK: rac.cast %[[A]] : (tensor<?x4xf32>) -> tensor<?x4xbf16>
// CHECK: rac.equal %[[K]]
// CHECK: rac.select
// CHECK: rac.div %[[A]], %[[S]]
// CHECK: rac.clip
// CHECK: rac.yield
// CHECK: %[[P:.*]] = rac.group @product ins(%[[R]], %[[W]] : tensor<?x4xf32>, tensor<4x8xf32>)
// CHECK: %[[Q:.*]] = rac.group @probe_1 ins(%[[P]], %[[K1]] :
// CHECK-NOT: rac.div
// CHECK: %[[Y:.*]] = rac.group @sum ins(%[[Q]], %[[M]]
// CHECK: return %[[Y]], %[[X]]

// FLOAT8: rac.group @probe_0
// FLOAT8: rac.cast %{{.*}} -> tensor<?x4xf8E4M3FN>
// FLOAT8: rac.cast %{{.*}} : (tensor<?x4xf8E4M3FN>) -> tensor<?x4xf32>
// FLOAT8: rac.yield

// HALF: rac.cast %{{.*}} -> tensor<?x4xf16>

func.func @main(%x: tensor<?x4xf32> {rac.name = "x"}, %m: tensor<?x8xf32> {rac.name = "m"})
    -> (tensor<?x8xf32> {rac.name = "y"}) {
  %w = rac.constant dense<"0x0000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C0"> : tensor<4x8xf32>
  %0 = rac.group @product ins(%x, %w : tensor<?x4xf32>, tensor<4x8xf32>) -> (tensor<?x8xf32>) plan <kind = library, precision = f32> {
  ^bb0(%a: tensor<?x4xf32>, %b: tensor<4x8xf32>):
    %2 = rac.matmul %a, %b : (tensor<?x4xf32>, tensor<4x8xf32>) -> tensor<?x8xf32>
    rac.yield %2 : tensor<?x8xf32>
  }
  %1 = rac.group @sum ins(%0, %m : tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x8xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    %2 = rac.add %a, %b : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    rac.yield %2 : tensor<?x8xf32>
  }
  return %1 : tensor<?x8xf32>
}
