// RUN: rac-opt %s --rac-canonicalize-model --split-input-file | FileCheck %s

// Windows of 2 x 2 side by side, to one channel: each pixel times the weights, and the parts in their places.

// CHECK-LABEL: func.func @to_one_channel
// CHECK: %[[W:.*]] = rac.constant dense<{{\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00], [5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]]> : tensor<2x4xf32>
// CHECK: %[[P:.*]] = rac.matmul %arg0, %[[W]] : (tensor<1x?x5x2xf32>, tensor<2x4xf32>) -> tensor<1x?x5x4xf32>
// CHECK: %[[S:.*]] = rac.reshape %[[P]] to [1, %{{.*}}, 5, 2, 2] : (tensor<1x?x5x4xf32>) -> tensor<1x?x5x2x2xf32>
// CHECK: %[[T:.*]] = rac.transpose %[[S]], [0, 1, 3, 2, 4] : (tensor<1x?x5x2x2xf32>) -> tensor<1x?x2x5x2xf32>
// CHECK: rac.reshape %[[T]] to [1, %{{.*}}, 10, 1] : (tensor<1x?x2x5x2xf32>) -> tensor<1x?x10x1xf32>
// CHECK-NOT: rac.conv_transpose
func.func @to_one_channel(%x: tensor<1x?x5x2xf32>) -> tensor<1x?x10x1xf32> {
  %f = rac.constant dense<[[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]]> : tensor<2x1x2x2xf32>
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, output_padding = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x?x5x2xf32>, tensor<2x1x2x2xf32>) -> tensor<1x?x10x1xf32>
  return %0 : tensor<1x?x10x1xf32>
}

// -----

// Channels of a window's element stay together.

// CHECK-LABEL: func.func @to_two_channels
// CHECK: rac.constant dense<{{\[}}[1.000000e+00, 4.000000e+00, 2.000000e+00, 5.000000e+00, 3.000000e+00, 6.000000e+00]]> : tensor<1x6xf32>
// CHECK: rac.matmul
func.func @to_two_channels(%x: tensor<1x5x1xf32>) -> tensor<1x15x2xf32> {
  %f = rac.constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]> : tensor<1x2x3xf32>
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 3>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x5x1xf32>, tensor<1x2x3xf32>) -> tensor<1x15x2xf32>
  return %0 : tensor<1x15x2xf32>
}
