// RUN: rac-opt %s --rac-gpu-attention --canonicalize --cse | FileCheck %s

#q = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
#k = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#v = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
#s = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>
#columns = affine_map<(d0, d1, d2) -> (d0, d2)>

// Two blocks have the rows of each of the outer dimension's two. All that is as large as the scores stays in registers: what is
// added to them, the largest of each row so far, by which sums are scaled when it grows, and their exponentials.
// CHECK-LABEL: func @attention
// CHECK-NOT: memref.alloc
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c4, {{.*}} threads({{.*}}) in ({{.*}} = %c128, {{.*}} dynamic_shared_memory_size
// The next columns are copied while some are used; keys whose elements aren't next to each other are loaded.
// CHECK: nvgpu.device_async_copy %arg0
// CHECK: memref.load %arg1
// CHECK: nvgpu.device_async_copy %arg2
// CHECK: scf.for {{.*}} = %c0 to %c70 step %c64
// CHECK: nvvm.cp.async.wait.group 0
// CHECK: gpu.barrier
// CHECK: memref.load %arg1
// CHECK: nvgpu.device_async_copy %arg2
// CHECK: nvvm.cp.async.commit.group
// CHECK-COUNT-3: nvgpu.mma.sync({{.*}}mmaShape = [16, 8, 8], tf32Enabled
// CHECK: vector.load %arg3
// CHECK: arith.maximumf
// CHECK: gpu.shuffle
// CHECK: math.exp
// CHECK: nvgpu.mma.sync(
// CHECK: scf.yield
// CHECK: arith.divf
// CHECK: vector.store {{.*}} %arg4{{.*}} vector<2xf32>
// CHECK-NOT: linalg
func.func @attention(%q: memref<2x100x64xf32>, %k: memref<2x64x70xf32>, %v: memref<2x70x64xf32>, %mask: memref<2x70xf32>, %y: memref<2x100x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scores = memref.alloc() : memref<2x100x70xf32>
  %stat = memref.alloc() : memref<2x100xf32>
  linalg.fill ins(%zero : f32) outs(%scores : memref<2x100x70xf32>)
  linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : memref<2x100x64xf32>, memref<2x64x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#all, #columns, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %mask : memref<2x100x70xf32>, memref<2x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %m: f32, %out: f32):
    %0 = arith.addf %s, %m : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%lowest : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.maximumf %s, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %max: f32, %out: f32):
    %0 = arith.subf %s, %max : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.addf %s, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %sum: f32, %out: f32):
    %0 = arith.divf %one, %sum : f32
    %1 = arith.mulf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<2x100x64xf32>)
  linalg.generic {indexing_maps = [#q, #v, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%scores, %v : memref<2x100x70xf32>, memref<2x70x64xf32>) outs(%y : memref<2x100x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// Of halves a block has twice the rows; of its own a warp keeps the queries in registers. The weights are rounded to halves, and
// their exponentials are the instruction's.
// CHECK-LABEL: func @halves
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c2, {{.*}} threads({{.*}}) in ({{.*}} = %c256
// CHECK: nvvm.cp.async.wait.group 1
// CHECK: nvgpu.ldmatrix
// CHECK: scf.for
// CHECK: nvgpu.ldmatrix
// CHECK: nvgpu.mma.sync({{.*}}mmaShape = [16, 8, 16]} : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>)
// CHECK: math.fma
// CHECK: math.exp2 {{.*}} fastmath<afn>
// CHECK: arith.truncf {{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK: nvgpu.ldmatrix {{.*}}transpose = true
// CHECK: nvgpu.mma.sync({{.*}}mmaShape = [16, 8, 16]
// CHECK-NOT: linalg
func.func @halves(%q: memref<2x100x64xbf16>, %k: memref<2x64x70xbf16>, %v: memref<2x70x64xbf16>, %mask: memref<2x70xf32>, %y: memref<2x100x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scores = memref.alloc() : memref<2x100x70xf32>
  %stat = memref.alloc() : memref<2x100xf32>
  linalg.fill ins(%zero : f32) outs(%scores : memref<2x100x70xf32>)
  linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : memref<2x100x64xbf16>, memref<2x64x70xbf16>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%a: bf16, %b: bf16, %out: f32):
    %x = arith.extf %a : bf16 to f32
    %z = arith.extf %b : bf16 to f32
    %0 = arith.mulf %x, %z : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#all, #columns, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %mask : memref<2x100x70xf32>, memref<2x70xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %m: f32, %out: f32):
    %0 = arith.addf %s, %m : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%lowest : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.maximumf %s, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %max: f32, %out: f32):
    %0 = arith.subf %s, %max : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%stat : memref<2x100xf32>)
  linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%scores : memref<2x100x70xf32>) outs(%stat : memref<2x100xf32>) {
  ^bb0(%s: f32, %out: f32):
    %0 = arith.addf %s, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scores, %stat : memref<2x100x70xf32>, memref<2x100xf32>) outs(%scores : memref<2x100x70xf32>) {
  ^bb0(%s: f32, %sum: f32, %out: f32):
    %0 = arith.divf %one, %sum : f32
    %1 = arith.mulf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%y : memref<2x100x64xf32>)
  linalg.generic {indexing_maps = [#q, #v, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%scores, %v : memref<2x100x70xf32>, memref<2x70x64xbf16>) outs(%y : memref<2x100x64xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %z = arith.extf %b : bf16 to f32
    %0 = arith.mulf %a, %z : f32
    %1 = arith.addf %out, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}
