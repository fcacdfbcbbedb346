// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(rac-gpu-tensor-maps))' | diff %t -

// Other pointers, and numbers.
gpu.module @kernels {
  llvm.func @kernel(%x: !llvm.ptr, %y: !llvm.ptr {llvm.align = 16 : i64}, %n: i64) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}
