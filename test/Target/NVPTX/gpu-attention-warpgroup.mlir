// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-attention{chip=sm_90a},canonicalize,cse))' | FileCheck %s
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-gpu-attention{chip=sm_80}))' | FileCheck %s --check-prefix=WARPS

#q = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#k = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
#v = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#s = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>

// A block has two warp groups of 64 rows each. Only the last tile has columns that are missing, and tiles around the diagonal some
// that are hidden: what comes before takes no comparison. While the values of a tile are added up, and the next tiles copied,
// weights are made of the next scores.
// WARPS-LABEL: func @causal
// WARPS-NOT: wgmma
// WARPS: nvgpu.mma.sync
// WARPS-NOT: wgmma
// CHECK-LABEL: func @causal
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c6, {{.*}} threads({{.*}}) in ({{.*}} = %c256
// CHECK: nvgpu.device_async_copy %arg0
// CHECK: nvgpu.device_async_copy %arg1
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvgpu.device_async_copy %arg2
// CHECK: nvvm.fence.proxy
// CHECK: gpu.barrier
// CHECK: nvvm.wgmma.fence.aligned
// CHECK: nvvm.wgmma.mma_async {{.*}}<m = 64, n = 128, k = 16>, D[<f32>, <zero>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <col>]
// CHECK-COUNT-3: nvvm.wgmma.mma_async {{.*}}D[<f32>, <one>]
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK: arith.cmpi s{{lt|gt}}
// CHECK: scf.for
// CHECK: arith.cmpi s{{lt|gt}}
// CHECK: scf.yield
// CHECK: scf.for
// CHECK-NEXT: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK: nvvm.cp.async.wait.group
// CHECK: gpu.barrier
// CHECK: arith.truncf {{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK: nvvm.wgmma.fence.aligned
// CHECK: nvvm.wgmma.mma_async
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK-COUNT-8: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK: nvgpu.device_async_copy
// CHECK: nvvm.wgmma.wait.group.sync.aligned 1
// CHECK-NOT: arith.cmpi s{{lt|gt}}
// CHECK: arith.maximumf
// CHECK: math.exp2 {{.*}} fastmath<afn>
// CHECK-NOT: nvvm.wgmma.wait.group
// CHECK: scf.yield
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// CHECK: arith.divf
// CHECK-NOT: linalg
func.func @causal(%q: memref<2x300x64xbf16>, %k: memref<2x700x64xbf16>, %v: memref<2x700x64xbf16>, %y: memref<2x300x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %eighth = arith.constant 0.125 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scores = memref.alloc() : memref<2x300x700xf32>
  %stat = memref.alloc() : memref<2x300xf32>
  linalg.fill ins(%zero : f32) outs(%scores : memref<2x300x700xf32>)
  linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : memref<2x300x64xbf16>, memref<2x700x64xbf16>) outs(%scores : memref<2x300x700xf32>) {
  ^bb0(%a: bf16, %b: bf16, %out: f32):
    %x = arith.extf %a : bf16 to f32
    %z = arith.extf %b : bf16 to f32
    %0 = arith.mulf %x, %z : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores : memref<2x300x700xf32>) outs(%scores : memref<2x300x700xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.mulf %s, %eighth : f32
    %row = linalg.index 1 : index
    %column = linalg.index 2 : index
    %later = arith.cmpi ult, %row, %column : index
    %1 = arith.select %later, %lowest, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%lowest : f32) outs(%stat : memref<2x300xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x300x700xf32>) outs(%stat : memref<2x300xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.maximumf %s, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x300x700xf32>, memref<2x300xf32>) outs(%scores : memref<2x300x700xf32>) {
  ^bb0(%s: f32, %max: f32, %out: f32):
    %0 = arith.subf %s, %max : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%stat : memref<2x300xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x300x700xf32>) outs(%stat : memref<2x300xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.addf %s, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x300x700xf32>, memref<2x300xf32>) outs(%scores : memref<2x300x700xf32>) {
  ^bb0(%s: f32, %sum: f32, %out: f32):
    %0 = arith.divf %one, %sum : f32
    %1 = arith.mulf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<2x300x64xf32>)
  linalg.generic {indexing_maps = [#q, #v, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%scores, %v : memref<2x300x700xf32>, memref<2x700x64xbf16>) outs(%y : memref<2x300x64xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %z = arith.extf %b : bf16 to f32
    %0 = arith.mulf %a, %z : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}
