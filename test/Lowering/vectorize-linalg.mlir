// RUN: rac-opt %s --rac-vectorize-linalg --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=256 registers=16" --canonicalize --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable" --canonicalize --split-input-file | FileCheck %s --check-prefix=SVE

// A tile of 7 rows of 3 vectors stays in registers while k runs; it starts from
// the fill's value, which is then not needed in memory.
// CHECK-LABEL: func @matmul
// CHECK-NOT: linalg.fill
// CHECK: scf.parallel {{.*}} step (%c48, %c7)
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-7: memref.load %arg0
// CHECK-NOT: memref.load
// CHECK: scf.yield
// CHECK-COUNT-21: vector.store
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
// CHECK: %[[WHOLE:.+]]:8 = scf.for
// CHECK: scf.for {{.*}} iter_args(%[[ACC:[a-z0-9]+]] = %[[WHOLE]]#0, %{{.*}} = %[[WHOLE]]#2,
// CHECK: vector.create_mask
// CHECK: %[[NEW:.+]] = arith.maximumf %{{.*}}, %[[ACC]]
// CHECK: arith.select %{{.*}}, %[[NEW]], %[[ACC]]
// CHECK: vector.shuffle
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

// -----

// What is done with the result in its place is done in registers, too.
// CHECK-LABEL: func @update
// CHECK: scf.for
// CHECK: scf.yield
// CHECK-NEXT: }
// CHECK: vector.load %arg2
// CHECK: arith.addf
// CHECK: vector.store {{.*}} %arg3
// CHECK-NOT: vector.load %arg3
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @update(%a: memref<4x16xf32>, %b: memref<16x16xf32>, %mask: memref<4x16xf32>, %c: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<4x16xf32>)
  linalg.matmul ins(%a, %b : memref<4x16xf32>, memref<16x16xf32>) outs(%c : memref<4x16xf32>)
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c, %mask : memref<4x16xf32>, memref<4x16xf32>) outs(%c : memref<4x16xf32>) {
  ^bb0(%x: f32, %m: f32, %y: f32):
    %0 = arith.addf %x, %m : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Elements that others need are no updates.
// CHECK-LABEL: func @update_others
// CHECK: vector.store {{.*}} %arg3
// CHECK: vector.load %arg3
// CHECK: arith.maximumf
#id = affine_map<(d0, d1) -> (d0, d1)>
#first = affine_map<(d0, d1) -> (0, d1)>
func.func @update_others(%a: memref<4x16xf32>, %b: memref<16x16xf32>, %mask: memref<4x16xf32>, %c: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%c : memref<4x16xf32>)
  linalg.matmul ins(%a, %b : memref<4x16xf32>, memref<16x16xf32>) outs(%c : memref<4x16xf32>)
  linalg.generic {indexing_maps = [#id, #first, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c, %c : memref<4x16xf32>, memref<4x16xf32>) outs(%c : memref<4x16xf32>) {
  ^bb0(%x: f32, %m: f32, %y: f32):
    %0 = arith.maximumf %x, %m : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Whole blocks need no choice.
// CHECK-LABEL: func @transpose_whole
// CHECK: scf.parallel {{.*}} step (%c16, %c16)
// CHECK-NOT: scf.if
// CHECK-COUNT-16: vector.store
// CHECK-NOT: memref.store
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @transpose_whole(%a: memref<48x32xf32>, %c: memref<32x48xf32>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<48x32xf32>) outs(%c : memref<32x48xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}

// -----

// The last block does again what one before it has done. Where there are two inputs, the result may lie where one does:
// what is left goes one by one. How much that is, is known, where one dimension alone has something left.
// CHECK-LABEL: func @transpose_rest
// CHECK-NOT: scf.if
// CHECK: arith.minui {{.*}}, %c34
// CHECK-COUNT-16: vector.store
// CHECK-NOT: memref.store
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @transpose_rest(%a: memref<50x32xf32>, %c: memref<32x50xf32>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<50x32xf32>) outs(%c : memref<32x50xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}

// CHECK-LABEL: func @transpose_rest_in_place
// CHECK: scf.if
// CHECK-COUNT-16: vector.store
// CHECK: } else {
// CHECK-NOT: arith.minui
// CHECK: scf.for %{{.*}} = %c48{{.*}} to %c50{{.*}} step
// CHECK: memref.store
func.func @transpose_rest_in_place(%a: memref<50x32xf32>, %b: memref<32x50xf32>, %c: memref<32x50xf32>) {
  linalg.generic {indexing_maps = [#t, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<50x32xf32>, memref<32x50xf32>) outs(%c : memref<32x50xf32>) {
  ^bb0(%x: f32, %z: f32, %y: f32):
    %0 = arith.addf %x, %z : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// The plan names the tile; what is left of 20 rows and 40 columns are tiles of their own, the last vector masked.
// What is done with the result is done in registers, each of which is stored then; the memory between goes.
// CHECK-LABEL: func @epilogue
// CHECK-NOT: memref.alloc
// CHECK: scf.parallel {{.*}} to (%c40, %c20) step (%c32, %c8)
// CHECK: scf.if
// CHECK: scf.for
// CHECK-COUNT-16: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NEXT: scf.yield
// CHECK: arith.maximumf
// CHECK: vector.store {{.*}} %arg3
// CHECK: arith.maximumf
// CHECK-COUNT-15: vector.store {{.*}} %arg3
// CHECK: scf.for
// CHECK-COUNT-8: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NEXT: scf.yield
// CHECK-COUNT-8: vector.store {{.*}} %arg3
// CHECK: vector.constant_mask [8]
// CHECK: scf.for
// CHECK-COUNT-8: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NEXT: scf.yield
// CHECK-COUNT-8: vector.maskedstore %arg3
// CHECK: scf.for
// CHECK-COUNT-4: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NEXT: scf.yield
// CHECK-COUNT-4: vector.maskedstore %arg3
// CHECK-NOT: linalg.generic
#id = affine_map<(d0, d1) -> (d0, d1)>
#bias = affine_map<(d0, d1) -> (d1)>
func.func @epilogue(%a: memref<20x6xf32>, %b: memref<6x40xf32>, %bias: memref<40xf32>, %c: memref<20x40xf32>) attributes {rac.plan = #rac.plan<kind = generated, precision = f32, registers = [8, 2]>} {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<20x40xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<20x40xf32>)
  linalg.matmul ins(%a, %b : memref<20x6xf32>, memref<6x40xf32>) outs(%sum : memref<20x40xf32>)
  linalg.generic {indexing_maps = [#id, #bias, #id], iterator_types = ["parallel", "parallel"]} ins(%sum, %bias : memref<20x40xf32>, memref<40xf32>) outs(%c : memref<20x40xf32>) {
  ^bb0(%x: f32, %y: f32, %old: f32):
    %0 = arith.addf %x, %y : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// A result that others read too stays in memory.
// CHECK-LABEL: func @two_readers
// CHECK: vector.store {{.*}} %alloc
// CHECK: vector.load %alloc
// CHECK: vector.load %alloc
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @two_readers(%a: memref<4x6xf32>, %b: memref<6x16xf32>, %c: memref<4x16xf32>, %d: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<4x16xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<4x16xf32>)
  linalg.matmul ins(%a, %b : memref<4x6xf32>, memref<6x16xf32>) outs(%sum : memref<4x16xf32>)
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%sum : memref<4x16xf32>) outs(%c : memref<4x16xf32>) {
  ^bb0(%x: f32, %old: f32):
    %0 = arith.negf %x : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%sum : memref<4x16xf32>) outs(%d : memref<4x16xf32>) {
  ^bb0(%x: f32, %old: f32):
    %0 = math.absf %x : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Panels: vectors of a tile follow each other within one, whose end is filled up; scalable vectors, of which only the run
// knows how many a panel has, stop at its end.
// CHECK-LABEL: func @panels
// CHECK: scf.parallel {{.*}} step (%c32
// CHECK: vector.load %arg1[{{.*}}] : memref<2x6x32xf32>, vector<16xf32>
// CHECK-NOT: vector.maskedload %arg1
// SVE-LABEL: func @panels
// SVE: arith.remui %c32
// SVE: scf.parallel
// SVE: arith.minui
// SVE: vector.maskedload %arg1
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n floordiv 32, k, n mod 32)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @panels(%a: memref<?x6xf32>, %b: memref<2x6x32xf32>, %c: memref<?x40xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : memref<?x6xf32>, memref<2x6x32xf32>) outs(%c : memref<?x40xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %z, %0 fastmath<reassoc, contract> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// What a body loads at indices of its own is a vector where only the last of
// them moves with the lanes; the others are computed once.
// CHECK-LABEL: func @rows_by_table
// CHECK: %[[ROW:.+]] = memref.load %arg1[%[[I:.+]]]
// CHECK: %[[AT:.+]] = arith.index_cast %[[ROW]] : i64 to index
// CHECK: vector.load %arg0[%[[AT]], %{{.+}}] : memref<?x40xf32>, vector<16xf32>
// CHECK: vector.load %arg0[%[[AT]], %{{.+}}] : memref<?x40xf32>, vector<16xf32>
// CHECK: vector.maskedload %arg0[%[[AT]], %{{.+}}]
// CHECK-NOT: memref.load %arg0

// SVE-LABEL: func @rows_by_table
// SVE: vector.load %arg0{{.*}} vector<[4]xf32>
#table = affine_map<(d0, d1) -> (d0)>
#all = affine_map<(d0, d1) -> (d0, d1)>
func.func @rows_by_table(%a: memref<?x40xf32>, %table: memref<?xi64>, %c: memref<?x40xf32>) {
  linalg.generic {indexing_maps = [#table, #all], iterator_types = ["parallel", "parallel"]}
      ins(%table : memref<?xi64>) outs(%c : memref<?x40xf32>) {
  ^bb0(%row: i64, %y: f32):
    %i = arith.index_cast %row : i64 to index
    %j = linalg.index 1 : index
    %x = memref.load %a[%i, %j] : memref<?x40xf32>
    linalg.yield %x : f32
  }
  return
}

// -----

// Three planes become pixels: a vector of each, rounded, shuffled to where pixels have them and stored as one.
// CHECK-LABEL: func @interleave
// CHECK: scf.parallel {{.*}} step (%c1, %c16)
// CHECK-NOT: scf.if
// CHECK: arith.minui {{.*}}, %c44
// CHECK-COUNT-3: arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
// CHECK: vector.shuffle {{.*}} : vector<32xbf16>, vector<32xbf16>
// CHECK: vector.store {{.*}} : memref<10x180xbf16>, vector<48xbf16>
// CHECK-NOT: memref.store

// SVE-LABEL: func @interleave
// SVE-NOT: vector.shuffle
#planes = affine_map<(d0, d1, d2) -> (d2, d0, d1)>
#pixels = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @interleave(%a: memref<3x10x60xf32>, %c: memref<10x60x3xbf16>) {
  linalg.generic {indexing_maps = [#planes, #pixels], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : memref<3x10x60xf32>) outs(%c : memref<10x60x3xbf16>) {
  ^bb0(%x: f32, %y: bf16):
    %0 = arith.truncf %x : f32 to bf16
    linalg.yield %0 : bf16
  }
  return
}

// -----

// Of narrow elements square blocks have parts of registers.
// CHECK-LABEL: func @transpose_halves
// CHECK: scf.parallel {{.*}} step (%c16, %c16)
// CHECK-COUNT-16: vector.load %arg0{{.*}} vector<16xbf16>
// CHECK-COUNT-64: vector.shuffle
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @transpose_halves(%a: memref<?x?xbf16>, %c: memref<?x?xbf16>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x?xbf16>) outs(%c : memref<?x?xbf16>) {
  ^bb0(%x: bf16, %y: bf16):
    linalg.yield %x : bf16
  }
  return
}

// -----

// What adds to each element reduces nothing: of a factor that lies along another dimension each lane gathers its own.
// SVE-LABEL: func @accumulate
// SVE-NOT: vector.reduction
// SVE: vector.gather %arg1
// SVE-NOT: vector.reduction
// SVE: vector.store {{.*}} vector<[4]xf32>
// SVE-NOT: vector.reduction
#all = affine_map<(d0, d1) -> (d0, d1)>
#factor = affine_map<(d0, d1) -> (d1, 0)>
func.func @accumulate(%a: memref<64x40xf32>, %w: memref<40x1xf32>, %c: memref<64x40xf32>) {
  linalg.generic {indexing_maps = [#all, #factor, #all], iterator_types = ["parallel", "parallel"]}
      ins(%a, %w : memref<64x40xf32>, memref<40x1xf32>) outs(%c : memref<64x40xf32>) {
  ^bb0(%x: f32, %f: f32, %y: f32):
    %0 = arith.mulf %x, %f fastmath<contract> : f32
    %1 = arith.addf %y, %0 fastmath<reassoc,contract> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// Pixels of two rows of pairs come apart: two vectors of both, shuffled into one of each row.
// CHECK-LABEL: func @chunks
// CHECK: scf.parallel {{.*}} step (%c1, %c8)
// CHECK-NOT: scf.if
// CHECK: arith.minui {{.*}}, %c52
// CHECK-COUNT-2: vector.load {{.*}} : memref<3x240xf32>, vector<16xf32>
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29] : vector<16xf32>, vector<16xf32>
// CHECK: vector.store {{.*}} : memref<3x2x120xf32>, vector<16xf32>
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31] : vector<16xf32>, vector<16xf32>
// CHECK: vector.store
// CHECK-NOT: memref.store

// SVE-LABEL: func @chunks
// SVE-NOT: vector.shuffle
#windows = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>
#rows = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
func.func @chunks(%a: memref<3x60x2x2xf32>, %c: memref<3x2x60x2xf32>) {
  linalg.generic {indexing_maps = [#windows, #rows], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a : memref<3x60x2x2xf32>) outs(%c : memref<3x2x60x2xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}

// -----

// Three rows, with what is left of a row of pixels element by element; longer chunks are vectors themselves.
// CHECK-LABEL: func @three_chunks
// CHECK-COUNT-3: vector.load {{.*}} vector<16xf32>
// CHECK-COUNT-2: vector.shuffle {{.*}} : vector<16xf32>, vector<16xf32>
// CHECK-COUNT-3: vector.shuffle {{.*}} : vector<32xf32>, vector<32xf32>
#windows = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @three_chunks(%a: memref<?x3x4xf32>, %c: memref<3x?x4xf32>) {
  linalg.generic {indexing_maps = [#windows, #rows], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : memref<?x3x4xf32>) outs(%c : memref<3x?x4xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}

// -----

// CHECK-LABEL: func @long_chunks
// CHECK-NOT: vector.shuffle
#windows = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @long_chunks(%a: memref<40x2x16xf32>, %c: memref<2x40x16xf32>) {
  linalg.generic {indexing_maps = [#windows, #rows], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a : memref<40x2x16xf32>) outs(%c : memref<2x40x16xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}
