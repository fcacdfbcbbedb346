// RUN: rac-opt %s --rac-gpu-loops --split-input-file --verify-diagnostics

func.func @lowered(%x: memref<4xf32>, %y: memref<4xf32>) {
  // expected-error@+1 {{is still to be lowered to loops}}
  linalg.copy ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  return
}

// -----

func.func @region(%x: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{can be run neither by a kernel nor by the host}}
  scf.execute_region {
    %0 = memref.load %x[%c0] : memref<4xf32>
    memref.store %0, %x[%c0] : memref<4xf32>
    scf.yield
  }
  return
}
