// RUN: rac-opt %s --rac-gpu-transposes | FileCheck %s

#in = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#out = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
#column = affine_map<(d0, d1, d2) -> (d1)>

// Squares of 32 x 32, with a column more, by 256 threads: read along the operand's rows, written along the result's.

// CHECK-LABEL: func @turned
// CHECK: gpu.launch blocks({{.*}}) threads({{.*}}) in (%{{.*}} = %c256
// CHECK-SAME: workgroup(%[[TILE:.*]] : memref<32x33xf32, #gpu.address_space<workgroup>>)
// CHECK: %[[LANE:.*]] = arith.remui %{{.*}}, %c32
// CHECK: %[[ROW:.*]] = arith.divui %{{.*}}, %c32
// CHECK: scf.if
// CHECK: %[[X:.*]] = memref.load %arg0[
// CHECK: memref.store %[[X]], %[[TILE]][%{{.*}}, %[[LANE]]]
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK: %[[Y:.*]] = memref.load %[[TILE]][%[[LANE]], %{{.*}}]
// CHECK: %[[B:.*]] = memref.load %arg1[
// CHECK: %[[SUM:.*]] = arith.addf %[[Y]], %[[B]]
// CHECK: memref.store %[[SUM]], %arg2[
// CHECK-NOT: linalg.generic
func.func @turned(%x: memref<3x?x50xf32>, %b: memref<?xf32>, %y: memref<3x50x?xf32>) {
  linalg.generic {indexing_maps = [#in, #column, #out], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %b : memref<3x?x50xf32>, memref<?xf32>) outs(%y : memref<3x50x?xf32>) {
  ^bb0(%in: f32, %bias: f32, %old: f32):
    %0 = arith.addf %in, %bias : f32
    linalg.yield %0 : f32
  }
  return
}
