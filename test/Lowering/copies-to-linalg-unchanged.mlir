// RUN: rac-opt %s > %t
// RUN: rac-opt %s --pass-pipeline='builtin.module(func.func(rac-copies-to-linalg))' | diff %t -

// Copies that linalg makes already, and loads and stores.
func.func @linalg(%a: memref<4xf32>, %b: memref<4xf32>, %c: memref<f32>, %d: memref<f32>) {
  linalg.copy ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
  %0 = memref.load %c[] : memref<f32>
  memref.store %0, %d[] : memref<f32>
  return
}
