// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions{chip=sm_90a}))' | FileCheck %s

// Of 384 x 512 results in tiles of 128 x 128 two blocks below each other share their columns: 3 rows of tiles are 2
// clusters, so that the grid is of 16 blocks. Each brings half of the columns to both (the mask has two bits) and its own
// rows to itself, once both have read what was there, which they tell each other.
// CHECK-LABEL: @cluster
// CHECK-DAG: %[[CLUSTER:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[BLOCKS:.*]] = arith.constant 16 : index
// CHECK: gpu.launch clusters({{.*}}) in ({{.*}} = %[[CLUSTER]], {{.*}}) blocks({{.*}}) in ({{.*}} = %[[BLOCKS]], {{.*}})
// CHECK: rac.tensor_map {{.*}} box [128, 64]
// CHECK: rac.tensor_map {{.*}} box [64, 64]
// CHECK-COUNT-4: nvvm.mbarrier.init {{.*}}, %c1_i32
// CHECK-COUNT-4: nvvm.mbarrier.init {{.*}}, %c2_i32
// CHECK: nvvm.fence.mbarrier.init
// CHECK: nvvm.cluster.arrive {aligned}
// CHECK-NEXT: nvvm.cluster.wait {aligned}
// CHECK-NOT: nvvm.mapa
// CHECK: scf.for
// CHECK: nvvm.mbarrier.try_wait.parity
// CHECK: gpu.barrier
// CHECK: %[[REMOTE:.*]] = nvvm.mapa
// CHECK: nvvm.mbarrier.arrive %[[REMOTE]] {scope = #nvvm.mem_scope<cluster>}
// CHECK: scf.while
// CHECK: nvvm.mbarrier.try_wait {{.*}} {scope = #nvvm.mem_scope<cluster>}
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK-NOT: multicast_mask
// CHECK-SAME: : !llvm.ptr<7>
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} multicast_mask = %c3_i16
// CHECK: nvvm.wgmma.mma_async
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK: nvvm.cluster.arrive {aligned}
// CHECK: memref.store
// CHECK: nvvm.cluster.wait {aligned}
// CHECK: gpu.terminator
func.func @cluster(%a: memref<384x128xbf16>, %b: memref<128x512xbf16>, %c: memref<384x512xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = bf16, tiles = [128, 128], reduction = [64], registers = [16, 128], warps = 8, stages = 4, cluster = [2, 1]>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<384x512xf32>)
  linalg.matmul ins(%a, %b : memref<384x128xbf16>, memref<128x512xbf16>) outs(%c : memref<384x512xf32>)
  return
}

// Threads copy the windows of an image themselves: each block has its own.
// CHECK-LABEL: @windows
// CHECK-NOT: clusters
// CHECK: gpu.launch blocks
// CHECK: nvvm.wgmma.mma_async
func.func @windows(%x: memref<2x18x18x64xbf16>, %w: memref<3x3x64x128xbf16>, %y: memref<2x16x16x128xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = bf16, tiles = [0, 0, 128, 128], reduction = [64], registers = [16, 128], warps = 8, stages = 4, cluster = [2, 1]>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<2x16x16x128xf32>)
  linalg.conv_2d_nhwc_hwcf ins(%x, %w : memref<2x18x18x64xbf16>, memref<3x3x64x128xbf16>) outs(%y : memref<2x16x16x128xf32>)
  return
}

// Of a sum in two parts there are twice as many clusters, and each tile has a counter of its own, those beyond the last
// row, too.
// CHECK-LABEL: @split
// CHECK: %[[TILES:.*]] = arith.constant 16 : index
// CHECK: rac.counters %[[TILES]] : memref<?xi32>
// CHECK: %[[BLOCKS:.*]] = arith.constant 32 : index
// CHECK: gpu.launch clusters({{.*}}) blocks({{.*}}) in ({{.*}} = %[[BLOCKS]], {{.*}})
// CHECK: nvvm.cluster.wait {aligned}
// CHECK: nvvm.wgmma.mma_async
// CHECK: nvvm.cluster.arrive {aligned}
// CHECK: memref.store
// CHECK: nvvm.cluster.wait {aligned}
// CHECK: memref.atomic_rmw addi
// CHECK-NOT: gpu.launch
func.func @split(%a: memref<384x128xbf16>, %b: memref<128x512xbf16>, %c: memref<384x512xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = bf16, tiles = [128, 128], reduction = [64], registers = [16, 128], warps = 8, stages = 4, split = 2, in_launch = true, cluster = [2, 1]>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<384x512xf32>)
  linalg.matmul ins(%a, %b : memref<384x128xbf16>, memref<128x512xbf16>) outs(%c : memref<384x512xf32>)
  return
}
