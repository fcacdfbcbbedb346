// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-gpu-math | diff %t -

// There is no instruction.
gpu.module @kernels {
  gpu.func @k(%x: f64) -> (f64, f64, f64) {
    %0 = math.exp %x : f64
    %1 = math.sin %x : f64
    %2 = arith.mulf %x, %x : f64
    gpu.return %0, %1, %2 : f64, f64, f64
  }
}
