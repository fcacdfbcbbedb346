// RUN: rac-opt %s --rac-vectorize-linalg --canonicalize --split-input-file | FileCheck %s

// What surrounds the input counts.
// CHECK-LABEL: func @ones
// CHECK: memref.alloc
#in = affine_map<(w, c, k) -> (w + k, c)>
#filter = affine_map<(w, c, k) -> (k, c)>
#out = affine_map<(w, c, k) -> (w, c)>
#same = affine_map<(w, c) -> (w, c)>
func.func @ones(%a: memref<30x32xf32>, %f: memref<3x32xf32>, %c: memref<30x32xf32>) {
  %one = arith.constant 1.0 : f32
  %padded = memref.alloc() : memref<32x32xf32>
  linalg.fill ins(%one : f32) outs(%padded : memref<32x32xf32>)
  %middle = memref.subview %padded[1, 0] [30, 32] [1, 1] : memref<32x32xf32> to memref<30x32xf32, strided<[32, 1], offset: 32>>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<30x32xf32>) outs(%middle : memref<30x32xf32, strided<[32, 1], offset: 32>>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%padded, %f : memref<32x32xf32>, memref<3x32xf32>) outs(%c : memref<30x32xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %z, %0 fastmath<reassoc, contract> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// The copy is of what the input was before it was written.
// CHECK-LABEL: func @changed
// CHECK: memref.alloc
#in = affine_map<(w, c, k) -> (w + k, c)>
#filter = affine_map<(w, c, k) -> (k, c)>
#out = affine_map<(w, c, k) -> (w, c)>
#same = affine_map<(w, c) -> (w, c)>
func.func @changed(%a: memref<30x32xf32>, %f: memref<3x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %padded = memref.alloc() : memref<32x32xf32>
  linalg.fill ins(%zero : f32) outs(%padded : memref<32x32xf32>)
  %middle = memref.subview %padded[1, 0] [30, 32] [1, 1] : memref<32x32xf32> to memref<30x32xf32, strided<[32, 1], offset: 32>>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<30x32xf32>) outs(%middle : memref<30x32xf32, strided<[32, 1], offset: 32>>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%padded, %f : memref<32x32xf32>, memref<3x32xf32>) outs(%a : memref<30x32xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %z, %0 fastmath<reassoc, contract> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Padding along what is summed up in another operand too, and is not known, is
// no window.
// CHECK-LABEL: func @sums
// CHECK: memref.alloc
#rows = affine_map<(m, n, k) -> (m, k)>
#columns = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#same = affine_map<(m, n) -> (m, n)>
func.func @sums(%a: memref<8x?xf32>, %b: memref<?x32xf32>, %c: memref<8x32xf32>, %size: index, %larger: index) {
  %zero = arith.constant 0.0 : f32
  %padded = memref.alloc(%larger) : memref<8x?xf32>
  linalg.fill ins(%zero : f32) outs(%padded : memref<8x?xf32>)
  %middle = memref.subview %padded[0, 0] [8, %size] [1, 1] : memref<8x?xf32> to memref<8x?xf32, strided<[?, 1]>>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<8x?xf32>) outs(%middle : memref<8x?xf32, strided<[?, 1]>>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  linalg.generic {indexing_maps = [#rows, #columns, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%padded, %b : memref<8x?xf32>, memref<?x32xf32>) outs(%c : memref<8x32xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %z, %0 fastmath<reassoc, contract> : f32
    linalg.yield %1 : f32
  }
  return
}
