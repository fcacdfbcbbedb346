// RUN: rac-opt %s --pass-pipeline='builtin.module(gpu.module(gpu.func(rac-expand-math)))' | FileCheck %s

// A kernel has an instruction for powers of two: what rounding the exponent leaves out is a factor near 1. NaN stays.
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @exp
  // CHECK: arith.minimumf %arg0, %{{.*}} : f32
  // CHECK: arith.maximumf
  // CHECK: %[[POWER:.*]] = arith.mulf
  // CHECK: math.fma
  // CHECK: %[[REST:.*]] = math.fma
  // CHECK: %[[E:.*]] = math.exp2 %[[POWER]] fastmath<afn> : f32
  // CHECK: %[[FACTOR:.*]] = math.fma %[[REST]],
  // CHECK: arith.mulf %[[E]], %[[FACTOR]]
  // CHECK-NOT: math.exp
  gpu.func @exp(%x: f32) -> f32 {
    %0 = math.exp %x : f32
    gpu.return %0 : f32
  }

  // erf needs no such factor: its power is at most 0.2.
  // CHECK-LABEL: gpu.func @erf
  // CHECK: %[[POWER:.*]] = math.exp2 %{{.*}} fastmath<afn> : f32
  // CHECK: arith.subf %{{.*}}, %[[POWER]]
  // CHECK-NOT: math.erf
  gpu.func @erf(%x: f32) -> f32 {
    %0 = math.erf %x : f32
    gpu.return %0 : f32
  }

  // There are instructions for the greater of two numbers.
  // CHECK-LABEL: gpu.func @greater
  // CHECK: arith.maximumf
  gpu.func @greater(%x: f32, %y: f32) -> f32 {
    %0 = arith.maximumf %x, %y fastmath<nnan,nsz> : f32
    gpu.return %0 : f32
  }
}
