// Two tensors of 4096 bytes are in use while the second group runs, and 8 bytes of weights; three
// groups take 3 ms.
// RUN: rac-opt %s --rac-check-budgets="max-seconds=3.0e-3 max-bytes=8200" | FileCheck %s
// A byte less is too little.
// RUN: not rac-opt %s --rac-check-budgets="max-seconds=3.0e-3 max-bytes=8199" 2>&1 | FileCheck %s --check-prefix=MISSED
// MISSED: error: the memory budget of 0.007819 MiB is missed by 9.537e-07 MiB: the plan of least memory found takes 0.00782 MiB
// MISSED-NOT: error:
// CHECK: #rac.search<objective = latency, score = 3.0{{[0-9]*}}e-03, bound = 3.0{{[0-9]*}}e-03, activations = 8192, weights = 8, candidates = 3>
module attributes {rac.search = #rac.search<objective = latency, score = 3.0e-3, bound = 3.0e-3, activations = 0, weights = 0, candidates = 3>} {
func.func @main(%x: tensor<1024xf32>) -> (tensor<1024xf32>, tensor<2xf32>) {
  %w = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = rac.group @relu ins(%x : tensor<1024xf32>) -> (tensor<1024xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 1024.0>> {
  ^bb0(%a: tensor<1024xf32>):
    %9 = rac.relu %a : (tensor<1024xf32>) -> tensor<1024xf32>
    rac.yield %9 : tensor<1024xf32>
  }
  %1 = rac.group @exp ins(%0 : tensor<1024xf32>) -> (tensor<1024xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 1024.0>> {
  ^bb0(%a: tensor<1024xf32>):
    %9 = rac.exp %a : (tensor<1024xf32>) -> tensor<1024xf32>
    rac.yield %9 : tensor<1024xf32>
  }
  %2 = rac.group @log ins(%1 : tensor<1024xf32>) -> (tensor<1024xf32>) plan <kind = generated, precision = f32, cost = #rac.cost<seconds = 1.0e-3, flops = 1024.0>> {
  ^bb0(%a: tensor<1024xf32>):
    %9 = rac.log %a : (tensor<1024xf32>) -> tensor<1024xf32>
    rac.yield %9 : tensor<1024xf32>
  }
  return %2, %w : tensor<1024xf32>, tensor<2xf32>
}
}
