// RUN: rac-opt %s --mlir-print-op-generic > %t
// RUN: rac-opt %s --rac-gpu-independent-loops --mlir-print-op-generic | diff %t -

#each = affine_map<(d0) -> (d0)>
#back = affine_map<(d0) -> (127 - d0)>
#none = affine_map<(d0) -> ()>

// Reads what another thread has written in the iteration before.
func.func @reverse(%x: memref<128xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#back, #each], iterator_types = ["parallel"]} ins(%x : memref<128xf32>) outs(%x : memref<128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
  }
  return
}

// A sum has kernels of its own.
func.func @sums(%x: memref<8x128xf32>, %sum: memref<f32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %row = memref.subview %x[%i, 0] [1, 128] [1, 1] : memref<8x128xf32> to memref<128xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#each, #none], iterator_types = ["reduction"]}
        ins(%row : memref<128xf32, strided<[1], offset: ?>>) outs(%sum : memref<f32>) {
    ^bb0(%in: f32, %out: f32):
      %next = arith.addf %in, %out : f32
      linalg.yield %next : f32
    }
  }
  return
}

// The second op reads what all threads of the first have written.
func.func @two(%x: memref<128xf32>, %y: memref<128xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]} ins(%x : memref<128xf32>) outs(%y : memref<128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
    linalg.generic {indexing_maps = [#back, #each], iterator_types = ["parallel"]} ins(%y : memref<128xf32>) outs(%x : memref<128xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
  }
  return
}

// A kernel's own, and one of a thread.
func.func @within(%x: memref<8x128xf32>, %y: memref<128xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
    %row = memref.subview %x[%j, 0] [1, 128] [1, 1] : memref<8x128xf32> to memref<128xf32, strided<[1], offset: ?>>
    scf.for %i = %c0 to %n step %c1 {
      linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel"]}
          ins(%y : memref<128xf32>) outs(%row : memref<128xf32, strided<[1], offset: ?>>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      }
    }
    scf.reduce
  }
  return
}
