// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-kernel-memory{max-stack=1024}))' | FileCheck %s

// CHECK-LABEL: func.func @kernel
func.func @kernel(%n: index) -> memref<?xf32> {
  // CHECK: memref.alloca() {alignment = 64 : i64} : memref<16xf32>
  %small = memref.alloc() : memref<16xf32>
  // CHECK: rac.scratch[] : memref<1024xf32>
  %large = memref.alloc() : memref<1024xf32>
  // CHECK: rac.scratch[%{{.*}}] : memref<?xf32>
  %dynamic = memref.alloc(%n) : memref<?xf32>
  // CHECK: rac.heap[%{{.*}}] : memref<?xf32>
  %returned = memref.alloc(%n) : memref<?xf32>
  return %returned : memref<?xf32>
}

// The entry's buffers are the memory planner's.

// CHECK-LABEL: func.func @main
func.func @main() {
  // CHECK: memref.alloc()
  %a = memref.alloc() : memref<16xf32>
  return
}
