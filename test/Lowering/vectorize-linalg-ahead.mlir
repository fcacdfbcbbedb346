// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=512 registers=32" --canonicalize --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable" --split-input-file | FileCheck %s --check-prefix=SCALABLE

// The first tile of a panel of columns would wait for its vectors: the tiles of the panel before have them fetched. 130 rows
// are ten tiles; by turns each takes one of the two vectors, and every fourth of both shares the 384 steps.

// CHECK-DAG: #[[$VECTOR:.*]] = affine_map<(d0) -> (d0 * 16 - (d0 floordiv 2) * 32)>
// CHECK-DAG: #[[$STEP:.*]] = affine_map<(d0, d1) -> (d0 floordiv 4 + (d1 floordiv 2) * 96 - ((d1 floordiv 2) floordiv 4) * 384)>
// CHECK-LABEL: func @ten_tiles
// CHECK: scf.parallel (%[[COLUMN:.*]], %[[ROW:.*]]) = {{.*}} step (%[[TILE:.*]], %
// CHECK: %[[TURN:.*]] = arith.divui %[[ROW]],
// CHECK: %[[IN_PANEL:.*]] = affine.apply #[[$VECTOR]](%[[TURN]])
// CHECK: %[[AHEAD:.*]] = arith.addi %[[IN_PANEL]], %[[TILE]]
// CHECK: scf.for %[[K:[a-z0-9]+]] =
// CHECK: %[[AT:.*]] = arith.addi %[[COLUMN]], %[[AHEAD]]
// CHECK: %[[LATER:.*]] = affine.apply #[[$STEP]](%[[K]], %[[TURN]])
// CHECK: memref.prefetch %{{.*}}[%[[LATER]], %[[AT]]], read, locality<2>, data
// CHECK-NOT: memref.prefetch
// CHECK: scf.yield
// SCALABLE-LABEL: func @ten_tiles
// SCALABLE-NOT: memref.prefetch
func.func @ten_tiles(%x: memref<130x384xf32>, %w: memref<384x96xf32>, %y: memref<130x96xf32>) {
  linalg.matmul ins(%x, %w : memref<130x384xf32>, memref<384x96xf32>) outs(%y : memref<130x96xf32>)
  return
}

// -----

// The only tile of a panel has all of the next one's fetched.

// CHECK-LABEL: func @one_tile
// CHECK: scf.for
// CHECK-COUNT-3: memref.prefetch
// CHECK-NOT: memref.prefetch
func.func @one_tile(%x: memref<8x384xf32>, %w: memref<384x96xf32>, %y: memref<8x96xf32>) {
  linalg.matmul ins(%x, %w : memref<8x384xf32>, memref<384x96xf32>) outs(%y : memref<8x96xf32>)
  return
}

// -----

// Of a number of rows that only the run knows, each tile has one vector fetched at each step.

// CHECK-LABEL: func @some_rows
// CHECK: scf.for %[[K:[a-z0-9]+]] =
// CHECK: memref.prefetch %{{.*}}[%[[K]],
// CHECK-NOT: memref.prefetch
// CHECK: scf.yield
func.func @some_rows(%x: memref<?x384xf32>, %w: memref<384x96xf32>, %y: memref<?x96xf32>) {
  linalg.matmul ins(%x, %w : memref<?x384xf32>, memref<384x96xf32>) outs(%y : memref<?x96xf32>)
  return
}

// -----

// Nothing is hidden where loads take the time: what one row is multiplied with is read as fast as it comes.

// CHECK-LABEL: func @one_row
// CHECK-NOT: memref.prefetch
func.func @one_row(%x: memref<1x384xf32>, %w: memref<384x96xf32>, %y: memref<1x96xf32>) {
  linalg.matmul ins(%x, %w : memref<1x384xf32>, memref<384x96xf32>) outs(%y : memref<1x96xf32>)
  return
}

// -----

// Small weights are read again for each of many rows, so that none of them are ahead.

// CHECK-LABEL: func @columns_last
// CHECK-NOT: memref.prefetch
func.func @columns_last(%x: memref<4096x96xf32>, %w: memref<96x96xf32>, %y: memref<4096x96xf32>) {
  linalg.matmul ins(%x, %w : memref<4096x96xf32>, memref<96x96xf32>) outs(%y : memref<4096x96xf32>)
  return
}
