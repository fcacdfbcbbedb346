// RUN: rac-opt %s --rac-gpu-outline --split-input-file --verify-diagnostics

func.func @unknown(%x: memref<?xf32>, %n: index, %bytes: i32) {
  %c1 = arith.constant 1 : index
  // expected-error@+1 {{takes shared memory of a size that only the run knows}}
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) dynamic_shared_memory_size %bytes {
    gpu.terminator
  }
  return
}

// -----

func.func @clusters(%x: memref<?xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  // expected-error@+1 {{has clusters of a size that only the run knows}}
  gpu.launch clusters(%cx, %cy, %cz) in (%nx = %n, %ny = %c1, %nz = %c1) blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    gpu.terminator
  }
  return
}

// -----

func.func @map_of_threads(%x: memref<?xbf16>, %n: index) {
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    // expected-error@+1 {{takes what only the kernel knows}}
    %map = rac.tensor_map %x[%bx] sizes(%n, %n) strides(%n) box [64, 64] : memref<?xbf16> -> !llvm.ptr
    %0 = llvm.load volatile %map : !llvm.ptr -> i64
    gpu.terminator
  }
  return
}

// -----

// Of a module whose kernels have been outlined.

// expected-error@+1 {{has the name of the kernels' module}}
gpu.module @rac_kernels {
}
