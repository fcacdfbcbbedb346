// RUN: rac-opt %s --split-input-file --rac-copies-in-place | FileCheck %s
// RUN: rac-opt %s --split-input-file --rac-copies-in-place=alignment=16 | FileCheck %s --check-prefix=ALIGNED
// RUN: not rac-opt %s --split-input-file --rac-copies-in-place=alignment=0 2>&1 | FileCheck %s --check-prefix=REFUSED

// REFUSED: error: 'builtin.module' op the alignment of parts must be positive, not 0

// Both parts of a concatenation are written where they belong; the output is there before them.

// CHECK-LABEL: func.func @main
// CHECK: %[[N:.*]] = rac.input_dim 0, 0
// CHECK: %[[OUT:.*]] = rac.output_buffer 0[%[[N]]]
// CHECK: %[[A:.*]] = rac.block %[[OUT]] at %{{.*}}[%[[N]]] : memref<3x?x4xf32> to memref<?x4xf32>
// CHECK: call @write(%[[A]])
// CHECK: %[[AT:.*]] = affine.apply #{{.*}}()[%[[N]]]
// CHECK: %[[B:.*]] = rac.block %[[OUT]] at %[[AT]][%[[N]]] : memref<3x?x4xf32> to memref<2x?x4xf32>
// CHECK: call @write_two(%[[B]])
// CHECK: call @read(%[[A]])
// CHECK-NOT: memref.copy
func.func @main() {
  %n = rac.input_dim 0, 0
  %a = memref.alloc(%n) : memref<?x4xf32>
  call @write(%a) : (memref<?x4xf32>) -> ()
  %b = memref.alloc(%n) : memref<2x?x4xf32>
  call @write_two(%b) : (memref<2x?x4xf32>) -> ()
  %y = rac.output_buffer 0 [%n] : memref<3x?x4xf32>
  %row = memref.expand_shape %a [[0, 1], [2]] output_shape [1, %n, 4] : memref<?x4xf32> into memref<1x?x4xf32>
  %first = memref.subview %y[0, 0, 0] [1, %n, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<1x?x4xf32, strided<[?, 4, 1]>>
  memref.copy %row, %first : memref<1x?x4xf32> to memref<1x?x4xf32, strided<[?, 4, 1]>>
  %second = memref.subview %y[1, 0, 0] [2, %n, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<2x?x4xf32, strided<[?, 4, 1], offset: ?>>
  memref.copy %b, %second : memref<2x?x4xf32> to memref<2x?x4xf32, strided<[?, 4, 1], offset: ?>>
  call @read(%a) : (memref<?x4xf32>) -> ()
  return
}
func.func private @write(%x: memref<?x4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<?x4xf32>)
  return
}
func.func private @write_two(%x: memref<2x?x4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<2x?x4xf32>)
  return
}
func.func private @read(%x: memref<?x4xf32>) {
  return
}

// -----

// Lengths that only the run knows, one after the other.

// CHECK-LABEL: func.func @main
// CHECK: %[[OUT:.*]] = rac.output_buffer 0
// CHECK: rac.block %[[OUT]] at
// CHECK: rac.block %[[OUT]] at
// CHECK-NOT: memref.copy
func.func @main() {
  %n = rac.input_dim 0, 0
  %m = rac.input_dim 1, 0
  %sum = affine.apply affine_map<()[s0, s1] -> (s0 + s1)>()[%n, %m]
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc(%n) : memref<?x4xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<?x4xf32>)
  %b = memref.alloc(%m) : memref<?x4xf32>
  linalg.fill ins(%zero : f32) outs(%b : memref<?x4xf32>)
  %y = rac.output_buffer 0 [%sum] : memref<?x4xf32>
  %first = memref.subview %y[0, 0] [%n, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1]>>
  memref.copy %a, %first : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1]>>
  %second = memref.subview %y[%n, 0] [%m, 4] [1, 1] : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
  memref.copy %b, %second : memref<?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
  return
}

// -----

// A part of a part.

// CHECK-LABEL: func.func @main
// CHECK: %[[OUT:.*]] = rac.output_buffer 0
// CHECK: %[[HALF:.*]] = rac.block %[[OUT]] at %{{.*}}[] : memref<4x4xf32> to memref<2x4xf32>
// CHECK: %[[ROW:.*]] = rac.block %[[HALF]] at %{{.*}}[] : memref<2x4xf32> to memref<1x4xf32>
// CHECK: linalg.fill {{.*}} outs(%[[ROW]]
func.func @main() {
  %zero = arith.constant 0.0 : f32
  %row = memref.alloc() : memref<1x4xf32>
  linalg.fill ins(%zero : f32) outs(%row : memref<1x4xf32>)
  %half = memref.alloc() : memref<2x4xf32>
  %second = memref.subview %half[1, 0] [1, 4] [1, 1] : memref<2x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 4>>
  memref.copy %row, %second : memref<1x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 4>>
  %y = rac.output_buffer 0 [] : memref<4x4xf32>
  %part = memref.subview %y[2, 0] [2, 4] [1, 1] : memref<4x4xf32> to memref<2x4xf32, strided<[4, 1], offset: 8>>
  memref.copy %half, %part : memref<2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: 8>>
  return
}

// -----

// What is only read stays where it is; an output in another shape is written as it is.

// CHECK-LABEL: func.func @main
// CHECK: %[[IN:.*]] = rac.input_buffer 0
// CHECK: %[[OUT:.*]] = rac.output_buffer 0
// CHECK: %[[RESULT:.*]] = rac.block %[[OUT]] at %c0{{.*}}[] : memref<1x4xf32> to memref<4xf32>
// CHECK: %[[ROW:.*]] = rac.block %[[IN]] at %c8{{.*}}[] : memref<3x4xf32> to memref<1x4xf32>
// CHECK: memref.collapse_shape %[[ROW]]
// CHECK-NOT: memref.copy
func.func @main() {
  %x = rac.input_buffer 0 [] : memref<3x4xf32>
  %row = memref.alloc() : memref<1x4xf32>
  %result = memref.alloc() : memref<4xf32>
  %part = memref.subview %x[2, 0] [1, 4] [1, 1] : memref<3x4xf32> to memref<1x4xf32, strided<[4, 1], offset: 8>>
  memref.copy %part, %row : memref<1x4xf32, strided<[4, 1], offset: 8>> to memref<1x4xf32>
  %flat = memref.collapse_shape %row [[0, 1]] : memref<1x4xf32> into memref<4xf32>
  linalg.exp ins(%flat : memref<4xf32>) outs(%result : memref<4xf32>)
  %back = memref.expand_shape %result [[0, 1]] output_shape [1, 4] : memref<4xf32> into memref<1x4xf32>
  %y = rac.output_buffer 0 [] : memref<1x4xf32>
  memref.copy %back, %y : memref<1x4xf32> to memref<1x4xf32>
  return
}

// -----

// Of parts whose places must be multiples of 16 bytes, 24 is none; rows of 16 bytes are some, however many.

// CHECK-LABEL: func.func @main
// CHECK-NOT: memref.copy
// ALIGNED-LABEL: func.func @main
// ALIGNED: %[[N:.*]] = rac.input_dim 0, 0
// ALIGNED: %[[X:.*]] = rac.output_buffer 0
// ALIGNED: call @write(%{{.*}}) : (memref<3xi64>)
// ALIGNED: memref.copy
// ALIGNED: %[[AT:.*]] = affine.apply
// ALIGNED: rac.block %{{.*}} at %[[AT]][%[[N]]]
// ALIGNED-NOT: memref.copy
func.func @main() {
  %n = rac.input_dim 0, 0
  %a = memref.alloc() : memref<3xi64>
  call @write(%a) : (memref<3xi64>) -> ()
  %x = rac.output_buffer 0 [] : memref<6xi64>
  %last = memref.subview %x[3] [3] [1] : memref<6xi64> to memref<3xi64, strided<[1], offset: 3>>
  memref.copy %a, %last : memref<3xi64> to memref<3xi64, strided<[1], offset: 3>>
  %b = memref.alloc(%n) : memref<?x8xi16>
  call @write_rows(%b) : (memref<?x8xi16>) -> ()
  %y = rac.output_buffer 1 [%n] : memref<2x?x8xi16>
  %rows = memref.expand_shape %b [[0, 1], [2]] output_shape [1, %n, 8] : memref<?x8xi16> into memref<1x?x8xi16>
  %second = memref.subview %y[1, 0, 0] [1, %n, 8] [1, 1, 1] : memref<2x?x8xi16> to memref<1x?x8xi16, strided<[?, 8, 1], offset: ?>>
  memref.copy %rows, %second : memref<1x?x8xi16> to memref<1x?x8xi16, strided<[?, 8, 1], offset: ?>>
  return
}
func.func private @write(%x: memref<3xi64>) {
  %zero = arith.constant 0 : i64
  linalg.fill ins(%zero : i64) outs(%x : memref<3xi64>)
  return
}
func.func private @write_rows(%x: memref<?x8xi16>) {
  %zero = arith.constant 0 : i16
  linalg.fill ins(%zero : i16) outs(%x : memref<?x8xi16>)
  return
}
