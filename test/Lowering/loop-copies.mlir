// RUN: rac-opt %s --split-input-file --rac-loop-copies | FileCheck %s
// RUN: rac-opt %s --split-input-file --rac-loop-copies=alignment=16 | FileCheck %s --check-prefix=ALIGNED
// RUN: not rac-opt %s --split-input-file --rac-loop-copies=alignment=0 2>&1 | FileCheck %s --check-prefix=REFUSED

// REFUSED: error: 'func.func' op the alignment of parts must be positive, not 0

// A step's part of the input is read where it is.

// CHECK-LABEL: func @reads
// CHECK: scf.for %[[I:.*]] =
// CHECK: %[[AT:.*]] = affine.apply #{{.*}}()[%[[I]]]
// CHECK: %[[PART:.*]] = rac.block %arg0 at %[[AT]][] : memref<7x2x4xf32> to memref<2x4xf32>
// CHECK-NOT: memref.copy
// CHECK: call @step(%[[PART]], %arg1)
func.func @reads(%x: memref<7x2x4xf32>, %y: memref<2x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  scf.for %i = %c0 to %c7 step %c1 {
    %part = memref.subview %x[%i, 0, 0] [1, 2, 4] [1, 1, 1] : memref<7x2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
    %own = memref.alloc() : memref<2x4xf32>
    memref.copy %part, %own : memref<2x4xf32, strided<[4, 1], offset: ?>> to memref<2x4xf32>
    func.call @step(%own, %y) : (memref<2x4xf32>, memref<2x4xf32>) -> ()
  }
  return
}
func.func private @step(%x: memref<2x4xf32>, %y: memref<2x4xf32>) {
  linalg.copy ins(%x : memref<2x4xf32>) outs(%y : memref<2x4xf32>)
  return
}

// -----

// A state that is kept of each step and that the next step reads: it is computed where it is kept, and read there. What
// the part held before is not copied either.

// CHECK-LABEL: func @states
// CHECK: scf.for %[[I:.*]] = {{.*}} iter_args(%[[BEFORE:.*]] = %arg0)
// CHECK: %[[NOW:.*]] = rac.block %arg1 at %{{.*}}[] : memref<7x2x4xf32> to memref<2x4xf32>
// CHECK-NEXT: call @step(%[[BEFORE]], %[[NOW]])
// CHECK-NEXT: scf.yield %[[NOW]]
// CHECK: memref.copy
func.func @states(%first: memref<2x4xf32>, %states: memref<7x2x4xf32>, %last: memref<2x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %end = scf.for %i = %c0 to %c7 step %c1 iter_args(%before = %first) -> (memref<2x4xf32>) {
    %part = memref.subview %states[%i, 0, 0] [1, 2, 4] [1, 1, 1] : memref<7x2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
    %own = memref.alloc() : memref<2x4xf32>
    memref.copy %part, %own : memref<2x4xf32, strided<[4, 1], offset: ?>> to memref<2x4xf32>
    func.call @step(%before, %own) : (memref<2x4xf32>, memref<2x4xf32>) -> ()
    memref.copy %own, %part : memref<2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
    %next = memref.alloc() : memref<2x4xf32>
    memref.copy %own, %next : memref<2x4xf32> to memref<2x4xf32>
    scf.yield %next : memref<2x4xf32>
  }
  memref.copy %end, %last : memref<2x4xf32> to memref<2x4xf32>
  return
}
func.func private @step(%x: memref<2x4xf32>, %y: memref<2x4xf32>) {
  linalg.copy ins(%x : memref<2x4xf32>) outs(%y : memref<2x4xf32>)
  return
}

// -----

// Backwards, and with sizes that only the run knows.

// CHECK-LABEL: func @backwards
// CHECK: scf.for
// CHECK: linalg.copy
// CHECK: %[[NOW:.*]] = rac.block %arg1 at %{{.*}}[%arg2] : memref<?x?x4xf32> to memref<?x4xf32>
// CHECK-NEXT: scf.yield %[[NOW]]
func.func @backwards(%first: memref<?x4xf32>, %states: memref<?x?x4xf32>, %batch: index, %steps: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %end = scf.for %i = %c0 to %steps step %c1 iter_args(%before = %first) -> (memref<?x4xf32>) {
    %last = arith.subi %steps, %c1 : index
    %at = arith.subi %last, %i : index
    %part = memref.subview %states[%at, 0, 0] [1, %batch, 4] [1, 1, 1] : memref<?x?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
    linalg.copy ins(%before : memref<?x4xf32>) outs(%part : memref<?x4xf32, strided<[4, 1], offset: ?>>)
    %next = memref.alloc(%batch) : memref<?x4xf32>
    memref.copy %part, %next : memref<?x4xf32, strided<[4, 1], offset: ?>> to memref<?x4xf32>
    scf.yield %next : memref<?x4xf32>
  }
  return
}

// -----

// Rows of 12 bytes: a kernel would read 16 of them at once.

// CHECK-LABEL: func @unaligned
// CHECK-NOT: memref.copy
// ALIGNED-LABEL: func @unaligned
// ALIGNED: memref.copy
func.func @unaligned(%x: memref<7x3xf32>, %y: memref<3xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  scf.for %i = %c0 to %c7 step %c1 {
    %part = memref.subview %x[%i, 0] [1, 3] [1, 1] : memref<7x3xf32> to memref<3xf32, strided<[1], offset: ?>>
    %own = memref.alloc() : memref<3xf32>
    memref.copy %part, %own : memref<3xf32, strided<[1], offset: ?>> to memref<3xf32>
    linalg.copy ins(%own : memref<3xf32>) outs(%y : memref<3xf32>)
  }
  return
}
