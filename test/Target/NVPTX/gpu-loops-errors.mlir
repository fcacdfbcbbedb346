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

// -----

func.func @reduction(%x: memref<8xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{parallel loops with reductions are not supported}}
  %r = scf.parallel (%i) = (%c0) to (%c8) step (%c1) init (%zero) -> f32 {
    %v = memref.load %x[%i] : memref<8xf32>
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      scf.reduce.return %s : f32
    }
  }
  return %r : f32
}
