// RUN: rac-opt %s --rac-check-budgets="max-seconds=2.5e-3 max-bytes=4096" -verify-diagnostics
// expected-error @+1 {{the latency budget of 2.5 ms is missed by 0.5 ms: the fastest plan found takes 3 ms; the memory budget of 0.003906 MiB is missed by 0.003914 MiB: the plan of least memory found takes 0.00782 MiB, 7.629e-06 MiB of it weights}}
module {
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
