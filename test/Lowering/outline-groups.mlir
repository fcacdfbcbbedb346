// RUN: rac-opt %s --rac-outline-groups --split-input-file | FileCheck %s

// Equal groups share a function; sizes of destinations come from operands. Inputs aren't written.

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32> {bufferization.writable = false}, %[[B:.*]]: tensor<4xf32> {bufferization.writable = false})
// CHECK: %[[N:.*]] = tensor.dim %[[X]], %{{.*}} : tensor<?x4xf32>
// CHECK: %[[D:.*]] = tensor.empty(%[[N]]) : tensor<?x4xf32>
// CHECK: %[[Y:.*]] = call @add(%[[X]], %[[B]], %[[D]])
// CHECK: call @add(%[[Y]], %[[B]], %{{.*}})
// CHECK: func.func private @add(%[[A:.*]]: tensor<?x4xf32>, %[[C:.*]]: tensor<4xf32>, %[[D:.*]]: tensor<?x4xf32>) -> tensor<?x4xf32>
// CHECK-SAME: rac.plan = #rac.plan<kind = generated, precision = f32>
// CHECK: %[[S:.*]] = rac.add %[[A]], %[[C]]
// CHECK: %[[P:.*]] = bufferization.materialize_in_destination %[[S]] in %[[D]]
// CHECK: return %[[P]]
// CHECK-NOT: func.func private
func.func @main(%x: tensor<?x4xf32>, %b: tensor<4xf32>) -> tensor<?x4xf32> {
  %0 = rac.group @add ins(%x, %b : tensor<?x4xf32>, tensor<4xf32>) -> (tensor<?x4xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0, joules = 1.0, flops = 1.0, bytes = [DRAM = 1.0]>> {
  ^bb0(%a: tensor<?x4xf32>, %c: tensor<4xf32>):
    %1 = rac.add %a, %c : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    rac.yield %1 : tensor<?x4xf32>
  }
  %2 = rac.group @add_1 ins(%0, %b : tensor<?x4xf32>, tensor<4xf32>) -> (tensor<?x4xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x4xf32>, %c: tensor<4xf32>):
    %1 = rac.add %a, %c : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
    rac.yield %1 : tensor<?x4xf32>
  }
  return %2 : tensor<?x4xf32>
}

// -----

// A size that only the run can tell has no destination.

// CHECK-LABEL: func.func @main(
// CHECK: call @non_zero(%{{.*}}) : (tensor<4xf32>) -> tensor<1x?xi64>
// CHECK: func.func private @non_zero(%{{[^,]*}}: tensor<4xf32>) -> tensor<1x?xi64>
func.func @main(%x: tensor<4xf32>) -> tensor<1x?xi64> {
  %0 = rac.group @non_zero ins(%x : tensor<4xf32>) -> (tensor<1x?xi64>) {
  ^bb0(%a: tensor<4xf32>):
    %1 = rac.non_zero %a : (tensor<4xf32>) -> tensor<1x?xi64>
    rac.yield %1 : tensor<1x?xi64>
  }
  return %0 : tensor<1x?xi64>
}
