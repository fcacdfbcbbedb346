// RUN: rac-opt %s --rac-vectorize-linalg --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=256 registers=16" --canonicalize --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable" --canonicalize --split-input-file | FileCheck %s --check-prefix=SVE

// A tile of 6 rows of 4 vectors stays in registers while k runs; it starts from
// the fill's value, which is then not needed in memory.
// CHECK-LABEL: func @matmul
// CHECK-NOT: linalg.fill
// CHECK: scf.parallel {{.*}} step (%c64, %c6)
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-6: memref.load %arg0
// CHECK-NOT: memref.load
// CHECK: scf.yield
// CHECK-COUNT-24: vector.store
// At the end of the rows lanes are masked.
// CHECK: vector.create_mask
// CHECK: vector.maskedload %arg1
// CHECK: vector.maskedstore
// CHECK-NOT: memref.store

// AVX2-LABEL: func @matmul
// AVX2: scf.parallel {{.*}} step (%c16, %c6)
// AVX2: vector<8xf32>

// SVE-LABEL: func @matmul
// SVE: vector.vscale
// SVE: scf.for {{.*}} -> (vector<[4]xf32>
// SVE: vector.create_mask {{.*}} : vector<[4]xi1>
// SVE-NOT: vector<4xf32>
func.func @matmul(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<?x?xf32>)
  linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// -----

// Lanes that are a reduction combine at the end; those that are not there keep
// what they had.
// CHECK-LABEL: func @row_max
// CHECK: %[[WHOLE:.+]]:4 = scf.for
// CHECK: scf.for {{.*}} iter_args(%[[ACC:.+]] = %[[WHOLE]]#0)
// CHECK: vector.create_mask
// CHECK: %[[NEW:.+]] = arith.maximumf
// CHECK: arith.select %{{.*}}, %[[NEW]], %[[ACC]]
// CHECK: vector.reduction <maximumf>
// CHECK: memref.store
#rows = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @row_max(%a: memref<?x?xf32>, %c: memref<?xf32>) {
  linalg.generic {indexing_maps = [#rows, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<?x?xf32>) outs(%c : memref<?xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.maximumf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// As many lanes as the widest type has; a bias is loaded with lanes, a scale is
// the same in all; positions count up along the lanes.
// CHECK-LABEL: func @mixed
// CHECK-DAG: vector.load %arg0[{{.*}}] : memref<?x64xi8>, vector<8xi8>
// CHECK-DAG: vector.load %arg1[{{.*}}] : memref<64xf32>, vector<8xf32>
// CHECK-DAG: memref.load %arg2[]
// CHECK-DAG: vector.step
// CHECK-NOT: vector.create_mask
#all = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>
#none = affine_map<(d0, d1) -> ()>
func.func @mixed(%a: memref<?x64xi8>, %b: memref<64xf32>, %s: memref<f32>, %c: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [#all, #column, #none, #all], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b, %s : memref<?x64xi8>, memref<64xf32>, memref<f32>) outs(%c : memref<?x64xf32>) {
  ^bb0(%x: i8, %y: f32, %z: f32, %old: f32):
    %i = linalg.index 1 : index
    %j = arith.index_cast %i : index to i64
    %f = arith.sitofp %j : i64 to f32
    %0 = arith.sitofp %x : i8 to f32
    %1 = arith.mulf %0, %z : f32
    %2 = arith.addf %1, %y : f32
    %3 = arith.addf %2, %f : f32
    linalg.yield %3 : f32
  }
  return
}

// -----

// In a depthwise convolution the channels are lanes of all operands.
// CHECK-LABEL: func @depthwise
// CHECK: vector.load %arg0
// CHECK: vector.load %arg1
// CHECK: arith.mulf {{.*}} : vector<16xf32>
#in = affine_map<(n, w, c, k) -> (n, w * 2 + k, c)>
#filter = affine_map<(n, w, c, k) -> (k, c)>
#out = affine_map<(n, w, c, k) -> (n, w, c)>
func.func @depthwise(%a: memref<1x17x32xf32>, %f: memref<3x32xf32>, %c: memref<1x8x32xf32>) {
  linalg.generic {indexing_maps = [#in, #filter, #out],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %f : memref<1x17x32xf32>, memref<3x32xf32>) outs(%c : memref<1x8x32xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %z, %0 fastmath<reassoc, contract> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Square blocks are transposed in registers; what is left goes one by one.
// CHECK-LABEL: func @transpose
// CHECK: scf.parallel {{.*}} step (%c16, %c16)
// CHECK: scf.if
// CHECK-COUNT-16: vector.load %arg0
// CHECK-COUNT-64: vector.shuffle
// CHECK-COUNT-16: vector.store
// CHECK: } else {
// CHECK: memref.store
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @transpose(%a: memref<?x?xf32>, %c: memref<?x?xf32>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x?xf32>) outs(%c : memref<?x?xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}
