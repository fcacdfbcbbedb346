// Several GPUs, several plans: each run changes one number of an H200, or takes another device.

// RUN: %python %S/Inputs/device.py %root/devices/h200.json topology.cores=16 memory.L2.sharers=16 memory.DRAM.sharers=16 > %t.cores.json
// RUN: %python %S/Inputs/device.py %root/devices/h200.json overheads.launch_s=1e-4 > %t.launch.json
// RUN: %python %S/Inputs/device.py %root/devices/h200.json memory.shared.size_bytes=65536 topology.gpu.shared_bytes_per_block=49152 > %t.shared.json

// RUN: rac-opt %s --rac-form-groups=device=h200 | FileCheck %s --check-prefix=H200
// RUN: rac-opt %s --rac-form-groups=device=%t.cores.json | FileCheck %s --check-prefix=CORES
// RUN: rac-opt %s --rac-form-groups=device=%t.launch.json | FileCheck %s --check-prefix=LAUNCH
// RUN: rac-opt %s --rac-form-groups=device=%t.shared.json | FileCheck %s --check-prefix=SHARED
// RUN: rac-opt %s --rac-form-groups=device=a100 | FileCheck %s --check-prefix=A100
// RUN: rac-opt %s --rac-form-groups=device=l4 | FileCheck %s --check-prefix=L4

// 128 tiles of 128 x 64 are one for each of 132 multiprocessors; with 16 larger tiles, which read less,
// are enough for all. An A100 has 108: 64 tiles of 128 x 128 keep as many of them busy as 128 would,
// in half the time.
// H200-LABEL: @square
// H200: tiles = [128, 64], reduction = [64]
// CORES-LABEL: @square
// CORES: tiles = [128, 256], reduction = [64]
// A100-LABEL: @square
// A100: tiles = [128, 128], reduction = [64]
// Four stages of two 128 x 64 tiles take more than 48 KiB.
// SHARED-LABEL: @square
// SHARED: tiles = [64, 64], reduction = [64]

// A sum of 8192 terms is cut so that idle multiprocessors take part; where launching another kernel to
// add the parts up takes longer than all of it, it isn't.
// H200-LABEL: @long
// H200: tiles = [32, 16], {{.*}}split = 16, cost
// CORES-LABEL: @long
// CORES: tiles = [64, 64], {{.*}}split = 16, cost
// LAUNCH-LABEL: @long
// LAUNCH-NOT: plan {{<|= <}}kind = generated, precision = f32, {{[^#]*}}split
// LAUNCH-LABEL: @row

// One row of 3072: 384 tiles for 132 multiprocessors, 192 for an A100's 108, 48 for an L4's 58.
// H200-LABEL: @row
// H200: tiles = [16, 8],
// A100-LABEL: @row
// A100: tiles = [16, 16],
// L4-LABEL: @row
// L4: tiles = [16, 64],

func.func @square(%a: tensor<1024x1024xf16>, %b: tensor<1024x1024xf16>) -> tensor<1024x1024xf16> {
  %0 = rac.matmul %a, %b : (tensor<1024x1024xf16>, tensor<1024x1024xf16>) -> tensor<1024x1024xf16>
  return %0 : tensor<1024x1024xf16>
}

func.func @long(%a: tensor<64x8192xf32>, %b: tensor<8192x64xf32>) -> tensor<64x64xf32> {
  %0 = rac.matmul %a, %b : (tensor<64x8192xf32>, tensor<8192x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}

func.func @row(%a: tensor<1x768xf32>, %b: tensor<768x3072xf32>) -> tensor<1x3072xf32> {
  %0 = rac.matmul %a, %b : (tensor<1x768xf32>, tensor<768x3072xf32>) -> tensor<1x3072xf32>
  return %0 : tensor<1x3072xf32>
}
