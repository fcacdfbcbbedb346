// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions),canonicalize,cse)' --split-input-file | FileCheck %s
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions{chip=sm_90a}),canonicalize,cse)' --split-input-file | FileCheck %s --check-prefix=HOPPER
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions{chip=sm_89}),canonicalize,cse)' --split-input-file | FileCheck %s --check-prefix=ADA
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-contractions{chip=simulator_sm_90a}),canonicalize,cse)' --split-input-file | FileCheck %s --check-prefix=HOPPER

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

// -----

// A padded image is read where it is: beyond its edges zeros are copied. Nothing fills or copies any more.
// CHECK-LABEL: func.func @padded
//  CHECK-NOT:   linalg
//  CHECK-NOT:   memref.subview
//      CHECK:   gpu.launch
//      CHECK:     arith.cmpi ult, %{{.*}}, %c14
//      CHECK:     arith.cmpi ult, %{{.*}}, %c14
//      CHECK:     %[[COUNT:.*]] = arith.select %{{.*}}, %c4, %c0
//      CHECK:     nvgpu.device_async_copy %{{.*}}, %{{.*}}, 4, %[[COUNT]] {bypassL1}
//  CHECK-NOT:   linalg
#in = affine_map<(n, h, w, f, i, j, c) -> (n, h + i, w + j, c)>
#taps = affine_map<(n, h, w, f, i, j, c) -> (f, i, j, c)>
#out = affine_map<(n, h, w, f, i, j, c) -> (n, h, w, f)>
func.func @padded(%x: memref<1x14x14x32xf32>, %w: memref<64x3x3x32xf32>, %y: memref<1x14x14x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %p = memref.alloc() : memref<1x16x16x32xf32>
  linalg.fill ins(%zero : f32) outs(%p : memref<1x16x16x32xf32>)
  %middle = memref.subview %p[0, 1, 1, 0] [1, 14, 14, 32] [1, 1, 1, 1] : memref<1x16x16x32xf32> to memref<1x14x14x32xf32, strided<[8192, 512, 32, 1], offset: 544>>
  linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : memref<1x14x14x32xf32>) outs(%middle : memref<1x14x14x32xf32, strided<[8192, 512, 32, 1], offset: 544>>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<1x14x14x64xf32>)
  linalg.generic {indexing_maps = [#in, #taps, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%p, %w : memref<1x16x16x32xf32>, memref<64x3x3x32xf32>) outs(%y : memref<1x14x14x64xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// What is copied into the middle is written anew before the product reads it: that reads the copy.
// CHECK-LABEL: func.func @image_changes
//       CHECK:   linalg.generic
//       CHECK:   linalg.fill {{.*}} outs(%arg0
//       CHECK:   gpu.launch
#in = affine_map<(h, w, f, i, j, c) -> (h + i, w + j, c)>
#taps = affine_map<(h, w, f, i, j, c) -> (f, i, j, c)>
#out = affine_map<(h, w, f, i, j, c) -> (h, w, f)>
func.func @image_changes(%x: memref<14x14x32xf32>, %w: memref<64x3x3x32xf32>, %y: memref<14x14x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %p = memref.alloc() : memref<16x16x32xf32>
  linalg.fill ins(%zero : f32) outs(%p : memref<16x16x32xf32>)
  %middle = memref.subview %p[1, 1, 0] [14, 14, 32] [1, 1, 1] : memref<16x16x32xf32> to memref<14x14x32xf32, strided<[512, 32, 1], offset: 544>>
  linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (a, b, c)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<14x14x32xf32>) outs(%middle : memref<14x14x32xf32, strided<[512, 32, 1], offset: 544>>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.fill ins(%one : f32) outs(%x : memref<14x14x32xf32>)
  linalg.fill ins(%zero : f32) outs(%y : memref<14x14x64xf32>)
  linalg.generic {indexing_maps = [#in, #taps, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%p, %w : memref<16x16x32xf32>, memref<64x3x3x32xf32>) outs(%y : memref<14x14x64xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Bytes without a sign, less a zero point of 100: a product of four times -100 in a register, 0x9c9c9c9c, and one of the bytes.
// CHECK-LABEL: func.func @bytes
//       CHECK:   %[[SHIFT:.*]] = arith.constant -1667457892 : i32
//       CHECK:   nvvm.mma.sync A[%[[SHIFT]], %[[SHIFT]], %[[SHIFT]], %[[SHIFT]]] B[%[[Y:.*]], %[[Z:.*]]] C[{{.*}}intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>
//  CHECK-SAME:     multiplicandAPtxType = #nvvm.mma_type<s8>, multiplicandBPtxType = #nvvm.mma_type<s8>
//       CHECK:   nvvm.mma.sync A[{{.*}}] B[%[[Y]], %[[Z]]]
//  CHECK-SAME:     multiplicandAPtxType = #nvvm.mma_type<u8>, multiplicandBPtxType = #nvvm.mma_type<s8>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @bytes(%a: memref<256x128xi8>, %b: memref<64x128xi8>, %c: memref<256x64xi32>) {
  %zero = arith.constant 0 : i32
  %point = arith.constant 100 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<256x64xi32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x128xi8>, memref<64x128xi8>) outs(%c : memref<256x64xi32>) {
  ^bb0(%x: i8, %y: i8, %sum: i32):
    %0 = arith.extui %x : i8 to i32
    %1 = arith.subi %0, %point : i32
    %2 = arith.extsi %y : i8 to i32
    %3 = arith.muli %1, %2 : i32
    %4 = arith.addi %sum, %3 : i32
    linalg.yield %4 : i32
  }
  return
}

// -----

// Neither has a sign.
// CHECK-LABEL: func.func @unsigned
//       CHECK:   nvvm.mma.sync
//  CHECK-SAME:     multiplicandAPtxType = #nvvm.mma_type<u8>, multiplicandBPtxType = #nvvm.mma_type<u8>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @unsigned(%a: memref<256x128xi8>, %b: memref<64x128xi8>, %c: memref<256x64xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<256x64xi32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x128xi8>, memref<64x128xi8>) outs(%c : memref<256x64xi32>) {
  ^bb0(%x: i8, %y: i8, %sum: i32):
    %0 = arith.extui %x : i8 to i32
    %2 = arith.extui %y : i8 to i32
    %3 = arith.muli %0, %2 : i32
    %4 = arith.addi %sum, %3 : i32
    linalg.yield %4 : i32
  }
  return
}

// -----

// Of both operands, what is read past their ends would count: by each thread's own instructions.
// CHECK-LABEL: func.func @both_points
//   CHECK-NOT:   mma.sync
//       CHECK:   arith.muli
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @both_points(%a: memref<256x128xi8>, %b: memref<64x128xi8>, %c: memref<256x64xi32>) {
  %zero = arith.constant 0 : i32
  %point = arith.constant 100 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<256x64xi32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<256x128xi8>, memref<64x128xi8>) outs(%c : memref<256x64xi32>) {
  ^bb0(%x: i8, %y: i8, %sum: i32):
    %0 = arith.extui %x : i8 to i32
    %1 = arith.subi %0, %point : i32
    %2 = arith.extui %y : i8 to i32
    %3 = arith.subi %2, %point : i32
    %4 = arith.muli %1, %3 : i32
    %5 = arith.addi %sum, %4 : i32
    linalg.yield %5 : i32
  }
  return
}

// -----

// f8: along the terms only, so both operands lie so. A step's sums are added in f32: what tensor cores add has fewer bits.
// Chips without such products widen, each thread by itself.
// ADA-LABEL: func.func @float8
//       ADA:   cp.async.wait.group
//       ADA:   vector.bitcast %{{.*}} : vector<4xf8E4M3FN> to vector<1xi32>
//       ADA:   llvm.inline_asm "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {{.*}} -> !llvm.struct<(f32, f32, f32, f32)>
//       ADA:   arith.addf
// CHECK-LABEL: func.func @float8
//   CHECK-NOT:   llvm.inline_asm
//       CHECK:   arith.extf %{{.*}} : f8E4M3FN to f32
// HOPPER-LABEL: func.func @float8
//       HOPPER:   rac.tensor_map {{.*}} sizes(%c4096, %c4096) strides(%c4096) box [{{64|128}}, 128] : memref<16777216xf8E4M3FN> -> !llvm.ptr
//       HOPPER:     nvvm.mbarrier.try_wait.parity
//       HOPPER:     nvvm.cp.async.bulk.tensor.shared.cluster.global
//       HOPPER:     nvvm.wgmma.mma_async {{.*}} <m = 64, n = 128, k = 32>, D[<f32>, <zero>], A[<e4m3>, <one>, <row>], B[<e4m3>, <one>, <col>]
// HOPPER-COUNT-3:   nvvm.wgmma.mma_async {{.*}} D[<f32>, <one>]
//       HOPPER:     nvvm.wgmma.wait.group.sync.aligned 0
//       HOPPER:     arith.addf
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @float8(%a: memref<4096x4096xf8E4M3FN>, %b: memref<4096x4096xf8E4M3FN>, %c: memref<4096x4096xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<4096x4096xf32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xf8E4M3FN>, memref<4096x4096xf8E4M3FN>) outs(%c : memref<4096x4096xf32>) {
  ^bb0(%x: f8E4M3FN, %y: f8E4M3FN, %sum: f32):
    %0 = arith.extf %x : f8E4M3FN to f32
    %1 = arith.extf %y : f8E4M3FN to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %sum, %2 fastmath<reassoc> : f32
    linalg.yield %3 : f32
  }
  return
}

// -----

// f32 by warp groups: a thread has the left factor's two parts in registers, and makes its share of a copy of the right
// one's, along the terms, while tensor cores multiply with the copy before. Of three products the smallest is first; a
// step's sums are added in f32.
//  HOPPER-LABEL: func.func @float_groups
//        HOPPER:   rac.tensor_map {{.*}} box [{{64|128}}, 32] : memref<16777216xf32> -> !llvm.ptr
//        HOPPER:   rac.tensor_map {{.*}} box [32, 32] : memref<16777216xf32> -> !llvm.ptr
//        HOPPER:   gpu.barrier
//        HOPPER:   scf.for
// HOPPER-COUNT-4:    arith.subf %{{.*}} : f32
//        HOPPER:     nvvm.wgmma.fence.aligned
//        HOPPER:     llvm.inline_asm {{.*}}setp.ne.b32 p, 0, 0; wgmma.mma_async.sync.aligned.m64n128k8.f32.tf32.tf32
//        HOPPER:     llvm.inline_asm {{.*}}setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned.m64n128k8.f32.tf32.tf32
//        HOPPER:     llvm.inline_asm {{.*}}setp.ne.b32 p, 1, 0; wgmma.mma_async.sync.aligned.m64n128k8.f32.tf32.tf32
//        HOPPER:     nvvm.wgmma.fence.aligned
//        HOPPER:     nvvm.wgmma.commit.group.sync.aligned
//        HOPPER:     nvvm.mbarrier.try_wait.parity
// HOPPER-COUNT-4:    memref.load
//        HOPPER:     vector.from_elements
//        HOPPER:     arith.subf %{{.*}} : vector<4xf32>
// HOPPER-COUNT-2:    vector.store
//        HOPPER:     nvvm.fence.proxy
//        HOPPER:     nvvm.wgmma.wait.group.sync.aligned 0
//        HOPPER:     arith.addf
//        HOPPER:     gpu.barrier
//        HOPPER:     scf.yield
//    HOPPER-NOT:   mma.sync
func.func @float_groups(%a: memref<4096x4096xf32>, %b: memref<4096x4096xf32>, %c: memref<4096x4096xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<4096x4096xf32>)
  linalg.matmul ins(%a, %b : memref<4096x4096xf32>, memref<4096x4096xf32>) outs(%c : memref<4096x4096xf32>)
  return
}

// -----

// Bytes by warp groups: their sums wrap, stay in tensor cores' own registers and are waited for a step later.
// HOPPER-LABEL: func.func @byte_groups
//       HOPPER:   rac.tensor_map {{.*}} sizes(%c4096, %c4096) strides(%c4096) box [{{64|128}}, 128] : memref<16777216xi8> -> !llvm.ptr
//       HOPPER:     nvvm.mbarrier.try_wait.parity
//       HOPPER:     nvvm.cp.async.bulk.tensor.shared.cluster.global
// HOPPER-COUNT-4:   nvvm.wgmma.mma_async {{.*}} <m = 64, n = 256, k = 32>, D[<s32>, <one>, <wrapped>], A[<u8>, <one>, <row>], B[<s8>, <one>, <col>]
//       HOPPER:     nvvm.wgmma.wait.group.sync.aligned 1
//   HOPPER-NOT:     mma.sync
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @byte_groups(%a: memref<4096x4096xi8>, %b: memref<4096x4096xi8>, %c: memref<4096x4096xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<4096x4096xi32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xi8>, memref<4096x4096xi8>) outs(%c : memref<4096x4096xi32>) {
  ^bb0(%x: i8, %y: i8, %sum: i32):
    %0 = arith.extui %x : i8 to i32
    %1 = arith.extsi %y : i8 to i32
    %3 = arith.muli %0, %1 : i32
    %4 = arith.addi %sum, %3 : i32
    linalg.yield %4 : i32
  }
  return
}

// -----

// A zero point of the left operand is one more product, of registers with four times -100 each that nothing else writes
// meanwhile.
// HOPPER-LABEL: func.func @byte_groups_point
//       HOPPER:   %[[SHIFT:.*]] = arith.constant -1667457892 : i32
//       HOPPER:   %[[HELD:.*]] = llvm.inline_asm has_side_effects "", "=r,=r,=r,=r,0,1,2,3" %[[SHIFT]], %[[SHIFT]], %[[SHIFT]], %[[SHIFT]]
//       HOPPER:   %[[REGISTER:.*]] = llvm.extractvalue %[[HELD]][0]
//       HOPPER:   nvvm.wgmma.fence.aligned
//       HOPPER:   llvm.inline_asm has_side_effects "{{.*}}wgmma.mma_async.sync.aligned.m64n256k32.s32.s8.u8 {{.*}}, p; }", {{.*}} %[[REGISTER]],
//       HOPPER:   nvvm.wgmma.mma_async {{.*}} A[<s8>, <one>, <row>], B[<u8>, <one>, <col>]
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @byte_groups_point(%a: memref<4096x4096xi8>, %b: memref<4096x4096xi8>, %c: memref<4096x4096xi32>) {
  %zero = arith.constant 0 : i32
  %point = arith.constant 100 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<4096x4096xi32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xi8>, memref<4096x4096xi8>) outs(%c : memref<4096x4096xi32>) {
  ^bb0(%x: i8, %y: i8, %sum: i32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.extui %y : i8 to i32
    %2 = arith.subi %0, %point : i32
    %3 = arith.muli %2, %1 : i32
    %4 = arith.addi %sum, %3 : i32
    linalg.yield %4 : i32
  }
  return
}

// -----

// One of the right operand would have to be in shared memory: single warps, which have it in registers.
// HOPPER-LABEL: func.func @right_point
//   HOPPER-NOT:   wgmma
//       HOPPER:   nvvm.mma.sync
//   HOPPER-NOT:   wgmma
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @right_point(%a: memref<4096x4096xi8>, %b: memref<4096x4096xi8>, %c: memref<4096x4096xi32>) {
  %zero = arith.constant 0 : i32
  %point = arith.constant 100 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<4096x4096xi32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xi8>, memref<4096x4096xi8>) outs(%c : memref<4096x4096xi32>) {
  ^bb0(%x: i8, %y: i8, %sum: i32):
    %0 = arith.extui %x : i8 to i32
    %1 = arith.extui %y : i8 to i32
    %2 = arith.subi %1, %point : i32
    %3 = arith.muli %0, %2 : i32
    %4 = arith.addi %sum, %3 : i32
    linalg.yield %4 : i32
  }
  return
}

// -----

// Of bytes that don't lie along the terms warp groups multiply none.
// HOPPER-LABEL: func.func @bytes_along_columns
//   HOPPER-NOT:   wgmma
//       HOPPER:   nvvm.mma.sync
//   HOPPER-NOT:   wgmma
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @bytes_along_columns(%a: memref<4096x4096xi8>, %b: memref<4096x4096xi8>, %c: memref<4096x4096xi32>) {
  %zero = arith.constant 0 : i32
  linalg.fill ins(%zero : i32) outs(%c : memref<4096x4096xi32>)
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4096x4096xi8>, memref<4096x4096xi8>) outs(%c : memref<4096x4096xi32>) {
  ^bb0(%x: i8, %y: i8, %sum: i32):
    %0 = arith.extui %x : i8 to i32
    %1 = arith.extsi %y : i8 to i32
    %3 = arith.muli %0, %1 : i32
    %4 = arith.addi %sum, %3 : i32
    linalg.yield %4 : i32
  }
  return
}
