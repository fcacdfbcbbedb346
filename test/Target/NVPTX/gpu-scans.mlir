// RUN: rac-opt %s --rac-gpu-scans --canonicalize --cse --split-input-file | FileCheck %s

// Many rows, a block each: lanes add up what is before them, then warps; the sum goes on to the next tile.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[X:.*]]: memref<2000x8000xf16>, %[[Y:.*]]: memref<2000x8000xf16>
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c2000, {{.*}} = %c1, {{.*}} = %c1) threads({{.*}}) in ({{.*}} = %c256, {{.*}} = %c1, {{.*}} = %c1) workgroup(%[[SHARED:.*]] : memref<16xf32, #gpu.address_space<workgroup>>)
// CHECK: %[[ROW:.*]] = memref.subview %[[Y]]
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c8 step %c1 iter_args(%[[SUM:.*]] = %cst) -> (f32)
// CHECK-COUNT-4: memref.load %[[X]]
// CHECK: gpu.shuffle up %{{.*}}, %c1_i32, %c32_i32 : f32
// CHECK: gpu.shuffle up %{{.*}}, %c16_i32, %c32_i32 : f32
// CHECK: gpu.shuffle idx %{{.*}}, %c31_i32, %c32_i32 : f32
// CHECK: memref.store %{{.*}}, %[[SHARED]]
// CHECK: gpu.barrier
// CHECK-COUNT-8: memref.load %[[SHARED]]
// CHECK: scf.if
// CHECK: arith.addf
// CHECK: memref.store %{{.*}}, %[[ROW]]
// CHECK: scf.yield %{{.*}} : f32
// CHECK: gpu.terminator
// CHECK-NOT: gpu.launch
func.func @rows(%x: memref<2000x8000xf16>, %y: memref<2000x8000xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2000 = arith.constant 2000 : index
  %c8000 = arith.constant 8000 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c2000) step (%c1) {
    %row = memref.subview %y[%i, 0] [1, 8000] [1, 1] : memref<2000x8000xf16> to memref<8000xf16, strided<[1], offset: ?>>
    %sum = scf.for %j = %c0 to %c8000 step %c1 iter_args(%s = %zero) -> f32 {
      %0 = memref.load %x[%i, %j] : memref<2000x8000xf16>
      %1 = arith.extf %0 : f16 to f32
      %2 = arith.addf %s, %1 fastmath<reassoc> : f32
      %3 = arith.truncf %2 : f32 to f16
      memref.store %3, %row[%j] : memref<8000xf16, strided<[1], offset: ?>>
      scf.yield %2 : f32
    }
    scf.reduce
  }
  return
}

// -----

// Two long rows: a kernel for what segments come to, but for the last; each then begins with what is before it.
// CHECK-LABEL: func @long
// CHECK: %[[TOTALS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<500x2xi32>
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c998,
// CHECK: %[[TOTAL:.*]] = arith.muli %{{.*}} : i32
// CHECK-NOT: memref.store %{{.*}}, %arg1[
// CHECK: memref.store %{{.*}}, %[[TOTALS]]
// CHECK: gpu.terminator
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c1000,
// CHECK-COUNT-4: memref.load %[[TOTALS]]
// CHECK: gpu.barrier
// CHECK: scf.for
// CHECK: gpu.barrier
// CHECK: memref.store %{{.*}}, %arg1
// CHECK: gpu.terminator
func.func @long(%x: memref<2x1023000xi32>, %y: memref<2x1023000xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %n = arith.constant 1023000 : index
  %last = arith.constant 1022999 : index
  %one = arith.constant 1 : i32
  scf.parallel (%i) = (%c0) to (%c2) step (%c1) {
    %product = scf.for %j = %c0 to %n step %c1 iter_args(%p = %one) -> i32 {
      %at = arith.subi %last, %j : index
      %0 = memref.load %x[%i, %at] : memref<2x1023000xi32>
      memref.store %p, %y[%i, %at] : memref<2x1023000xi32>
      %1 = arith.muli %p, %0 : i32
      scf.yield %1 : i32
    }
    scf.reduce
  }
  return
}

// -----

// Short rows: a few lanes each, and no memory between them.
// CHECK-LABEL: func @short
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %c2,
// CHECK-NOT: workgroup
// CHECK: gpu.shuffle up %{{.*}}, %c2_i32, %c32_i32
// CHECK-NOT: gpu.shuffle up %{{.*}}, %c4_i32
// CHECK-NOT: gpu.barrier
// CHECK: gpu.terminator
func.func @short(%x: memref<100x15xf32>, %y: memref<100x15xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c15 = arith.constant 15 : index
  %c100 = arith.constant 100 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c100) step (%c1) {
    %sum = scf.for %j = %c0 to %c15 step %c1 iter_args(%s = %zero) -> f32 {
      %0 = memref.load %x[%i, %j] : memref<100x15xf32>
      %1 = arith.addf %s, %0 fastmath<reassoc> : f32
      memref.store %1, %y[%i, %j] : memref<100x15xf32>
      scf.yield %1 : f32
    }
    scf.reduce
  }
  return
}

// -----

// Rows that lie side by side: neighbouring threads have neighbouring rows, and 8 of the block four elements of each.
// CHECK-LABEL: func @columns
// CHECK: gpu.launch blocks(%[[BLOCK:[^,]*]], {{.*}}) in ({{.*}} = %c2000, {{.*}}) threads(%[[THREAD:[^,]*]], {{.*}}) in ({{.*}} = %c256, {{.*}}) workgroup(%[[SHARED:.*]] : memref<512xf32, #gpu.address_space<workgroup>>)
// CHECK-NOT: gpu.shuffle
// CHECK: %[[ROW:.*]] = arith.remui %{{.*}}, %c32_i32 : i32
// CHECK: %[[COLUMN:.*]] = memref.subview %arg1
// CHECK: scf.for
// CHECK-COUNT-4: memref.load %arg0
// CHECK: memref.store %{{.*}}, %[[SHARED]]
// CHECK: gpu.barrier
// CHECK: memref.store %{{.*}}, %[[COLUMN]]
// CHECK-NOT: gpu.launch
func.func @columns(%x: memref<4000x64000xf32>, %y: memref<4000x64000xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4000 = arith.constant 4000 : index
  %c64000 = arith.constant 64000 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%j) = (%c0) to (%c64000) step (%c1) {
    %column = memref.subview %y[0, %j] [4000, 1] [1, 1] : memref<4000x64000xf32> to memref<4000xf32, strided<[64000], offset: ?>>
    %sum = scf.for %i = %c0 to %c4000 step %c1 iter_args(%s = %zero) -> f32 {
      %0 = memref.load %x[%i, %j] : memref<4000x64000xf32>
      %1 = arith.addf %s, %0 fastmath<reassoc> : f32
      memref.store %1, %column[%i] : memref<4000xf32, strided<[64000], offset: ?>>
      scf.yield %1 : f32
    }
    scf.reduce
  }
  return
}

// -----

// Iterations that are counted store where the count says. How long the loop is only the run knows, and so how many blocks share
// it: one, where it is short.
// CHECK-LABEL: func @counted
// CHECK: %[[TILES:.*]] = arith.ceildivui %arg2, %c1024
// CHECK: %[[LONG:.*]] = arith.cmpi ugt, %[[TILES]], %c4
// CHECK: %[[MOST:.*]] = arith.select %[[LONG]], %c1024, %c1
// CHECK: %[[EACH:.*]] = arith.ceildivui %[[TILES]], %[[MOST]]
// CHECK: arith.maxui %[[EACH]], %c1
// CHECK: %[[SEGMENTS:.*]] = arith.maxui %{{.*}}, %c1
// CHECK: %[[TOTALS:.*]] = memref.alloc(%[[SEGMENTS]]) {alignment = 64 : i64} : memref<?x1xindex>
// CHECK: %[[FIRST:.*]] = arith.subi %[[SEGMENTS]], %c1
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %[[FIRST]],
// CHECK: gpu.launch blocks({{.*}}) in ({{.*}} = %[[SEGMENTS]],
// CHECK: memref.load %[[TOTALS]]
// CHECK: %[[SET:.*]] = arith.cmpf une
// CHECK: scf.if
// CHECK: scf.if %[[SET]]
// CHECK: memref.store %{{.*}}, %arg1[%c0, %[[AT:.*]]]
// CHECK: memref.store %{{.*}}, %arg1[%c1, %[[AT]]]
func.func @counted(%x: memref<?xf32>, %y: memref<2x?xindex>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %zero = arith.constant 0.0 : f32
  %count = scf.for %i = %c0 to %n step %c1 iter_args(%s = %c0) -> index {
    %0 = memref.load %x[%i] : memref<?xf32>
    %set = arith.cmpf une, %0, %zero : f32
    scf.if %set {
      %j = arith.remui %i, %c10 : index
      memref.store %i, %y[%c0, %s] : memref<2x?xindex>
      memref.store %j, %y[%c1, %s] : memref<2x?xindex>
    }
    %one = arith.index_castui %set : i1 to index
    %next = arith.addi %s, %one : index
    scf.yield %next : index
  }
  return
}
