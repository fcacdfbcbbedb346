// RUN: rac-opt %s --rac-vectorize-linalg="remarks" --split-input-file --verify-diagnostics | FileCheck %s

// What reads along both of its loops, and in two orders.
// CHECK-LABEL: func @orders
// CHECK: linalg.generic
#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#a = affine_map<(d0, d1, d2) -> (d2, d0, d1)>
#b = affine_map<(d0, d1, d2) -> (d1, d2, d0)>
func.func @orders(%a: memref<32x32x32xf32>, %b: memref<32x32x32xf32>, %c: memref<32x32x32xf32>) {
  // expected-remark @below {{stays scalar: has no loop along which its operands are contiguous}}
  linalg.generic {indexing_maps = [#a, #b, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%a, %b : memref<32x32x32xf32>, memref<32x32x32xf32>) outs(%c : memref<32x32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %y: f32):
    %0 = arith.addf %x, %w : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Two inputs across, of which one along the result besides.
// CHECK-LABEL: func @mixed
// CHECK: linalg.generic
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @mixed(%a: memref<32x32xf32>, %b: memref<32x32xf32>, %d: memref<32x32xf32>, %c: memref<32x32xf32>) {
  // expected-remark @below {{stays scalar: has no loop along which its operands are contiguous}}
  linalg.generic {indexing_maps = [#t, #t, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b, %d : memref<32x32xf32>, memref<32x32xf32>, memref<32x32xf32>) outs(%c : memref<32x32xf32>) {
  ^bb0(%x: f32, %w: f32, %z: f32, %y: f32):
    %0 = arith.addf %x, %w : f32
    %1 = arith.addf %0, %z : f32
    linalg.yield %1 : f32
  }
  return
}

// -----

// What adds to its result.
// CHECK-LABEL: func @accumulates
// CHECK: linalg.generic
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @accumulates(%a: memref<32x32xf32>, %c: memref<32x32xf32>) {
  // expected-remark @below {{stays scalar: has no loop along which its operands are contiguous}}
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<32x32xf32>) outs(%c : memref<32x32xf32>) {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Functions of single numbers.
// CHECK-LABEL: func @calls
// CHECK: linalg.generic
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @calls(%a: memref<32x32xf64>, %c: memref<32x32xf64>) {
  // expected-remark @below {{stays scalar: has no loop along which its operands are contiguous}}
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<32x32xf64>) outs(%c : memref<32x32xf64>) {
  ^bb0(%x: f64, %y: f64):
    %0 = math.erf %x : f64
    linalg.yield %0 : f64
  }
  return
}

// -----

// Fewer rows than a block has, and more than go side by side.
// CHECK-LABEL: func @few
// CHECK: linalg.generic
#id = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
func.func @few(%a: memref<7x32xf32>, %c: memref<32x7xf32>) {
  // expected-remark @below {{stays scalar: has no loop along which its operands are contiguous}}
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<7x32xf32>) outs(%c : memref<32x7xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  return
}
