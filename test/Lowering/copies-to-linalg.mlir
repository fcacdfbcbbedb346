// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-copies-to-linalg))' | FileCheck %s

// CHECK-LABEL: func.func @copy(
// CHECK-SAME: %[[A:.*]]: memref<4x?xf32, strided<[?, 2]>>, %[[B:.*]]: memref<4x?xf32>
// CHECK-NOT: memref.copy
// CHECK: linalg.generic {{.*}} ins(%[[A]] : {{.*}}) outs(%[[B]] : memref<4x?xf32>)
func.func @copy(%a: memref<4x?xf32, strided<[?, 2]>>, %b: memref<4x?xf32>) {
  memref.copy %a, %b : memref<4x?xf32, strided<[?, 2]>> to memref<4x?xf32>
  return
}

// What is where it belongs already.

// CHECK-LABEL: func.func @to_itself(
// CHECK-NEXT: return
func.func @to_itself(%a: memref<4x?xf32>) {
  memref.copy %a, %a : memref<4x?xf32> to memref<4x?xf32>
  return
}
