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

// -----

// What each channel is multiplied with is in the weights, and what is added to it is one sum, before the parts come to
// their places; an activation of few columns comes after.

// CHECK-LABEL: func.func @followed
// CHECK-DAG: %[[W:.*]] = rac.constant dense<{{\[}}[2.000000e+00, 9.000000e+00, 4.000000e+00, 1.200000e+01]]> : tensor<1x4xf32>
// CHECK-DAG: %[[B:.*]] = rac.constant dense<[2.000000e+00, 6.000000e+00, 2.000000e+00, 6.000000e+00]> : tensor<4xf32>
// CHECK: %[[P:.*]] = rac.matmul %arg0, %[[W]]
// CHECK: %[[S:.*]] = rac.add %[[P]], %[[B]]
// CHECK: %[[Y:.*]] = rac.reshape %[[S]] to
// CHECK: %[[R:.*]] = rac.relu %[[Y]]
// CHECK: return %[[R]]
func.func @followed(%x: tensor<1x2x1xf32>) -> tensor<1x4x2xf32> {
  %f = rac.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %a = rac.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %m = rac.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x2x1xf32>, tensor<1x2x2xf32>) -> tensor<1x4x2xf32>
  %1 = rac.add %0, %a : (tensor<1x4x2xf32>, tensor<2xf32>) -> tensor<1x4x2xf32>
  %2 = rac.mul %1, %m : (tensor<1x4x2xf32>, tensor<2xf32>) -> tensor<1x4x2xf32>
  %3 = rac.relu %2 : (tensor<1x4x2xf32>) -> tensor<1x4x2xf32>
  return %3 : tensor<1x4x2xf32>
}

// -----

// Of a vector of columns it is done before.

// CHECK-LABEL: func.func @to_many_channels
// CHECK: %[[P:.*]] = rac.matmul
// CHECK: %[[R:.*]] = rac.relu %[[P]] : (tensor<1x2x16xf32>) -> tensor<1x2x16xf32>
// CHECK: %[[Y:.*]] = rac.reshape %[[R]] to
// CHECK: return %[[Y]]
func.func @to_many_channels(%x: tensor<1x2x3xf32>) -> tensor<1x4x8xf32> {
  %f = rac.constant dense<1.5> : tensor<3x8x2xf32>
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x2x3xf32>, tensor<3x8x2xf32>) -> tensor<1x4x8xf32>
  %1 = rac.relu %0 : (tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %1 : tensor<1x4x8xf32>
}

// -----

// Not while a transpose is between, which rac-propagate-layout has yet to move.

// CHECK-LABEL: func.func @channels_first
// CHECK: rac.conv_transpose
func.func @channels_first(%x: tensor<1x2x3xf32>) -> tensor<1x8x4xf32> {
  %f = rac.constant dense<1.5> : tensor<3x8x2xf32>
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x2x3xf32>, tensor<3x8x2xf32>) -> tensor<1x4x8xf32>
  %1 = rac.transpose %0, [0, 2, 1] : (tensor<1x4x8xf32>) -> tensor<1x8x4xf32>
  %2 = rac.relu %1 : (tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  return %2 : tensor<1x8x4xf32>
}

// -----

// Not before: what looks at another tensor.

// CHECK-LABEL: func.func @residual
// CHECK: rac.matmul
// CHECK: rac.reshape
// CHECK: rac.add %{{.*}}, %arg1
func.func @residual(%x: tensor<1x2x1xf32>, %r: tensor<1x4x2xf32>) -> tensor<1x4x2xf32> {
  %f = rac.constant dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x2x1xf32>, tensor<1x2x2xf32>) -> tensor<1x4x2xf32>
  %1 = rac.add %0, %r : (tensor<1x4x2xf32>, tensor<1x4x2xf32>) -> tensor<1x4x2xf32>
  return %1 : tensor<1x4x2xf32>
}

// -----

// Weights too small for a multiplication become zeros, others stay.

// CHECK-LABEL: func.func @subnormal
// CHECK: rac.constant dense<{{\[}}[1.000000e+00, 0.000000e+00], [0.000000e+00, 2.000000e-38]]> : tensor<2x2xf32>
func.func @subnormal(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = rac.constant dense<[[1.0, 1.0e-40], [-1.0e-39, 2.0e-38]]> : tensor<2x2xf32>
  %0 = rac.matmul %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
