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
// CHECK: %[[LEAST:.*]] = arith.constant 1.17549435E-38 : f32
// CHECK: %[[SMALL:.*]] = arith.cmpf olt, %arg0, %[[LEAST]]
// CHECK: %[[SCALE:.*]] = arith.constant 0x4B800000 : f32
// CHECK: %[[SCALED:.*]] = arith.mulf %arg0, %[[SCALE]]
// CHECK: arith.select %[[SMALL]], %[[SCALED]], %arg0
// CHECK-NOT: math.log
func.func @log(%x: f32) -> f32 {
  %0 = math.log %x : f32
  return %0 : f32
}

// Quarters of a turn are taken off in f64.

// CHECK-LABEL: func.func @sin
// CHECK: %[[WIDE:.*]] = arith.extf %arg0 : f32 to f64
// CHECK: %[[INVERSE:.*]] = arith.constant 0.636619{{.*}} : f64
// CHECK: %[[SHARE:.*]] = arith.mulf %[[WIDE]], %[[INVERSE]] : f64
// CHECK: %[[HIGH:.*]] = arith.constant -1.570796{{.*}} : f64
// CHECK: math.fma %{{.*}}, %[[HIGH]], %[[WIDE]] : f64
// CHECK-NOT: math.sin
func.func @sin(%x: f32) -> f32 {
  %0 = math.sin %x : f32
  return %0 : f32
}

// Vectors of any kind; narrow types are computed in f32.

// CHECK-LABEL: func.func @vectors
// CHECK: arith.extf %arg0 : vector<[8]xf16> to vector<[8]xf32>
// CHECK: arith.truncf %{{.*}} : vector<[8]xf32> to vector<[8]xf16>
// CHECK-NOT: math.powf
func.func @vectors(%x: vector<[8]xf16>, %y: vector<16xf32>) -> (vector<[8]xf16>, vector<16xf32>) {
  %0 = math.exp %x : vector<[8]xf16>
  %1 = math.powf %y, %y : vector<16xf32>
  return %0, %1 : vector<[8]xf16>, vector<16xf32>
}

// Double precision keeps the library's accuracy.

// CHECK-LABEL: func.func @f64
// CHECK: math.exp
func.func @f64(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}

// Where limits show that the result is a normal number, 2^n is made in one.

// CHECK-LABEL: func.func @limited
// CHECK-COUNT-1: arith.shli
// CHECK-NOT: arith.shli
// CHECK: return
func.func @limited(%x: vector<16xf32>) -> vector<16xf32> {
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %least = arith.constant dense<-87.0> : vector<16xf32>
  %positive = arith.cmpf ogt, %x, %zero : vector<16xf32>
  %0 = arith.select %positive, %zero, %x : vector<16xi1>, vector<16xf32>
  %tiny = arith.cmpf olt, %0, %least : vector<16xf32>
  %1 = arith.select %tiny, %least, %0 : vector<16xi1>, vector<16xf32>
  %2 = math.exp %1 : vector<16xf32>
  return %2 : vector<16xf32>
}

// One limit alone isn't enough, nor is NaN.

// CHECK-LABEL: func.func @unlimited
// CHECK-COUNT-4: arith.shli
// CHECK-NOT: arith.shli
// CHECK: return
func.func @unlimited(%x: f32) -> (f32, f32) {
  %zero = arith.constant 0.0 : f32
  %nan = arith.constant 0x7FC00000 : f32
  %0 = arith.minimumf %x, %zero : f32
  %1 = math.exp %0 : f32
  %2 = arith.maximumf %0, %nan : f32
  %3 = math.exp %2 : f32
  return %1, %3 : f32, f32
}

// LLVM has no floats of 8 bits.

// CHECK-LABEL: func.func @float8
// CHECK-NOT: {{arith.(extf|truncf)}}
// CHECK: arith.bitcast %{{.*}} : vector<4xi8> to vector<4xf8E4M3FN>
// CHECK: arith.bitcast %{{.*}} : f8E4M3FN to i8
// CHECK: arith.truncf %{{.*}} : f32 to f16
// CHECK-NOT: {{arith.(extf|truncf)}}
// CHECK: return
func.func @float8(%x: vector<4xf32>, %y: f8E4M3FN) -> (vector<4xf8E4M3FN>, f16) {
  %0 = arith.truncf %x : vector<4xf32> to vector<4xf8E4M3FN>
  %1 = arith.extf %y : f8E4M3FN to f16
  return %0, %1 : vector<4xf8E4M3FN>, f16
}

// Where neither is NaN, a comparison tells the greater number.

// CHECK-LABEL: func.func @greater
// CHECK: %[[WINS:.*]] = arith.cmpf ogt, %arg0, %arg1 : vector<4xf32>
// CHECK: arith.select %[[WINS]], %arg0, %arg1
// CHECK: %[[WINS:.*]] = arith.cmpf olt, %arg0, %arg1 : vector<4xf32>
// CHECK: arith.select %[[WINS]], %arg0, %arg1
func.func @greater(%x: vector<4xf32>, %y: vector<4xf32>) -> (vector<4xf32>, vector<4xf32>) {
  %0 = arith.maximumf %x, %y fastmath<nnan,nsz> : vector<4xf32>
  %1 = arith.minimumf %x, %y fastmath<nnan,nsz> : vector<4xf32>
  return %0, %1 : vector<4xf32>, vector<4xf32>
}
