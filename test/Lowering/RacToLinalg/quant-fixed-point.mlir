// RUN: rac-opt %s --rac-lower-to-linalg=fixed-point --canonicalize --cse --split-input-file | FileCheck %s

// One row as integers, 32 terms at a time: the largest magnitude's bits, 23 bits of each term, what they sum up to,
// and their digits; then one product with both halves of each byte.
// CHECK-DAG: #[[$STEPS:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d2, d3, d4, d1)>
// CHECK-DAG: #[[$SCALES:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d2, d1)>
// CHECK-DAG: #[[$BLOCK:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, d3)>
// CHECK-DAG: #[[$LOW:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, 0, d3, d4)>
// CHECK-DAG: #[[$HIGH:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d2, 1, d3, d4)>
// CHECK-LABEL: func @row
// CHECK: %[[X:.+]] = tensor.expand_shape %arg0 {{.*}} : tensor<1x128xf32> into tensor<1x2x2x2x16xf32>
// CHECK: %[[LARGEST:.+]] = linalg.generic {{.*}}"parallel", "parallel", "reduction", "parallel", "reduction"{{.*}} outs(%{{.*}} : tensor<1x2x2xi32>)
// CHECK: arith.maxsi
// CHECK: %[[INTEGERS:.+]] = linalg.generic {{.*}} ins(%[[X]], %[[LARGEST]] :
// CHECK: math.roundeven
// CHECK: arith.fptosi
// CHECK: %[[SUMS:.+]] = linalg.generic {{.*}} ins(%[[INTEGERS]] : {{.*}} outs(%{{.*}} : tensor<1x2x2xi32>)
// CHECK-COUNT-3: arith.trunci %{{.*}} : i32 to i8
// CHECK: %[[Q:.+]] = tensor.expand_shape %arg1 {{.*}} : tensor<64x24xi8> into tensor<2x2x16x24xi8>
// CHECK: linalg.generic {indexing_maps = [#[[$STEPS]], #[[$SCALES]], #[[$BLOCK]], #[[$BLOCK]], #[[$LOW]], #[[$LOW]], #[[$LOW]], #[[$HIGH]], #[[$HIGH]], #[[$HIGH]], #{{.*}}], iterator_types = ["parallel", "parallel", "reduction", "reduction", "reduction"]}
// CHECK-SAME: ins(%[[Q]], %arg2, %[[LARGEST]], %[[SUMS]],
// CHECK: arith.sitofp
// CHECK: arith.mulf %{{.*}}, %{{.*}} fastmath<reassoc,contract> : f32
func.func @row(%x: tensor<1x128xf32>, %q: tensor<64x24xi8>, %s: tensor<2x24xf32>) -> tensor<1x24xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 64, 1>, nibbles} : (tensor<64x24xi8>, tensor<2x24xf32>) -> tensor<128x24xf32>
  %y = rac.matmul %x, %w : (tensor<1x128xf32>, tensor<128x24xf32>) -> tensor<1x24xf32>
  return %y : tensor<1x24xf32>
}

// -----

// Terms that fill up the last block are zeros; zero points count.
// CHECK-LABEL: func @ragged
// CHECK: tensor.insert_slice %arg0 into %{{.*}}[0, 0] [1, 20] [1, 1] : tensor<1x20xf32> into tensor<1x32xf32>
// CHECK: arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.addf %{{.*}}, %cst{{.*}} : f32
func.func @ragged(%x: tensor<1x20xf32>, %q: tensor<16x3xi8>, %s: tensor<2x3xf32>, %z: tensor<2x3xi8>) -> tensor<1x3xf32> {
  %w = rac.dequantize_weights %q, %s, %z {blocks = array<i64: 16, 1>, nibbles, rows = 20 : i64} : (tensor<16x3xi8>, tensor<2x3xf32>, tensor<2x3xi8>) -> tensor<20x3xf32>
  %y = rac.matmul %x, %w : (tensor<1x20xf32>, tensor<20x3xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}

// -----

// Halves of 6 terms are no whole groups of four, several rows share what makes floats of steps, and bytes are floats
// soon enough.
// CHECK-LABEL: func @six
// CHECK-NOT: arith.fptosi
func.func @six(%x: tensor<1x24xf32>, %q: tensor<12x3xi8>, %s: tensor<2x3xf32>) -> tensor<1x3xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 12, 1>, nibbles} : (tensor<12x3xi8>, tensor<2x3xf32>) -> tensor<24x3xf32>
  %y = rac.matmul %x, %w : (tensor<1x24xf32>, tensor<24x3xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}

// CHECK-LABEL: func @rows
// CHECK-NOT: arith.fptosi
func.func @rows(%x: tensor<?x32xf32>, %q: tensor<16x3xi8>, %s: tensor<1x3xf32>) -> tensor<?x3xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles} : (tensor<16x3xi8>, tensor<1x3xf32>) -> tensor<32x3xf32>
  %y = rac.matmul %x, %w : (tensor<?x32xf32>, tensor<32x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// CHECK-LABEL: func @bytes
// CHECK-NOT: arith.fptosi
func.func @bytes(%x: tensor<1x32xf32>, %q: tensor<32x3xi8>, %s: tensor<1x3xf32>) -> tensor<1x3xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>} : (tensor<32x3xi8>, tensor<1x3xf32>) -> tensor<32x3xf32>
  %y = rac.matmul %x, %w : (tensor<1x32xf32>, tensor<32x3xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}
