// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-gpu-transposes | diff %t -

#same = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>

// Read as it is written.
func.func @copy(%x: memref<64x64xf32>, %y: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]} ins(%x : memref<64x64xf32>) outs(%y : memref<64x64xf32>) {
  ^bb0(%in: f32, %old: f32):
    linalg.yield %in : f32
  }
  return
}

// Rows are too short for a tile.
func.func @narrow(%x: memref<64x3xf32>, %y: memref<3x64xf32>) {
  linalg.generic {indexing_maps = [#same, #turned], iterator_types = ["parallel", "parallel"]} ins(%x : memref<64x3xf32>) outs(%y : memref<3x64xf32>) {
  ^bb0(%in: f32, %old: f32):
    linalg.yield %in : f32
  }
  return
}

// Two operands would need two tiles.
func.func @two(%x: memref<64x64xf32>, %z: memref<64x64xf32>, %y: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#turned, #turned, #same], iterator_types = ["parallel", "parallel"]} ins(%x, %z : memref<64x64xf32>, memref<64x64xf32>) outs(%y : memref<64x64xf32>) {
  ^bb0(%in: f32, %other: f32, %old: f32):
    %0 = arith.addf %in, %other : f32
    linalg.yield %0 : f32
  }
  return
}

// Not memory of its own.
func.func @part(%x: memref<64x64xf32, strided<[128, 1]>>, %y: memref<64x64xf32>) {
  linalg.generic {indexing_maps = [#turned, #same], iterator_types = ["parallel", "parallel"]} ins(%x : memref<64x64xf32, strided<[128, 1]>>) outs(%y : memref<64x64xf32>) {
  ^bb0(%in: f32, %old: f32):
    linalg.yield %in : f32
  }
  return
}
