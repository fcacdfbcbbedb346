// RUN: rac-opt %s --rac-gpu-outline --verify-diagnostics

func.func @unknown(%x: memref<?xf32>, %n: index, %bytes: i32) {
  %c1 = arith.constant 1 : index
  // expected-error@+1 {{takes shared memory of a size that only the run knows}}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) dynamic_shared_memory_size %bytes {
    gpu.terminator
  }
  return
}
