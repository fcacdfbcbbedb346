// RUN: rac-opt %s --rac-gpu-tiles --canonicalize --cse --split-input-file | FileCheck %s

#full = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A softmax: a warp has a row of 256 elements, 8 a thread, in registers. It reads them once, 4 at a time, and writes them once.
// CHECK-LABEL: func @softmax
// CHECK: gpu.launch {{.*}} threads({{.*}}) in ({{.*}} = %c128
// CHECK-COUNT-2: vector.load %arg0{{.*}}alignment = 16
// CHECK-NOT: memref.load
// CHECK-NOT: vector.load
// CHECK-COUNT-5: gpu.shuffle  xor
// CHECK-NOT: gpu.barrier
// CHECK-COUNT-8: math.exp
// CHECK-COUNT-5: gpu.shuffle  xor
// CHECK-COUNT-2: vector.store {{.*}}, %arg1{{.*}}alignment = 16
// CHECK-NOT: linalg
func.func @softmax(%x: memref<1000x256xf32>, %y: memref<1000x256xf32>) {
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %stat = memref.alloc() : memref<1000xf32>
  %exps = memref.alloc() : memref<1000x256xf32>
  linalg.fill ins(%lowest : f32) outs(%stat : memref<1000xf32>)
  linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<1000x256xf32>) outs(%stat : memref<1000xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %in, %out : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]} ins(%x, %stat : memref<1000x256xf32>, memref<1000xf32>) outs(%exps : memref<1000x256xf32>) {
  ^bb0(%in: f32, %max: f32, %out: f32):
    %0 = arith.subf %in, %max : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  }
  linalg.fill ins(%zero : f32) outs(%stat : memref<1000xf32>)
  linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]} ins(%exps : memref<1000x256xf32>) outs(%stat : memref<1000xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]} ins(%exps, %stat : memref<1000x256xf32>, memref<1000xf32>) outs(%y : memref<1000x256xf32>) {
  ^bb0(%in: f32, %sum: f32, %out: f32):
    %0 = arith.divf %in, %sum : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#full = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// Rows of unknown length: vectors if all rows are aligned, a block a row if they are long, and what was computed of the elements for
// the sum is computed again for the result.
// CHECK-LABEL: func @normalise
// CHECK: %[[REST:.*]] = arith.remui %{{.*}}, %c4
// CHECK: arith.cmpi eq, %[[REST]], %c0
// CHECK: scf.if
// CHECK: %[[LONG:.*]] = arith.cmpi ugt, %{{.*}}, %c1024
// CHECK: scf.if %[[LONG]]
// CHECK: gpu.launch {{.*}} threads({{.*}}) in ({{.*}} = %c512
// CHECK-SAME: workgroup
// CHECK: scf.for
// CHECK: vector.load %arg0
// CHECK: math.absf
// CHECK: gpu.barrier
// CHECK: scf.for
// CHECK: vector.load %arg0
// CHECK: math.absf
// CHECK: vector.store
// CHECK: else
// CHECK: gpu.launch {{.*}} threads({{.*}}) in ({{.*}} = %c128
// CHECK-NOT: gpu.barrier
// CHECK: else
// CHECK-COUNT-2: gpu.launch
func.func @normalise(%x: memref<?x?xf32>, %y: memref<?x?xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?x?xf32>
  %m = memref.dim %x, %c1 : memref<?x?xf32>
  %abs = memref.alloc(%n, %m) : memref<?x?xf32>
  %sum = memref.alloc(%n) : memref<?xf32>
  linalg.generic {indexing_maps = [#full, #full], iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x?xf32>) outs(%abs : memref<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.absf %in : f32
    linalg.yield %0 : f32
  }
  linalg.fill ins(%zero : f32) outs(%sum : memref<?xf32>)
  linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]} ins(%abs : memref<?x?xf32>) outs(%sum : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]} ins(%abs, %sum : memref<?x?xf32>, memref<?xf32>) outs(%y : memref<?x?xf32>) {
  ^bb0(%in: f32, %s: f32, %out: f32):
    %0 = arith.divf %in, %s : f32
    linalg.yield %0 : f32
  }
  return
}
