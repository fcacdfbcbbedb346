// RUN: rac-opt %s --rac-gpu-loops --canonicalize --cse --split-input-file | FileCheck %s

// A thread for each of the iterations, which don't start at 0 nor go by 1.
// CHECK-LABEL: func @parallel
// CHECK: %[[EXTENT:.*]] = arith.subi %{{.*}}, %arg2
// CHECK: %[[TRIPS:.*]] = arith.ceildivsi %[[EXTENT]], %c2
// CHECK: %[[SOME:.*]] = arith.maxsi %[[TRIPS]], %c0
// CHECK: %[[COUNT:.*]] = arith.muli %[[SOME]], %c3
// CHECK: gpu.launch
// CHECK: arith.cmpi ult, %{{.*}}, %[[COUNT]]
// CHECK: %[[J:.*]] = arith.remui %[[ITEM:.*]], %c3
// CHECK: %[[TRIP:.*]] = arith.divui %[[ITEM]], %c3
// CHECK: %[[STEPS:.*]] = arith.muli %[[TRIP]], %c2
// CHECK: %[[I:.*]] = arith.addi %[[STEPS]], %arg2
// CHECK: memref.load %arg0[%[[I]], %[[J]]]
// CHECK: memref.store %{{.*}}, %arg1[%[[I]], %[[J]]]
func.func @parallel(%x: memref<?x3xf32>, %y: memref<?x3xf32>, %low: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %n = memref.dim %x, %c0 : memref<?x3xf32>
  scf.parallel (%i, %j) = (%low, %c0) to (%n, %c3) step (%c2, %c1) {
    %0 = memref.load %x[%i, %j] : memref<?x3xf32>
    memref.store %0, %y[%i, %j] : memref<?x3xf32>
  }
  return
}

// -----

// What is sequential is done by one thread, and what it computed goes through memory.
// CHECK-LABEL: func @sequential
// CHECK: %[[RESULT:.*]] = memref.alloc() : memref<f32>
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1)
// CHECK: %[[SUM:.*]] = scf.for
// CHECK: memref.store %[[SUM]], %[[RESULT]][]
// CHECK: gpu.terminator
// CHECK: %[[READ:.*]] = rac.read %[[RESULT]][]
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1)
// CHECK-NEXT: memref.store %[[READ]], %arg1[]
func.func @sequential(%x: memref<?xf32>, %y: memref<f32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> f32 {
    %0 = memref.load %x[%i] : memref<?xf32>
    %1 = arith.addf %s, %0 : f32
    scf.yield %1 : f32
  }
  memref.store %sum, %y[] : memref<f32>
  return
}

// -----

// The host runs the loop around a parallel one, where each step takes what all of the one before gave, and reads how often.
// CHECK-LABEL: func @host_loop
// CHECK: %[[READ:.*]] = rac.read %arg1[]
// CHECK: %[[TRIPS:.*]] = arith.index_cast %[[READ]]
// CHECK: scf.for %[[I:.*]] = %c1 to %[[TRIPS]] step %c1
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c32, {{.*}} = %c1, {{.*}} = %c1)
// CHECK: memref.store %{{.*}}, %arg0[%[[I]],
func.func @host_loop(%x: memref<?x8xf32>, %trips: memref<i64>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = memref.load %trips[] : memref<i64>
  %n = arith.index_cast %t : i64 to index
  scf.for %i = %c1 to %n step %c1 {
    %before = arith.subi %i, %c1 : index
    scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
      %opposite = arith.subi %c8, %j : index
      %0 = memref.load %x[%before, %opposite] : memref<?x8xf32>
      %1 = arith.addf %0, %0 : f32
      memref.store %1, %x[%i, %j] : memref<?x8xf32>
    }
  }
  return
}

// -----

// A small buffer is each thread's own, and a parallel loop in a thread a loop.
// CHECK-LABEL: func @own
// CHECK: gpu.launch
// CHECK-NEXT: %[[OWN:.*]] = memref.alloca() : memref<4xf32>
// CHECK: scf.if
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[OWN]]
// CHECK: memref.load %[[OWN]]
func.func @own(%x: memref<64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c64 = arith.constant 64 : index
  scf.parallel (%i) = (%c0) to (%c64) step (%c1) {
    %own = memref.alloc() : memref<4xf32>
    scf.parallel (%j) = (%c0) to (%c4) step (%c1) {
      %0 = memref.load %x[%i] : memref<64xf32>
      memref.store %0, %own[%j] : memref<4xf32>
    }
    %1 = memref.load %own[%c0] : memref<4xf32>
    memref.store %1, %x[%i] : memref<64xf32>
  }
  return
}

// -----

// A large one is not: one iteration after the other has it, with a kernel for what is in it.
// CHECK-LABEL: func @large
// CHECK: scf.for
// CHECK: %[[ALLOC:.*]] = memref.alloc() : memref<2048xf32>
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c8, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c256, {{.*}} = %c1, {{.*}} = %c1)
// CHECK: memref.store %{{.*}}, %[[ALLOC]]
// CHECK: rac.read %[[ALLOC]][%c0]
// CHECK: gpu.launch
func.func @large(%x: memref<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c2048 = arith.constant 2048 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c2) step (%c1) {
    %own = memref.alloc() : memref<2048xf32>
    scf.parallel (%j) = (%c0) to (%c2048) step (%c1) {
      memref.store %zero, %own[%j] : memref<2048xf32>
    }
    %1 = memref.load %own[%c0] : memref<2048xf32>
    memref.store %1, %x[%i] : memref<2xf32>
  }
  return
}

// -----

// Whether there is more is in memory.
// CHECK-LABEL: func @while
// CHECK: scf.while
// CHECK: %[[MORE:.*]] = rac.read %arg1[]
// CHECK: scf.condition(%[[MORE]])
// CHECK: gpu.launch
// CHECK: gpu.launch
// CHECK: memref.store %false, %arg1[]
func.func @while(%x: memref<?xf32>, %more: memref<i1>) {
  scf.while : () -> () {
    %0 = memref.load %more[] : memref<i1>
    scf.condition(%0)
  } do {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = memref.dim %x, %c0 : memref<?xf32>
    %zero = arith.constant 0.0 : f32
    scf.parallel (%j) = (%c0) to (%n) step (%c1) {
      memref.store %zero, %x[%j] : memref<?xf32>
    }
    %false = arith.constant false
    memref.store %false, %more[] : memref<i1>
    scf.yield
  }
  return
}

// -----

// Only the host can choose between buffers.
// CHECK-LABEL: func @buffer
// CHECK: %[[CHOSEN:.*]] = arith.select %arg2, %arg0, %arg1 : memref<4xf32>
// CHECK: scf.if %arg2
// CHECK: gpu.launch
// CHECK: memref.store %{{.*}}, %arg0
// CHECK: return %[[CHOSEN]]
func.func @buffer(%x: memref<4xf32>, %y: memref<4xf32>, %some: i1) -> memref<4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %0 = scf.if %some -> memref<4xf32> {
    memref.store %zero, %x[%c0] : memref<4xf32>
    scf.yield %x : memref<4xf32>
  } else {
    scf.yield %y : memref<4xf32>
  }
  return %0 : memref<4xf32>
}

// -----

// Updates of rows run in their order, as they may be of the same row; columns needn't.
// CHECK-LABEL: func @rows
// CHECK-NOT: scf.for
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c4
// CHECK: scf.for %[[I:.*]] = %c0 to %arg3 step %c1
// CHECK: %[[ROW:.*]] = memref.load %arg1[%[[I]]]
// CHECK: memref.load %arg2[%[[I]], %[[COLUMN:.*]]]
// CHECK: memref.store %{{.*}}, %{{.*}}[%[[COLUMN]]]
// CHECK-NOT: gpu.launch
func.func @rows(%y: memref<100x1000xf32>, %at: memref<?xindex>, %u: memref<?x1000xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c1000 = arith.constant 1000 : index
  scf.for %i = %c0 to %n step %c1 {
    %to = memref.load %at[%i] : memref<?xindex>
    %row = memref.subview %y[%to, 0] [1, 1000] [1, 1] : memref<100x1000xf32> to memref<1000xf32, strided<[1], offset: ?>>
    scf.parallel (%j) = (%c0) to (%c1000) step (%c1) {
      %0 = memref.load %u[%i, %j] : memref<?x1000xf32>
      %1 = memref.load %row[%j] : memref<1000xf32, strided<[1], offset: ?>>
      %2 = arith.addf %1, %0 : f32
      memref.store %2, %row[%j] : memref<1000xf32, strided<[1], offset: ?>>
    }
  }
  return
}

// -----

// Each column's sums so far: rows in order, columns side by side.
// CHECK-LABEL: func @scan
// CHECK: gpu.launch
// CHECK: scf.for %[[I:.*]] = %c1 to %c100 step %c1
// CHECK: memref.load %arg0[%{{.*}}, %[[J:.*]]]
// CHECK: memref.store %{{.*}}, %arg0[%[[I]], %[[J]]]
func.func @scan(%y: memref<100x1000xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c100 = arith.constant 100 : index
  %c1000 = arith.constant 1000 : index
  scf.for %i = %c1 to %c100 step %c1 {
    scf.for %j = %c0 to %c1000 step %c1 {
      %before = arith.subi %i, %c1 : index
      %0 = memref.load %y[%before, %j] : memref<100x1000xf32>
      %1 = memref.load %y[%i, %j] : memref<100x1000xf32>
      %2 = arith.addf %1, %0 : f32
      memref.store %2, %y[%i, %j] : memref<100x1000xf32>
    }
  }
  return
}

// -----

// Elements go where other memory says: in order, by one thread.
// CHECK-LABEL: func @elements
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c1, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c1,
// CHECK: scf.for
func.func @elements(%y: memref<100xf32>, %at: memref<50xindex>, %u: memref<50xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c50 = arith.constant 50 : index
  scf.for %i = %c0 to %c50 step %c1 {
    %to = memref.load %at[%i] : memref<50xindex>
    %0 = memref.load %u[%i] : memref<50xf32>
    memref.store %0, %y[%to] : memref<100xf32>
  }
  return
}
