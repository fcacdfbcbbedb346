// RUN: rac-opt %s --rac-vectorize-linalg=remarks --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-COUNT-4: linalg.generic
// CHECK-NOT: linalg.generic

#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @small_transpose(%a: memref<8x?xf32>, %c: memref<?x8xf32>) {
  // expected-remark @+1 {{stays scalar: has no loop along which its operands are contiguous}}
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<8x?xf32>) outs(%c : memref<?x8xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}

// -----

#id1 = affine_map<(d0) -> (d0)>
func.func @gather(%a: memref<8xf32>, %i: memref<?xindex>, %c: memref<?xf32>) {
  // expected-remark @+1 {{stays scalar: has no loop along which its operands are contiguous}}
  linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%i : memref<?xindex>) outs(%c : memref<?xf32>) {
  ^bb0(%x: index, %y: f32):
    %0 = memref.load %a[%x] : memref<8xf32>
    linalg.yield %0 : f32
  }
  return
}

// -----

// In another order the sum would round otherwise, which nothing here allows.
#all = affine_map<(d0) -> (d0)>
#one = affine_map<(d0) -> ()>
func.func @strict_sum(%a: memref<?xf32>, %c: memref<f32>) {
  // expected-remark @+1 {{stays scalar: may not be summed in another order}}
  linalg.generic {indexing_maps = [#all, #one], iterator_types = ["reduction"]}
      ins(%a : memref<?xf32>) outs(%c : memref<f32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

#id2 = affine_map<(d0) -> (d0)>
func.func @tensors(%a: tensor<64xf32>, %c: tensor<64xf32>) -> tensor<64xf32> {
  // expected-remark @+1 {{stays scalar: is not on buffers}}
  %0 = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel"]}
      ins(%a : tensor<64xf32>) outs(%c : tensor<64xf32>) {
  ^bb0(%x: f32, %y: f32):
    %1 = arith.addf %x, %x : f32
    linalg.yield %1 : f32
  } -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
