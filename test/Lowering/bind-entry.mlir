// RUN: rac-opt %s --rac-bind-entry --split-input-file | FileCheck %s

// The first output is the entry's own buffer; the second is an input, so it is copied.

// CHECK-LABEL: func.func @main() {
// CHECK: %[[N:.*]] = rac.input_dim 0, 0
// CHECK: %[[X:.*]] = rac.input_buffer 0[%[[N]]] : memref<?x4xf32>
// CHECK: %[[OUT:.*]] = rac.output_buffer 0[] : memref<4xf32>
// CHECK: call @kernel(%[[X]], %[[OUT]])
// CHECK: %[[COPY:.*]] = rac.output_buffer 1[%{{.*}}] : memref<?x4xf32>
// CHECK: memref.copy %[[X]], %[[COPY]]
// CHECK: return
func.func @main(%x: memref<?x4xf32>) -> (memref<4xf32>, memref<?x4xf32>) {
  %y = memref.alloc() : memref<4xf32>
  call @kernel(%x, %y) : (memref<?x4xf32>, memref<4xf32>) -> ()
  return %y, %x : memref<4xf32>, memref<?x4xf32>
}
func.func private @kernel(memref<?x4xf32>, memref<4xf32>)

// -----

// A buffer returned twice has two outputs.

// CHECK-LABEL: func.func @main() {
// CHECK: %[[SECOND:.*]] = rac.output_buffer 1[]
// CHECK: call @kernel(%[[SECOND]])
// CHECK: %[[FIRST:.*]] = rac.output_buffer 0[]
// CHECK: memref.copy %[[SECOND]], %[[FIRST]]
func.func @main() -> (memref<4xf32>, memref<4xf32>) {
  %y = memref.alloc() : memref<4xf32>
  call @kernel(%y) : (memref<4xf32>) -> ()
  return %y, %y : memref<4xf32>, memref<4xf32>
}
func.func private @kernel(memref<4xf32>)
