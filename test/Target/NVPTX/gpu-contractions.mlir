// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions),canonicalize,cse)' --split-input-file | FileCheck %s
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions{chip=sm_90a}),canonicalize,cse)' --split-input-file | FileCheck %s --check-prefix=HOPPER

// f32 is multiplied in two parts of tf32, three products for one; bias and relu
// follow on registers, and the temporary is gone.
// CHECK-LABEL: func.func @matmul
//  CHECK-NOT:   memref.alloc
//      CHECK:   gpu.launch {{.*}} dynamic_shared_memory_size
//      CHECK:     nvgpu.device_async_copy %{{.*}}, 4 {bypassL1}
//      CHECK:     nvvm.cp.async.commit.group
//      CHECK:     scf.for {{.*}} -> (vector<2x2xf32>
//      CHECK:       nvvm.cp.async.wait.group
// CHECK-NEXT:       gpu.barrier
//      CHECK:       %[[BITS:.*]] = arith.bitcast %[[X:.*]] : f32 to i32
//      CHECK:       arith.subf %[[X]]
//      CHECK:       %[[S0:.*]] = nvgpu.mma.sync({{.*}}) {mmaShape = [16, 8, 8], tf32Enabled}
// CHECK-NEXT:       %[[S1:.*]] = nvgpu.mma.sync(%{{.*}}, %{{.*}}, %[[S0]])
// CHECK-NEXT:       nvgpu.mma.sync(%{{.*}}, %{{.*}}, %[[S1]])
//      CHECK:     arith.maximumf
//      CHECK:     vector.store {{.*}} {alignment = 16 : i64}
//  CHECK-NOT:   linalg.
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @matmul(%a: memref<256x64xf32>, %b: memref<64x512xf32>, %bias: memref<512xf32>, %c: memref<256x512xf32>) {
  %zero = arith.constant 0.0 : f32
  %t = memref.alloc() : memref<256x512xf32>
  linalg.fill ins(%zero : f32) outs(%t : memref<256x512xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x64xf32>, memref<64x512xf32>) outs(%t : memref<256x512xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%t, %bias : memref<256x512xf32>, memref<512xf32>) outs(%c : memref<256x512xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %0 = arith.addf %x, %y : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Unless the plan is content with tf32.
// CHECK-LABEL: func.func @tf32
//      CHECK:   nvgpu.mma.sync
//  CHECK-NOT:   arith.subf
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @tf32(%a: memref<256x64xf32>, %b: memref<64x512xf32>, %c: memref<256x512xf32>)
    attributes {rac.plan = #rac.plan<kind = generated, precision = tf32>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<256x512xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x64xf32>, memref<64x512xf32>) outs(%c : memref<256x512xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// A large product of bf16. Where the chip can, four warps multiply tiles of
// 64x256 straight from shared memory; the columns neighbour in memory.
// CHECK-LABEL: func.func @bf16
//      CHECK:   nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = false}
//      CHECK:   nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = true}
//      CHECK:   nvgpu.mma.sync({{.*}}) {mmaShape = [16, 8, 16]}
// HOPPER-LABEL: func.func @bf16
//       HOPPER:   rac.tensor_map {{.*}} sizes(%c4096, %c4096) strides(%c4096) box [64, 64] : memref<16777216xbf16> -> !llvm.ptr
//       HOPPER:   nvvm.mbarrier.init
//       HOPPER:   nvvm.fence.mbarrier.init
//       HOPPER:   gpu.barrier
//       HOPPER:   scf.for
//       HOPPER:     nvvm.mbarrier.try_wait.parity
//  HOPPER-NEXT:     gpu.barrier
//       HOPPER:     nvvm.mbarrier.arrive.expect_tx
//       HOPPER:     nvvm.cp.async.bulk.tensor.shared.cluster.global
//       HOPPER:     nvvm.wgmma.fence.aligned
// HOPPER-COUNT-4:   nvvm.wgmma.mma_async {{.*}} <m = 64, n = 256, k = 16>, D[<f32>, <one>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <row>]
//       HOPPER:     nvvm.wgmma.commit.group.sync.aligned
//       HOPPER:     nvvm.wgmma.wait.group.sync.aligned 1
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @bf16(%a: memref<4096x4096xbf16>, %b: memref<4096x4096xbf16>, %c: memref<4096x4096xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<4096x4096xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xbf16>, memref<4096x4096xbf16>) outs(%c : memref<4096x4096xf32>) {
  ^bb0(%x: bf16, %y: bf16, %sum: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 fastmath<reassoc> : f32
    linalg.yield %3 : f32
  }
  return
}

// -----

// A convolution is a product whose rows are pixels; how many there are only the
// run knows. What lies past the last is not read, and zero.
// CHECK-LABEL: func.func @conv
//      CHECK:   gpu.launch
//      CHECK:     arith.remui
//      CHECK:     %[[INSIDE:.*]] = arith.cmpi ult
//      CHECK:     %[[COUNT:.*]] = arith.select %[[INSIDE]], %c4, %c0
//      CHECK:     nvgpu.device_async_copy %{{.*}}, 4, %[[COUNT]] {bypassL1}
//      CHECK:     nvgpu.mma.sync
func.func @conv(%a: memref<?x30x30x64xf32>, %b: memref<3x3x64x128xf32>, %c: memref<?x28x28x128xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<?x28x28x128xf32>)
  linalg.generic {indexing_maps = [affine_map<(b, y, x, o, h, w, i) -> (b, y + h, x + w, i)>,
                                   affine_map<(b, y, x, o, h, w, i) -> (h, w, i, o)>,
                                   affine_map<(b, y, x, o, h, w, i) -> (b, y, x, o)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%a, %b : memref<?x30x30x64xf32>, memref<3x3x64x128xf32>) outs(%c : memref<?x28x28x128xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// One row: the matrix is read once, 16 bytes a thread, and lanes add up.
// CHECK-LABEL: func.func @vector
//      CHECK:   gpu.launch
//  CHECK-NOT:   nvgpu
// CHECK-COUNT-4: vector.load %{{.*}} {alignment = 16 : i64} : memref<589824xf32>, vector<4xf32>
//      CHECK:     gpu.shuffle xor
//      CHECK:     gpu.barrier
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @vector(%a: memref<1x768xf32>, %b: memref<768x768xf32>, %c: memref<1x768xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<1x768xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1x768xf32>, memref<768x768xf32>) outs(%c : memref<1x768xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// The plan says how large tiles are: 32x64 for a block of 8 warps, and into how
// many parts a sum is cut; another kernel adds these up.
// CHECK-LABEL: func.func @planned
//      CHECK:   memref.alloc() {{.*}} : memref<262144xf32>
//      CHECK:   gpu.launch blocks({{.*}}) in (%{{.*}} = %c128,{{.*}} threads({{.*}}) in (%{{.*}} = %c256,
//      CHECK:   gpu.launch
// CHECK-COUNT-2: memref.load
//      CHECK:   arith.addf
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @planned(%a: memref<256x1024xf32>, %b: memref<1024x512xf32>, %c: memref<256x512xf32>)
    attributes {rac.plan = #rac.plan<kind = generated, precision = f32, tiles = [32, 64], reduction = [32], registers = [32, 32], warps = 8, stages = 4, split = 2>} {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<256x512xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x1024xf32>, memref<1024x512xf32>) outs(%c : memref<256x512xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}
