// What is put together lies where its parts are written: 4,120 B are in use from the first part on. On GPUs the second,
// which begins after 24 B, is written elsewhere first and copied: 4,096 B more.
// RUN: rac-opt %s --rac-attach-device="device=epyc-zen4" --rac-check-budgets | FileCheck %s --check-prefix=CPU
// RUN: rac-opt %s --rac-attach-device="device=h200" --rac-check-budgets | FileCheck %s --check-prefix=GPU
// CPU: activations = 4120,
// GPU: activations = 8216,
module attributes {rac.search = #rac.search<objective = latency, score = 3.0e-3, bound = 3.0e-3, activations = 0, weights = 0, candidates = 3>} {
func.func @main(%x: tensor<1x6xf32>, %y: tensor<1x1024xf32>) -> tensor<1x1030xf32> {
  %0 = rac.group @relu ins(%x : tensor<1x6xf32>) -> (tensor<1x6xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 6.0>> {
  ^bb0(%a: tensor<1x6xf32>):
    %9 = rac.relu %a : (tensor<1x6xf32>) -> tensor<1x6xf32>
    rac.yield %9 : tensor<1x6xf32>
  }
  %1 = rac.group @exp ins(%y : tensor<1x1024xf32>) -> (tensor<1x1024xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 1024.0>> {
  ^bb0(%a: tensor<1x1024xf32>):
    %9 = rac.exp %a : (tensor<1x1024xf32>) -> tensor<1x1024xf32>
    rac.yield %9 : tensor<1x1024xf32>
  }
  %2 = rac.group @join ins(%0, %1 : tensor<1x6xf32>, tensor<1x1024xf32>) -> (tensor<1x1030xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 0.0>> {
  ^bb0(%a: tensor<1x6xf32>, %b: tensor<1x1024xf32>):
    %9 = rac.concat %a, %b axis 1 : (tensor<1x6xf32>, tensor<1x1024xf32>) -> tensor<1x1030xf32>
    rac.yield %9 : tensor<1x1030xf32>
  }
  %3 = rac.group @log ins(%2 : tensor<1x1030xf32>) -> (tensor<1x1030xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 1030.0>> {
  ^bb0(%a: tensor<1x1030xf32>):
    %9 = rac.log %a : (tensor<1x1030xf32>) -> tensor<1x1030xf32>
    rac.yield %9 : tensor<1x1030xf32>
  }
  return %3 : tensor<1x1030xf32>
}
}
