// RUN: rac-opt %s --rac-to-llvm | FileCheck %s

// What the target has instructions for, or LLVM vectorises, never becomes a
// call of libm, which would keep the loop around it scalar.

// CHECK-LABEL: llvm.func @instructions
// CHECK-NOT: llvm.call
// CHECK: llvm.intr.fma
// CHECK: llvm.intr.floor
// CHECK: llvm.intr.ceil
// CHECK: llvm.intr.roundeven
// CHECK: llvm.intr.trunc
// CHECK: llvm.intr.sqrt
// CHECK: llvm.intr.fabs
// CHECK: llvm.intr.copysign
// CHECK-NOT: llvm.call
func.func @instructions(%a: f32, %b: f32, %c: f32) -> f32 {
  %0 = math.fma %a, %b, %c : f32
  %1 = math.floor %0 : f32
  %2 = math.ceil %1 : f32
  %3 = math.roundeven %2 : f32
  %4 = math.trunc %3 : f32
  %5 = math.sqrt %4 : f32
  %6 = math.absf %5 : f32
  %7 = math.copysign %6, %a : f32
  return %7 : f32
}

// There is no instruction and no intrinsic.
// CHECK-LABEL: llvm.func @function
// CHECK: llvm.call @erf(
func.func @function(%a: f64) -> f64 {
  %0 = math.erf %a : f64
  return %0 : f64
}
