// RUN: rac-opt %s --rac-collapse-loops | FileCheck %s

// A window moves along the rows; and a view's rows don't lie behind each other.

// CHECK-LABEL: func @window
// CHECK-NOT: memref.collapse_shape
// CHECK-LABEL: func @view
// CHECK-NOT: memref.collapse_shape
#in = affine_map<(h, w, f, k, c) -> (h, w + k, c)>
#filter = affine_map<(h, w, f, k, c) -> (f, k, c)>
#out = affine_map<(h, w, f, k, c) -> (h, w, f)>
func.func @window(%x: memref<5x9x24xf32>, %w: memref<32x3x24xf32>, %y: memref<5x7x32xf32>) {
  linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %w : memref<5x9x24xf32>, memref<32x3x24xf32>) outs(%y : memref<5x7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
#a = affine_map<(h, w, f, c) -> (h, w, c)>
#b = affine_map<(h, w, f, c) -> (f, c)>
#c = affine_map<(h, w, f, c) -> (h, w, f)>
func.func @view(%x: memref<5x7x24xf32, strided<[384, 48, 1]>>, %w: memref<32x24xf32>, %y: memref<5x7x32xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<5x7x24xf32, strided<[384, 48, 1]>>, memref<32x24xf32>) outs(%y : memref<5x7x32xf32>) {
  ^bb0(%p: f32, %q: f32, %s: f32):
    %0 = arith.mulf %p, %q : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
