// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=512 registers=32" --canonicalize --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=256 registers=16" --canonicalize --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable" --canonicalize --split-input-file | FileCheck %s --check-prefix=SVE

// Four rows are added up in one loop over their columns, each into two vectors: eight additions don't wait for each
// other. Zeros of either sign stay what they are with -0.0 added. The rows' lanes are added up together. The division
// that alone reads the sums is done with each of them.

// CHECK-LABEL: func @means
// CHECK-DAG: %[[NOTHING:.*]] = arith.constant dense<-0.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[STEP:.*]] = arith.constant 32 : index
// CHECK-DAG: %[[COUNT:.*]] = arith.constant 3.840000e+02 : f32
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NOT: linalg.fill
// CHECK: %[[SUMS:.*]]:8 = scf.for {{.*}} step %[[STEP]] iter_args(%{{.*}} = %[[NOTHING]],
// CHECK-COUNT-8: vector.load
// CHECK-NOT: scf.for
// CHECK: %[[A:.*]] = arith.addf %[[SUMS]]#1, %[[SUMS]]#0
// CHECK: %[[B:.*]] = arith.addf %[[SUMS]]#3, %[[SUMS]]#2
// CHECK: %[[LOW:.*]] = vector.shuffle %[[A]], %[[B]] [0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29]
// CHECK: %[[HIGH:.*]] = vector.shuffle %[[A]], %[[B]] [2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31]
// CHECK: %[[AB:.*]] = arith.addf %[[LOW]], %[[HIGH]]
// CHECK: vector.shuffle %[[AB]], %{{.*}} [0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29]
// CHECK: vector.shuffle %[[AB]], %{{.*}} [2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31]
// CHECK: vector.shuffle %{{.*}} [0, 1, 2, 3, 4, 5, 6, 7]
// CHECK: vector.shuffle %{{.*}} [8, 9, 10, 11, 12, 13, 14, 15]
// CHECK: %[[ALL:.*]] = arith.addf %{{.*}} : vector<4xf32>
// CHECK: %[[FIRST:.*]] = vector.extract %[[ALL]][0]
// CHECK: %[[SUM:.*]] = arith.addf %[[FIRST]], %[[ZERO]]
// CHECK: %[[MEAN:.*]] = arith.divf %[[SUM]], %[[COUNT]] : f32
// CHECK: memref.store %[[MEAN]], %arg1
// CHECK-COUNT-3: memref.store
// CHECK-NOT: linalg.generic
// AVX2-LABEL: func @means
// AVX2: scf.for
// AVX2-COUNT-8: vector.load {{.*}} vector<8xf32>
// AVX2-NOT: vector.load
// SVE-LABEL: func @means
// SVE: scf.for
// SVE-COUNT-8: vector.load {{.*}} vector<[4]xf32>
// SVE-NOT: vector.load
// SVE: scf.for
// SVE: vector.create_mask
// SVE-COUNT-4: vector.maskedload
#rows = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#own = affine_map<(d0) -> (d0)>
func.func @means(%a: memref<8x384xf32>, %c: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 384.0 : f32
  %sums = memref.alloc() : memref<8xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<8xf32>)
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<8x384xf32>) outs(%sums : memref<8xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %y fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#own, #own], iterator_types = ["parallel"]}
      ins(%sums : memref<8xf32>) outs(%c : memref<8xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.divf %x, %count : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// One row has all eight vectors. What minds where it is isn't done with sums.

// AVX2-LABEL: func @one
// CHECK-LABEL: func @one
// CHECK: scf.for
// CHECK-COUNT-8: vector.load
// CHECK: vector.reduction <add>
// CHECK: memref.store
// CHECK: linalg.generic
#rows = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#own = affine_map<(d0) -> (d0)>
func.func @one(%a: memref<1x384xf32>, %c: memref<1xindex>) {
  %zero = arith.constant 0.0 : f32
  %sums = memref.alloc() : memref<1xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<1xf32>)
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<1x384xf32>) outs(%sums : memref<1xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %y fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#own, #own], iterator_types = ["parallel"]}
      ins(%sums : memref<1xf32>) outs(%c : memref<1xindex>) {
  ^bb0(%x: f32, %y: index):
    %0 = linalg.index 0 : index
    linalg.yield %0 : index
  }
  return
}

// -----

// Rows that only the run knows: four, then two, then one at a time. Their maxima keep NaN.

// CHECK-LABEL: func @rest
// CHECK: scf.if
// CHECK: scf.for
// CHECK-COUNT-8: vector.load
// CHECK: } else {
// CHECK: scf.if
// CHECK: scf.for
// CHECK-COUNT-4: vector.load
// CHECK-NOT: vector.load
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-2: vector.load
// CHECK-NOT: vector.load
#rows = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @rest(%a: memref<?x384xf32>, %c: memref<?xf32>) {
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<?x384xf32>) outs(%c : memref<?xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.maximumf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Eight sums of one row are added up two by two, in three steps.

// CHECK-LABEL: func @one
// CHECK: %[[SUMS:.*]]:8 = scf.for
// CHECK: %[[A:.*]] = arith.addf %[[SUMS]]#1, %[[SUMS]]#0
// CHECK: %[[B:.*]] = arith.addf %[[SUMS]]#3, %[[SUMS]]#2
// CHECK: %[[C:.*]] = arith.addf %[[SUMS]]#5, %[[SUMS]]#4
// CHECK: %[[D:.*]] = arith.addf %[[SUMS]]#7, %[[SUMS]]#6
// CHECK: %[[AB:.*]] = arith.addf %[[B]], %[[A]]
// CHECK: %[[CD:.*]] = arith.addf %[[D]], %[[C]]
// CHECK: %[[ALL:.*]] = arith.addf %[[CD]], %[[AB]]
// CHECK: vector.reduction <add>, %[[ALL]]
// AVX2-LABEL: func @one
// SVE-LABEL: func @one
func.func @one(%a: memref<384xf32>, %c: memref<f32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<f32>)
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}
      ins(%a : memref<384xf32>) outs(%c : memref<f32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %y fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  return
}
