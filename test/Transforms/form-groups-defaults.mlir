// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 threads=1" --split-input-file | FileCheck %s

// Generated code takes two thirds of the library's time: that can be told.
// CHECK-LABEL: @told
func.func @told(%x: tensor<8x64xf32>, %w: tensor<64x128xf32>) -> tensor<8x128xf32> {
  // CHECK: rac.group @matmul_0 {{.*}} plan <kind = generated,
  %0 = rac.matmul %x, %w : (tensor<8x64xf32>, tensor<64x128xf32>) -> tensor<8x128xf32>
  return %0 : tensor<8x128xf32>
}

// -----

// Three percent less can't: the default, and why.
// CHECK-LABEL: @not_told
func.func @not_told(%x: tensor<20x64xf32>) -> tensor<20x128xf32> {
  %w = rac.constant dense_resource<w> : tensor<64x128xf32>
  // CHECK: rac.group @matmul_0 {{.*}} plan <kind = library,
  // CHECK-SAME: plan = <kind = generated, {{.*}} reason = "0.97 times the time, less of a gain over the default than the 5 % that can be told", undecided = true>
  %0 = rac.matmul %x, %w : (tensor<20x64xf32>, tensor<64x128xf32>) -> tensor<20x128xf32>
  return %0 : tensor<20x128xf32>
}

// -----

// Some rows of a softmax at a time, without a smaller tile at the end.
// CHECK-LABEL: @even_rows
func.func @even_rows(%x: tensor<1x8x32x32xf32>) -> tensor<1x8x32x32xf32> {
  // CHECK: rac.group @softmax_0 {{.*}} tiles = [1, 1, 8, 0]
  %0 = rac.softmax %x axis 3 : tensor<1x8x32x32xf32>
  return %0 : tensor<1x8x32x32xf32>
}

// -----

// 197 is a prime.
// CHECK-LABEL: @no_even_rows
func.func @no_even_rows(%x: tensor<1x12x197x197xf32>) -> tensor<1x12x197x197xf32> {
  // CHECK: rac.group @softmax_0 {{.*}} tiles = [1, 1, 1, 0]
  %0 = rac.softmax %x axis 3 : tensor<1x12x197x197xf32>
  return %0 : tensor<1x12x197x197xf32>
}
