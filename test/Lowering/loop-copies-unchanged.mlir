// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-loop-copies --cse --canonicalize | diff %t -

// Each iteration keeps its state in the same place, which the next one reads while it writes there.
func.func @same_part(%first: memref<4xf32>, %states: memref<7x4xf32>) -> memref<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %0 = scf.for %arg2 = %c0 to %c7 step %c1 iter_args(%arg3 = %first) -> (memref<4xf32>) {
    %subview = memref.subview %states[3, 0] [1, 4] [1, 1] : memref<7x4xf32> to memref<4xf32, strided<[1], offset: 12>>
    linalg.copy ins(%arg3 : memref<4xf32>) outs(%subview : memref<4xf32, strided<[1], offset: 12>>)
    %alloc = memref.alloc() : memref<4xf32>
    memref.copy %subview, %alloc : memref<4xf32, strided<[1], offset: 12>> to memref<4xf32>
    scf.yield %alloc : memref<4xf32>
  }
  return %0 : memref<4xf32>
}

// The next iteration changes what it is given.
func.func @changed_later(%first: memref<4xf32>, %states: memref<7x4xf32>, %x: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %0 = scf.for %arg3 = %c0 to %c7 step %c1 iter_args(%arg4 = %first) -> (memref<4xf32>) {
    linalg.copy ins(%x : memref<4xf32>) outs(%arg4 : memref<4xf32>)
    %subview = memref.subview %states[%arg3, 0] [1, 4] [1, 1] : memref<7x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    %alloc = memref.alloc() : memref<4xf32>
    memref.copy %subview, %alloc : memref<4xf32, strided<[1], offset: ?>> to memref<4xf32>
    scf.yield %alloc : memref<4xf32>
  }
  return
}

// The part is written between the copy and the read.
func.func @overwritten(%x: memref<7x4xf32>, %new: memref<4xf32>, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  scf.for %arg3 = %c0 to %c7 step %c1 {
    %subview = memref.subview %x[%arg3, 0] [1, 4] [1, 1] : memref<7x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    %alloc = memref.alloc() : memref<4xf32>
    memref.copy %subview, %alloc : memref<4xf32, strided<[1], offset: ?>> to memref<4xf32>
    linalg.copy ins(%new : memref<4xf32>) outs(%subview : memref<4xf32, strided<[1], offset: ?>>)
    linalg.copy ins(%alloc : memref<4xf32>) outs(%y : memref<4xf32>)
  }
  return
}

// Somebody reads what the part was before, while the new one is computed.
func.func @read_before(%x: memref<7x4xf32>, %new: memref<4xf32>, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  scf.for %arg3 = %c0 to %c7 step %c1 {
    %alloc = memref.alloc() : memref<4xf32>
    linalg.copy ins(%new : memref<4xf32>) outs(%alloc : memref<4xf32>)
    %subview = memref.subview %x[%arg3, 0] [1, 4] [1, 1] : memref<7x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    linalg.copy ins(%subview : memref<4xf32, strided<[1], offset: ?>>) outs(%y : memref<4xf32>)
    memref.copy %alloc, %subview : memref<4xf32> to memref<4xf32, strided<[1], offset: ?>>
  }
  return
}

// Another copies over the states once the loop has run, before the last one is read.
func.func @overwritten_after(%first: memref<4xf32>, %states: memref<7x4xf32>, %other: memref<7x4xf32>, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %0 = scf.for %arg4 = %c0 to %c7 step %c1 iter_args(%arg5 = %first) -> (memref<4xf32>) {
    %subview = memref.subview %states[%arg4, 0] [1, 4] [1, 1] : memref<7x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    %alloc = memref.alloc() : memref<4xf32>
    memref.copy %subview, %alloc : memref<4xf32, strided<[1], offset: ?>> to memref<4xf32>
    scf.yield %alloc : memref<4xf32>
  }
  memref.copy %other, %states : memref<7x4xf32> to memref<7x4xf32>
  memref.copy %0, %y : memref<4xf32> to memref<4xf32>
  return
}
