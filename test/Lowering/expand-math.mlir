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

// The polynomial of log is for normal numbers: others are scaled.

// CHECK-LABEL: func.func @log
// CHECK-DAG: %[[LEAST:.*]] = arith.constant 1.17549435E-38 : f32
// CHECK-DAG: %[[SCALE:.*]] = arith.constant 0x4B800000 : f32
// CHECK: %[[SMALL:.*]] = arith.cmpf olt, %arg0, %[[LEAST]]
// CHECK: %[[SCALED:.*]] = arith.mulf %arg0, %[[SCALE]]
// CHECK: arith.select %[[SMALL]], %[[SCALED]], %arg0
// CHECK: %[[RESULT:.*]] = arith.select %[[SMALL]]
// CHECK: return %[[RESULT]]
func.func @log(%x: f32) -> f32 {
  %0 = math.log %x : f32
  return %0 : f32
}

// Whole turns are taken off in f64.

// CHECK-LABEL: func.func @sin
// CHECK-DAG: %[[INVERSE:.*]] = arith.constant 0.159154{{.*}} : f64
// CHECK-DAG: %[[TURN:.*]] = arith.constant -6.283185{{.*}} : f64
// CHECK: %[[WIDE:.*]] = arith.extf %arg0
// CHECK: %[[SHARE:.*]] = arith.mulf %[[WIDE]], %[[INVERSE]] : f64
// CHECK: %[[TURNS:.*]] = math.roundeven %[[SHARE]] : f64
// CHECK: math.fma %[[TURNS]], %[[TURN]], %[[WIDE]] : f64
// CHECK-NOT: math.sin
func.func @sin(%x: f32) -> f32 {
  %0 = math.sin %x : f32
  return %0 : f32
}

// Double precision keeps the library's accuracy.

// CHECK-LABEL: func.func @f64
// CHECK: math.exp
func.func @f64(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
