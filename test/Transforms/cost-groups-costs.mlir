// Costs of edited plans, on the device at hand.
// RUN: rac-opt %s --rac-cost-groups='device=epyc-zen4 cold' | FileCheck %s
// RUN: rac-opt %s --rac-cost-groups='device=epyc-zen4 cold traffic' -o /dev/null 2>&1 | FileCheck %s --check-prefix=TRAFFIC
// RUN: rac-opt %s --rac-cost-groups='device=epyc-zen4 dim=100 dim-low=1 dim-high=1000' | FileCheck %s --check-prefix=RANGE

// 2 KiB each of x and the result; the result also goes back.
// TRAFFIC: remark: brings 4096 B into L1d 4096 B into L2 4096 B into L3
// CHECK-LABEL: @known
// CHECK: rac.group @neg {{.*}} plan <kind = generated, precision = f32, tiles = [8, 0], cost = #rac.cost<seconds = {{.*}}, flops = 5.12{{0*}}e+02, bytes = [L1d = 4.096{{0*}}e+03, L2 = 6.144{{0*}}e+03, L3 = 6.144{{0*}}e+03, DRAM = 6.144{{0*}}e+03]>> {
func.func @known(%x: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %0 = rac.group @neg ins(%x : tensor<16x32xf32>) -> (tensor<16x32xf32>) plan <kind = generated, precision = f32, tiles = [8, 0]> {
  ^bb0(%a: tensor<16x32xf32>):
    %1 = rac.neg %a : (tensor<16x32xf32>) -> tensor<16x32xf32>
    rac.yield %1 : tensor<16x32xf32>
  }
  return %0 : tensor<16x32xf32>
}

// RANGE-LABEL: @range
// RANGE: flops = 1.6{{0*}}e+03
func.func @range(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %0 = rac.group @neg ins(%x : tensor<?x16xf32>) -> (tensor<?x16xf32>) plan <kind = generated, precision = f32> {
  ^bb0(%a: tensor<?x16xf32>):
    %1 = rac.neg %a : (tensor<?x16xf32>) -> tensor<?x16xf32>
    rac.yield %1 : tensor<?x16xf32>
  }
  return %0 : tensor<?x16xf32>
}
