// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 threads=1" --split-input-file | FileCheck %s
// RUN: rac-opt %s "--rac-form-groups=device=epyc-zen4 threads=1 library=false" --split-input-file | FileCheck %s --check-prefix=ALONE

// Two percent less than the library's time: there is no margin between the two.
// CHECK-LABEL: @quicker
func.func @quicker(%x: tensor<20x72xf32>) -> tensor<20x128xf32> {
  %w = rac.constant dense_resource<w> : tensor<72x128xf32>
  // CHECK: rac.group @matmul_0 {{.*}} plan <kind = generated,
  // CHECK-SAME: plan = <kind = library, {{.*}} reason = "1.02 times the time"
  %0 = rac.matmul %x, %w : (tensor<20x72xf32>, tensor<72x128xf32>) -> tensor<20x128xf32>
  return %0 : tensor<20x128xf32>
}

// -----

// Some rows of a softmax at a time, without a smaller tile at the end.
// CHECK-LABEL: @even_rows
func.func @even_rows(%x: tensor<1x6x16x32xf32>) -> tensor<1x6x16x32xf32> {
  // CHECK: rac.group @softmax_0 {{.*}} tiles = [1, 1, 8, 0]
  %0 = rac.softmax %x axis 3 : tensor<1x6x16x32xf32>
  return %0 : tensor<1x6x16x32xf32>
}

// -----

// Rows that are a page apart rather than those side by side.
// CHECK-LABEL: @rows_of_pages
func.func @rows_of_pages(%x: tensor<1x8x32x32xf32>) -> tensor<1x8x32x32xf32> {
  // CHECK: rac.group @softmax_0 {{.*}} tiles = [1, 8, 1, 0]
  %0 = rac.softmax %x axis 3 : tensor<1x8x32x32xf32>
  return %0 : tensor<1x8x32x32xf32>
}

// -----

// Six of twelve matrices' rows: 197 is a prime.
// CHECK-LABEL: @rows_of_matrices
func.func @rows_of_matrices(%x: tensor<1x12x197x197xf32>) -> tensor<1x12x197x197xf32> {
  // CHECK: rac.group @softmax_0 {{.*}} tiles = [1, 6, 1, 0]
  %0 = rac.softmax %x axis 3 : tensor<1x12x197x197xf32>
  return %0 : tensor<1x12x197x197xf32>
}

// -----

// CHECK-LABEL: @no_even_rows
func.func @no_even_rows(%x: tensor<1x13x17x197xf32>) -> tensor<1x13x17x197xf32> {
  // CHECK: rac.group @softmax_0 {{.*}} tiles = [1, 1, 1, 0]
  %0 = rac.softmax %x axis 3 : tensor<1x13x17x197xf32>
  return %0 : tensor<1x13x17x197xf32>
}

// -----

// No more than take 8 KiB: four rows of 512 numbers.
// CHECK-LABEL: @rows_of_eight_kib
func.func @rows_of_eight_kib(%x: tensor<1x16x16x512xf32>) -> tensor<1x16x16x512xf32> {
  // CHECK: rac.group @softmax_0 {{.*}} tiles = [1, 4, 1, 0]
  %0 = rac.softmax %x axis 3 : tensor<1x16x16x512xf32>
  return %0 : tensor<1x16x16x512xf32>
}

// -----

// Two pairs of rows of a normalisation, a page apart.
// CHECK-LABEL: @pairs_of_rows
func.func @pairs_of_rows(%x: tensor<1x14x14x384xf32>, %s: tensor<384xf32>) -> tensor<1x14x14x384xf32> {
  // CHECK: rac.group @normalize_0 {{.*}} tiles = [1, 2, 2, 0]
  %0 = rac.normalize layer %x, %s axis 3 epsilon 1.0E-5 : (tensor<1x14x14x384xf32>, tensor<384xf32>) -> tensor<1x14x14x384xf32>
  return %0 : tensor<1x14x14x384xf32>
}

// -----

// Of an odd number of them four of a page apart.
// CHECK-LABEL: @no_pairs
func.func @no_pairs(%x: tensor<4x49x96xf32>, %s: tensor<96xf32>) -> tensor<4x49x96xf32> {
  // CHECK: rac.group @normalize_0 {{.*}} plan <{{[^>]*}}tiles = [4, 1, 0]
  %0 = rac.normalize layer %x, %s axis 2 epsilon 1.0E-5 : (tensor<4x49x96xf32>, tensor<96xf32>) -> tensor<4x49x96xf32>
  return %0 : tensor<4x49x96xf32>
}

// -----

// Four side by side, where there are no others.
// CHECK-LABEL: @four_rows
func.func @four_rows(%x: tensor<1x128x384xf32>, %s: tensor<384xf32>) -> tensor<1x128x384xf32> {
  // CHECK: rac.group @normalize_0 {{.*}} plan <{{[^>]*}}tiles = [1, 4, 0]
  %0 = rac.normalize layer %x, %s axis 2 epsilon 1.0E-5 : (tensor<1x128x384xf32>, tensor<384xf32>) -> tensor<1x128x384xf32>
  return %0 : tensor<1x128x384xf32>
}

// -----

// One, where their number is a prime.
// CHECK-LABEL: @one_row
func.func @one_row(%x: tensor<1x197x768xf32>, %s: tensor<768xf32>) -> tensor<1x197x768xf32> {
  // CHECK: rac.group @normalize_0 {{.*}} plan <{{[^>]*}}tiles = [1, 1, 0]
  %0 = rac.normalize layer %x, %s axis 2 epsilon 1.0E-5 : (tensor<1x197x768xf32>, tensor<768xf32>) -> tensor<1x197x768xf32>
  return %0 : tensor<1x197x768xf32>
}

// -----

// One percent less by blocks and another tile of registers can't be told, of blocks not ten: lowering's own, and why.
// CHECK-LABEL: @not_told
// ALONE-LABEL: @not_told
func.func @not_told(%x: tensor<197x768xf32>) -> tensor<197x768xf32> {
  %w = rac.constant dense_resource<w> : tensor<768x768xf32>
  // ALONE: rac.group @matmul_0 {{.*}} plan <kind = generated, precision = f32, cost
  // ALONE-SAME: plan = <kind = generated, {{.*}} reason = "0.99 times the time, less of a gain over the default than the 10 % that can be told", undecided = true>
  %0 = rac.matmul %x, %w : (tensor<197x768xf32>, tensor<768x768xf32>) -> tensor<197x768xf32>
  return %0 : tensor<197x768xf32>
}
