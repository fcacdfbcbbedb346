// RUN: rac-opt %s --rac-vectorize-linalg | FileCheck %s
// RUN: rac-opt %s --rac-vectorize-linalg=scalable | FileCheck %s

// Elements of type index have 64 bits.

// CHECK-LABEL: func @positions
// CHECK: vector
#id = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>
func.func @positions(%x: memref<64x64xf32>, %y: memref<64x64xindex>) {
  linalg.generic {indexing_maps = [#turned, #id], iterator_types = ["parallel", "parallel"]} ins(%x : memref<64x64xf32>) outs(%y : memref<64x64xindex>) {
  ^bb0(%a: f32, %out: index):
    %i = linalg.index 0 : index
    linalg.yield %i : index
  }
  return
}
