// RUN: rac-opt %s --split-input-file --rac-copies-in-place | FileCheck %s

// What the call adds to its sums is looked at no more: the result goes over it.

// CHECK-LABEL: func.func @main
// CHECK: %[[R:.*]] = memref.alloc() : memref<2x4xf32>
// CHECK-NEXT: call @fill(%[[R]])
// CHECK-NOT: memref.alloc
// CHECK: call @residual(%{{.*}}, %{{.*}}, %[[R]], %[[R]])
// CHECK-NEXT: call @read(%[[R]])
func.func @main(%x: memref<2x8xf32>, %w: memref<8x4xf32>) {
  %r = memref.alloc() : memref<2x4xf32>
  call @fill(%r) : (memref<2x4xf32>) -> ()
  %y = memref.alloc() : memref<2x4xf32>
  call @residual(%x, %w, %r, %y) : (memref<2x8xf32>, memref<8x4xf32>, memref<2x4xf32>, memref<2x4xf32>) -> ()
  call @read(%y) : (memref<2x4xf32>) -> ()
  return
}
func.func private @residual(%x: memref<2x8xf32>, %w: memref<8x4xf32>, %r: memref<2x4xf32>, %y: memref<2x4xf32>) {
  rac.library_call matmul ins(%x, %w, %r : memref<2x8xf32>, memref<8x4xf32>, memref<2x4xf32>) outs(%y : memref<2x4xf32>) {post_ops = [#rac.post_op<kind = add, operand = 2>, #rac.post_op<kind = relu>]}
  return
}
func.func private @fill(%x: memref<2x4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<2x4xf32>)
  return
}
func.func private @read(%x: memref<2x4xf32>) {
  %i = arith.constant 0 : index
  %0 = memref.load %x[%i, %i] : memref<2x4xf32>
  return
}

// -----

// Not where it is read later.

// CHECK-LABEL: func.func @main
// CHECK-COUNT-2: memref.alloc()
func.func @main(%x: memref<2x8xf32>, %w: memref<8x4xf32>) {
  %r = memref.alloc() : memref<2x4xf32>
  call @fill(%r) : (memref<2x4xf32>) -> ()
  %y = memref.alloc() : memref<2x4xf32>
  call @residual(%x, %w, %r, %y) : (memref<2x8xf32>, memref<8x4xf32>, memref<2x4xf32>, memref<2x4xf32>) -> ()
  call @read(%y) : (memref<2x4xf32>) -> ()
  call @read(%r) : (memref<2x4xf32>) -> ()
  return
}
func.func private @residual(%x: memref<2x8xf32>, %w: memref<8x4xf32>, %r: memref<2x4xf32>, %y: memref<2x4xf32>) {
  rac.library_call matmul ins(%x, %w, %r : memref<2x8xf32>, memref<8x4xf32>, memref<2x4xf32>) outs(%y : memref<2x4xf32>) {post_ops = [#rac.post_op<kind = add, operand = 2>]}
  return
}
func.func private @fill(%x: memref<2x4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<2x4xf32>)
  return
}
func.func private @read(%x: memref<2x4xf32>) {
  %i = arith.constant 0 : index
  %0 = memref.load %x[%i, %i] : memref<2x4xf32>
  return
}

// -----

// Nor where something is done to the sums before, where it is multiplied as well, or where a row is added to all.

// CHECK-LABEL: func.func @main
// CHECK-COUNT-6: memref.alloc()
func.func @main(%w: memref<4x4xf32>) {
  %a = memref.alloc() : memref<4x4xf32>
  call @fill(%a) : (memref<4x4xf32>) -> ()
  %b = memref.alloc() : memref<4x4xf32>
  call @later(%w, %w, %a, %b) : (memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>) -> ()
  %c = memref.alloc() : memref<4x4xf32>
  call @twice(%b, %w, %c) : (memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>) -> ()
  %d = memref.alloc() : memref<4x4xf32>
  call @both(%c, %w, %c, %d) : (memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>) -> ()
  %row = memref.alloc() : memref<1x4xf32>
  call @fill_row(%row) : (memref<1x4xf32>) -> ()
  %e = memref.alloc() : memref<4x4xf32>
  call @row(%d, %w, %row, %e) : (memref<4x4xf32>, memref<4x4xf32>, memref<1x4xf32>, memref<4x4xf32>) -> ()
  return
}
func.func private @later(%x: memref<4x4xf32>, %w: memref<4x4xf32>, %r: memref<4x4xf32>, %y: memref<4x4xf32>) {
  rac.library_call matmul ins(%x, %w, %r : memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>) outs(%y : memref<4x4xf32>) {post_ops = [#rac.post_op<kind = relu>, #rac.post_op<kind = add, operand = 2>]}
  return
}
func.func private @twice(%x: memref<4x4xf32>, %w: memref<4x4xf32>, %y: memref<4x4xf32>) {
  rac.library_call matmul ins(%x, %w, %x : memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>) outs(%y : memref<4x4xf32>) {post_ops = [#rac.post_op<kind = add, operand = 2>]}
  return
}
func.func private @both(%x: memref<4x4xf32>, %w: memref<4x4xf32>, %r: memref<4x4xf32>, %y: memref<4x4xf32>) {
  rac.library_call matmul ins(%x, %w, %r : memref<4x4xf32>, memref<4x4xf32>, memref<4x4xf32>) outs(%y : memref<4x4xf32>) {post_ops = [#rac.post_op<kind = add, operand = 2>]}
  return
}
func.func private @row(%x: memref<4x4xf32>, %w: memref<4x4xf32>, %r: memref<1x4xf32>, %y: memref<4x4xf32>) {
  rac.library_call matmul ins(%x, %w, %r : memref<4x4xf32>, memref<4x4xf32>, memref<1x4xf32>) outs(%y : memref<4x4xf32>) {post_ops = [#rac.post_op<kind = add, operand = 2>]}
  return
}
func.func private @fill(%x: memref<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<4x4xf32>)
  return
}
func.func private @fill_row(%x: memref<1x4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<1x4xf32>)
  return
}
