// RUN: rac-opt %s --rac-inline-copies | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-COUNT-4: call
func.func @main(%x: memref<3x8xf32>, %y: memref<3x4xf32>, %z: memref<1x8xf32>, %c: i1) {
  call @columns(%x, %y) : (memref<3x8xf32>, memref<3x4xf32>) -> ()
  call @computes(%x, %z) : (memref<3x8xf32>, memref<1x8xf32>) -> ()
  call @elsewhere(%x, %z) : (memref<3x8xf32>, memref<1x8xf32>) -> ()
  // The entry function's own block and loops alone.
  scf.if %c {
    func.call @row(%x, %z) : (memref<3x8xf32>, memref<1x8xf32>) -> ()
  }
  return
}

// Some columns of each row have gaps between them.
// CHECK: func.func private @columns
func.func private @columns(%x: memref<3x8xf32>, %y: memref<3x4xf32>) {
  %part = memref.subview %x[0, 4] [3, 4] [1, 1] : memref<3x8xf32> to memref<3x4xf32, strided<[8, 1], offset: 4>>
  memref.copy %part, %y : memref<3x4xf32, strided<[8, 1], offset: 4>> to memref<3x4xf32>
  return
}

// It does more than copying.
// CHECK: func.func private @computes
func.func private @computes(%x: memref<3x8xf32>, %y: memref<1x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %part = memref.subview %x[1, 0] [1, 8] [1, 1] : memref<3x8xf32> to memref<1x8xf32, strided<[8, 1], offset: 8>>
  memref.copy %part, %y : memref<1x8xf32, strided<[8, 1], offset: 8>> to memref<1x8xf32>
  linalg.fill ins(%zero : f32) outs(%x : memref<3x8xf32>)
  return
}

// Defined by somebody else.
// CHECK: func.func private @elsewhere
func.func private @elsewhere(memref<3x8xf32>, memref<1x8xf32>)

// CHECK: func.func private @row
func.func private @row(%x: memref<3x8xf32>, %y: memref<1x8xf32>) {
  %part = memref.subview %x[1, 0] [1, 8] [1, 1] : memref<3x8xf32> to memref<1x8xf32, strided<[8, 1], offset: 8>>
  memref.copy %part, %y : memref<1x8xf32, strided<[8, 1], offset: 8>> to memref<1x8xf32>
  return
}
