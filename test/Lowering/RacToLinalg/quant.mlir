// RUN: rac-opt %s --rac-lower-to-linalg --canonicalize --cse --split-input-file | FileCheck %s
// RUN: rac-opt %s --rac-lower-to-linalg=fixed-point --canonicalize --cse --split-input-file | FileCheck %s

// Two terms of a byte, a scale for all that a block sums up.
// CHECK-DAG: #[[$STEPS:.+]] = affine_map<(d0, d1, d2, d3) -> (d2, d3, d1)>
// CHECK-DAG: #[[$LOW:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, 0, d3)>
// CHECK-DAG: #[[$HIGH:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, 1, d3)>
// CHECK-DAG: #[[$SCALES:.+]] = affine_map<(d0, d1, d2, d3) -> (d2, d1)>
// CHECK-LABEL: func @nibbles
// CHECK-DAG: tensor.expand_shape %arg0 {{.*}} : tensor<?x64xf32> into tensor<?x2x2x16xf32>
// CHECK-DAG: tensor.expand_shape %arg1 {{.*}} : tensor<32x16xi8> into tensor<2x16x16xi8>
// CHECK: linalg.generic {indexing_maps = [#[[$STEPS]], #[[$LOW]], #[[$HIGH]], #[[$SCALES]], #{{.*}}], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
// CHECK: arith.mulf %{{.*}}, %{{.*}} fastmath<reassoc,contract> : f32
func.func @nibbles(%x: tensor<?x64xf32>, %q: tensor<32x16xi8>, %s: tensor<2x16xf32>) -> tensor<?x16xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles} : (tensor<32x16xi8>, tensor<2x16xf32>) -> tensor<64x16xf32>
  %y = rac.matmul %x, %w : (tensor<?x64xf32>, tensor<64x16xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// The last block is filled up with zeros; zero points are subtracted.
// CHECK-LABEL: func @ragged
// CHECK: tensor.insert_slice %arg0 into %{{.*}}[0, 0] [3, 50] [1, 1] : tensor<3x50xf32> into tensor<3x64xf32>
// CHECK: linalg.generic
// CHECK-SAME: tensor<2x16xf32>, tensor<2x16xi8>)
// CHECK: arith.subf
func.func @ragged(%x: tensor<3x50xf32>, %q: tensor<64x16xi8>, %s: tensor<2x16xf32>, %z: tensor<2x16xi8>) -> tensor<3x16xf32> {
  %w = rac.dequantize_weights %q, %s, %z {blocks = array<i64: 32, 1>, rows = 50 : i64} : (tensor<64x16xi8>, tensor<2x16xf32>, tensor<2x16xi8>) -> tensor<50x16xf32>
  %y = rac.matmul %x, %w : (tensor<3x50xf32>, tensor<50x16xf32>) -> tensor<3x16xf32>
  return %y : tensor<3x16xf32>
}

// -----

// One scale for all is read at one place.
// CHECK: affine_map<(d0, d1, d2, d3) -> (0, 0)>
// CHECK-LABEL: func @one_scale
func.func @one_scale(%x: tensor<3x64xf32>, %q: tensor<64x16xi8>, %s: tensor<1x1xf32>) -> tensor<3x16xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 64, 16>} : (tensor<64x16xi8>, tensor<1x1xf32>) -> tensor<64x16xf32>
  %y = rac.matmul %x, %w : (tensor<3x64xf32>, tensor<64x16xf32>) -> tensor<3x16xf32>
  return %y : tensor<3x16xf32>
}

// -----

// Weights that no product reads.
// CHECK-DAG: #[[$BYTES:.+]] = affine_map<(d0, d1) -> ((d0 floordiv 32) * 16 + d0 mod 16, d1)>
// CHECK-DAG: #[[$OWN:.+]] = affine_map<(d0, d1) -> (d0 floordiv 32, d1)>
// CHECK-LABEL: func @alone
// CHECK: linalg.generic {indexing_maps = [#[[$BYTES]], #[[$OWN]], #{{.*}}], iterator_types = ["parallel", "parallel"]}
// CHECK-SAME: outs(%{{.*}} : tensor<50x16xf32>)
func.func @alone(%q: tensor<32x16xi8>, %s: tensor<2x16xf32>) -> tensor<50x16xf32> {
  %w = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles, rows = 50 : i64} : (tensor<32x16xi8>, tensor<2x16xf32>) -> tensor<50x16xf32>
  return %w : tensor<50x16xf32>
}
