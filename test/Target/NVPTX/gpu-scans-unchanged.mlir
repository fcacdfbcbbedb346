// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-gpu-scans | diff %t -

// The order of sums is given.
func.func @ordered(%x: memref<?xf32>, %y: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (f32) {
    %0 = memref.load %x[%i] : memref<?xf32>
    %1 = arith.addf %s, %0 : f32
    memref.store %1, %y[%i] : memref<?xf32>
    scf.yield %1 : f32
  }
  return
}

// In another order a sum might overflow.
func.func @bounded(%x: memref<?xi32>, %y: memref<?xi32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (i32) {
    %0 = memref.load %x[%i] : memref<?xi32>
    %1 = arith.addi %s, %0 overflow<nsw> : i32
    memref.store %1, %y[%i] : memref<?xi32>
    scf.yield %1 : i32
  }
  return
}

// What is carried decides what is added.
func.func @dependent(%x: memref<?xi32>, %y: memref<?xi32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (i32) {
    %0 = memref.load %x[%i] : memref<?xi32>
    %1 = arith.muli %0, %s : i32
    %2 = arith.addi %s, %1 : i32
    memref.store %2, %y[%i] : memref<?xi32>
    scf.yield %2 : i32
  }
  return
}

// It reads what it writes.
func.func @reads(%x: memref<?xi32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (i32) {
    %0 = memref.load %x[%i] : memref<?xi32>
    %1 = arith.addi %s, %0 : i32
    memref.store %1, %x[%i] : memref<?xi32>
    scf.yield %1 : i32
  }
  return
}

// All store at one place.
func.func @last(%x: memref<?xi32>, %y: memref<1xi32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (i32) {
    %0 = memref.load %x[%i] : memref<?xi32>
    %1 = arith.addi %s, %0 : i32
    memref.store %1, %y[%c0] : memref<1xi32>
    scf.yield %1 : i32
  }
  return
}

// Where nothing is counted, the next iteration stores at the same place.
func.func @uncounted(%x: memref<?xi1>, %y: memref<?xindex>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %count = scf.for %i = %c0 to %n step %c1 iter_args(%s = %c0) -> (index) {
    %set = memref.load %x[%i] : memref<?xi1>
    memref.store %i, %y[%s] : memref<?xindex>
    %one = arith.index_castui %set : i1 to index
    %next = arith.addi %s, %one : index
    scf.yield %next : index
  }
  return
}

// Somebody asks for the sum.
func.func @used(%x: memref<?xi32>, %y: memref<?xi32>, %n: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (i32) {
    %0 = memref.load %x[%i] : memref<?xi32>
    %1 = arith.addi %s, %0 : i32
    memref.store %1, %y[%i] : memref<?xi32>
    scf.yield %1 : i32
  }
  return %sum : i32
}

// Rows are of different lengths, or more is done for each.
func.func @triangle(%x: memref<?x?xi32>, %y: memref<?x?xi32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %sum = scf.for %j = %i to %n step %c1 iter_args(%s = %zero) -> (i32) {
      %0 = memref.load %x[%i, %j] : memref<?x?xi32>
      %1 = arith.addi %s, %0 : i32
      memref.store %1, %y[%i, %j] : memref<?x?xi32>
      scf.yield %1 : i32
    }
    scf.reduce
  }
  return
}
func.func @marked(%x: memref<?x?xi32>, %y: memref<?x?xi32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %zero, %y[%i, %c0] : memref<?x?xi32>
    %sum = scf.for %j = %c1 to %n step %c1 iter_args(%s = %zero) -> (i32) {
      %0 = memref.load %x[%i, %j] : memref<?x?xi32>
      %1 = arith.addi %s, %0 : i32
      memref.store %1, %y[%i, %j] : memref<?x?xi32>
      scf.yield %1 : i32
    }
    scf.reduce
  }
  return
}
