// RUN: rac-opt %s --split-input-file --verify-diagnostics

func.func @reshape(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{changes the element count from 6 to 8}}
  %0 = rac.reshape %x to [2, 4] : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @transpose(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{permutation doesn't permute the operand's dimensions}}
  %0 = rac.transpose %x, [0, 0] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @transpose_out_of_range(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{permutation}}
  %0 = rac.transpose %x, [0, 2] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @result_shape(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{doesn't fit the inferred shape}}
  %0 = rac.transpose %x, [1, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @expand_rank(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{operand has more dimensions than the result}}
  %0 = rac.expand %x to [3] : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @expand_size(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{operand dimension 1 is 3, neither 1 nor 4}}
  %0 = rac.expand %x to [2, 4] : (tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @concat_empty() {
  // expected-error @+1 {{needs an operand}}
  %0 = "rac.concat"() {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @concat_axis(%x: tensor<2xf32>) {
  // expected-error @+1 {{axis 1 is out of range}}
  %0 = rac.concat %x, %x axis 1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @concat_other(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error @+1 {{operands differ in dimension 1}}
  %0 = rac.concat %x, %y axis 0 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @slice_step(%x: tensor<4xf32>) {
  // expected-error @+1 {{step of dimension 0 is zero}}
  %0 = rac.slice %x [0] [2] [0] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_outside(%x: tensor<4xf32>) {
  // expected-error @+1 {{leaves dimension 0 of size 4}}
  %0 = rac.slice %x [1] [2] [3] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @slice_rank(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{needs an offset, a size and a step per dimension}}
  %0 = rac.slice %x [1] [2] [1] : (tensor<4x4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @pad_value(%x: tensor<4xf32>, %v: tensor<1xf32>) {
  // expected-error @+1 {{padding value must be a scalar}}
  %0 = rac.pad constant %x, %v low [0] high [1] : (tensor<4xf32>, tensor<1xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @iota_axis() {
  // expected-error @+1 {{axis 2 is out of range}}
  %0 = rac.iota axis 2 sizes [3, 4] : tensor<3x4xi64>
  return
}

// -----

func.func @iota_negative_axis() {
  // expected-error @+1 {{axis -1 is out of range}}
  %0 = rac.iota axis -1 sizes [3, 4] : tensor<3x4xi64>
  return
}

// -----

func.func @constant() {
  // expected-error @+1 {{'rac.constant' op result #0 must be statically shaped tensor}}
  %0 = rac.constant dense<1.0> : vector<4xf32>
  return
}

// -----

func.func @constant_of_unknown_size() {
  // expected-error @+1 {{'rac.constant' op result #0 must be statically shaped tensor}}
  %0 = "rac.constant"() {value = dense<1.0> : tensor<2xf32>} : () -> tensor<?xf32>
  return
}

// -----

// Sizes that aren't numbers are operands, one each.
func.func @missing_size(%x: tensor<8xf32>) {
  // expected-error @+1 {{has 0 values for 1 dynamic indices}}
  %0 = "rac.reshape"(%x) {static_sizes = array<i64: -9223372036854775808, 4>} : (tensor<8xf32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @missing_offset(%x: tensor<8xf32>) {
  // expected-error @+1 {{has 0 values for 1 dynamic indices}}
  %0 = "rac.slice"(%x) {static_offsets = array<i64: -9223372036854775808>, static_sizes = array<i64: 4>, steps = array<i64: 1>, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @pad_amount(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error @+1 {{amount -1 is negative}}
  %0 = rac.pad constant %x, %v low [-1] high [1] : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return
}

// -----

func.func @more_than_memory(%x: tensor<1x1xf32>) {
  // expected-error @+1 {{result type 'tensor<4294967296x4294967296xf32>' has more than 2^56 elements}}
  %0 = rac.expand %x to [4294967296, 4294967296] : (tensor<1x1xf32>) -> tensor<4294967296x4294967296xf32>
  return
}
