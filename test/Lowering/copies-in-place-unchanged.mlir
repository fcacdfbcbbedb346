// RUN: rac-opt %s --split-input-file --rac-copies-in-place | FileCheck %s

// It is written again after the copy.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<1x4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<1x4xf32>)
  %y = rac.output_buffer 0 [] : memref<2x4xf32>
  %part = memref.subview %y[1, 0] [1, 4] [1, 1] : memref<2x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 4>>
  memref.copy %a, %part : memref<1x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 4>>
  linalg.fill ins(%one : f32) outs(%a : memref<1x4xf32>)
  return
}

// -----

// What it is copied into is filled before, as for padding: the part must not be filled later.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<1x4xf32>
  linalg.fill ins(%one : f32) outs(%a : memref<1x4xf32>)
  %y = rac.output_buffer 0 [] : memref<2x4xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<2x4xf32>)
  %part = memref.subview %y[1, 0] [1, 4] [1, 1] : memref<2x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 4>>
  memref.copy %a, %part : memref<1x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 4>>
  return
}

// -----

// Two copies of one buffer: it can't be in both places.

// CHECK-LABEL: func.func @main
// CHECK-COUNT-1: memref.copy
// CHECK-NOT: memref.copy
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<4xf32>)
  %x = rac.output_buffer 0 [] : memref<4xf32>
  memref.copy %a, %x : memref<4xf32> to memref<4xf32>
  %y = rac.output_buffer 1 [] : memref<4xf32>
  memref.copy %a, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

// Parts that overlap are written in order.

// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: memref.copy
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %a = memref.alloc() : memref<2x4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<2x4xf32>)
  %b = memref.alloc() : memref<2x4xf32>
  linalg.fill ins(%one : f32) outs(%b : memref<2x4xf32>)
  %y = rac.output_buffer 0 [] : memref<3x4xf32>
  %first = memref.subview %y[0, 0] [2, 4] [1, 1] : memref<3x4xf32> to memref<2x4xf32, strided<[4, 1]>>
  memref.copy %a, %first : memref<2x4xf32> to memref<2x4xf32, strided<[4, 1]>>
  %second = memref.subview %y[1, 0] [2, 4] [1, 1] : memref<3x4xf32> to memref<2x4xf32, strided<[4, 1], offset: 4>>
  memref.copy %b, %second : memref<2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: 4>>
  return
}

// -----

// Nobody says that the sizes fit: the part could reach past the end before an assertion stops the run.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %n = rac.input_dim 0, 0
  %m = rac.input_dim 1, 0
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc(%n) : memref<?x4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<?x4xf32>)
  %y = rac.output_buffer 0 [%m] : memref<?x4xf32>
  %fits = arith.cmpi ule, %n, %m : index
  cf.assert %fits, "too long"
  %part = memref.subview %y[0, 0] [%n, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1]>>
  memref.copy %a, %part : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1]>>
  return
}

// -----

// Rows of another length: there are gaps.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %n = rac.input_dim 0, 1
  %m = rac.input_dim 1, 1
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc(%n) : memref<2x?xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<2x?xf32>)
  %y = rac.output_buffer 0 [%m] : memref<4x?xf32>
  %part = memref.subview %y[0, 0] [2, %n] [1, 1] : memref<4x?xf32> to memref<2x?xf32, strided<[?, 1]>>
  memref.copy %a, %part : memref<2x?xf32> to memref<2x?xf32, strided<[?, 1]>>
  return
}

// -----

// The output's size is computed from data: it can't be there before them.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %x = rac.input_buffer 0 [] : memref<1xindex>
  %a = memref.alloc() : memref<1x4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<1x4xf32>)
  %n = memref.load %x[%c0] : memref<1xindex>
  %y = rac.output_buffer 0 [%n] : memref<?x4xf32>
  %part = memref.subview %y[0, 0] [1, 4] [1, 1] : memref<?x4xf32> to memref<1x4xf32, strided<[4, 1]>>
  memref.copy %a, %part : memref<1x4xf32> to memref<1x4xf32, strided<[4, 1]>>
  return
}

// -----

// The copy is written to, and what it was taken from is an input.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %x = rac.input_buffer 0 [] : memref<3x4xf32>
  %row = memref.alloc() : memref<1x4xf32>
  %part = memref.subview %x[2, 0] [1, 4] [1, 1] : memref<3x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 8>>
  memref.copy %part, %row : memref<1x4xf32, strided<[4, 1], offset: 8>> to memref<1x4xf32>
  linalg.fill ins(%zero : f32) outs(%row : memref<1x4xf32>)
  return
}

// -----

// A function from elsewhere may do anything.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func private @elsewhere(memref<1x4xf32>)
func.func @main() {
  %x = rac.input_buffer 0 [] : memref<3x4xf32>
  %row = memref.alloc() : memref<1x4xf32>
  %part = memref.subview %x[2, 0] [1, 4] [1, 1] : memref<3x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 8>>
  memref.copy %part, %row : memref<1x4xf32, strided<[4, 1], offset: 8>> to memref<1x4xf32>
  call @elsewhere(%row) : (memref<1x4xf32>) -> ()
  return
}

// -----

// Reading it in place would keep a buffer of the arena for longer.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %x = memref.alloc() : memref<3x4xf32>
  linalg.fill ins(%zero : f32) outs(%x : memref<3x4xf32>)
  %row = memref.alloc() : memref<1x4xf32>
  %part = memref.subview %x[2, 0] [1, 4] [1, 1] : memref<3x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 8>>
  memref.copy %part, %row : memref<1x4xf32, strided<[4, 1], offset: 8>> to memref<1x4xf32>
  %y = rac.output_buffer 0 [] : memref<1x4xf32>
  linalg.exp ins(%row : memref<1x4xf32>) outs(%y : memref<1x4xf32>)
  return
}

// -----

// Functions that call each other without end.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func private @this(%x: memref<1x4xf32>) {
  call @that(%x) : (memref<1x4xf32>) -> ()
  return
}
func.func private @that(%x: memref<1x4xf32>) {
  call @this(%x) : (memref<1x4xf32>) -> ()
  return
}
func.func @main() {
  %x = rac.input_buffer 0 [] : memref<3x4xf32>
  %row = memref.alloc() : memref<1x4xf32>
  %part = memref.subview %x[2, 0] [1, 4] [1, 1] : memref<3x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 8>>
  memref.copy %part, %row : memref<1x4xf32, strided<[4, 1], offset: 8>> to memref<1x4xf32>
  call @this(%row) : (memref<1x4xf32>) -> ()
  return
}

// -----

// Memory of another kind.

// CHECK-LABEL: func.func @main
// CHECK: memref.copy
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<4xf32, 1>
  linalg.fill ins(%zero : f32) outs(%a : memref<4xf32, 1>)
  %y = rac.output_buffer 0 [] : memref<4xf32>
  memref.copy %a, %y : memref<4xf32, 1> to memref<4xf32>
  return
}
