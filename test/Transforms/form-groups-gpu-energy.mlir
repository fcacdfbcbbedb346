// One GPU, two objectives, two plans: what is quickest isn't what takes the least energy, unless time is what costs.

// RUN: %python %S/Inputs/device.py %root/devices/h200.json power.device_static_w=20000 power.tdp_w=30000 > %t.held.json
// RUN: rac-opt %s --rac-form-groups=device=h200 | FileCheck %s --check-prefixes=TIME,BOTH
// RUN: rac-opt %s --rac-form-groups='device=h200 objective=energy' | FileCheck %s --check-prefixes=ENERGY,BOTH
// RUN: rac-opt %s --rac-form-groups='device=%t.held.json objective=energy' | FileCheck %s --check-prefixes=TIME,BOTH

// Tiles whose sums of 8192 terms are shared by 16. Four of 32 x 32 results move 8.9 MB through L2, at 36 pJ a byte, and eight
// of half the size 13.1 MB; but these are done sooner, having twice the multiprocessors. A board that takes 20 kW
// whatever it does (none does) has to be done soon.
// TIME-LABEL: @few
// TIME: tiles = [32, 16], {{.*}}split = 16, in_launch = true, cost
// ENERGY-LABEL: @few
// ENERGY: tiles = [32, 32], {{.*}}split = 16, in_launch = true, cost
func.func @few(%a: tensor<64x8192xf32>, %b: tensor<8192x64xf32>) -> tensor<64x64xf32> {
  %0 = rac.matmul %a, %b : (tensor<64x8192xf32>, tensor<8192x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}

// The largest tiles read the least and are the quickest, and two blocks below each other read their columns once: the
// plans coincide. Where the device has no clusters each block reads its own.
// BOTH-LABEL: @large
// BOTH: tiles = [128, 256], {{.*}}warps = 8, stages = 4, cluster = [2, 1], cost
// RUN: %python %S/Inputs/device.py %root/devices/h200.json topology.gpu.blocks_per_cluster=1 > %t.alone.json
// RUN: rac-opt %s --rac-form-groups=device=%t.alone.json | FileCheck %s --check-prefix=ALONE
// ALONE-LABEL: @large
// ALONE: tiles = [128, 256], {{.*}}warps = 8, stages = 4, cost
func.func @large(%a: tensor<2048x2048xf16>, %b: tensor<2048x2048xf16>) -> tensor<2048x2048xf16> {
  %0 = rac.matmul %a, %b : (tensor<2048x2048xf16>, tensor<2048x2048xf16>) -> tensor<2048x2048xf16>
  return %0 : tensor<2048x2048xf16>
}
