// RUN: rac-opt %s --rac-vectorize-linalg --canonicalize --cse | FileCheck %s

// Of 48 rows at most, or what is left of them, which the run alone knows: tiles of 12 rows leave none, where the usual 14 would
// leave 6, in tiles of 3 and of one.
// CHECK-LABEL: func @tiled
// CHECK: scf.parallel {{.*}} step (%c48)
// CHECK: affine.min
// CHECK: scf.parallel {{.*}} step (%c32, %c12)
// CHECK: scf.for
// CHECK-COUNT-12: memref.load
// CHECK-NOT: memref.load
// CHECK: scf.yield
#left = affine_map<(d0) -> (-d0 + 197, 48)>
func.func @tiled(%a: memref<197x768xf32>, %b: memref<768x128xf32>, %c: memref<197x128xf32>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0 : index
  %high = arith.constant 197 : index
  %step = arith.constant 48 : index
  scf.parallel (%i) = (%low) to (%high) step (%step) {
    %rows = affine.min #left(%i)
    %part = memref.subview %a[%i, 0] [%rows, 768] [1, 1] : memref<197x768xf32> to memref<?x768xf32, strided<[768, 1], offset: ?>>
    %result = memref.subview %c[%i, 0] [%rows, 128] [1, 1] : memref<197x128xf32> to memref<?x128xf32, strided<[128, 1], offset: ?>>
    linalg.fill ins(%zero : f32) outs(%result : memref<?x128xf32, strided<[128, 1], offset: ?>>)
    linalg.matmul ins(%part, %b : memref<?x768xf32, strided<[768, 1], offset: ?>>, memref<768x128xf32>)
        outs(%result : memref<?x128xf32, strided<[128, 1], offset: ?>>)
    scf.reduce
  }
  return
}
