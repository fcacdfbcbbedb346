// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(rac-gpu-tensor-maps))' | FileCheck %s

// The copy unit reads the map where the kernel's parameters are.
// CHECK: llvm.func @kernel(%{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %{{.*}}: !llvm.ptr)
gpu.module @kernels {
  llvm.func @kernel(%map: !llvm.ptr {llvm.align = 64 : i64}, %x: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}
