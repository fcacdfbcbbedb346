// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable dots=s8:s8:llvm.sdot,u8:s8:llvm.usdot,bf16:bf16:llvm.bfdot,2xs8:s8:llvm.smmla,2xbf16:bf16:llvm.bfmmla" --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="dots=s8:s8:llvm.sdot,u8:s8:llvm.usdot,bf16:bf16:llvm.bfdot,2xs8:s8:llvm.smmla,2xbf16:bf16:llvm.bfmmla" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=FIXED
// Without an instruction what lies side by side is read element by element.
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable remarks" --split-input-file 2>&1 | FileCheck %s --check-prefix=NONE

// Four terms of a row are the same in all lanes; the vectors have four of each lane. 64 terms leave none.
// CHECK-LABEL: func @signed
// CHECK: scf.for
// CHECK: vector.load %arg1[{{.*}}] : memref<1x16x64x4xi8>, vector<[16]xi8>
// CHECK: %[[TERMS:.+]] = vector.load %arg0[{{.*}}] : memref<?x64xi8>, vector<4xi8>
// CHECK: vector.bitcast %[[TERMS]] : vector<4xi8> to vector<1xi32>
// CHECK: %[[SAME:.+]] = vector.bitcast %{{.+}} : vector<[4]xi32> to vector<[16]xi8>
// CHECK: llvm.call_intrinsic "llvm.sdot"(%{{.+}}, %[[SAME]], %{{.+}}) : (vector<[4]xi32>, vector<[16]xi8>, vector<[16]xi8>) -> vector<[4]xi32>
// CHECK-NOT: vector.maskedload %arg0
// FIXED-LABEL: func @signed
// FIXED: llvm.call_intrinsic "llvm.sdot"({{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// NONE: remark: stays scalar: has terms side by side that no instruction sums
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n floordiv 64, k floordiv 4, n mod 64, k mod 4)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @signed(%a: memref<?x64xi8>, %b: memref<1x16x64x4xi8>, %c: memref<?x64xi32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x64xi8>, memref<1x16x64x4xi8>) outs(%c : memref<?x64xi32>) {
  ^bb0(%x: i8, %y: i8, %s: i32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.extsi %y : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %s, %2 : i32
    linalg.yield %3 : i32
  }
  return
}

// -----

// The unsigned factor comes first, here the vectors; of the last group there is one term.
// CHECK-LABEL: func @mixed
// CHECK: %[[VECTORS:.+]] = vector.load %arg1[{{.*}}] : memref<5x16x4xi8>, vector<[16]xi8>
// CHECK: llvm.call_intrinsic "llvm.usdot"(%{{.+}}, %[[VECTORS]], %{{.+}})
// CHECK: vector.maskedload %arg0[{{.*}}], {{.*}} : memref<3x17xi8>, vector<4xi1>, vector<4xi8> into vector<4xi8>
// The end of a row of the result: a lane's terms are there if it is.
// CHECK: vector.create_mask {{.*}} : vector<[4]xi1>
// CHECK: vector.maskedload %arg1[{{.*}}], {{.*}} : memref<5x16x4xi8>, vector<[16]xi1>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k floordiv 4, n, k mod 4)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @mixed(%a: memref<3x17xi8>, %b: memref<5x16x4xi8>, %c: memref<3x16xi32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<3x17xi8>, memref<5x16x4xi8>) outs(%c : memref<3x16xi32>) {
  ^bb0(%x: i8, %y: i8, %s: i32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.extui %y : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %2, %s : i32
    linalg.yield %3 : i32
  }
  return
}

// -----

// A convolution of bf16, summed in f32; its window is outside of the channels.
// CHECK-LABEL: func @convolution
// CHECK: scf.for
// CHECK: scf.for
// CHECK: vector.load %arg1[{{.*}}] : memref<3x4x64x2xbf16>, vector<[8]xbf16>
// CHECK: llvm.call_intrinsic "llvm.bfdot"({{.*}}) : (vector<[4]xf32>, vector<[8]xbf16>, vector<[8]xbf16>) -> vector<[4]xf32>
// FIXED-LABEL: func @convolution
// FIXED: llvm.call_intrinsic "llvm.bfdot"({{.*}}) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
#in = affine_map<(x, f, k, c) -> (x + k, c)>
#filter = affine_map<(x, f, k, c) -> (k, c floordiv 2, f, c mod 2)>
#out = affine_map<(x, f, k, c) -> (x, f)>
func.func @convolution(%a: memref<?x8xbf16>, %b: memref<3x4x64x2xbf16>, %c: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%a, %b : memref<?x8xbf16>, memref<3x4x64x2xbf16>) outs(%c : memref<?x64xf32>) {
  ^bb0(%x: bf16, %y: bf16, %s: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 fastmath<contract> : f32
    %3 = arith.addf %s, %2 fastmath<reassoc, contract> : f32
    linalg.yield %3 : f32
  }
  return
}

// -----

// Eight terms of a lane: two rows by two columns at a time. Sums are blocks from before the loop until after it, and two
// rows' terms come in turn.
// CHECK-LABEL: func @blocks
// CHECK: vector.interleave %{{.+}}, %{{.+}} : vector<[2]xi64> -> vector<[4]xi64>
// CHECK: scf.for
// CHECK: vector.load %arg0[{{.*}}] : memref<?x64xi8>, vector<8xi8>
// CHECK: %[[FIRST:.+]] = vector.broadcast %{{.+}} : i64 to vector<[2]xi64>
// CHECK: %[[SECOND:.+]] = vector.broadcast %{{.+}} : i64 to vector<[2]xi64>
// CHECK: %[[BOTH:.+]] = vector.interleave %[[FIRST]], %[[SECOND]] : vector<[2]xi64> -> vector<[4]xi64>
// CHECK: %[[TERMS:.+]] = vector.scalable.extract %[[BOTH]][0] : vector<[2]xi64> from vector<[4]xi64>
// CHECK: %[[ROWS:.+]] = vector.bitcast %[[TERMS]] : vector<[2]xi64> to vector<[16]xi8>
// CHECK: %[[GROUPS:.+]] = vector.load %arg1[{{.*}}] : memref<1x8x64x8xi8>, vector<[32]xi8>
// CHECK: %[[LOW:.+]] = vector.scalable.extract %[[GROUPS]][0] : vector<[16]xi8> from vector<[32]xi8>
// CHECK: llvm.call_intrinsic "llvm.smmla"(%{{.+}}, %[[ROWS]], %[[LOW]]) : (vector<[4]xi32>, vector<[16]xi8>, vector<[16]xi8>) -> vector<[4]xi32>
// CHECK: %[[HIGH:.+]] = vector.scalable.extract %[[GROUPS]][16] : vector<[16]xi8> from vector<[32]xi8>
// CHECK: llvm.call_intrinsic "llvm.smmla"(%{{.+}}, %[[ROWS]], %[[HIGH]])
// CHECK: scf.yield
// CHECK: vector.deinterleave %{{.+}} : vector<[4]xi64> -> vector<[2]xi64>
// CHECK: vector.store
// FIXED-LABEL: func @blocks
// FIXED: llvm.call_intrinsic "llvm.smmla"({{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n floordiv 64, k floordiv 8, n mod 64, k mod 8)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @blocks(%a: memref<?x64xi8>, %b: memref<1x8x64x8xi8>, %c: memref<?x64xi32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<?x64xi8>, memref<1x8x64x8xi8>) outs(%c : memref<?x64xi32>) {
  ^bb0(%x: i8, %y: i8, %s: i32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.extsi %y : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %s, %2 : i32
    linalg.yield %3 : i32
  }
  return
}

// -----

// Three rows: the third stands for the one that is not there as well. Of the last group there are two terms.
// CHECK-LABEL: func @odd
// CHECK-COUNT-3: vector.load %arg0[{{.*}}] : memref<3x6xbf16>, vector<4xbf16>
// CHECK: llvm.call_intrinsic "llvm.bfmmla"({{.*}}) : (vector<[4]xf32>, vector<[8]xbf16>, vector<[8]xbf16>) -> vector<[4]xf32>
// CHECK-COUNT-3: vector.maskedload %arg0[{{.*}}], {{.*}} : memref<3x6xbf16>, vector<4xi1>, vector<4xbf16> into vector<4xbf16>
// CHECK-NOT: memref<3x6xbf16>
// CHECK: vector.deinterleave
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k floordiv 4, n, k mod 4)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @odd(%a: memref<3x6xbf16>, %b: memref<2x16x4xbf16>, %c: memref<3x16xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<3x6xbf16>, memref<2x16x4xbf16>) outs(%c : memref<3x16xf32>) {
  ^bb0(%x: bf16, %y: bf16, %s: f32):
    %0 = arith.extf %x : bf16 to f32
    %1 = arith.extf %y : bf16 to f32
    %2 = arith.mulf %0, %1 fastmath<contract> : f32
    %3 = arith.addf %s, %2 fastmath<reassoc, contract> : f32
    linalg.yield %3 : f32
  }
  return
}
