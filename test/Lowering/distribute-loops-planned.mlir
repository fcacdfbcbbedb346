// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-distribute-loops{min-work=1000 min-planned-work=16}))' | FileCheck %s

// Where a plan has threads share a group, less work is worth one of them: here
// 1 op and its loop's for each of 4 elements.

// CHECK-LABEL: func.func @unplanned
// CHECK: %[[GRAIN:.*]] = arith.constant 250 : index
// CHECK: rac.parallel_for %{{.*}} grain %[[GRAIN]]
func.func @unplanned(%m: memref<64x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j) = (%c0, %c0) to (%c64, %c4) step (%c1, %c1) {
    memref.store %zero, %m[%i, %j] : memref<64x4xf32>
    scf.reduce
  }
  return
}

// CHECK-LABEL: func.func @planned
// CHECK: %[[GRAIN:.*]] = arith.constant 4 : index
// CHECK: rac.parallel_for %{{.*}} grain %[[GRAIN]]
func.func @planned(%m: memref<64x4xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j) = (%c0, %c0) to (%c64, %c4) step (%c1, %c1) {
    memref.store %zero, %m[%i, %j] : memref<64x4xf32>
    scf.reduce
  }
  return
}
