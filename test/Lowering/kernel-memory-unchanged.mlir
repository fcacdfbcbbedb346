// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-kernel-memory))' | diff %t -

// The entry's buffers are planned, and buffers on the stack are there already.
func.func @main(%n: index) -> memref<?xf32> {
  %alloc = memref.alloc(%n) : memref<?xf32>
  return %alloc : memref<?xf32>
}

func.func @kernel(%x: memref<4xf32>) {
  %alloca = memref.alloca() : memref<4xf32>
  memref.copy %alloca, %x : memref<4xf32> to memref<4xf32>
  return
}
