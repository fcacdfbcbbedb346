// RUN: rac-opt %s --rac-vectorize-linalg="dots=i4:f32:llvm.lookup" --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable dots=i4:f32:llvm.lookup" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=SVE

#steps = affine_map<(m, n, o, i) -> (o, i, n)>
#low = affine_map<(m, n, o, i) -> (m, o, 0, i)>
#high = affine_map<(m, n, o, i) -> (m, o, 1, i)>
#scales = affine_map<(m, n, o, i) -> (o, n)>
#out = affine_map<(m, n, o, i) -> (m, n)>

// What a block sums up, from zero on, is scaled once; a table of 16 lanes gives the floats.
// CHECK-LABEL: func @blocks
// CHECK-DAG: %[[TABLE:.+]] = arith.constant dense<[-8.000000e+00, -7.000000e+00, {{.*}}, 0.000000e+00, {{.*}}, 7.000000e+00]> : vector<16xf32>
// CHECK-DAG: %[[ZERO:.+]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: %[[OUTER:.+]] = scf.for {{.*}} iter_args(%[[BEFORE:.+]] = %{{.+}}) -> (vector<16xf32>)
// CHECK: %[[SUM:.+]] = scf.for {{.*}} iter_args(%[[S:.+]] = %[[ZERO]]) -> (vector<16xf32>)
// CHECK: %[[LOW:.+]] = llvm.call_intrinsic "llvm.lookup"(%[[TABLE]], %{{.+}}) : (vector<16xf32>, vector<16xi32>) -> vector<16xf32>
// CHECK: %[[P0:.+]] = arith.mulf %{{.+}}, %[[LOW]] : vector<16xf32>
// CHECK: %[[S0:.+]] = arith.addf %[[S]], %[[P0]] fastmath<reassoc,contract>
// CHECK: arith.shrui
// CHECK: %[[HIGH:.+]] = llvm.call_intrinsic "llvm.lookup"
// CHECK: %[[P1:.+]] = arith.mulf %{{.+}}, %[[HIGH]] : vector<16xf32>
// CHECK: %[[S1:.+]] = arith.addf %[[S0]], %[[P1]] fastmath<reassoc,contract>
// CHECK: scf.yield %[[S1]]
// CHECK: %[[SCALE:.+]] = vector.load %{{.*}} : memref<2x16xf32>, vector<16xf32>
// CHECK: %[[SCALED:.+]] = arith.mulf %[[SUM]], %[[SCALE]] fastmath<reassoc,contract>
// CHECK: %[[NEXT:.+]] = arith.addf %[[BEFORE]], %[[SCALED]]
// CHECK: scf.yield %[[NEXT]]
// No table is as wide as a vector whose length isn't known.
// SVE-LABEL: func @blocks
// SVE-NOT: llvm.lookup
// SVE: arith.shrui {{.*}} : vector<[4]xi32>
func.func @blocks(%q: memref<2x16x16xi8>, %x: memref<1x2x2x16xf32>, %s: memref<2x16xf32>, %y: memref<1x16xf32>) {
  linalg.generic {indexing_maps = [#steps, #low, #high, #scales, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%q, %x, %x, %s : memref<2x16x16xi8>, memref<1x2x2x16xf32>, memref<1x2x2x16xf32>, memref<2x16xf32>) outs(%y : memref<1x16xf32>) {
  ^bb0(%byte: i8, %x0: f32, %x1: f32, %scale: f32, %sum: f32):
    %c15 = arith.constant 15 : i32
    %c8 = arith.constant 8 : i32
    %c4 = arith.constant 4 : i32
    %wide = arith.extui %byte : i8 to i32
    %u0 = arith.andi %wide, %c15 : i32
    %u1 = arith.shrui %wide, %c4 : i32
    %low = arith.subi %u0, %c8 : i32
    %high = arith.subi %u1, %c8 : i32
    %w0 = arith.sitofp %low : i32 to f32
    %w1 = arith.sitofp %high : i32 to f32
    %p0 = arith.mulf %x0, %w0 : f32
    %p1 = arith.mulf %x1, %w1 : f32
    %both = arith.addf %p0, %p1 fastmath<reassoc, contract> : f32
    %scaled = arith.mulf %both, %scale fastmath<reassoc, contract> : f32
    %next = arith.addf %sum, %scaled fastmath<reassoc, contract> : f32
    linalg.yield %next : f32
  }
  return
}

// -----

// A product whose order counts is left as it is, and so is a factor that changes in the innermost loop.
// CHECK-LABEL: func @ordered
// CHECK: scf.for
// CHECK: arith.mulf %{{.+}}, %{{.+}} : vector<16xf32>
// CHECK-NOT: vector.load
// CHECK: scf.yield
#x = affine_map<(n, o, i) -> (o, i)>
#w = affine_map<(n, o, i) -> (o, i, n)>
#s = affine_map<(n, o, i) -> (o, n)>
#out = affine_map<(n, o, i) -> (n)>
func.func @ordered(%x: memref<2x8xf32>, %w: memref<2x8x16xf32>, %s: memref<2x16xf32>, %y: memref<16xf32>) {
  linalg.generic {indexing_maps = [#x, #w, #s, #out], iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%x, %w, %s : memref<2x8xf32>, memref<2x8x16xf32>, memref<2x16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%a: f32, %b: f32, %scale: f32, %sum: f32):
    %p = arith.mulf %a, %b : f32
    %scaled = arith.mulf %p, %scale : f32
    %next = arith.addf %sum, %scaled fastmath<reassoc, contract> : f32
    linalg.yield %next : f32
  }
  return
}
