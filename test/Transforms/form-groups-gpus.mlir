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

// 64 tiles of 128 x 128 leave half of 132 multiprocessors without any, and still are done sooner than 128 of half
// the size, whose steps wait as often; with 16 larger tiles, which read less, are enough for all. Groups of four
// warps have 16 rows a warp and all columns. An A100 has none of these.
// H200-LABEL: @square
// H200: tiles = [128, 128], reduction = [64], registers = [16, 128], warps = 8, stages = 4
// CORES-LABEL: @square
// CORES: tiles = [128, 256], reduction = [64], registers = [16, 256], warps = 8, stages = 4
// A100-LABEL: @square
// A100: tiles = [128, 128], reduction = [64], registers = [64, 32]
// Four stages of 64 + 128 lines of 128 B take more than 48 KiB.
// SHARED-LABEL: @square
// SHARED: tiles = [64, 64], reduction = [64], {{.*}}stages = 2

// A sum of 8192 terms is cut so that idle multiprocessors take part. Of small tiles the last block adds the parts up;
// where launching another kernel takes longer than all of it, of all tiles.
// H200-LABEL: @long
// H200: tiles = [32, 16], {{.*}}split = 16, in_launch = true, cost
// CORES-LABEL: @long
// CORES: tiles = [64, 64], {{.*}}split = 16, cost
// LAUNCH-LABEL: @long
// LAUNCH: plan <kind = generated, precision = f32, {{[^#]*}}in_launch = true, cost
// LAUNCH-LABEL: @rows

// 16 rows of 3072 are 24 tiles of 128 columns, whose sums 132 multiprocessors share by four, and the last block of each
// adds them up in one round of its threads, so where a launch takes long, too; an L4's 58 share those of twice as many
// columns, and 16 the steps of 12 such tiles evenly: a second kernel adds these up.
// H200-LABEL: @rows
// H200: tiles = [16, 128], {{.*}}split = 4, in_launch = true, cost
// CORES-LABEL: @rows
// CORES: threads = 16, tiles = [16, 256], {{.*}}stages = 4, cost
// LAUNCH: plan <{{[^#]*}}tiles = [16, 128], {{[^#]*}}split = 4, in_launch = true, cost
// L4-LABEL: @rows
// L4: tiles = [16, 256], {{.*}}split = 4, cost

func.func @square(%a: tensor<1024x1024xf16>, %b: tensor<1024x1024xf16>) -> tensor<1024x1024xf16> {
  %0 = rac.matmul %a, %b : (tensor<1024x1024xf16>, tensor<1024x1024xf16>) -> tensor<1024x1024xf16>
  return %0 : tensor<1024x1024xf16>
}

func.func @long(%a: tensor<64x8192xf32>, %b: tensor<8192x64xf32>) -> tensor<64x64xf32> {
  %0 = rac.matmul %a, %b : (tensor<64x8192xf32>, tensor<8192x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}

func.func @rows(%a: tensor<16x768xf32>, %b: tensor<768x3072xf32>) -> tensor<16x3072xf32> {
  %0 = rac.matmul %a, %b : (tensor<16x768xf32>, tensor<768x3072xf32>) -> tensor<16x3072xf32>
  return %0 : tensor<16x3072xf32>
}
