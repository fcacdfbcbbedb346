// RUN: rac-opt %s --rac-gpu-contractions | FileCheck %s

// CHECK-NOT: gpu.launch

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// It is no sum.
// CHECK-LABEL: func.func @largest
//       CHECK:   linalg.generic
func.func @largest(%a: memref<8x8xf32>, %b: memref<8x8xf32>, %c: memref<8x8xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x8xf32>, memref<8x8xf32>) outs(%c : memref<8x8xf32>) {
  ^bb0(%x: f32, %y: f32, %most: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.maximumf %most, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// A depthwise convolution uses no element twice for several channels.
// CHECK-LABEL: func.func @depthwise
//       CHECK:   linalg.generic
func.func @depthwise(%a: memref<1x10x64xf32>, %b: memref<3x64xf32>, %c: memref<1x8x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(b, x, c, w) -> (b, x + w, c)>, affine_map<(b, x, c, w) -> (w, c)>, affine_map<(b, x, c, w) -> (b, x, c)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1x10x64xf32>, memref<3x64xf32>) outs(%c : memref<1x8x64xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// A row of one operand, and one of the other.
// CHECK-LABEL: func.func @dot
//       CHECK:   linalg.generic
func.func @dot(%a: memref<64xf32>, %b: memref<64xf32>, %c: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : memref<64xf32>, memref<64xf32>) outs(%c : memref<f32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %sum, %0 fastmath<reassoc> : f32
    linalg.yield %1 : f32
  }
  return
}

// The position counts too.
// CHECK-LABEL: func.func @position
//       CHECK:   linalg.generic
func.func @position(%a: memref<8x8xi32>, %b: memref<8x8xi32>, %c: memref<8x8xi32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<8x8xi32>, memref<8x8xi32>) outs(%c : memref<8x8xi32>) {
  ^bb0(%x: i32, %y: i32, %sum: i32):
    %i = linalg.index 2 : index
    %0 = arith.index_cast %i : index to i32
    %1 = arith.muli %x, %0 : i32
    %2 = arith.addi %sum, %1 : i32
    linalg.yield %2 : i32
  }
  return
}
