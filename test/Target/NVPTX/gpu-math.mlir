// RUN: rac-opt %s --rac-gpu-math | FileCheck %s

// The instruction for a reciprocal root is an approximation; other functions of f64 become calls later.

// CHECK: %[[ROOT:.*]] = llvm.call_intrinsic "llvm.sqrt"(%[[X:.*]]) : (f32) -> f32
// CHECK: arith.divf %{{.*}}, %[[ROOT]]
// CHECK: llvm.call_intrinsic "llvm.floor"(%[[X]])
// CHECK: llvm.call_intrinsic "llvm.fma"(%[[X]], %[[X]], %[[X]])
// CHECK: math.exp %{{.*}} : f64
// CHECK: llvm.call_intrinsic "llvm.roundeven"(%[[X]])
// CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"(%[[X]])
// CHECK: llvm.call_intrinsic "llvm.maximum"(%[[X]]
gpu.module @kernels {
  gpu.func @k(%x: f32, %y: f64) -> (f32, f32, f32, f64, f32, f32, f32) {
    %0 = math.rsqrt %x : f32
    %1 = math.floor %x : f32
    %2 = math.fma %x, %x, %x : f32
    %3 = math.exp %y : f64
    %4 = math.roundeven %x : f32
    %5 = math.exp2 %x fastmath<afn> : f32
    %6 = arith.maximumf %x, %2 : f32
    gpu.return %0, %1, %2, %3, %4, %5, %6 : f32, f32, f32, f64, f32, f32, f32
  }
}

// A quotient that is only used in 16 bits needs no more than the quick division; one that is used in f32 too does.
// CHECK-LABEL: gpu.func @quotients
// CHECK: llvm.call_intrinsic "llvm.nvvm.div.full"(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
// CHECK: arith.divf
gpu.module @more {
  gpu.func @quotients(%x: f32, %y: f32) -> (bf16, bf16, f32) {
    %0 = arith.divf %x, %y : f32
    %1 = arith.truncf %0 : f32 to bf16
    %2 = arith.divf %y, %x : f32
    %3 = arith.truncf %2 : f32 to bf16
    gpu.return %1, %3, %2 : bf16, bf16, f32
  }
}
