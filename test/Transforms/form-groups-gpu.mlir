// On a GPU there are neither library calls nor threads to count; a contraction has a block.

// RUN: rac-opt %s --rac-form-groups=device=h200 | FileCheck %s
// RUN: rac-opt %s --rac-form-groups=device=h200 | FileCheck %s --check-prefix=NONE
// NONE-NOT: kind = library
// NONE-NOT: threads =

// What follows a contraction is computed on its registers.
// CHECK-LABEL: @conv_chain
// CHECK: rac.group @conv_add_add_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f32, tiles = [0, 0, {{[0-9]+}}, {{[0-9]+}}], reduction = [32], registers = [{{[0-9]+}}, {{[0-9]+}}], warps = {{[0-9]+}}, stages = {{[24]}}{{(, split = [0-9]+)?}}, cost
// CHECK: rac.conv
// CHECK: rac.relu
// CHECK-NEXT: rac.yield
// CHECK-NOT: rac.group
func.func @conv_chain(%x: tensor<1x56x56x64xf32>, %f: tensor<64x64x3x3xf32>, %b: tensor<64xf32>, %r: tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32> {
  %0 = rac.conv %x, %f {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x56x56x64xf32>, tensor<64x64x3x3xf32>) -> tensor<1x56x56x64xf32>
  %1 = rac.add %0, %b : (tensor<1x56x56x64xf32>, tensor<64xf32>) -> tensor<1x56x56x64xf32>
  %2 = rac.add %r, %1 : (tensor<1x56x56x64xf32>, tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32>
  %3 = rac.relu %2 : (tensor<1x56x56x64xf32>) -> tensor<1x56x56x64xf32>
  return %3 : tensor<1x56x56x64xf32>
}

// Both transposes before a product and the one after it are its strides. What is between two products
// is a kernel of its own, by rows.
// CHECK-LABEL: @attention
// CHECK: rac.group @matmul_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f32, tiles = [0, 0, {{.*}}warps
// CHECK: rac.transpose
// CHECK: rac.transpose
// CHECK: rac.matmul
// CHECK-NEXT: rac.yield
// CHECK: rac.group @softmax_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f32, tiles = [1, 1, 1, 0], cost
// CHECK: rac.group @matmul_transpose_{{[0-9]+}} {{.*}}plan {{.*}}warps
// CHECK: rac.transpose
// CHECK: rac.matmul
// CHECK-NEXT: rac.transpose
// CHECK-NEXT: rac.yield
// CHECK-NOT: rac.group
func.func @attention(%q: tensor<1x197x12x64xf32>, %k: tensor<1x197x12x64xf32>, %v: tensor<1x197x12x64xf32>) -> tensor<1x197x12x64xf32> {
  %0 = rac.transpose %q, [0, 2, 1, 3] : (tensor<1x197x12x64xf32>) -> tensor<1x12x197x64xf32>
  %1 = rac.transpose %k, [0, 2, 3, 1] : (tensor<1x197x12x64xf32>) -> tensor<1x12x64x197xf32>
  %2 = rac.matmul %0, %1 : (tensor<1x12x197x64xf32>, tensor<1x12x64x197xf32>) -> tensor<1x12x197x197xf32>
  %3 = rac.softmax %2 axis 3 : tensor<1x12x197x197xf32>
  %4 = rac.transpose %v, [0, 2, 1, 3] : (tensor<1x197x12x64xf32>) -> tensor<1x12x197x64xf32>
  %5 = rac.matmul %3, %4 : (tensor<1x12x197x197xf32>, tensor<1x12x197x64xf32>) -> tensor<1x12x197x64xf32>
  %6 = rac.transpose %5, [0, 2, 1, 3] : (tensor<1x12x197x64xf32>) -> tensor<1x197x12x64xf32>
  return %6 : tensor<1x197x12x64xf32>
}

// Rows that are gone over more than once are tiles; a sum, and elements, are whole.
// CHECK-LABEL: @rows
// CHECK: rac.group @add_normalize_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f32, tiles = [1, 0], cost
// CHECK: rac.add
// CHECK-NEXT: rac.normalize
// CHECK: rac.group @reduce_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f32, cost
// CHECK: rac.group @relu_{{[0-9]+}} {{.*}}plan <kind = generated, precision = f32, cost
func.func @rows(%x: tensor<512x768xf32>, %r: tensor<512x768xf32>, %s: tensor<768xf32>) -> (tensor<512x768xf32>, tensor<512x1xf32>, tensor<512x768xf32>) {
  %0 = rac.add %x, %r : (tensor<512x768xf32>, tensor<512x768xf32>) -> tensor<512x768xf32>
  %1 = rac.normalize rms %0, %s axis 1 epsilon 1.0e-5 : (tensor<512x768xf32>, tensor<768xf32>) -> tensor<512x768xf32>
  %2 = rac.reduce mean %x axes [1] {keep_dims} : (tensor<512x768xf32>) -> tensor<512x1xf32>
  %3 = rac.relu %x : (tensor<512x768xf32>) -> tensor<512x768xf32>
  return %1, %2, %3 : tensor<512x768xf32>, tensor<512x1xf32>, tensor<512x768xf32>
}

// Many rows of halves are one kernel with all that is between two products; few of them are not.
// CHECK-LABEL: @half_chain
// CHECK: rac.group
// CHECK: rac.matmul
// CHECK-NEXT: rac.softmax
// CHECK-NEXT: rac.matmul
// CHECK-NEXT: rac.yield
// CHECK-NOT: rac.group
// CHECK-LABEL: @few_rows
// CHECK-COUNT-3: rac.group
func.func @half_chain(%q: tensor<64x2048x64xbf16>, %k: tensor<64x64x2048xbf16>, %v: tensor<64x2048x64xbf16>) -> tensor<64x2048x64xbf16> {
  %0 = rac.matmul %q, %k : (tensor<64x2048x64xbf16>, tensor<64x64x2048xbf16>) -> tensor<64x2048x2048xbf16>
  %1 = rac.softmax %0 axis 2 : tensor<64x2048x2048xbf16>
  %2 = rac.matmul %1, %v : (tensor<64x2048x2048xbf16>, tensor<64x2048x64xbf16>) -> tensor<64x2048x64xbf16>
  return %2 : tensor<64x2048x64xbf16>
}

func.func @few_rows(%q: tensor<64x8x64xbf16>, %k: tensor<64x64x2048xbf16>, %v: tensor<64x2048x64xbf16>) -> tensor<64x8x64xbf16> {
  %0 = rac.matmul %q, %k : (tensor<64x8x64xbf16>, tensor<64x64x2048xbf16>) -> tensor<64x8x2048xbf16>
  %1 = rac.softmax %0 axis 2 : tensor<64x8x2048xbf16>
  %2 = rac.matmul %1, %v : (tensor<64x8x2048xbf16>, tensor<64x2048x64xbf16>) -> tensor<64x8x64xbf16>
  return %2 : tensor<64x8x64xbf16>
}
