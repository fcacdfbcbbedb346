// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=512 registers=32" --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg="vector-bits=128 scalable" --split-input-file | FileCheck %s

// Small matrices of weights are read by each thread: they share rows, not columns, which end within lines.

// CHECK-LABEL: func @small_weights
// CHECK: scf.parallel (%{{.*}}, %{{.*}}) =
// CHECK: rac.shared_from = 1 : i64
func.func @small_weights(%x: memref<784x40xf32>, %w: memref<40x120xf32>, %y: memref<784x120xf32>) {
  linalg.matmul ins(%x, %w : memref<784x40xf32>, memref<40x120xf32>) outs(%y : memref<784x120xf32>)
  return
}

// -----

// Of a number of rows that only the run knows there are many.

// CHECK-LABEL: func @some_rows
// CHECK: rac.shared_from = 1 : i64
func.func @some_rows(%x: memref<?x40xf32>, %w: memref<40x120xf32>, %y: memref<?x120xf32>) {
  linalg.matmul ins(%x, %w : memref<?x40xf32>, memref<40x120xf32>) outs(%y : memref<?x120xf32>)
  return
}

// -----

// Large ones are shared by columns.

// CHECK-LABEL: func @large_weights
// CHECK-NOT: rac.shared_from
func.func @large_weights(%x: memref<197x768xf32>, %w: memref<768x768xf32>, %y: memref<197x768xf32>) {
  linalg.matmul ins(%x, %w : memref<197x768xf32>, memref<768x768xf32>) outs(%y : memref<197x768xf32>)
  return
}

// -----

// So are those of which only the run knows how large they are.

// CHECK-LABEL: func @unknown_weights
// CHECK-NOT: rac.shared_from
func.func @unknown_weights(%x: memref<?x?xf32>, %w: memref<?x120xf32>, %y: memref<?x120xf32>) {
  linalg.matmul ins(%x, %w : memref<?x?xf32>, memref<?x120xf32>) outs(%y : memref<?x120xf32>)
  return
}

// -----

// Several matrices are shared one by one.

// CHECK-LABEL: func @matrices
// CHECK: scf.parallel (%{{.*}}, %{{.*}}, %{{.*}}) =
// CHECK-NOT: rac.shared_from
func.func @matrices(%x: memref<12x64x32xf32>, %w: memref<12x32x48xf32>, %y: memref<12x64x48xf32>) {
  linalg.batch_matmul ins(%x, %w : memref<12x64x32xf32>, memref<12x32x48xf32>) outs(%y : memref<12x64x48xf32>)
  return
}
