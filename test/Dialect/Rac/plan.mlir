// RUN: rac-opt %s | rac-opt | FileCheck %s
//
// Level 2 and its attributes.

// CHECK-LABEL: @group
func.func @group(%x: tensor<4xf32>, %r: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: rac.group @relu_add ins(%arg0, %arg1 : tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32, threads = 2, tiles = [2], cost = #rac.cost<seconds = 1.0{{[0-9]*}}e-03 in [5.0{{[0-9]*}}e-04, 2.0{{[0-9]*}}e-03], joules = 2.0{{[0-9]*}}e+00 tdp, flops = 1.0{{[0-9]*}}e+06, bytes = [L1d = 8.192{{[0-9]*}}e+03, DRAM = 4.096{{[0-9]*}}e+03]>> {
  // CHECK: rac.yield %{{.*}} : tensor<4xf32>
  %y = rac.group @relu_add ins(%x, %r : tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32, threads = 2, tiles = [2], cost = #rac.cost<seconds = 1.0e-3 in [5.0e-4, 2.0e-3], joules = 2.0 tdp, flops = 1.0e6, bytes = [L1d = 8192.0, DRAM = 4096.0]>> {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %0 = rac.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = rac.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
    rac.yield %1 : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// A contraction's block on a GPU.
// CHECK: module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [128, 64], reduction = [32], registers = [32, 32], warps = 8, stages = 4, split = 2>}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [128, 64], reduction = [32], registers = [32, 32], warps = 8, stages = 4, split = 2>} {}

// Blocks that bring operands to each other.
// CHECK: module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [128, 256], reduction = [64], registers = [16, 256], warps = 8, stages = 4, cluster = [2, 1]>}
module attributes {test.plan = #rac.plan<kind = generated, precision = f16, tiles = [128, 256], reduction = [64], registers = [16, 256], warps = 8, stages = 4, cluster = [2, 1]>} {}

// What lost, on a group, and what a module's plan was chosen for.
// CHECK: module attributes {rac.front = [#rac.point<label = "p0", seconds = 2.0{{[0-9]*}}e-03, bytes = 4.096{{[0-9]*}}e+03, groups = 1>], rac.search = #rac.search<objective = energy, score = 5.0{{[0-9]*}}e-01, bound = 2.5{{[0-9]*}}e-01, max_bytes = 65536, activations = 4096, weights = 0, candidates = 3, undecided = 1, rivals = [#rac.point<label = "latency", seconds = 1.0{{[0-9]*}}e-03, joules = 1.0{{[0-9]*}}e+00, bytes = 4.096{{[0-9]*}}e+03, groups = 2, library = 1, serial = 1, chosen = true>]>}
module attributes {
  rac.front = [#rac.point<label = "p0", seconds = 2.0e-3, bytes = 4096.0, groups = 1>],
  rac.search = #rac.search<objective = energy, score = 0.5, bound = 0.25, max_bytes = 65536, activations = 4096, weights = 0, candidates = 3, undecided = 1, rivals = [#rac.point<label = "latency", seconds = 1.0e-3, joules = 1.0, bytes = 4096.0, groups = 2, library = 1, serial = 1, chosen = true>]>
} {
  func.func @alternatives(%x: tensor<4xf32>) -> tensor<4xf32> {
    // CHECK: rac.group @relu {{.*}}plan <kind = generated, precision = f32> instead_of [#rac.alternative<form = "relu", plan = <kind = library, precision = f32, cost = #rac.cost<seconds = 1.0{{[0-9]*}}e+00, flops = 4.0{{[0-9]*}}e+00>>, reason = "2.00 times the time">, #rac.alternative<form = "relu", plan = <kind = generated, precision = f32, threads = 2, cost = #rac.cost<seconds = 1.0{{[0-9]*}}e+00, flops = 4.0{{[0-9]*}}e+00>>, reason = "1.10 times the time", undecided = true>]
    %y = rac.group @relu ins(%x : tensor<4xf32>) -> (tensor<4xf32>) plan <kind = generated, precision = f32>
        instead_of [#rac.alternative<form = "relu", plan = <kind = library, precision = f32, cost = #rac.cost<seconds = 1.0, flops = 4.0>>, reason = "2.00 times the time">,
                    #rac.alternative<form = "relu", plan = <kind = generated, precision = f32, threads = 2, cost = #rac.cost<seconds = 1.0, flops = 4.0>>, reason = "1.10 times the time", undecided = true>] {
    ^bb0(%a: tensor<4xf32>):
      %0 = rac.relu %a : (tensor<4xf32>) -> tensor<4xf32>
      rac.yield %0 : tensor<4xf32>
    }
    return %y : tensor<4xf32>
  }
}

// A group without a plan and without operands.
// CHECK-LABEL: @unplanned
func.func @unplanned() -> tensor<4xi64> {
  // CHECK: rac.group @iota -> (tensor<4xi64>) {
  %y = rac.group @iota -> (tensor<4xi64>) {
    %0 = rac.iota axis 0 sizes [4] : tensor<4xi64>
    rac.yield %0 : tensor<4xi64>
  }
  return %y : tensor<4xi64>
}
