// RUN: rac-opt %s --split-input-file --verify-diagnostics

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @+1 {{operands don't broadcast to one shape}}
  %0 = rac.add %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @bitcast(%x: tensor<2xf32>) {
  // expected-error @+1 {{element types differ in width}}
  %0 = rac.bitcast %x : (tensor<2xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @matmul_rank(%x: tensor<3xf32>, %y: tensor<3x4xf32>) {
  // expected-error @+1 {{operands need at least two dimensions}}
  %0 = rac.matmul %x, %y : (tensor<3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @matmul_contraction(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @+1 {{contracted dimensions differ}}
  %0 = rac.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @matmul_batch(%x: tensor<2x4x3xf32>, %y: tensor<3x3x5xf32>) {
  // expected-error @+1 {{batch dimensions don't broadcast}}
  %0 = rac.matmul %x, %y : (tensor<2x4x3xf32>, tensor<3x3x5xf32>) -> tensor<2x4x5xf32>
  return
}

// -----

func.func @matmul_accumulator(%x: tensor<2x3xi8>, %y: tensor<3x5xi8>) {
  // expected-error @+1 {{element types don't fit}}
  %0 = rac.matmul %x, %y : (tensor<2x3xi8>, tensor<3x5xi8>) -> tensor<2x5xf32>
  return
}

// -----

func.func @conv_channels(%x: tensor<1x9x4xf32>, %f: tensor<8x3x3xf32>) {
  // expected-error @+1 {{input has 4 channels, the filter takes 3}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x3x3xf32>) -> tensor<1x7x8xf32>
  return
}

// -----

func.func @conv_stride(%x: tensor<1x9x4xf32>, %f: tensor<8x4x3xf32>) {
  // expected-error @+1 {{strides has 0, below 1}}
  %0 = rac.conv %x, %f {strides = array<i64: 0>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x4x3xf32>) -> tensor<1x7x8xf32>
  return
}

// -----

func.func @conv_window(%x: tensor<1x9x4xf32>, %f: tensor<8x4x3xf32>) {
  // expected-error @+1 {{pads_low needs an entry for each of the 1 spatial dimensions}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x4x3xf32>) -> tensor<1x7x8xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<1x9x4xf32>, %f: tensor<7x2x3xf32>) {
  // expected-error @+1 {{groups don't divide the filter's first dimension}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 2 : i64} : (tensor<1x9x4xf32>, tensor<7x2x3xf32>) -> tensor<1x7x7xf32>
  return
}

// -----

func.func @pool_rank(%x: tensor<9x4xf32>) {
  // expected-error @+1 {{input needs at least three dimensions}}
  %0 = rac.pool max %x {window = array<i64>, strides = array<i64>, dilations = array<i64>, pads_low = array<i64>, pads_high = array<i64>, ceil_extra = array<i64>} : (tensor<9x4xf32>) -> tensor<9x4xf32>
  return
}

// -----

func.func @reduce_order(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{axes must ascend}}
  %0 = rac.reduce sum %x axes [1, 0] : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @softmax_axis(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{axis 2 is out of range for rank 2}}
  %0 = rac.softmax %x axis 2 : tensor<2x3xf32>
  return
}

// -----

func.func @gather_elements_rank(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{input and indices differ in rank}}
  %0 = rac.gather_elements %x, %i axis 0 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_nd_depth(%x: tensor<2x3xf32>, %i: tensor<2x3xi64>) {
  // expected-error @+1 {{indices name more dimensions than the input has}}
  %0 = rac.gather_nd %x, %i batch_dims 0 : (tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @scatter_nd_updates(%x: tensor<2x3xf32>, %i: tensor<2x1xi64>, %u: tensor<2xf32>) {
  // expected-error @+1 {{updates have the wrong rank}}
  %0 = rac.scatter_nd replace %x, %i, %u : (tensor<2x3xf32>, tensor<2x1xi64>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @attention_width(%q: tensor<1x4x8xf32>, %k: tensor<1x4x6xf32>) {
  // expected-error @+1 {{query and key differ in their last dimension}}
  %0 = rac.attention %q, %k, %k scale 1.0 : (tensor<1x4x8xf32>, tensor<1x4x6xf32>, tensor<1x4x6xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @matmul_integers(%x: tensor<2x3xi8>, %y: tensor<3x5xf32>) {
  // expected-error @+1 {{element types don't fit: 'i8', 'f32' -> 'i32'}}
  %0 = rac.matmul %x, %y : (tensor<2x3xi8>, tensor<3x5xf32>) -> tensor<2x5xi32>
  return
}

// -----

func.func @conv_empty_window(%x: tensor<1x9x4xf32>, %f: tensor<8x4x0xf32>) {
  // expected-error @+1 {{filter's window is empty}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x9x4xf32>, tensor<8x4x0xf32>) -> tensor<1x10x8xf32>
  return
}

// -----

func.func @conv_larger_than_input(%x: tensor<1x2x4xf32>, %f: tensor<8x4x5xf32>) {
  // expected-error @+1 {{result dimension would be negative (-2)}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64} : (tensor<1x2x4xf32>, tensor<8x4x5xf32>) -> tensor<1x?x8xf32>
  return
}

// -----

func.func @conv_transpose_channels(%x: tensor<1x5x8xf32>, %f: tensor<6x4x3xf32>) {
  // expected-error @+1 {{input has 8 channels, the filter takes 6}}
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x5x8xf32>, tensor<6x4x3xf32>) -> tensor<1x7x4xf32>
  return
}

// -----

func.func @conv_transpose_padding(%x: tensor<1x5x8xf32>, %f: tensor<8x4x3xf32>) {
  // expected-error @+1 {{output_padding needs an entry for each of the 1 spatial dimensions}}
  %0 = rac.conv_transpose %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, output_padding = array<i64>, groups = 1 : i64} : (tensor<1x5x8xf32>, tensor<8x4x3xf32>) -> tensor<1x7x4xf32>
  return
}

// -----

func.func @pool_window(%x: tensor<1x9x4xf32>) {
  // expected-error @+1 {{window has 0, below 1}}
  %0 = rac.pool max %x {window = array<i64: 0>, strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, ceil_extra = array<i64: 0>} : (tensor<1x9x4xf32>) -> tensor<1x10x4xf32>
  return
}

// -----

func.func @attention_types(%q: tensor<1x4x8xf32>, %k: tensor<1x4x8xf16>) {
  // expected-error @+1 {{requires the same element type for all operands and results}}
  %0 = rac.attention %q, %k, %k scale 1.0 : (tensor<1x4x8xf32>, tensor<1x4x8xf16>, tensor<1x4x8xf16>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @attention_lengths(%q: tensor<1x4x8xf32>, %v: tensor<1x5x8xf32>) {
  // expected-error @+1 {{key and value differ in length}}
  %0 = rac.attention %q, %q, %v scale 1.0 : (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x5x8xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @attention_mask(%q: tensor<1x4x8xf32>, %m: tensor<4x5xf32>) {
  // expected-error @+1 {{mask doesn't broadcast to the products}}
  %0 = rac.attention %q, %q, %q, %m scale 1.0 : (tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<4x5xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @reduce_axis(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{axis -1 is out of range for rank 2}}
  %0 = rac.reduce sum %x axes [-1] : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @arg_reduce_axis(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{axis 2 is out of range for rank 2}}
  %0 = rac.arg_reduce max %x axis 2 : (tensor<2x3xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @scan_axis(%x: tensor<f32>) {
  // expected-error @+1 {{axis 0 is out of range for rank 0}}
  %0 = rac.scan sum %x axis 0 : tensor<f32>
  return
}

// -----

func.func @normalize_scale(%x: tensor<2x3x4xf32>, %s: tensor<3x4xf32>) {
  // expected-error @+1 {{scale or bias doesn't broadcast to the normalised dimensions}}
  %0 = rac.normalize layer %x, %s axis 2 epsilon 1.0e-5 : (tensor<2x3x4xf32>, tensor<3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @normalize_bias(%x: tensor<2x3xf32>, %s: tensor<3xf32>, %b: tensor<2xf32>) {
  // expected-error @+1 {{scale or bias doesn't broadcast to the normalised dimensions}}
  %0 = rac.normalize rms %x, %s, %b axis 1 epsilon 1.0e-5 : (tensor<2x3xf32>, tensor<3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_axis(%x: tensor<2x3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{axis 2 is out of range for rank 2}}
  %0 = rac.gather %x, %i axis 2 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @gather_nd_unknown_depth(%x: tensor<2x3xf32>, %i: tensor<2x?xi64>) {
  // expected-error @+1 {{last dimension of indices must be static}}
  %0 = rac.gather_nd %x, %i batch_dims 0 : (tensor<2x3xf32>, tensor<2x?xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @scatter_elements_rank(%x: tensor<2x3xf32>, %i: tensor<3xi64>, %u: tensor<2x3xf32>) {
  // expected-error @+1 {{input, indices and updates differ in rank}}
  %0 = rac.scatter_elements add %x, %i, %u axis 0 : (tensor<2x3xf32>, tensor<3xi64>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @resize_scales(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{needs a size, and a scale if any, per dimension}}
  %0 = rac.resize linear half_pixel floor %x to [1, 8] {cubic_a = -0.75 : f64, scales = array<f64: 2.0>} : (tensor<1x4xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @resize_run_scales(%x: tensor<1x4xf32>, %s: f32) {
  // expected-error @+1 {{needs a scale of the run for each scale of 0}}
  %0 = rac.resize linear half_pixel floor %x to [1, 8] by(%s) {cubic_a = -0.75 : f64, scales = array<f64: 1.0, 2.0>} : (tensor<1x4xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @resize_negative_scale(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{has a negative scale}}
  %0 = rac.resize linear half_pixel floor %x to [1, 8] {cubic_a = -0.75 : f64, scales = array<f64: 1.0, -2.0>} : (tensor<1x4xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @top_k_values(%x: tensor<4xf32>, %k: index) {
  // expected-error @+1 {{failed to verify that all of {input, values} have same element type}}
  %v, %i = rac.top_k %x, %k axis 0 : (tensor<4xf32>) -> (tensor<?xi32>, tensor<?xi64>)
  return
}

// -----

func.func @top_k_axis(%x: tensor<4xf32>, %k: index) {
  // expected-error @+1 {{axis 1 is out of range for rank 1}}
  %v, %i = rac.top_k %x, %k axis 1 : (tensor<4xf32>) -> (tensor<?xf32>, tensor<?xi64>)
  return
}

// -----

func.func @non_zero_rows(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{result type 'tensor<3x?xi64>' doesn't fit the inferred shape 'tensor<2x?xi64>'}}
  %0 = rac.non_zero %x : (tensor<4x4xf32>) -> tensor<3x?xi64>
  return
}

// -----

func.func @suppress_rows(%b: tensor<?x3xf32>, %g: tensor<?xi64>, %n: index, %l: tensor<i64>, %t: tensor<f32>) {
  // expected-error @+1 {{boxes must be rows of four numbers}}
  %0 = rac.suppress %b, %g, %l, %t groups %n : (tensor<?x3xf32>, tensor<?xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
  return
}

// -----

func.func @suppress_vector(%b: tensor<?x4xf32>, %g: tensor<?x1xi64>, %n: index, %l: tensor<i64>, %t: tensor<f32>) {
  // expected-error @+1 {{groups must be a vector}}
  %0 = rac.suppress %b, %g, %l, %t groups %n : (tensor<?x4xf32>, tensor<?x1xi64>, tensor<i64>, tensor<f32>) -> tensor<?xi1>
  return
}

// -----

func.func @suppress_scalars(%b: tensor<?x4xf32>, %g: tensor<?xi64>, %n: index, %l: tensor<1xi64>, %t: tensor<f32>) {
  // expected-error @+1 {{limit and threshold must be scalars}}
  %0 = rac.suppress %b, %g, %l, %t groups %n : (tensor<?x4xf32>, tensor<?xi64>, tensor<1xi64>, tensor<f32>) -> tensor<?xi1>
  return
}

// -----

func.func @suppress_number(%b: tensor<5x4xf32>, %g: tensor<6xi64>, %n: index, %l: tensor<i64>, %t: tensor<f32>) {
  // expected-error @+1 {{boxes and groups differ in number}}
  %0 = rac.suppress %b, %g, %l, %t groups %n : (tensor<5x4xf32>, tensor<6xi64>, tensor<i64>, tensor<f32>) -> tensor<5xi1>
  return
}

// -----

func.func @suppress_result(%b: tensor<5x4xf32>, %g: tensor<5xi64>, %n: index, %l: tensor<i64>, %t: tensor<f32>) {
  // expected-error @+1 {{result type 'tensor<4xi1>' doesn't fit the inferred shape 'tensor<5xi1>'}}
  %0 = rac.suppress %b, %g, %l, %t groups %n : (tensor<5x4xf32>, tensor<5xi64>, tensor<i64>, tensor<f32>) -> tensor<4xi1>
  return
}

// -----

func.func @lstm_recurrence(%x: tensor<5x1x8xf32>, %w: tensor<16x8xf32>, %r: tensor<16x5xf32>, %b: tensor<16xf32>, %h: tensor<1x4xf32>) {
  // expected-error @+1 {{recurrence must be a static 4H x H}}
  %y, %hn, %cn = rac.lstm %x, %w, %r, %b, %h, %h : (tensor<5x1x8xf32>, tensor<16x8xf32>, tensor<16x5xf32>, tensor<16xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> (tensor<5x1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>)
  return
}

// -----

func.func @lstm_bias(%x: tensor<5x1x8xf32>, %w: tensor<16x8xf32>, %r: tensor<16x4xf32>, %b: tensor<32xf32>, %h: tensor<1x4xf32>) {
  // expected-error @+1 {{an operand doesn't fit the recurrence}}
  %y, %hn, %cn = rac.lstm %x, %w, %r, %b, %h, %h : (tensor<5x1x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<32xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> (tensor<5x1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>)
  return
}

// -----

func.func @quantize_signs(%x: tensor<4xf32>) {
  // expected-error @+1 {{are not stored as 'i8'}}
  %0 = rac.quantize %x {steps_type = !quant.uniform<u8:f32, 0.1>} : (tensor<4xf32>) -> tensor<4xi8>
  return
}

// -----

func.func @quantize_float8(%x: tensor<4xf32>) {
  // expected-error @+1 {{are not stored as 'f8E4M3FN'}}
  %0 = rac.quantize %x {steps_type = !quant.uniform<i8:f32, 0.1:3>} : (tensor<4xf32>) -> tensor<4xf8E4M3FN>
  return
}

// -----

func.func @dequantize_steps(%x: tensor<4xi8>) {
  // expected-error @+1 {{steps are !quant.uniform<...:f32, scale>, not 'i8'}}
  %0 = rac.dequantize %x {steps_type = i8} : (tensor<4xi8>) -> tensor<4xf32>
  return
}

// -----

func.func @input_zero(%x: tensor<1x4x1xf32>, %f: tensor<2x1x1xf32>) {
  // expected-error @+1 {{has an input_zero, which is for integers}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64, input_zero = 1 : i64} : (tensor<1x4x1xf32>, tensor<2x1x1xf32>) -> tensor<1x4x2xf32>
  return
}

// -----

func.func @input_zero_range(%x: tensor<1x4x1xi8>, %f: tensor<2x1x1xi8>) {
  // expected-error @+1 {{input_zero 128 is no 'i8'}}
  %0 = rac.conv %x, %f {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>, groups = 1 : i64, input_zero = 128 : i64} : (tensor<1x4x1xi8>, tensor<2x1x1xi8>) -> tensor<1x4x2xi32>
  return
}

// -----

func.func @widens(%a: tensor<2x2xbf16>) {
  // expected-error @+1 {{element types don't fit}}
  %0 = rac.matmul %a, %a : (tensor<2x2xbf16>, tensor<2x2xbf16>) -> tensor<2x2xf16>
  return
}

// -----

func.func @weight_scales(%q: tensor<64x16xi8>, %s: tensor<3x16xf32>) {
  // expected-error @+1 {{has 3 scales for 64 weights along dimension 0, in blocks of 32}}
  %0 = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>} : (tensor<64x16xi8>, tensor<3x16xf32>) -> tensor<64x16xf32>
  return
}

// -----

func.func @weight_nibbles(%q: tensor<32x16xi8>, %s: tensor<1x16xf32>) {
  // expected-error @+1 {{has 1 scales for 64 weights along dimension 0, in blocks of 32}}
  %0 = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles} : (tensor<32x16xi8>, tensor<1x16xf32>) -> tensor<64x16xf32>
  return
}

// -----

func.func @weight_zeros(%q: tensor<32x16xi8>, %s: tensor<2x16xf32>, %z: tensor<1x16xi8>) {
  // expected-error @+1 {{needs as many zero points as scales}}
  %0 = rac.dequantize_weights %q, %s, %z {blocks = array<i64: 32, 1>, nibbles} : (tensor<32x16xi8>, tensor<2x16xf32>, tensor<1x16xi8>) -> tensor<64x16xf32>
  return
}

// -----

func.func @weight_odd_blocks(%q: tensor<9x16xi8>, %s: tensor<6x16xf32>) {
  // expected-error @+1 {{has two rows a byte, and blocks of 3}}
  %0 = rac.dequantize_weights %q, %s {blocks = array<i64: 3, 1>, nibbles} : (tensor<9x16xi8>, tensor<6x16xf32>) -> tensor<18x16xf32>
  return
}

// -----

func.func @weight_part_of_block(%q: tensor<24x16xi8>, %s: tensor<2x16xf32>) {
  // expected-error @+1 {{has two halves of a block a byte, and 48 rows in blocks of 32}}
  %0 = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles} : (tensor<24x16xi8>, tensor<2x16xf32>) -> tensor<48x16xf32>
  return
}

// -----

func.func @weight_rows(%q: tensor<32x16xi8>, %s: tensor<2x16xf32>) {
  // expected-error @+1 {{has steps for 64 rows in blocks of 32, which don't just fill up the last block of 32}}
  %0 = rac.dequantize_weights %q, %s {blocks = array<i64: 32, 1>, nibbles, rows = 32 : i64} : (tensor<32x16xi8>, tensor<2x16xf32>) -> tensor<32x16xf32>
  return
}

// -----

func.func @lstm_width(%x: tensor<5x1x6xf32>, %w: tensor<16x8xf32>, %r: tensor<16x4xf32>, %b: tensor<16xf32>, %h: tensor<1x4xf32>) {
  // expected-error @+1 {{input and weight differ in width}}
  %y, %hn, %cn = rac.lstm %x, %w, %r, %b, %h, %h : (tensor<5x1x6xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> (tensor<5x1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>)
  return
}

// -----

func.func @lstm_batch(%x: tensor<5x2x8xf32>, %w: tensor<16x8xf32>, %r: tensor<16x4xf32>, %b: tensor<16xf32>, %h: tensor<1x4xf32>) {
  // expected-error @+1 {{input, hidden and cell differ in their batch}}
  %y, %hn, %cn = rac.lstm %x, %w, %r, %b, %h, %h : (tensor<5x2x8xf32>, tensor<16x8xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> (tensor<5x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @attention_batch(%q: tensor<3x4x8xf32>, %k: tensor<2x4x8xf32>) {
  // expected-error @+1 {{query, key and value differ in dimension 0}}
  %0 = rac.attention %q, %k, %q scale 1.0 : (tensor<3x4x8xf32>, tensor<2x4x8xf32>, tensor<3x4x8xf32>) -> tensor<3x4x8xf32>
  return
}

// -----

func.func @gather_elements_covered(%x: tensor<2x4xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{indices exceed the input in dimension 0}}
  %0 = rac.gather_elements %x, %i axis 1 : (tensor<2x4xf32>, tensor<5x2xi64>) -> tensor<5x2xf32>
  return
}

// -----

func.func @gather_nd_batch(%x: tensor<2x4xf32>, %i: tensor<3x1xi64>) {
  // expected-error @+1 {{input and indices differ in batch dimension 0}}
  %0 = rac.gather_nd %x, %i batch_dims 1 : (tensor<2x4xf32>, tensor<3x1xi64>) -> tensor<3xf32>
  return
}

// -----

func.func @scatter_elements_covered(%x: tensor<2x4xf32>, %i: tensor<5x2xi64>, %u: tensor<5x2xf32>) {
  // expected-error @+1 {{indices exceed the input in dimension 0}}
  %0 = rac.scatter_elements add %x, %i, %u axis 1 : (tensor<2x4xf32>, tensor<5x2xi64>, tensor<5x2xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @scatter_elements_updates(%x: tensor<2x4xf32>, %i: tensor<2x2xi64>, %u: tensor<2x3xf32>) {
  // expected-error @+1 {{indices and updates differ in dimension 1}}
  %0 = rac.scatter_elements add %x, %i, %u axis 1 : (tensor<2x4xf32>, tensor<2x2xi64>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @scatter_nd_updates(%x: tensor<2x4xf32>, %i: tensor<3x1xi64>, %u: tensor<3x5xf32>) {
  // expected-error @+1 {{updates don't fit indices and input in dimension 1}}
  %0 = rac.scatter_nd add %x, %i, %u : (tensor<2x4xf32>, tensor<3x1xi64>, tensor<3x5xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @mean_of_booleans(%x: tensor<2x3xi1>) {
  // expected-error @+1 {{neither adds nor multiplies booleans}}
  %0 = rac.reduce mean %x axes [1] : (tensor<2x3xi1>) -> tensor<2xi1>
  return
}
