// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-expand-math))' | diff %t -

// f64 keeps libm's accuracy.
func.func @kept(%x: f64) -> (f64, f64, f64) {
  %0 = math.exp %x : f64
  %1 = math.tanh %x : f64
  %2 = math.powf %x, %x : f64
  return %0, %1, %2 : f64, f64, f64
}

// One instruction.
func.func @cheap(%x: f32) -> f32 {
  %0 = math.sqrt %x : f32
  %1 = math.absf %0 : f32
  return %1 : f32
}

// NaN is minded.
func.func @greater(%x: f32, %y: f32) -> (f32, f32) {
  %0 = arith.maximumf %x, %y fastmath<nsz> : f32
  %1 = arith.minimumf %x, %y : f32
  return %0, %1 : f32, f32
}
