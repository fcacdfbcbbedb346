// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-expand-math))' | FileCheck %s

// CHECK-LABEL: func.func @f32
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK-NOT: math.erf
// CHECK-NOT: math.sinh
func.func @f32(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  %1 = math.tanh %0 : f32
  %2 = math.erf %1 : f32
  %3 = math.sinh %2 : f32
  return %3 : f32
}

// Double precision keeps the library's accuracy.

// CHECK-LABEL: func.func @f64
// CHECK: math.exp
func.func @f64(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
