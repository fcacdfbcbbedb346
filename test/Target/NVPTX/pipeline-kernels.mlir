// RUN: rac-opt %s --rac-pipeline-kernels | FileCheck %s

// A kernel for the driver: buffers as the members of their descriptors, accesses of 16 bytes, instructions for threads and
// barriers. Functions of f32 are polynomials, even of vectors; those of f64 calls of NVIDIA's.

// CHECK-LABEL: llvm.func @kernel(
// CHECK-SAME: %{{[^:]*}}: !llvm.ptr, %{{[^:]*}}: !llvm.ptr, %{{[^:]*}}: i64, %{{[^:]*}}: i64, %{{[^:]*}}: i64, %{{[^:]*}}: f64)
// CHECK-SAME: gpu.kernel
// CHECK-SAME: nvvm.kernel, nvvm.maxntid = array<i32: 256, 1, 1>
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK-NOT: llvm.call @
// CHECK: llvm.call_intrinsic "llvm.fma"
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 16 : i64} : vector<4xf32>
// CHECK: nvvm.barrier0
// CHECK: llvm.call @__nv_exp(%{{.*}}) : (f64) -> f64
// CHECK: llvm.return
gpu.module @rac_kernels {
  gpu.func @kernel(%x: memref<?xf32>, %y: f64) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c256 = arith.constant 256 : index
    %block = gpu.block_id x
    %thread = gpu.thread_id x
    %0 = arith.muli %block, %c256 : index
    %i = arith.addi %0, %thread : index
    %v = vector.load %x[%i] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
    %e = math.exp %v : vector<4xf32>
    vector.store %e, %x[%i] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
    gpu.barrier
    %f = math.exp %y : f64
    %g = arith.truncf %f : f64 to f32
    memref.store %g, %x[%c0] : memref<?xf32>
    gpu.return
  }
}
