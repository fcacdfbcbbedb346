// RUN: rac-opt %s --rac-gpu-shapes --split-input-file --verify-diagnostics

func.func @ranks(%x: memref<8xf32>, %shape: memref<?xindex>) {
  // expected-error@+1 {{has no rank or no dense memory}}
  %0 = memref.reshape %x(%shape) : (memref<8xf32>, memref<?xindex>) -> memref<*xf32>
  return
}
