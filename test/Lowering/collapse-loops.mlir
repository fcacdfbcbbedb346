// RUN: rac-opt %s --rac-collapse-loops --canonicalize --split-input-file | FileCheck %s

// Rows and columns of an image are the rows of one product; what is done with the result goes along, and so does its memory.
// The bias has no part in it.

// CHECK-DAG: #[[$A:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$B:.+]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func @pointwise
// CHECK: %[[SUM:.+]] = memref.alloc(%{{.+}}) : memref<?x32xf32>
// CHECK: linalg.fill {{.*}} outs(%[[SUM]]
// CHECK: %[[IN:.+]] = memref.collapse_shape %arg0 {{\[}}[0, 1, 2], [3]] : memref<2x?x7x24xf32> into memref<?x24xf32>
// CHECK: linalg.generic {indexing_maps = [#[[$A]], #[[$B]], #{{.+}}], iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[IN]], %arg1 : {{.*}}) outs(%[[SUM]]
// CHECK: %[[OUT:.+]] = memref.collapse_shape %arg3 {{\[}}[0, 1, 2], [3]] : memref<2x?x7x32xf32> into memref<?x32xf32>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[SUM]], %arg2 : {{.*}}) outs(%[[OUT]]
#in = affine_map<(n, h, w, f, c) -> (n, h, w, c)>
#filter = affine_map<(n, h, w, f, c) -> (f, c)>
#out = affine_map<(n, h, w, f, c) -> (n, h, w, f)>
#id = affine_map<(n, h, w, f) -> (n, h, w, f)>
#bias = affine_map<(n, h, w, f) -> (f)>
func.func @pointwise(%x: memref<2x?x7x24xf32>, %w: memref<32x24xf32>, %bias: memref<32xf32>, %y: memref<2x?x7x32xf32>, %height: index) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc(%height) : memref<2x?x7x32xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<2x?x7x32xf32>)
  linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<2x?x7x24xf32>, memref<32x24xf32>) outs(%sum : memref<2x?x7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#id, #bias, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%sum, %bias : memref<2x?x7x32xf32>, memref<32xf32>) outs(%y : memref<2x?x7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %old: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// The reader scales each image by numbers of its own: only rows and columns are one.
// CHECK-LABEL: func @scaled
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel", "reduction"]} {{.*}} : memref<2x35x24xf32>, memref<32x24xf32>) outs(%{{.+}} : memref<2x35x32xf32>)
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel"]} ins(%{{.+}}, %arg2 : memref<2x35x32xf32>, memref<2x32xf32>)
#in = affine_map<(n, h, w, f, c) -> (n, h, w, c)>
#filter = affine_map<(n, h, w, f, c) -> (f, c)>
#out = affine_map<(n, h, w, f, c) -> (n, h, w, f)>
#id = affine_map<(n, h, w, f) -> (n, h, w, f)>
#scale = affine_map<(n, h, w, f) -> (n, f)>
func.func @scaled(%x: memref<2x5x7x24xf32>, %w: memref<32x24xf32>, %scale: memref<2x32xf32>, %y: memref<2x5x7x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<2x5x7x32xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<2x5x7x32xf32>)
  linalg.generic {indexing_maps = [#in, #filter, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<2x5x7x24xf32>, memref<32x24xf32>) outs(%sum : memref<2x5x7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  }
  linalg.generic {indexing_maps = [#id, #scale, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%sum, %scale : memref<2x5x7x32xf32>, memref<2x32xf32>) outs(%y : memref<2x5x7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %old: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Pixels that move behind their channels are one loop, of the source and of the result.

// CHECK-LABEL: func @reordered
// CHECK-DAG: memref.collapse_shape %arg0 {{\[}}[0], [1, 2], [3]] : memref<2x8x?x32xf32> into memref<2x?x32xf32>
// CHECK-DAG: memref.collapse_shape %arg1 {{\[}}[0], [1], [2, 3]] : memref<2x32x8x?xf32> into memref<2x32x?xf32>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel"]
#last = affine_map<(n, c, h, w) -> (n, h, w, c)>
#first = affine_map<(n, c, h, w) -> (n, c, h, w)>
func.func @reordered(%x: memref<2x8x?x32xf32>, %y: memref<2x32x8x?xf32>) {
  linalg.generic {indexing_maps = [#last, #first], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : memref<2x8x?x32xf32>) outs(%y : memref<2x32x8x?xf32>) {
  ^bb0(%a: f32, %old: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

// What reads a sum with all of its row doesn't go along; rows of rows are one loop all the same.
// CHECK-LABEL: func @rows
// CHECK: %[[SUM:.+]] = memref.alloc() : memref<2x3x5xf32>
// CHECK: %[[ONE:.+]] = memref.collapse_shape %[[SUM]] {{\[}}[0, 1], [2]] : memref<2x3x5xf32> into memref<6x5xf32>
// CHECK: linalg.fill {{.*}} outs(%[[ONE]]
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "reduction"]} {{.*}} outs(%[[ONE]]
// CHECK: linalg.generic {{.*}} ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0, %[[SUM]]
#all = affine_map<(a, b, r, c) -> (a, b, r, c)>
#row = affine_map<(a, b, r, c) -> (a, b, r)>
func.func @rows(%x: memref<2x3x5x24xf32>, %y: memref<2x3x5x24xf32>) {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<2x3x5xf32>
  linalg.fill ins(%zero : f32) outs(%sum : memref<2x3x5xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x : memref<2x3x5x24xf32>) outs(%sum : memref<2x3x5xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %sum : memref<2x3x5x24xf32>, memref<2x3x5xf32>) outs(%y : memref<2x3x5x24xf32>) {
  ^bb0(%a: f32, %s: f32, %old: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  }
  return
}
