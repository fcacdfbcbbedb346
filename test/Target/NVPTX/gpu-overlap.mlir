// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-gpu-overlap{chip=sm_90a})))' | FileCheck %s
// RUN: rac-opt %s --rac-pipeline-kernels=chip=sm_100 | FileCheck %s --check-prefix=KERNEL
// RUN: rac-opt %s --rac-pipeline-simulator=chip=simulator_sm_90a | FileCheck %s --check-prefix=SIMULATED

// A kernel waits for the one before it and lets the next come, before anything else.
// CHECK-LABEL: gpu.func @k
// CHECK-SAME: rac.overlaps
// CHECK-NEXT: nvvm.griddepcontrol wait
// CHECK-NEXT: nvvm.griddepcontrol launch_dependents
// CHECK: memref.store
// KERNEL-LABEL: llvm.func @k
// KERNEL-SAME: rac.overlaps
// KERNEL: nvvm.griddepcontrol wait
// KERNEL: llvm.store
// SIMULATED-LABEL: llvm.func @k
// SIMULATED-SAME: rac.overlaps
// SIMULATED-NOT: griddepcontrol
gpu.module @kernels {
  gpu.func @k(%x: f32, %to: memref<?xf32>) kernel {
    %c0 = arith.constant 0 : index
    memref.store %x, %to[%c0] : memref<?xf32>
    gpu.return
  }

  // What kernels call doesn't wait.
  // CHECK-LABEL: gpu.func @called
  // CHECK-NOT: griddepcontrol
  // CHECK: gpu.return
  gpu.func @called() {
    gpu.return
  }
}
