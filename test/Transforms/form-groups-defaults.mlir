// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 threads=1" --split-input-file | FileCheck %s
// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 threads=1 library=false" --split-input-file | FileCheck %s --check-prefix=ALONE

// Three percent less than the library's time: there is no margin between the two.
// CHECK-LABEL: @quicker
func.func @quicker(%x: tensor<20x64xf32>) -> tensor<20x128xf32> {
  %w = rac.constant dense_resource<w> : tensor<64x128xf32>
  // CHECK: rac.group @matmul_0 {{.*}} plan <kind = generated,
  // CHECK-SAME: plan = <kind = library, {{.*}} reason = "1.03 times the time"
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

// -----

// One percent less by blocks and another tile of registers can't be told: lowering's own, and why.
// CHECK-LABEL: @not_told
// ALONE-LABEL: @not_told
func.func @not_told(%x: tensor<197x768xf32>) -> tensor<197x768xf32> {
  %w = rac.constant dense_resource<w> : tensor<768x768xf32>
  // ALONE: rac.group @matmul_0 {{.*}} plan <kind = generated, precision = f32, cost
  // ALONE-SAME: plan = <kind = generated, {{.*}} reason = "0.99 times the time, less of a gain over the default than the 5 % that can be told", undecided = true>
  %0 = rac.matmul %x, %w : (tensor<197x768xf32>, tensor<768x768xf32>) -> tensor<197x768xf32>
  return %0 : tensor<197x768xf32>
}
