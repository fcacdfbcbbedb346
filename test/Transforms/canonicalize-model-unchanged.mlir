// RUN: rac-opt %s > %t
// RUN: rac-opt %s --rac-canonicalize-model=max-fold=4 | diff %t -

// A softmax whose sum is over another dimension than its maximum.
func.func @no_softmax(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = rac.reduce max %x axes [1] {keep_dims} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %1 = rac.sub %x, %0 : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
  %2 = rac.exp %1 : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %3 = rac.reduce sum %2 axes [0] {keep_dims} : (tensor<4x4xf32>) -> tensor<1x4xf32>
  %4 = rac.div %2, %3 : (tensor<4x4xf32>, tensor<1x4xf32>) -> tensor<4x4xf32>
  return %4 : tensor<4x4xf32>
}

// Computed, it would be larger than max-fold.
func.func @large_constant() -> tensor<5xf32> {
  %0 = rac.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<5xf32>
  %1 = rac.exp %0 : (tensor<5xf32>) -> tensor<5xf32>
  return %1 : tensor<5xf32>
}

// A filter that is an argument has no constant to take the scale.
func.func @filter_of_the_caller(%x: tensor<1x4x1xf32>, %f: tensor<2x1x1xf32>) -> tensor<1x4x2xf32> {
  %s = rac.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %0 = rac.conv %x, %f {dilations = array<i64: 1>, groups = 1 : i64, pads_high = array<i64: 0>, pads_low = array<i64: 0>, strides = array<i64: 1>} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x4x2xf32>
  %1 = rac.mul %0, %s : (tensor<1x4x2xf32>, tensor<2xf32>) -> tensor<1x4x2xf32>
  return %1 : tensor<1x4x2xf32>
}

// Windows that overlap.
func.func @overlap(%x: tensor<1x4x2xf32>) -> tensor<1x9x1xf32> {
  %f = rac.constant dense<1.5> : tensor<2x1x3xf32>
  %0 = rac.conv_transpose %x, %f {dilations = array<i64: 1>, groups = 1 : i64, output_padding = array<i64: 0>, pads_high = array<i64: 0>, pads_low = array<i64: 0>, strides = array<i64: 2>} : (tensor<1x4x2xf32>, tensor<2x1x3xf32>) -> tensor<1x9x1xf32>
  return %0 : tensor<1x9x1xf32>
}

// A result that is cut.
func.func @cut(%x: tensor<1x4x2xf32>) -> tensor<1x7x1xf32> {
  %f = rac.constant dense<1.5> : tensor<2x1x2xf32>
  %0 = rac.conv_transpose %x, %f {dilations = array<i64: 1>, groups = 1 : i64, output_padding = array<i64: 0>, pads_high = array<i64: 0>, pads_low = array<i64: 1>, strides = array<i64: 2>} : (tensor<1x4x2xf32>, tensor<2x1x2xf32>) -> tensor<1x7x1xf32>
  return %0 : tensor<1x7x1xf32>
}

// Groups of channels.
func.func @two_groups(%x: tensor<1x4x2xf32>) -> tensor<1x8x2xf32> {
  %f = rac.constant dense<1.5> : tensor<2x1x2xf32>
  %0 = rac.conv_transpose %x, %f {dilations = array<i64: 1>, groups = 2 : i64, output_padding = array<i64: 0>, pads_high = array<i64: 0>, pads_low = array<i64: 0>, strides = array<i64: 2>} : (tensor<1x4x2xf32>, tensor<2x1x2xf32>) -> tensor<1x8x2xf32>
  return %0 : tensor<1x8x2xf32>
}

// Weights that are not known.
func.func @weights_of_the_caller(%x: tensor<1x4x2xf32>, %f: tensor<2x1x2xf32>) -> tensor<1x8x1xf32> {
  %0 = rac.conv_transpose %x, %f {dilations = array<i64: 1>, groups = 1 : i64, output_padding = array<i64: 0>, pads_high = array<i64: 0>, pads_low = array<i64: 0>, strides = array<i64: 2>} : (tensor<1x4x2xf32>, tensor<2x1x2xf32>) -> tensor<1x8x1xf32>
  return %0 : tensor<1x8x1xf32>
}
