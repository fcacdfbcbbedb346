// RUN: rac-opt %s --rac-gpu-reductions --split-input-file | FileCheck %s
// CHECK-NOT: gpu.launch

#x = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#diagonal = affine_map<(d0, d1, d2) -> (d0 + d1)>

// Several iterations write one result.
func.func @diagonals(%x: memref<8x8x64xf32>, %y: memref<15xf32>) {
  linalg.generic {indexing_maps = [#x, #diagonal], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : memref<8x8x64xf32>) outs(%y : memref<15xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out fastmath<reassoc> : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#x = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// One iteration of a parallel loop is a thread's.
func.func @inside(%x: memref<8x8x64xf32>, %y: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %from = memref.subview %x[%i, 0, 0] [1, 8, 64] [1, 1, 1] : memref<8x8x64xf32> to memref<8x64xf32, strided<[64, 1], offset: ?>>
    %to = memref.subview %y[%i, 0] [1, 8] [1, 1] : memref<8x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#x, #row], iterator_types = ["parallel", "reduction"]} ins(%from : memref<8x64xf32, strided<[64, 1], offset: ?>>) outs(%to : memref<8xf32, strided<[1], offset: ?>>) {
    ^bb0(%in: f32, %out: f32):
      %0 = arith.addf %in, %out fastmath<reassoc> : f32
      linalg.yield %0 : f32
    }
  }
  return
}
