// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-distribute-loops{threads=1}))' | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-distribute-loops{threads=4}))' | FileCheck %s --check-prefixes=CHECK,FOUR

// Loops are flattened until each of several threads has 32 iterations.

// CHECK-LABEL: func.func @blocks
// ONE: rac.parallel_for %c4
// ONE: scf.for
// ONE: scf.for %{{.*}} = %c0{{.*}} to %c12
// ONE: scf.for %{{.*}} = %c0{{.*}} to %c4
// ONE: scf.for %{{.*}} = %c0{{.*}} to %c8
// FOUR: rac.parallel_for %c192
// FOUR: scf.for
// FOUR: arith.remui
// FOUR: arith.divui
// FOUR: arith.remui
// FOUR: arith.divui
// FOUR: scf.for %{{.*}} = %c0{{.*}} to %c8
// CHECK-NOT: arith.remui
// CHECK-NOT: scf.for
// CHECK: memref.store
func.func @blocks(%m: memref<4x12x4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c12 = arith.constant 12 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j, %k, %l) = (%c0, %c0, %c0, %c0) to (%c4, %c12, %c4, %c8) step (%c1, %c1, %c1, %c1) {
    memref.store %zero, %m[%i, %j, %k, %l] : memref<4x12x4x8xf32>
    scf.reduce
  }
  return
}

// A plan may want fewer threads than there are.

// CHECK-LABEL: func.func @planned
// CHECK: rac.parallel_for %c4{{.*}} threads 1 {
func.func @planned(%m: memref<4x12x4x8xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, threads = 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c12 = arith.constant 12 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j, %k, %l) = (%c0, %c0, %c0, %c0) to (%c4, %c12, %c4, %c8) step (%c1, %c1, %c1, %c1) {
    memref.store %zero, %m[%i, %j, %k, %l] : memref<4x12x4x8xf32>
    scf.reduce
  }
  return
}

// A first loop of one iteration takes no division.

// CHECK-LABEL: func.func @batch_of_one
// CHECK: rac.parallel_for %c256
// CHECK: scf.for %[[I:[a-z0-9]*]] =
// CHECK-NOT: arith.remui
// CHECK: memref.store %{{.*}}[%c0{{.*}}, %[[I]], %{{.*}}]
func.func @batch_of_one(%m: memref<1x256x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c256 = arith.constant 256 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j, %k) = (%c0, %c0, %c0) to (%c1, %c256, %c8) step (%c1, %c1, %c1) {
    memref.store %zero, %m[%i, %j, %k] : memref<1x256x8xf32>
    scf.reduce
  }
  return
}

// How many iterations a first loop has, only the run knows: several threads share all that they can.

// CHECK-LABEL: func.func @dynamic
// ONE-NOT: arith.remui
// FOUR: arith.remui
// CHECK: memref.store
func.func @dynamic(%m: memref<?x4x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j, %k) = (%c0, %c0, %c0) to (%n, %c4, %c8) step (%c1, %c1, %c1) {
    memref.store %zero, %m[%i, %j, %k] : memref<?x4x8xf32>
    scf.reduce
  }
  return
}
