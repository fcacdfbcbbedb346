// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-gpu-float8{chip=sm_80})))' | diff %t -
// RUN: sed 's/f8E4M3FN/f8E5M2/g' %s | rac-opt > %t
// RUN: sed 's/f8E4M3FN/f8E5M2/g' %s | rac-opt --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-gpu-float8{chip=sm_90a})))' | diff %t -

// A chip without instructions, or another type.
gpu.module @kernels {
  gpu.func @k(%x: f32, %to: memref<?xf8E4M3FN>) kernel {
    %c0 = arith.constant 0 : index
    %a = arith.truncf %x : f32 to f8E4M3FN
    memref.store %a, %to[%c0] : memref<?xf8E4M3FN>
    gpu.return
  }
}
