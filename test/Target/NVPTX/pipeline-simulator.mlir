// RUN: rac-opt %s --rac-pipeline-simulator | FileCheck %s

// A kernel for the simulator: a function that one thread after another calls, with that thread before its parameters.

// CHECK: gpu.module @rac_kernels
// CHECK: llvm.func @kernel(%{{[^:]*}}: !llvm.ptr {llvm.noalias}, %{{[^:]*}}: i32, %{{[^:]*}}: !llvm.ptr
// CHECK-NOT: gpu.thread_id
// CHECK-NOT: math.exp
// CHECK: llvm.return
gpu.module @rac_kernels {
  gpu.func @kernel(%x: memref<?xf32>) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<?xf32>
    %e = math.exp %v : f32
    memref.store %e, %x[%i] : memref<?xf32>
    gpu.return
  }
}
