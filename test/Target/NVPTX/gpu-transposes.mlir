// RUN: rac-opt %s --rac-gpu-transposes --canonicalize --cse --split-input-file | FileCheck %s

#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#turned = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
#last = affine_map<(d0, d1, d2) -> (d2)>

// A block turns a tile of 32 by 32 round in shared memory, four rows a thread, and reads and writes along memory. Tiles at the
// ends are guarded; what else is read is so where results are.

// CHECK-LABEL: func @turned
// CHECK: %[[M:.*]] = memref.dim %arg0, %c2
// CHECK: gpu.launch {{.*}} threads({{.*}}) in (%{{.*}} = %c256, {{.*}} workgroup(%[[TILE:.*]] : memref<32x33xf32, #gpu.address_space<workgroup>>)
// CHECK: %[[IN:.*]] = arith.cmpi ult, %[[COLUMN:.*]], %[[M]]
// CHECK: %[[BOTH:.*]] = arith.andi %[[IN]], %{{.*}}
// CHECK: %[[X:.*]] = scf.if %[[BOTH]]
// CHECK: memref.load %arg0[%[[I:.*]], %{{.*}}, %[[COLUMN]]]
// CHECK-COUNT-3: memref.load %arg0
// CHECK: memref.store %[[X]], %[[TILE]][%[[ROW:.*]], %[[LANE:.*]]]
// CHECK-COUNT-3: memref.store %{{.*}}, %[[TILE]]
// CHECK: gpu.barrier
// CHECK: %[[OUT:.*]] = arith.cmpi ult, %[[C:.*]], %c100
// CHECK: scf.if
// CHECK: memref.load %[[TILE]][%[[LANE]], %[[ROW]]]
// CHECK: memref.load %arg1[%[[C]]]
// CHECK: memref.store %{{.*}}, %arg2[%[[I]], %{{.*}}, %[[C]]]
// CHECK-COUNT-3: memref.store %{{.*}}, %arg2
func.func @turned(%x: memref<?x100x?xf32>, %bias: memref<100xf32>, %y: memref<?x?x100xf32>) {
  linalg.generic {indexing_maps = [#turned, #last, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %bias : memref<?x100x?xf32>, memref<100xf32>) outs(%y : memref<?x?x100xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// A named op.
// CHECK-LABEL: func @named
// CHECK-NOT: linalg
// CHECK: gpu.launch {{.*}} workgroup(%{{.*}} : memref<32x33xi8
func.func @named(%x: memref<64x128xi8>, %y: memref<128x64xi8>) {
  linalg.transpose ins(%x : memref<64x128xi8>) outs(%y : memref<128x64xi8>) permutation = [1, 0]
  return
}

// -----

// Of 16 bits two neighbours are read, and written, at once: a tile has 64 by 64, and two of its lines that become
// neighbours lie 32 apart. Whole tiles need no guards.
// CHECK-LABEL: func @pairs
// CHECK: gpu.launch {{.*}} workgroup(%[[TILE:.*]] : memref<64x66xbf16, #gpu.address_space<workgroup>>)
// CHECK-NOT: scf.if
// CHECK-COUNT-8: vector.load %arg0{{.*}} {alignment = 4 : i64} : memref<128x256xbf16>, vector<2xbf16>
// CHECK-COUNT-8: vector.store %{{.*}}, %[[TILE]]
// CHECK: gpu.barrier
// CHECK: vector.load %[[TILE]]{{.*}} vector<2xbf16>
// CHECK: vector.load %[[TILE]]{{.*}} vector<2xbf16>
// CHECK: vector.store %{{.*}}, %arg1{{.*}} {alignment = 4 : i64} : memref<256x128xbf16>, vector<2xbf16>
// CHECK: vector.store %{{.*}}, %arg1
func.func @pairs(%x: memref<128x256xbf16>, %y: memref<256x128xbf16>) {
  linalg.transpose ins(%x : memref<128x256xbf16>) outs(%y : memref<256x128xbf16>) permutation = [1, 0]
  return
}
