// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-gpu-elementwise | diff %t -

#each = affine_map<(d0) -> (d0)>
#none = affine_map<(d0) -> ()>

// A reduction.
func.func @sum(%x: memref<8xf32>, %y: memref<f32>) {
  linalg.generic {indexing_maps = [#each, #none], iterator_types = ["reduction"]} ins(%x : memref<8xf32>) outs(%y : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// A thread of the loop around does it all.
func.func @inner(%x: memref<4x8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    %row = memref.subview %x[%i, 0] [1, 8] [1, 1] : memref<4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    linalg.fill ins(%v : f32) outs(%row : memref<8xf32, strided<[1], offset: ?>>)
  }
  return
}

// Tensors aren't memory yet.
func.func @tensor(%x: tensor<8xf32>, %v: f32) -> tensor<8xf32> {
  %0 = linalg.fill ins(%v : f32) outs(%x : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
