// RUN: rac-opt %s --rac-inline-copies | FileCheck %s

// Kernels that only copy dense parts, of a buffer or to one, become copies in the entry function.

// CHECK-LABEL: func.func @main
// CHECK: memref.subview %arg0[1, 0, 0] [1, %arg1, 4] [1, 1, 1]
// CHECK: memref.copy
// CHECK: cf.assert
// CHECK: memref.copy
// CHECK: memref.copy
// CHECK: scf.for
// CHECK: memref.copy
// CHECK-NOT: call
func.func @main(%x: memref<3x?x4xf32>, %n: index, %a: memref<1x?x4xf32>, %b: memref<2x?x4xf32>, %y: memref<1x?x4xf32>) {
  call @slice(%x, %n, %y) : (memref<3x?x4xf32>, index, memref<1x?x4xf32>) -> ()
  call @concat(%a, %b, %x) : (memref<1x?x4xf32>, memref<2x?x4xf32>, memref<3x?x4xf32>) -> ()
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    func.call @slice(%x, %n, %y) : (memref<3x?x4xf32>, index, memref<1x?x4xf32>) -> ()
  }
  return
}

// CHECK-NOT: @slice
func.func private @slice(%x: memref<3x?x4xf32>, %n: index, %y: memref<1x?x4xf32>) {
  %part = memref.subview %x[1, 0, 0] [1, %n, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<1x?x4xf32, strided<[?, 4, 1], offset: ?>>
  memref.copy %part, %y : memref<1x?x4xf32, strided<[?, 4, 1], offset: ?>> to memref<1x?x4xf32>
  return
}

// CHECK-NOT: @concat
func.func private @concat(%a: memref<1x?x4xf32>, %b: memref<2x?x4xf32>, %y: memref<3x?x4xf32>) {
  %c1 = arith.constant 1 : index
  %n = memref.dim %a, %c1 : memref<1x?x4xf32>
  %m = memref.dim %b, %c1 : memref<2x?x4xf32>
  %same = arith.cmpi eq, %n, %m : index
  cf.assert %same, "concat: operands differ in a dimension"
  %first = memref.subview %y[0, 0, 0] [1, %n, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<1x?x4xf32, strided<[?, 4, 1]>>
  memref.copy %a, %first : memref<1x?x4xf32> to memref<1x?x4xf32, strided<[?, 4, 1]>>
  %second = memref.subview %y[1, 0, 0] [2, %m, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<2x?x4xf32, strided<[?, 4, 1], offset: ?>>
  memref.copy %b, %second : memref<2x?x4xf32> to memref<2x?x4xf32, strided<[?, 4, 1], offset: ?>>
  return
}
