// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-gpu-loops | diff %t -

// The host computes what needs no memory.
func.func @shapes(%x: memref<?xf32>, %n: index) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = memref.dim %x, %c0 : memref<?xf32>
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%s = %m) -> index {
    %1 = arith.muli %s, %i : index
    scf.yield %1 : index
  }
  %some = arith.cmpi sgt, %0, %c0 : index
  cf.assert %some, "nothing to do"
  return %0 : index
}

// Kernels are what they are.
func.func @launched(%x: memref<?xf32>, %n: index) {
  %c1 = arith.constant 1 : index
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c1, %sy = %c1, %sz = %c1) {
    %0 = memref.load %x[%bx] : memref<?xf32>
    memref.store %0, %x[%bx] : memref<?xf32>
    gpu.terminator
  }
  return
}
