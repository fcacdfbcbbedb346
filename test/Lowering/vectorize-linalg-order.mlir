// Whether rows or columns of a product are outside.
// RUN: rac-opt %s --rac-vectorize-linalg=vector-bits=512 | FileCheck %s

// The result doesn't stay in the second-level cache: it is written in order.
// CHECK-LABEL: func @large_result
// CHECK: scf.parallel {{.*}} to (%c6400{{[_0-9]*}}, %c96{{[_0-9]*}})
func.func @large_result(%x: memref<6400x12xf32>, %w: memref<12x96xf32>, %y: memref<6400x96xf32>) {
  linalg.matmul ins(%x, %w : memref<6400x12xf32>, memref<12x96xf32>) outs(%y : memref<6400x96xf32>)
  return
}

// Nor do the rows that are multiplied.
// CHECK-LABEL: func @large_rows
// CHECK: scf.parallel {{.*}} to (%c1024{{[_0-9]*}}, %c64{{[_0-9]*}})
func.func @large_rows(%x: memref<1024x200xf32>, %w: memref<200x64xf32>, %y: memref<1024x64xf32>) {
  linalg.matmul ins(%x, %w : memref<1024x200xf32>, memref<200x64xf32>) outs(%y : memref<1024x64xf32>)
  return
}

// All of it stays there.
// CHECK-LABEL: func @small
// CHECK: scf.parallel {{.*}} to (%c96{{[_0-9]*}}, %c640{{[_0-9]*}})
func.func @small(%x: memref<640x12xf32>, %w: memref<12x96xf32>, %y: memref<640x96xf32>) {
  linalg.matmul ins(%x, %w : memref<640x12xf32>, memref<12x96xf32>) outs(%y : memref<640x96xf32>)
  return
}

// The columns don't, so that each row would bring them in again.
// CHECK-LABEL: func @large_columns
// CHECK: scf.parallel {{.*}} to (%c800{{[_0-9]*}}, %c640{{[_0-9]*}})
func.func @large_columns(%x: memref<640x300xf32>, %w: memref<300x800xf32>, %y: memref<640x800xf32>) {
  linalg.matmul ins(%x, %w : memref<640x300xf32>, memref<300x800xf32>) outs(%y : memref<640x800xf32>)
  return
}
