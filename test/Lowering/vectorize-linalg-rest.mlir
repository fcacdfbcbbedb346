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

// A tile's windows into a buffer of its own, 8 rows or the 4 that are left: tiles of 4, where the usual 7 would leave one, and of
// the last 4 rows tiles of 3 and of one.
// CHECK-LABEL: func @windows
// CHECK: scf.parallel {{.*}} step (%c8)
// CHECK: memref.alloc
// CHECK: scf.parallel {{.*}} step (%c4)
#rest = affine_map<(d0) -> (-d0 + 28, 8)>
#double = affine_map<(d0) -> (d0 * 2)>
func.func @windows(%a: memref<80x32xf32>, %b: memref<5x32xf32>, %c: memref<28x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0 : index
  %high = arith.constant 28 : index
  %step = arith.constant 8 : index
  scf.parallel (%i) = (%low) to (%high) step (%step) {
    %rows = affine.min #rest(%i)
    %first = affine.apply #double(%i)
    %part = memref.subview %a[%first, 0] [19, 32] [1, 1] : memref<80x32xf32> to memref<19x32xf32, strided<[32, 1], offset: ?>>
    %result = memref.subview %c[%i, 0] [%rows, 32] [1, 1] : memref<28x32xf32> to memref<?x32xf32, strided<[32, 1], offset: ?>>
    %sums = memref.alloc(%rows) : memref<?x32xf32>
    linalg.fill ins(%zero : f32) outs(%sums : memref<?x32xf32>)
    linalg.generic {
      indexing_maps = [affine_map<(d0, d1, d2) -> (d0 * 2 + d2, d1)>, affine_map<(d0, d1, d2) -> (d2, d1)>,
                       affine_map<(d0, d1, d2) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%part, %b : memref<19x32xf32, strided<[32, 1], offset: ?>>, memref<5x32xf32>) outs(%sums : memref<?x32xf32>) {
    ^bb0(%x: f32, %y: f32, %z: f32):
      %product = arith.mulf %x, %y : f32
      %sum = arith.addf %product, %z : f32
      linalg.yield %sum : f32
    }
    linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%sums : memref<?x32xf32>) outs(%result : memref<?x32xf32, strided<[32, 1], offset: ?>>) {
    ^bb0(%x: f32, %y: f32):
      %positive = arith.maximumf %x, %zero : f32
      linalg.yield %positive : f32
    }
    memref.dealloc %sums : memref<?x32xf32>
    scf.reduce
  }
  return
}
