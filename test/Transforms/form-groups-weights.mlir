// RUN: rac-opt %s --split-input-file --rac-form-groups="device=epyc-zen4 library=false threads=1" | FileCheck %s

// Weights are laid out when the model is compiled, so that generated code takes them transposed.

// CHECK-LABEL: func.func @weights
// CHECK: rac.group @matmul_relu
// CHECK-SAME: kind = generated
// CHECK: rac.transpose
// CHECK-NEXT: rac.matmul
// CHECK-NEXT: rac.relu
// CHECK-NOT: rac.group
func.func @weights(%x: tensor<1x64xf32>) -> tensor<1x32xf32> {
  %w = rac.constant dense<0.5> : tensor<32x64xf32>
  %t = rac.transpose %w, [1, 0] : (tensor<32x64xf32>) -> tensor<64x32xf32>
  %0 = rac.matmul %x, %t : (tensor<1x64xf32>, tensor<64x32xf32>) -> tensor<1x32xf32>
  %1 = rac.relu %0 : (tensor<1x32xf32>) -> tensor<1x32xf32>
  return %1 : tensor<1x32xf32>
}

// -----

// What the run computes is transposed on its own for several rows, and so is a product's result.

// CHECK-LABEL: func.func @computed
// CHECK: rac.group @transpose
// CHECK: rac.group @matmul
// CHECK: rac.group @transpose
func.func @computed(%x: tensor<8x64xf32>, %w: tensor<32x64xf32>) -> tensor<32x8xf32> {
  %t = rac.transpose %w, [1, 0] : (tensor<32x64xf32>) -> tensor<64x32xf32>
  %0 = rac.matmul %x, %t : (tensor<8x64xf32>, tensor<64x32xf32>) -> tensor<8x32xf32>
  %1 = rac.transpose %0, [1, 0] : (tensor<8x32xf32>) -> tensor<32x8xf32>
  return %1 : tensor<32x8xf32>
}

// -----

// A single row is multiplied by what the run computes as it lies: results are sums along its rows.

// CHECK-LABEL: func.func @single_row
// CHECK: rac.group @matmul
// CHECK-NEXT: ^bb0
// CHECK-NEXT: rac.transpose
// CHECK-NEXT: rac.matmul
// CHECK-NOT: rac.group
func.func @single_row(%q: tensor<1x12x1x64xf32>, %k: tensor<1x129x12x64xf32>) -> tensor<1x12x1x129xf32> {
  %t = rac.transpose %k, [0, 2, 3, 1] : (tensor<1x129x12x64xf32>) -> tensor<1x12x64x129xf32>
  %0 = rac.matmul %q, %t : (tensor<1x12x1x64xf32>, tensor<1x12x64x129xf32>) -> tensor<1x12x1x129xf32>
  return %0 : tensor<1x12x1x129xf32>
}

// -----

// Not if its terms don't lie side by side, and not if there may be more rows.

// CHECK-LABEL: func.func @terms_apart
// CHECK: rac.group @transpose
// CHECK: rac.group @matmul
func.func @terms_apart(%q: tensor<12x1x64xf32>, %k: tensor<64x12x129xf32>) -> tensor<12x1x129xf32> {
  %t = rac.transpose %k, [1, 0, 2] : (tensor<64x12x129xf32>) -> tensor<12x64x129xf32>
  %0 = rac.matmul %q, %t : (tensor<12x1x64xf32>, tensor<12x64x129xf32>) -> tensor<12x1x129xf32>
  return %0 : tensor<12x1x129xf32>
}

// CHECK-LABEL: func.func @rows
// CHECK: rac.group @transpose
// CHECK: rac.group @matmul
func.func @rows(%q: tensor<12x?x64xf32>, %k: tensor<12x129x64xf32>) -> tensor<12x?x129xf32> {
  %t = rac.transpose %k, [0, 2, 1] : (tensor<12x129x64xf32>) -> tensor<12x64x129xf32>
  %0 = rac.matmul %q, %t : (tensor<12x?x64xf32>, tensor<12x64x129xf32>) -> tensor<12x?x129xf32>
  return %0 : tensor<12x?x129xf32>
}
