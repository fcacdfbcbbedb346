// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-distribute-loops{min-work=1000}))' | FileCheck %s

// The first two dimensions are shared, the last stays whole for vectors.

// CHECK-LABEL: func.func @nest
// CHECK: rac.parallel_for %{{.*}} grain %{{.*}} threads 0 {
// CHECK: ^bb0(%[[LOW:.*]]: index, %[[HIGH:.*]]: index):
// CHECK: scf.for %[[I:.*]] = %[[LOW]] to %[[HIGH]]
// CHECK: arith.remui %[[I]]
// CHECK: arith.divui %[[I]]
// CHECK: scf.for
// CHECK: memref.store
func.func @nest(%m: memref<4x8x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j, %k) = (%c0, %c0, %c0) to (%c4, %c8, %c16) step (%c1, %c1, %c1) {
    memref.store %zero, %m[%i, %j, %k] : memref<4x8x16xf32>
    scf.reduce
  }
  return
}

// A parallel loop inside another loop is sequential.

// CHECK-LABEL: func.func @inner
// CHECK-NOT: rac.parallel_for
// CHECK: scf.for
// CHECK: scf.for
func.func @inner(%m: memref<4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c4 step %c1 {
    scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
      memref.store %zero, %m[%i, %j] : memref<4x8xf32>
      scf.reduce
    }
  }
  return
}

// Columns that each thread has in whole, inside them the rows that threads share.

// CHECK-LABEL: func.func @rows
// CHECK: %[[ROWS:.*]] = arith.constant 98 : index
// CHECK: rac.parallel_for %[[ROWS]] grain %{{.*}} threads 0 {
// CHECK: ^bb0(%[[LOW:.*]]: index, %[[HIGH:.*]]: index):
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c120{{.*}} step %c32{{.*}} {
// CHECK: scf.for %[[ROW:.*]] = %[[LOW]] to %[[HIGH]]
// CHECK: arith.muli %[[ROW]], %c8
func.func @rows(%m: memref<784x120xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c120 = arith.constant 120 : index
  %c784 = arith.constant 784 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%j, %i) = (%c0, %c0) to (%c120, %c784) step (%c32, %c8) {
    scf.for %k = %c0 to %c8 step %c1 {
      memref.store %zero, %m[%k, %j] : memref<784x120xf32>
    }
    scf.reduce
  } {rac.shared_from = 1 : i64}
  return
}

// Loops in a condition, as at the ends of rows and columns, are inner loops, too: the last dimension is shared.

// CHECK-LABEL: func.func @conditional
// CHECK: %[[ALL:.*]] = arith.constant 392 : index
// CHECK: rac.parallel_for %[[ALL]]
func.func @conditional(%m: memref<784x120xf32>, %some: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %c120 = arith.constant 120 : index
  %c784 = arith.constant 784 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%j, %i) = (%c0, %c0) to (%c120, %c784) step (%c32, %c8) {
    scf.if %some {
      scf.for %k = %c0 to %c8 step %c1 {
        memref.store %zero, %m[%k, %j] : memref<784x120xf32>
      }
    }
    scf.reduce
  }
  return
}

// One image's rows are shared though they are the last dimension: there is nothing else to share.

// CHECK-LABEL: func.func @one_image
// CHECK: rac.parallel_for %c3136{{.*}} grain
// CHECK: scf.for %[[I:.*]] = %{{.*}} to
// CHECK-NOT: arith.divui
// CHECK: return
func.func @one_image(%m: memref<1x50176xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c50176 = arith.constant 50176 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  scf.parallel (%n, %i) = (%c0, %c0) to (%c1, %c50176) step (%c1, %c16) {
    vector.store %zero, %m[%n, %i] : memref<1x50176xf32>, vector<16xf32>
    scf.reduce
  }
  return
}

// One iteration is nothing to share.
// CHECK-LABEL: func @one_iteration
// CHECK-NOT: rac.parallel_for
// CHECK: scf.for
// CHECK: memref.store
func.func @one_iteration(%y: memref<1x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i, %j) = (%c0, %c0) to (%c1, %c4) step (%c1, %c4) {
    memref.store %zero, %y[%i, %j] : memref<1x4xf32>
    scf.reduce
  }
  return
}
