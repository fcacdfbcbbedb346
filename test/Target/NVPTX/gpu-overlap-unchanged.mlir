// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-gpu-overlap{chip=sm_89})))' | diff %t -
// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-gpu-overlap{chip=simulator})))' | diff %t -
// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-gpu-overlap)))' | diff %t -

// Before sm_90 there is no such instruction.
gpu.module @kernels {
  gpu.func @k(%x: f32, %to: memref<?xf32>) kernel {
    %c0 = arith.constant 0 : index
    memref.store %x, %to[%c0] : memref<?xf32>
    gpu.return
  }
}
