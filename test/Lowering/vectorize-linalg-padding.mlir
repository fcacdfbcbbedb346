// RUN: rac-opt %s --rac-vectorize-linalg --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable" --canonicalize --split-input-file | FileCheck %s --check-prefix=SVE

// The input is read in place: rows above and below it are left out of the loop
// over them, and the first and the last tile of a row leave out their own.
// CHECK-LABEL: func @depthwise
// CHECK-NOT: memref.alloc
// CHECK-NOT: linalg.fill
// CHECK: scf.parallel
// CHECK: %[[FIRST:.+]] = arith.cmpi eq
// CHECK: scf.if %[[FIRST]]
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: scf.for
// CHECK: vector.load %arg0
// CHECK-NOT: memref.store
// SVE-LABEL: func @depthwise
// SVE-NOT: memref.alloc
// SVE: vector.load %arg0{{.*}} vector<[4]xf32>
#in = affine_map<(h, w, c, kh, kw) -> (h + kh, w + kw, c)>
#filter = affine_map<(h, w, c, kh, kw) -> (kh, kw, c)>
#out = affine_map<(h, w, c, kh, kw) -> (h, w, c)>
#same = affine_map<(h, w, c) -> (h, w, c)>
func.func @depthwise(%a: memref<9x100x32xf32>, %f: memref<3x3x32xf32>, %c: memref<9x100x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %padded = memref.alloc() : memref<11x102x32xf32>
  linalg.fill ins(%zero : f32) outs(%padded : memref<11x102x32xf32>)
  %middle = memref.subview %padded[1, 1, 0] [9, 100, 32] [1, 1, 1]
      : memref<11x102x32xf32> to memref<9x100x32xf32, strided<[3264, 32, 1], offset: 3296>>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : memref<9x100x32xf32>) outs(%middle : memref<9x100x32xf32, strided<[3264, 32, 1], offset: 3296>>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  linalg.fill ins(%zero : f32) outs(%c : memref<9x100x32xf32>)
  linalg.generic {indexing_maps = [#in, #filter, #out],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%padded, %f : memref<11x102x32xf32>, memref<3x3x32xf32>) outs(%c : memref<9x100x32xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %z, %0 fastmath<reassoc, contract> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Whether a window is inside decides the run, where sizes are not known.
// CHECK-LABEL: func @max_pool
// CHECK-NOT: memref.alloc
// CHECK-NOT: linalg.fill
// CHECK: %[[INSIDE:.+]] = arith.andi
// CHECK: scf.if %[[INSIDE]]
// CHECK: vector.load %arg0
// CHECK: else
// CHECK: arith.maxsi
// CHECK: vector.load %arg0
#in = affine_map<(w, c, k) -> (w * 2 + k, c)>
#window = affine_map<(w, c, k) -> (k)>
#out = affine_map<(w, c, k) -> (w, c)>
#same = affine_map<(w, c) -> (w, c)>
func.func @max_pool(%a: memref<?x32xf32>, %window: memref<3xi8>, %c: memref<?x32xf32>) {
  %lowest = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %size = memref.dim %a, %zero : memref<?x32xf32>
  %larger = arith.addi %size, %two : index
  %padded = memref.alloc(%larger) : memref<?x32xf32>
  linalg.fill ins(%lowest : f32) outs(%padded : memref<?x32xf32>)
  %middle = memref.subview %padded[1, 0] [%size, 32] [1, 1] : memref<?x32xf32> to memref<?x32xf32, strided<[32, 1], offset: 32>>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x32xf32>) outs(%middle : memref<?x32xf32, strided<[32, 1], offset: 32>>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  linalg.fill ins(%lowest : f32) outs(%c : memref<?x32xf32>)
  linalg.generic {indexing_maps = [#in, #window, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%padded, %window : memref<?x32xf32>, memref<3xi8>) outs(%c : memref<?x32xf32>) {
  ^bb0(%x: f32, %y: i8, %z: f32):
    %0 = arith.maximumf %x, %z : f32
    linalg.yield %0 : f32
  }
  return
}
