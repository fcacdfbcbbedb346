// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-cost-groups | diff %t -

// What has a cost keeps it, and needs no device; what has no plan costs nothing.
func.func @costed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = rac.group @relu ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0, flops = 4.0>> {
  ^bb0(%a: tensor<4xf32>):
    %2 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %2 : tensor<4xf32>
  }
  %1 = rac.group @exp ins(%0 : tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    %2 = rac.exp %a : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %2 : tensor<4xf32>
  }
  return %1 : tensor<4xf32>
}
