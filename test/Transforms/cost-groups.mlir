// RUN: rac-opt %s --rac-attach-device=device=epyc-zen4 --rac-cost-groups | FileCheck %s

// CHECK-LABEL: @edited
// CHECK: rac.group @relu {{.*}}plan <kind = generated, precision = f32, threads = 3, cost = #rac.cost<seconds = {{.*}}flops = 4.0
func.func @edited(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = rac.group @relu ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32, threads = 3> {
  ^bb0(%a: tensor<4xf32>):
    %1 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
