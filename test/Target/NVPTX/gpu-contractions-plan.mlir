// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions))' | FileCheck %s

// 128 x 96 results in tiles of 32 x 32 are 12 blocks; four warps of 16 x 16, two for each, are 256
// threads.
// CHECK-LABEL: @planned
// CHECK-DAG: %[[BLOCKS:.*]] = arith.constant 12 : index
// CHECK-DAG: %[[THREADS:.*]] = arith.constant 256 : index
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %[[BLOCKS]], {{.*}}) threads({{.*}}) in ({{.*}} = %[[THREADS]],
func.func @planned(%a: memref<128x64xf32>, %b: memref<64x96xf32>, %c: memref<128x96xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [32, 32], reduction = [32], registers = [16, 16], warps = 8, stages = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<128x96xf32>)
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x96xf32>) outs(%c : memref<128x96xf32>)
  return
}

// A sum in two parts is added up by another kernel.
// CHECK-LABEL: @split
// CHECK: gpu.launch
// CHECK: gpu.launch
// CHECK-NOT: gpu.launch
func.func @split(%a: memref<32x64xf32>, %b: memref<64x32xf32>, %c: memref<32x32xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [32, 32], reduction = [32], registers = [16, 16], warps = 4, stages = 2, split = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<32x32xf32>)
  linalg.matmul ins(%a, %b : memref<32x64xf32>, memref<64x32xf32>) outs(%c : memref<32x32xf32>)
  return
}

// Five workers share the 12 tiles' 24 steps: each goes through tiles, of which the first and the last may be others' too.
// Whole ones are written, parts of sums are added up by a block for each tile, in the order of the workers.
// CHECK-LABEL: @workers
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<10240xf32>
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c5{{[_0-9]*}},
// CHECK: scf.for
// CHECK: %[[WHOLE:.*]] = arith.cmpi eq
// CHECK: nvgpu.mma.sync
// CHECK: scf.if %[[WHOLE]]
// CHECK: else
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c12{{[_0-9]*}},
// CHECK: scf.for {{.*}} iter_args
// CHECK: arith.addf
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @workers(%a: memref<128x64xf32>, %b: memref<64x96xf32>, %c: memref<128x96xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, threads = 5, tiles = [32, 32], reduction = [32], registers = [16, 16], warps = 4, stages = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<128x96xf32>)
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x96xf32>) outs(%c : memref<128x96xf32>)
  return
}

// Within the launch a block counts itself in at its tile, once all that it has of it is written, and the last one adds
// the parts up: one kernel. The counter is left as it was found.
// CHECK-LABEL: @in_launch
// CHECK: rac.counters %{{.*}} : memref<?xi32>
// CHECK: gpu.launch
// CHECK: vector.store %{{.*}} : memref<24576xf32>, vector<4xf32>
// CHECK: gpu.barrier
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: memref.atomic_rmw addi {{.*}} : (i32, memref<?xi32>) -> i32
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: memref.store %{{.*}} : memref<?xi32>
// CHECK: gpu.barrier
// A thread reads both parts of two groups of neighbours, and adds them up one by one.
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c256{{[_0-9]*}} {
// CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<24576xf32>, vector<4xf32>
// CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<24576xf32>, vector<4xf32>
// CHECK: vector.load
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK: vector.load
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @in_launch(%a: memref<128x64xf32>, %b: memref<64x96xf32>, %c: memref<128x96xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [32, 32], reduction = [32], registers = [16, 16], warps = 4, stages = 2, split = 2, in_launch = true>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<128x96xf32>)
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x96xf32>) outs(%c : memref<128x96xf32>)
  return
}

// So do those that share the steps of all tiles.
// CHECK-LABEL: @workers_in_launch
// CHECK: rac.counters %{{.*}} : memref<?xi32>
// CHECK: gpu.launch
// CHECK: memref.atomic_rmw addi
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @workers_in_launch(%a: memref<128x64xf32>, %b: memref<64x96xf32>, %c: memref<128x96xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, threads = 5, tiles = [32, 32], reduction = [32], registers = [16, 16], warps = 4, stages = 2, in_launch = true>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<128x96xf32>)
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x96xf32>) outs(%c : memref<128x96xf32>)
  return
}

// Warps of 8 rows can't be made of products of 16: another tile is taken, and it is one kernel.
// CHECK-LABEL: @misfit
// CHECK: gpu.launch
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @misfit(%a: memref<128x64xf32>, %b: memref<64x96xf32>, %c: memref<128x96xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [8, 32], reduction = [32], registers = [8, 16], warps = 2, stages = 2, split = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<128x96xf32>)
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x96xf32>) outs(%c : memref<128x96xf32>)
  return
}

// A result without elements is a launch of no blocks, of whichever tile.
// CHECK-LABEL: @no_columns
// CHECK: gpu.launch
// CHECK: return
func.func @no_columns(%a: memref<128x64xf32>, %b: memref<64x0xf32>, %c: memref<128x0xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [32, 32], reduction = [32], registers = [16, 16], warps = 4, stages = 2, split = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<128x0xf32>)
  linalg.matmul ins(%a, %b : memref<128x64xf32>, memref<64x0xf32>) outs(%c : memref<128x0xf32>)
  return
}

// Warps of 16 rows and all columns are groups where the chip has products of four warps, and the operands
// lie 16 bytes together; elsewhere they are warps like others.
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions{chip=sm_90a}))' | FileCheck %s --check-prefix=HOPPER
// CHECK-LABEL: @groups
// CHECK-NOT: wgmma
// HOPPER-LABEL: @groups
// HOPPER: nvvm.wgmma.mma_async {{.*}} <m = 64, n = 128, k = 16>
// HOPPER-LABEL: @apart
// HOPPER-NOT: wgmma
func.func @groups(%a: memref<256x128xbf16>, %b: memref<128x256xbf16>, %c: memref<256x256xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = bf16, tiles = [128, 128], reduction = [64], registers = [16, 128], warps = 8, stages = 4>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<256x256xf32>)
  linalg.matmul ins(%a, %b : memref<256x128xbf16>, memref<128x256xbf16>) outs(%c : memref<256x256xf32>)
  return
}

func.func @apart(%a: memref<256x128xbf16>, %b: memref<128x255xbf16>, %c: memref<256x255xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = bf16, tiles = [128, 128], reduction = [64], registers = [16, 128], warps = 8, stages = 4>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<256x255xf32>)
  linalg.matmul ins(%a, %b : memref<256x128xbf16>, memref<128x255xbf16>) outs(%c : memref<256x255xf32>)
  return
}

// f32 that the plan lets be cut off to tf32: one product, of a copy in one part.
// HOPPER-LABEL: @tf32_groups
// HOPPER-NOT: arith.subf
// HOPPER: wgmma.mma_async.sync.aligned.m64n64k8.f32.tf32.tf32
// HOPPER-NOT: mma.sync
func.func @tf32_groups(%a: memref<256x128xf32>, %b: memref<128x256xf32>, %c: memref<256x256xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = tf32, tiles = [128, 64], reduction = [32], registers = [16, 64], warps = 8, stages = 4>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<256x256xf32>)
  linalg.matmul ins(%a, %b : memref<256x128xf32>, memref<128x256xf32>) outs(%c : memref<256x256xf32>)
  return
}
