// RUN: rac-opt %s --rac-vectorize-linalg="registers=32" --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=256 registers=16" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=AVX2

// Blocks of what a cast leaves narrower are transposed after it. Of 256 bits the halves change places, then the elements
// of each; the last block of 50 rows ends where they do.
// CHECK-LABEL: func @narrows
// CHECK: scf.parallel {{.*}} step (%c16, %c16)
// CHECK-NOT: scf.if
// CHECK: arith.minui {{.*}}, %c34
// CHECK-COUNT-16: arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
// CHECK: vector.shuffle {{.*}} [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]
// CHECK: vector.shuffle {{.*}} [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]
// CHECK-COUNT-14: vector.shuffle {{.*}} 16,
// CHECK: vector.shuffle {{.*}} [0, 16, 1, 17, 2, 18, 3, 19, 8, 24, 9, 25, 10, 26, 11, 27]
// CHECK: vector.shuffle {{.*}} [4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31]
// CHECK-COUNT-16: vector.store {{.*}} vector<16xbf16>
// CHECK-NOT: memref.store

// AVX2-LABEL: func @narrows
// AVX2: scf.parallel {{.*}} step (%c8, %c8)
// AVX2-COUNT-8: arith.truncf {{.*}} : vector<8xf32> to vector<8xbf16>
// AVX2-COUNT-24: vector.shuffle
// AVX2-NOT: vector.shuffle
// AVX2-COUNT-8: vector.store
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @narrows(%a: memref<50x32xf32>, %c: memref<32x50xbf16>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<50x32xf32>) outs(%c : memref<32x50xbf16>) {
  ^bb0(%x: f32, %y: bf16):
    %0 = arith.truncf %x : f32 to bf16
    linalg.yield %0 : bf16
  }
  return
}

// -----

// Of what becomes wider, before it: 16 bytes are one unit of shuffles.
// CHECK-LABEL: func @widens
// CHECK-COUNT-16: vector.load %arg0{{.*}} vector<16xi8>
// CHECK-COUNT-64: vector.shuffle {{.*}} vector<16xi8>
// CHECK: arith.extsi {{.*}} vector<16xi8> to vector<16xi32>
// CHECK-COUNT-16: vector.store {{.*}} vector<16xf32>
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @widens(%a: memref<?x?xi8>, %c: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x?xi8>) outs(%c : memref<?x?xf32>) {
  ^bb0(%x: i8, %y: f32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.sitofp %0 : i32 to f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Two rows are added up before they are transposed.
// CHECK-LABEL: func @two
// CHECK-COUNT-16: arith.addf {{.*}} vector<16xf32>
// CHECK-COUNT-64: vector.shuffle
// CHECK-NOT: vector.shuffle
// CHECK-COUNT-16: vector.store
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @two(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %c: memref<32x32xf32>) {
  linalg.generic {indexing_maps = [#t, #t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%c : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %y: f32):
    %0 = arith.addf %x, %w : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// What lies along the result is added after.
// CHECK-LABEL: func @residual
// CHECK-COUNT-16: vector.load %arg0
// CHECK-COUNT-64: vector.shuffle
// CHECK: vector.load %arg1
// CHECK: arith.addf
// CHECK: vector.store
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @residual(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %c: memref<32x32xf32>) {
  linalg.generic {indexing_maps = [#t, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<32x32xf32>, memref<32x32xf32>) outs(%c : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %y: f32):
    %0 = arith.addf %x, %w : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Positions are those of the elements: here they go along the source.
// CHECK-LABEL: func @positions
// CHECK-DAG: vector.step
// CHECK-DAG: vector.load
// CHECK-COUNT-8: arith.addi {{.*}} vector<8xi64>
// CHECK-COUNT-24: vector.shuffle {{.*}} vector<8xi64>
// CHECK-NOT: vector.shuffle
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @positions(%a: memref<40x24xi64>, %c: memref<24x40xi64>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<40x24xi64>) outs(%c : memref<24x40xi64>) {
  ^bb0(%x: i64, %y: i64):
    %i = linalg.index 0 : index
    %0 = arith.index_cast %i : index to i64
    %1 = arith.addi %x, %0 : i64
    linalg.yield %1 : i64
  }
  return
}
