// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable multiply-adds=4 dots=f32x4:f32:llvm.lane:llvm.repeat" --canonicalize --cse --split-input-file | FileCheck %s

// Four multiply-adds a clock leave no slots for a load and an address for each number of a row: one load brings four, of
// which each multiplies its own vectors. What is left goes one by one.
// CHECK-LABEL: func @by_lane
// CHECK: scf.for {{.*}} step %c4 iter_args
// CHECK: %[[FOUR:.+]] = vector.load %arg0{{.*}} : memref<?x?xf32>, vector<4xf32>
// CHECK: %[[ALONE:.+]] = vector.scalable.insert %[[FOUR]]
// CHECK: %[[ROW:.+]] = llvm.call_intrinsic "llvm.repeat"(%[[ALONE]], %{{.+}}) : (vector<[4]xf32>, i64) -> vector<[4]xf32>
// CHECK-NOT: memref.load
// CHECK: %[[VECTOR:.+]] = vector.load %arg1{{.*}} : memref<?x?xf32>, vector<[4]xf32>
// CHECK: llvm.call_intrinsic "llvm.lane"(%{{.+}}, %[[VECTOR]], %[[ROW]], %c0_i32) : (vector<[4]xf32>, vector<[4]xf32>, vector<[4]xf32>, i32)
// CHECK: llvm.call_intrinsic "llvm.lane"({{.*}}, %c3_i32)
// CHECK: scf.yield
// CHECK: scf.for {{.*}} step %c1 iter_args
// CHECK-COUNT-5: memref.load %arg0
// CHECK-NOT: memref.load
// CHECK: scf.yield
func.func @by_lane(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %c: memref<?x?xf32>) {
  linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// -----

// Copies in another order gather, masked at the ends: the loop along which the source is contiguous is the inner one.
// CHECK-LABEL: func @transpose
// CHECK: scf.parallel (%[[ROW:.+]], %[[COLUMN:.+]]) =
// CHECK: vector.step : vector<[4]xindex>
// CHECK: vector.gather %arg0[%[[ROW]], %[[COLUMN]]] [{{.*}} : memref<?x100xf32>, vector<[4]xindex>
// CHECK: vector.store {{.*}} %arg1[%[[COLUMN]], %[[ROW]]]
// CHECK: vector.gather
// CHECK: vector.maskedstore
// CHECK-NOT: memref.store
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @transpose(%a: memref<?x100xf32>, %c: memref<100x?xf32>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x100xf32>) outs(%c : memref<100x?xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}

// -----

// A distance that only the run knows. Bytes are gathered into lanes as wide as an index.
// CHECK-LABEL: func @apart
// CHECK: memref.extract_strided_metadata %arg0
// CHECK: vector.gather %arg0{{.*}} : memref<?x?xi8>, vector<[4]xindex>, vector<[4]xi1>, vector<[4]xi8> into vector<[4]xi8>
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @apart(%a: memref<?x?xi8>, %c: memref<?x?xi8>) {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x?xi8>) outs(%c : memref<?x?xi8>) {
  ^bb0(%x: i8, %y: i8):
    linalg.yield %x : i8
  }
  return
}

// -----

// A tile that is wider than a panel has vectors of several, each in its own place.
// CHECK-LABEL: func @panels
// CHECK: %[[TILE:.+]] = arith.muli
// CHECK: %[[REST:.+]] = arith.remui %c64
// CHECK: %[[FITS:.+]] = arith.cmpi eq, %[[REST]], %c0
// CHECK: %[[STEP:.+]] = arith.select %[[FITS]]
// CHECK: scf.parallel {{.*}} step (%[[STEP]], %c5)
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n floordiv 64, k, n mod 64)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @panels(%a: memref<?x6xf32>, %b: memref<4x6x64xf32>, %c: memref<?x256xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : memref<?x6xf32>, memref<4x6x64xf32>) outs(%c : memref<?x256xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %z, %0 fastmath<reassoc, contract> : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// What the body loads at indices of its own is gathered; each lane's index is found on lanes.
// CHECK-LABEL: func @gather_in_body
// CHECK: %[[IN:.+]] = vector.load %arg1[{{.*}}] : memref<?xi64>, vector<[4]xi64>
// CHECK: %[[INDEX:.+]] = arith.index_cast %[[IN]] : vector<[4]xi64> to vector<[4]xindex>
// CHECK: %[[PLACE:.+]] = arith.muli %[[INDEX]], %{{.+}} : vector<[4]xindex>
// CHECK: vector.gather %arg0[%{{.+}}, %{{.+}}] [%[[PLACE]]]
// CHECK: vector.maskedload %arg1
// CHECK: vector.gather
// CHECK: vector.maskedstore
// CHECK-NOT: memref.load
func.func @gather_in_body(%from: memref<512x3xf32>, %at: memref<?xi64>, %out: memref<?xf32>) {
  %c2 = arith.constant 2 : index
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%at : memref<?xi64>) outs(%out : memref<?xf32>) {
  ^bb0(%i: i64, %o: f32):
    %0 = arith.index_cast %i : i64 to index
    %1 = memref.load %from[%0, %c2] : memref<512x3xf32>
    linalg.yield %1 : f32
  }
  return
}
